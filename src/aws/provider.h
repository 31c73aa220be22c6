/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The providers of credentials: one file each, one function each. Each may block on files, programs
 * and the network. The thread that owns the environment.
 *
 * A provider that isn't set up here fails with EG_ERR_NOT_FOUND, and the chain goes on to the next;
 * any other error ends the chain: what was set up and does not work must not be papered over by
 * other, perhaps mightier, credentials.
 */
#ifndef EG_AWS_PROVIDER_H
#define EG_AWS_PROVIDER_H

#include "aws/credentials.h"
#include "aws/environment.h"
#include "base/compiler.h"

#define EG_AWS_ANSWER_BYTES_MAX ((size_t)64 << 10) /* of any endpoint or program */
#define EG_AWS_TOKEN_BYTES_MAX  ((size_t)32 << 10) /* of a token file */

typedef int (*eg_aws_provider)(const struct eg_aws_environment *environment,
                               struct eg_aws_credentials **ret_credentials, struct eg_error *err);

int eg_aws_find_env(const struct eg_aws_environment *environment,
                    struct eg_aws_credentials **ret_credentials, struct eg_error *err);
int eg_aws_find_profile(const struct eg_aws_environment *environment,
                        struct eg_aws_credentials **ret_credentials, struct eg_error *err);
int eg_aws_find_web_identity(const struct eg_aws_environment *environment,
                             struct eg_aws_credentials **ret_credentials, struct eg_error *err);
int eg_aws_find_container(const struct eg_aws_environment *environment,
                          struct eg_aws_credentials **ret_credentials, struct eg_error *err);
int eg_aws_find_imds(const struct eg_aws_environment *environment,
                     struct eg_aws_credentials **ret_credentials, struct eg_error *err);

/* Parts of a profile. `name` is NUL-terminated. */
int eg_aws_find_sso(const struct eg_aws_environment *environment, struct eg_span name,
                    struct eg_aws_credentials **ret_credentials, struct eg_error *err);
int eg_aws_find_process(const struct eg_aws_environment *environment, struct eg_span name,
                        struct eg_aws_credentials **ret_credentials, struct eg_error *err);

/* A role to take on. Empty spans are not sent; without a session name one is made. */
struct eg_aws_role {
    struct eg_span role_arn;
    struct eg_span session_name;
    struct eg_span external_id;
    struct eg_span duration_s;
};

/* STS AssumeRole, signed with `base`; AssumeRoleWithWebIdentity, unsigned, with a token file. */
int eg_aws_assume_role(const struct eg_aws_environment *environment, const struct eg_aws_role *role,
                       const struct eg_aws_credentials *base,
                       struct eg_aws_credentials **ret_credentials,
                       struct eg_error *err) EG_MUST_CHECK;
int eg_aws_assume_role_with_token(const struct eg_aws_environment *environment,
                                  const struct eg_aws_role *role, const char *token_file,
                                  const char *origin, struct eg_aws_credentials **ret_credentials,
                                  struct eg_error *err) EG_MUST_CHECK;

/* Fills err with EG_ERR_NOT_FOUND and "the credential provider was not enabled: <why>". */
int eg_aws_not_enabled(struct eg_error *err, const char *format, ...) EG_PRINTF(2, 3);

/* As the host's read_file, for a file that was named: that it is missing is a CONFIG error. */
int eg_aws_read_named_file(const struct eg_aws_environment *environment, const char *path,
                           size_t max_bytes, struct eg_buffer *out,
                           struct eg_error *err) EG_MUST_CHECK;

/*
 * The JSON of IMDS, containers and programs: AccessKeyId, SecretAccessKey, Token or SessionToken,
 * Expiration, AccountId. EG_ERR_INVALID: it is not that.
 */
int eg_aws_credentials_parse(struct eg_span json, const char *origin,
                             struct eg_aws_credentials **ret_credentials,
                             struct eg_error *err) EG_MUST_CHECK;

#endif
