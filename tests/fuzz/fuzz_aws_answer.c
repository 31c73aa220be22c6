/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What AWS answers, to all that reads it: refusals in JSON and XML, credentials, single elements of
 * XML, times, shared files. The first byte chooses; the rest is the answer.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/failure.h"
#include "aws/profiles.h"
#include "aws/provider.h"
#include "aws/time.h"
#include "aws/xml.h"
#include "base/error.h"
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_refusal(struct eg_span text)
{
    const char *line_end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
    size_t head_len = line_end ? (size_t)(line_end - text.ptr) : 0;
    struct eg_net_header header = {EG_SPAN_LITERAL("x-amzn-errortype"),
                                   eg_span_of(text.ptr, head_len)};
    struct eg_net_response response = {.status = 400, .headers = &header, .header_count = 1};
    struct eg_aws_failure failure;
    struct eg_error err;
    eg_buffer_append(&response.body, text.ptr + head_len, text.len - head_len);
    eg_aws_failure_read(&response, &failure);
    EG_ASSERT(memchr(failure.code, '\0', sizeof(failure.code)));
    EG_ASSERT(memchr(failure.message, '\0', sizeof(failure.message)));
    EG_ASSERT(eg_aws_failure_error(&failure, &err) == -1);
    EG_ASSERT(err.retriable == (eg_aws_failure_outcome(&failure) == EG_RETRY));
    eg_buffer_fini(&response.body);
}

static void read_xml(struct eg_span text)
{
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    if (!eg_aws_xml_text(text, "Error/Code", &out))
        EG_ASSERT(out.len == 0);
    (void)eg_aws_xml_text(text, "a", &out);
}

static void read_credentials(struct eg_span text)
{
    EG_AUTOCREDENTIALS struct eg_aws_credentials *credentials = NULL;
    struct eg_error err;
    if (eg_aws_credentials_parse(text, "fuzz", &credentials, &err) == 0)
        EG_ASSERT(credentials->access_key_id.len && credentials->secret_access_key.len);
}

static void read_times(struct eg_span text)
{
    int64_t seconds;
    (void)eg_aws_time_parse(text, &seconds);
    (void)eg_aws_time_parse_http(text, &seconds);
}

static void read_profiles(struct eg_span text)
{
    struct eg_aws_profiles profiles = {0};
    struct eg_error err;
    for (int file = EG_AWS_CONFIG_FILE; file <= EG_AWS_CREDENTIALS_FILE; file++)
        if (eg_aws_profiles_add(&profiles, (enum eg_aws_profiles_file)file, text, &err) == 0)
            (void)eg_aws_profiles_get(&profiles, EG_AWS_PROFILE, EG_SPAN_LITERAL("default"),
                                      "region");
    eg_aws_profiles_fini(&profiles);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct eg_span) = {read_refusal, read_xml, read_credentials,
                                                      read_times, read_profiles};
    if (size == 0)
        return 0;
    /* A copy of exactly that size, so that reading past it is seen. */
    char *copy = malloc(size - 1 ? size - 1 : 1);
    EG_ASSERT(copy);
    memcpy(copy, data + 1, size - 1);
    readers[data[0] % EG_ARRAY_COUNT(readers)](eg_span_of(copy, size - 1));
    free(copy);
    return 0;
}
