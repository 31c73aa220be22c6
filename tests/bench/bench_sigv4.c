/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signature costs: a PutEvents call of 10 entries of 1 KB, signed as the client signs it,
 * the SHA-256 of the body included. Prints microseconds for each, the best of several rounds.
 *
 *     bench_sigv4 [FILE]     FILE gets the body, for others to sign the same
 */
#include <stdio.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"

#define ENTRIES      10
#define DETAIL_BYTES 1024
#define SIGNATURES   5000
#define ROUNDS       7

static void make_body(struct eg_buffer *body)
{
    char detail[DETAIL_BYTES + 1];
    memset(detail, 'x', sizeof(detail) - 1);
    detail[sizeof(detail) - 1] = '\0';
    eg_buffer_append_text(body, "{\"Entries\":[");
    for (int i = 0; i < ENTRIES; i++)
        eg_buffer_printf(body,
                         "%s{\"Source\":\"bench\",\"DetailType\":\"Bench\",\"EventBusName\":"
                         "\"default\",\"Detail\":\"{\\\"text\\\":\\\"%s\\\"}\"}",
                         i ? "," : "", detail);
    eg_buffer_append_text(body, "]}");
}

static double round_us(struct eg_aws_sigv4 *state, struct eg_span body)
{
    const struct eg_net_header headers[] = {
        {EG_SPAN_LITERAL("Host"), EG_SPAN_LITERAL("events.eu-west-1.amazonaws.com")},
        {EG_SPAN_LITERAL("Content-Type"), EG_SPAN_LITERAL("application/x-amz-json-1.1")},
        {EG_SPAN_LITERAL("X-Amz-Target"), EG_SPAN_LITERAL("AWSEvents.PutEvents")},
        {EG_SPAN_LITERAL("amz-sdk-request"), EG_SPAN_LITERAL("attempt=1; max=1")},
    };
    const struct eg_aws_sigv4_request request = {
        .method = EG_SPAN_LITERAL("POST"),
        .target = EG_SPAN_LITERAL("/"),
        .headers = headers,
        .header_count = EG_ARRAY_COUNT(headers),
        .body = body,
    };
    struct eg_aws_sigv4_options options = {
        .access_key_id = EG_SPAN_LITERAL("AKIDEXAMPLE"),
        .secret_access_key = EG_SPAN_LITERAL("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        .region = EG_SPAN_LITERAL("eu-west-1"),
        .service = EG_SPAN_LITERAL("events"),
    };
    struct eg_error err;
    int64_t begun_us = eg_clock_monotonic_us();
    for (int i = 0; i < SIGNATURES; i++) {
        options.wall_us = eg_clock_wall_us();
        EG_ASSERT(eg_aws_sigv4_sign(state, &request, &options, &err) == 0);
    }
    return (double)(eg_clock_monotonic_us() - begun_us) / SIGNATURES;
}

static int write_body(const char *path, struct eg_span body)
{
    FILE *file = fopen(path, "we");
    if (!file)
        return -1;
    bool ok = fwrite(body.ptr, 1, body.len, file) == body.len;
    return fclose(file) == 0 && ok ? 0 : -1;
}

int main(int argc, char **argv)
{
    EG_AUTOBUFFER struct eg_buffer body = EG_BUFFER_INIT;
    EG_AUTOSIGV4 struct eg_aws_sigv4 state = {0};
    make_body(&body);
    if (argc > 1 && write_body(argv[1], eg_buffer_span(&body)) < 0) {
        (void)fprintf(stderr, "bench_sigv4: %s can't be written\n", argv[1]);
        return 1;
    }
    double best_us = round_us(&state, eg_buffer_span(&body));
    for (int round = 1; round < ROUNDS; round++) {
        double us = round_us(&state, eg_buffer_span(&body));
        best_us = us < best_us ? us : best_us;
    }
    (void)printf("%.1f\n", best_us);
    return 0;
}
