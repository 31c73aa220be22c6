/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profile in force. Roles form a chain by source_profile: the walk goes down to a base, which
 * are keys, a web identity, SSO, a program or another provider, then the roles are taken on the way
 * back up. A base that is named and gives nothing is an error, not a reason to look elsewhere.
 */
#include <string.h>

#include "aws/provider.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define CHAIN_MAX 16

struct walk {
    const struct eg_aws_environment *environment;
    struct eg_span names[CHAIN_MAX]; /* the profiles gone through, the first is the one in force */
    size_t count;
    size_t role_count; /* of the names, so many are roles to be taken on */
};

static struct eg_span get(const struct walk *walk, struct eg_span name, const char *key)
{
    return eg_aws_profiles_get(&walk->environment->profiles, EG_AWS_PROFILE, name, key);
}

static bool has_keys(const struct walk *walk, struct eg_span name)
{
    return get(walk, name, "aws_access_key_id").len && get(walk, name, "aws_secret_access_key").len;
}

static int find_keys(const struct walk *walk, struct eg_span name,
                     struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    EG_AUTOFREE char *origin = eg_asprintf("profile '%.*s'", EG_SPAN_ARGS(name));
    struct eg_aws_credential_parts parts = {
        .access_key_id = get(walk, name, "aws_access_key_id"),
        .secret_access_key = get(walk, name, "aws_secret_access_key"),
        .session_token = get(walk, name, "aws_session_token"),
        .account_id = get(walk, name, "aws_account_id"),
        .origin = origin,
    };
    if (eg_aws_credentials_new(&parts, ret_credentials, err) < 0)
        return eg_error_prefix(err, "%s", origin);
    return 0;
}

static int find_token_role(const struct walk *walk, struct eg_span name,
                           struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    struct eg_aws_role role = {
        .role_arn = get(walk, name, "role_arn"),
        .session_name = get(walk, name, "role_session_name"),
    };
    if (!role.role_arn.len)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "profile '%.*s': `web_identity_token_file` was specified but "
                            "`role_arn` was missing",
                            EG_SPAN_ARGS(name));
    EG_AUTOFREE char *origin = eg_asprintf("profile '%.*s', web identity, role %.*s",
                                           EG_SPAN_ARGS(name), EG_SPAN_ARGS(role.role_arn));
    return eg_aws_assume_role_with_token(walk->environment, &role,
                                         get(walk, name, "web_identity_token_file").ptr, origin,
                                         ret_credentials, err);
}

static int nothing_there(const struct walk *walk, struct eg_span name, struct eg_error *err)
{
    if (walk->count == 1)
        return eg_aws_not_enabled(err, "profile '%.*s' has no credentials", EG_SPAN_ARGS(name));
    return eg_error_set(err, EG_ERR_CONFIG,
                        "profile '%.*s' is a source_profile and has no credentials",
                        EG_SPAN_ARGS(name));
}

static int find_base(const struct walk *walk, struct eg_span name,
                     struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    if (get(walk, name, "web_identity_token_file").len)
        return find_token_role(walk, name, ret_credentials, err);
    if (get(walk, name, "sso_session").len || get(walk, name, "sso_start_url").len)
        return eg_aws_find_sso(walk->environment, name, ret_credentials, err);
    if (get(walk, name, "credential_process").len)
        return eg_aws_find_process(walk->environment, name, ret_credentials, err);
    if (get(walk, name, "aws_access_key_id").len || get(walk, name, "aws_secret_access_key").len)
        return find_keys(walk, name, ret_credentials, err);
    return nothing_there(walk, name, err);
}

static int find_named_source(const struct walk *walk, struct eg_span profile, struct eg_span source,
                             struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    static const struct {
        const char *name;
        eg_aws_provider find;
    } sources[] = {
        {"Environment", eg_aws_find_env},
        {"Ec2InstanceMetadata", eg_aws_find_imds},
        {"EcsContainer", eg_aws_find_container},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(sources); i++) {
        if (!eg_span_is(source, sources[i].name))
            continue;
        if (sources[i].find(walk->environment, ret_credentials, err) == 0)
            return 0;
        if (err->code == EG_ERR_NOT_FOUND)
            err->code = EG_ERR_CONFIG;
        return eg_error_prefix(err, "profile '%.*s', credential_source %s", EG_SPAN_ARGS(profile),
                               sources[i].name);
    }
    return eg_error_set(err, EG_ERR_CONFIG,
                        "profile '%.*s': credential_source must be Environment, "
                        "Ec2InstanceMetadata or EcsContainer",
                        EG_SPAN_ARGS(profile));
}

