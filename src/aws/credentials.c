/* SPDX-License-Identifier: Apache-2.0 */
/* The object and its texts are one block, so that wiping it wipes all. */
#include "aws/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define KEY_BYTES_MAX    256
#define SECRET_BYTES_MAX 1024
#define TOKEN_BYTES_MAX  16384

/* Printable ASCII without blanks: it goes into a header as it is. */
static bool is_plain(struct eg_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    return true;
}

static int check(const char *what, struct eg_span text, bool required, size_t max_bytes,
                 struct eg_error *err)
{
    if (required && text.len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "the %s is missing", what);
    if (text.len > max_bytes)
        return eg_error_set(err, EG_ERR_INVALID, "the %s is longer than %zu bytes", what,
                            max_bytes);
    if (!is_plain(text))
        return eg_error_set(err, EG_ERR_INVALID,
                            "the %s holds a blank, a line break or another odd character", what);
    return 0;
}

static struct eg_span put(char **at, struct eg_span text)
{
    struct eg_span copy = eg_span_of(*at, text.len);
    if (text.len)
        memcpy(*at, text.ptr, text.len);
    (*at)[text.len] = '\0';
    *at += text.len + 1;
    return copy;
}

int eg_aws_credentials_new(const struct eg_aws_credential_parts *parts,
                           struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    if (check("access key id", parts->access_key_id, true, KEY_BYTES_MAX, err) < 0 ||
        check("secret access key", parts->secret_access_key, true, SECRET_BYTES_MAX, err) < 0 ||
        check("session token", parts->session_token, false, TOKEN_BYTES_MAX, err) < 0 ||
        check("account id", parts->account_id, false, KEY_BYTES_MAX, err) < 0)
        return -1;
    size_t text_bytes = parts->access_key_id.len + parts->secret_access_key.len +
                        parts->session_token.len + parts->account_id.len + 4;
    struct eg_aws_credentials *credentials = eg_calloc(1, sizeof(*credentials) + text_bytes);
    char *at = credentials->text;
    eg_ref_init(&credentials->ref);
    credentials->text_bytes = text_bytes;
    credentials->access_key_id = put(&at, parts->access_key_id);
    credentials->secret_access_key = put(&at, parts->secret_access_key);
    credentials->session_token = put(&at, parts->session_token);
    credentials->account_id = put(&at, parts->account_id);
    credentials->expires_s = parts->expires_s;
    (void)snprintf(credentials->origin, sizeof(credentials->origin), "%s", parts->origin);
    *ret_credentials = credentials;
    return 0;
}

struct eg_aws_credentials *eg_aws_credentials_ref(struct eg_aws_credentials *credentials)
{
    eg_ref_get(&credentials->ref);
    return credentials;
}

void eg_aws_credentials_unref(struct eg_aws_credentials *credentials)
{
    if (!credentials || !eg_ref_put(&credentials->ref))
        return;
    explicit_bzero(credentials->text, credentials->text_bytes);
    free(credentials);
}

void eg_aws_credentials_cleanup(struct eg_aws_credentials **credentials)
{
    eg_aws_credentials_unref(*credentials);
}

void eg_aws_credentials_mask(const struct eg_aws_credentials *credentials, struct eg_buffer *out)
{
    struct eg_span key = credentials->access_key_id;
    if (key.len < 12)
        eg_buffer_append_text(out, "********");
    else
        eg_buffer_printf(out, "%.4s********%.4s", key.ptr, key.ptr + key.len - 4);
}
