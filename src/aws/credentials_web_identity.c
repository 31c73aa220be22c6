/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token of an identity provider, exchanged for a role's credentials: what EKS sets up for a
 * service account (IRSA). The token file is read again each time.
 */
#include "aws/provider.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

int eg_aws_find_web_identity(const struct eg_aws_environment *environment,
                             struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    const struct eg_aws_host *host = environment->host;
    const char *file = eg_aws_env(host, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *role_arn = eg_aws_env(host, "AWS_ROLE_ARN");
    if (!file)
        return eg_aws_not_enabled(err, "AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    if (!role_arn)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not");
    struct eg_aws_role role = {
        .role_arn = eg_span_text(role_arn),
        .session_name = eg_span_text(eg_aws_env(host, "AWS_ROLE_SESSION_NAME")),
    };
    EG_AUTOFREE char *origin = eg_asprintf("web identity, role %s", role_arn);
    return eg_aws_assume_role_with_token(environment, &role, file, origin, ret_credentials, err);
}