static int enter(struct walk *walk, struct eg_span name, struct eg_error *err)
{
    for (size_t i = 0; i < walk->count; i++)
        if (eg_span_equal(walk->names[i], name))
            return eg_error_set(err, EG_ERR_CONFIG,
                                "profile '%.*s' comes back to itself by source_profile",
                                EG_SPAN_ARGS(name));
    if (walk->count == CHAIN_MAX)
        return eg_error_set(err, EG_ERR_CONFIG, "more than %d profiles lead to each other",
                            CHAIN_MAX);
    if (!eg_aws_profiles_has(&walk->environment->profiles, EG_AWS_PROFILE, name))
        return eg_error_set(err, EG_ERR_CONFIG,
                            "profile '%.*s' is neither in the AWS configuration nor in the "
                            "credentials file",
                            EG_SPAN_ARGS(name));
    walk->names[walk->count++] = name;
    return 0;
}

/* A web identity has a role_arn too, but is a base. */
static bool is_role(const struct walk *walk, struct eg_span name)
{
    return get(walk, name, "role_arn").len && !get(walk, name, "web_identity_token_file").len;
}

static int check_role(const struct walk *walk, struct eg_span name, struct eg_error *err)
{
    bool profile = get(walk, name, "source_profile").len > 0;
    bool source = get(walk, name, "credential_source").len > 0;
    if (profile == source)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "profile '%.*s' has a role_arn: it needs %s source_profile %s "
                            "credential_source",
                            EG_SPAN_ARGS(name), profile ? "only one of" : "either",
                            profile ? "and" : "or");
    if (get(walk, name, "mfa_serial").len)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "profile '%.*s' has an mfa_serial: a daemon has no one to ask",
                            EG_SPAN_ARGS(name));
    return 0;
}

/* Down the chain; counts the roles on the way. */
static int walk_down(struct walk *walk, struct eg_aws_credentials **ret_credentials,
                     struct eg_error *err)
{
    struct eg_span name = walk->environment->profile;
    for (;;) {
        if (enter(walk, name, err) < 0)
            return -1;
        if (walk->count > 1 && has_keys(walk, name))
            return find_keys(walk, name, ret_credentials, err);
        if (!is_role(walk, name))
            return find_base(walk, name, ret_credentials, err);
        if (check_role(walk, name, err) < 0)
            return -1;
        walk->role_count++;
        struct eg_span source = get(walk, name, "credential_source");
        if (source.len)
            return find_named_source(walk, name, source, ret_credentials, err);
        struct eg_span next = get(walk, name, "source_profile");
        if (eg_span_equal(next, name))
            return find_keys(walk, name, ret_credentials, err);
        name = next;
    }
}

/* Back up: replaces *credentials by those of each role. */
static int take_roles(const struct walk *walk, struct eg_aws_credentials **credentials,
                      struct eg_error *err)
{
    for (size_t i = walk->role_count; i-- > 0;) {
        struct eg_aws_credentials *taken = NULL;
        struct eg_aws_role role = {
            .role_arn = get(walk, walk->names[i], "role_arn"),
            .session_name = get(walk, walk->names[i], "role_session_name"),
            .external_id = get(walk, walk->names[i], "external_id"),
            .duration_s = get(walk, walk->names[i], "duration_seconds"),
        };
        if (eg_aws_assume_role(walk->environment, &role, *credentials, &taken, err) < 0)
            return -1;
        eg_aws_credentials_unref(*credentials);
        *credentials = taken;
    }
    return 0;
}

int eg_aws_find_profile(const struct eg_aws_environment *environment,
                        struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    EG_AUTOCREDENTIALS struct eg_aws_credentials *credentials = NULL;
    struct walk walk = {.environment = environment};
    if (environment->profiles_error.code != EG_ERR_NONE) {
        *err = environment->profiles_error;
        return -1;
    }
    if (!environment->profile_named &&
        !eg_aws_profiles_has(&environment->profiles, EG_AWS_PROFILE, environment->profile))
        return eg_aws_not_enabled(err, "there is no profile 'default' in ~/.aws");
    if (walk_down(&walk, &credentials, err) < 0 || take_roles(&walk, &credentials, err) < 0)
        return -1;
    *ret_credentials = credentials;
    credentials = NULL;
    return 0;
}
