/* SPDX-License-Identifier: Apache-2.0 */
/* credential_process of a profile: a program that prints credentials as JSON, version 1. */
#include <jansson.h>
#include <string.h>

#include "aws/provider.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

static void wiped_cleanup(struct eg_buffer *buffer)
{
    if (buffer->data)
        explicit_bzero(buffer->data, buffer->capacity);
    eg_buffer_fini(buffer);
}

static int check_version(struct eg_span output, struct eg_error *err)
{
    json_t *root = json_loadb(output.ptr ? output.ptr : "", output.len, 0, NULL);
    json_int_t version = json_integer_value(json_object_get(root, "Version"));
    json_decref(root);
    if (version != 1)
        return eg_error_set(err, EG_ERR_INVALID, "it must print a JSON object with \"Version\": 1");
    return 0;
}

int eg_aws_find_process(const struct eg_aws_environment *environment, struct eg_span name,
                        struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    const struct eg_aws_host *host = environment->host;
    EG_CLEANUP(wiped_cleanup) struct eg_buffer output = EG_BUFFER_INIT;
    EG_AUTOFREE char *origin =
        eg_asprintf("profile '%.*s', credential_process", EG_SPAN_ARGS(name));
    struct eg_span command =
        eg_aws_profiles_get(&environment->profiles, EG_AWS_PROFILE, name, "credential_process");
    if (host->run(host->state, command.ptr, EG_AWS_ANSWER_BYTES_MAX, &output, err) < 0 ||
        check_version(eg_buffer_span(&output), err) < 0 ||
        eg_aws_credentials_parse(eg_buffer_span(&output), origin, ret_credentials, err) < 0)
        return eg_error_prefix(err, "%s", origin);
    return 0;
}
