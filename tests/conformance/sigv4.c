/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer against awslabs/aws-c-auth's Signature Version 4 vectors (Apache-2.0): a folder per
 * case, with the request, the signing context, and for a signature in the header and in the query
 * the canonical request, the string to sign, the signature and the signed request. Byte for byte.
 *
 * The folder comes from EVENTGATE_VECTORS, by default ../shared/vectors seen from the project's
 * root; without it the run says so and passes.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/sigv4_text.h"
#include "base/span.h"

#define VECTOR_COUNT 304 /* as of the folder's last update: what a skipped run skips */

struct tally {
    unsigned right;
    unsigned total;
};

static bool read_file(const char *folder, const char *name, struct eg_buffer *out)
{
    EG_AUTOBUFFER struct eg_buffer path = EG_BUFFER_INIT;
    eg_buffer_printf(&path, "%s/%s", folder, name);
    FILE *file = fopen(path.data, "re");
    if (!file)
        return false;
    for (size_t got = 1; got;) {
        got = fread(eg_buffer_reserve(out, 8192), 1, 8192, file);
        out->len += got;
    }
    bool ok = !ferror(file);
    (void)fclose(file);
    return ok;
}

static void compare(const char *folder, const char *place, const char *file, struct eg_span got,
                    struct tally *tally)
{
    EG_AUTOBUFFER struct eg_buffer want = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer name = EG_BUFFER_INIT;
    eg_buffer_printf(&name, "%s-%s.txt", place, file);
    tally->total++;
    if (read_file(folder, name.data, &want) && eg_span_equal(eg_buffer_span(&want), got)) {
        tally->right++;
        return;
    }
    (void)printf("sigv4: %s/%s differs\n--- should be\n%.*s\n--- is\n%.*s\n", folder, name.data,
                 EG_SPAN_ARGS(eg_buffer_span(&want)), EG_SPAN_ARGS(got));
}

typedef int (*sign_function)(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_request *request,
                             const struct eg_aws_sigv4_options *options, struct eg_error *err);

static void judge(const char *folder, const char *place, sign_function sign,
                  const struct eg_aws_request_text *parsed,
                  const struct eg_aws_sigv4_options *options, struct tally *tally)
{
    EG_AUTOSIGV4 struct eg_aws_sigv4 state = {0};
    EG_AUTOBUFFER struct eg_buffer whole = EG_BUFFER_INIT;
    struct eg_error err;
    if (sign(&state, &parsed->request, options, &err) < 0) {
        (void)printf("sigv4: %s: %s\n", folder, err.message);
        tally->total += 4;
        return;
    }
    eg_aws_request_text_write(parsed, &state, &whole);
    compare(folder, place, "canonical-request", eg_buffer_span(&state.canonical_request), tally);
    compare(folder, place, "string-to-sign", eg_buffer_span(&state.string_to_sign), tally);
    compare(folder, place, "signature", eg_span_text(state.signature), tally);
    compare(folder, place, "signed-request", eg_buffer_span(&whole), tally);
}

static void run_case(const char *folder, struct tally *tally)
{
    EG_AUTOBUFFER struct eg_buffer context = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer request = EG_BUFFER_INIT;
    EG_CLEANUP(eg_arena_fini) struct eg_arena arena = {0};
    struct eg_aws_sigv4_options options;
    struct eg_aws_request_text parsed;
    struct eg_error err = {.message = "a file is missing"};
    if (!read_file(folder, "context.json", &context) ||
        !read_file(folder, "request.txt", &request) ||
        eg_aws_context_parse(eg_buffer_span(&context), &arena, &options, &err) < 0 ||
        eg_aws_request_text_parse(eg_buffer_span(&request), &parsed, &err) < 0) {
        (void)printf("sigv4: %s: %s\n", folder, err.message);
        tally->total += 8;
        return;
    }
    judge(folder, "header", eg_aws_sigv4_sign, &parsed, &options, tally);
    judge(folder, "query", eg_aws_sigv4_sign_query, &parsed, &options, tally);
}

int main(void)
{
    const char *vectors = getenv("EVENTGATE_VECTORS");
    EG_AUTOBUFFER struct eg_buffer path = EG_BUFFER_INIT;
    eg_buffer_printf(&path, "%s/sigv4/v4", vectors ? vectors : "../shared/vectors");
    DIR *cases = opendir(path.data);
    if (!cases) {
        (void)printf("sigv4: skipped, %d comparisons: no %s\n", VECTOR_COUNT, path.data);
        return 0;
    }
    struct tally tally = {0};
    size_t folder_len = path.len;
    for (const struct dirent *entry; (entry = readdir(cases));) {
        if (entry->d_name[0] == '.')
            continue;
        path.len = folder_len;
        eg_buffer_printf(&path, "/%s", entry->d_name);
        run_case(path.data, &tally);
    }
    (void)closedir(cases);
    (void)printf("sigv4: %u of %u byte for byte\n", tally.right, tally.total);
    return tally.right == tally.total && tally.total ? 0 : 1;
}
