/* SPDX-License-Identifier: Apache-2.0 */
/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_ACCOUNT_ID. Blank is not set. */
#include "aws/provider.h"
#include "base/error.h"
#include "base/span.h"

int eg_aws_find_env(const struct eg_aws_environment *environment,
                    struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    const struct eg_aws_host *host = environment->host;
    const char *key = eg_aws_env(host, "AWS_ACCESS_KEY_ID");
    const char *secret = eg_aws_env(host, "AWS_SECRET_ACCESS_KEY");
    if (!key || !secret)
        return eg_aws_not_enabled(err, "%s is not set",
                                  key ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
    struct eg_aws_credential_parts parts = {
        .access_key_id = eg_span_text(key),
        .secret_access_key = eg_span_text(secret),
        .session_token = eg_span_text(eg_aws_env(host, "AWS_SESSION_TOKEN")),
        .account_id = eg_span_text(eg_aws_env(host, "AWS_ACCOUNT_ID")),
        .origin = "environment variables",
    };
    if (eg_aws_credentials_new(&parts, ret_credentials, err) < 0)
        return eg_error_prefix(err, "environment variables");
    return 0;
}
