/* SPDX-License-Identifier: Apache-2.0 */
/* What several providers need. No state. */
#include "aws/provider.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aws/time.h"
#include "base/error.h"
#include "base/span.h"

int eg_aws_not_enabled(struct eg_error *err, const char *format, ...)
{
    char why[EG_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why, sizeof(why), format, args);
    va_end(args);
    return eg_error_set(err, EG_ERR_NOT_FOUND, "the credential provider was not enabled: %s", why);
}

int eg_aws_read_named_file(const struct eg_aws_environment *environment, const char *path,
                           size_t max_bytes, struct eg_buffer *out, struct eg_error *err)
{
    const struct eg_aws_host *host = environment->host;
    if (host->read_file(host->state, path, max_bytes, out, err) == 0)
        return 0;
    if (err->code == EG_ERR_NOT_FOUND)
        err->code = EG_ERR_CONFIG;
    return -1;
}

static struct eg_span text_of(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return json_is_string(value) ? eg_span_of(json_string_value(value), json_string_length(value))
                                 : EG_SPAN_EMPTY;
}

static int read_parts(const json_t *root, const char *origin,
                      struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    struct eg_span token = text_of(root, "Token");
    struct eg_aws_credential_parts parts = {
        .access_key_id = text_of(root, "AccessKeyId"),
        .secret_access_key = text_of(root, "SecretAccessKey"),
        .session_token = token.len ? token : text_of(root, "SessionToken"),
        .account_id = text_of(root, "AccountId"),
        .origin = origin,
    };
    struct eg_span expiration = text_of(root, "Expiration");
    if (expiration.len && !eg_aws_time_parse(expiration, &parts.expires_s))
        return eg_error_set(err, EG_ERR_INVALID, "the Expiration is no time");
    return eg_aws_credentials_new(&parts, ret_credentials, err);
}

int eg_aws_credentials_parse(struct eg_span json, const char *origin,
                             struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    json_t *root = json_loadb(json.ptr ? json.ptr : "", json.len, 0, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return eg_error_set(err, EG_ERR_INVALID, "the answer is no JSON object");
    }
    int ret = read_parts(root, origin, ret_credentials, err);
    json_decref(root);
    return ret;
}
