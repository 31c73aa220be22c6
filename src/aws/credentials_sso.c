/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM Identity Center: the token that `aws sso login` has left in ~/.aws/sso/cache, exchanged for a
 * role's credentials. The token is not renewed here: that is a person's work.
 */
#include <jansson.h>
#include <string.h>

#include "aws/encode.h"
#include "aws/provider.h"
#include "aws/time.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/digest.h"

#define TIMEOUT_MS 10000

static const struct eg_aws_service portal = {.id = "sso", .host = "portal.sso"};

/* What the profile, or the sso-session that it names, says. */
struct sso_settings {
    struct eg_span cache_key; /* the file is called after its SHA-1 */
    struct eg_span region;
    struct eg_span account_id;
    struct eg_span role_name;
};

static int read_settings(const struct eg_aws_environment *environment, struct eg_span name,
                         struct sso_settings *settings, struct eg_error *err)
{
    const struct eg_aws_profiles *profiles = &environment->profiles;
    struct eg_span session = eg_aws_profiles_get(profiles, EG_AWS_PROFILE, name, "sso_session");
    enum eg_aws_section section = session.len ? EG_AWS_SSO_SESSION : EG_AWS_PROFILE;
    struct eg_span holder = session.len ? session : name;
    struct eg_span url = eg_aws_profiles_get(profiles, section, holder, "sso_start_url");
    settings->cache_key = session.len ? session : url;
    settings->region = eg_aws_profiles_get(profiles, section, holder, "sso_region");
    settings->account_id = eg_aws_profiles_get(profiles, EG_AWS_PROFILE, name, "sso_account_id");
    settings->role_name = eg_aws_profiles_get(profiles, EG_AWS_PROFILE, name, "sso_role_name");
    if (!url.len || !settings->region.len || !settings->account_id.len || !settings->role_name.len)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "profile '%.*s' needs all of sso_start_url, sso_region, "
                            "sso_account_id and sso_role_name",
                            EG_SPAN_ARGS(name));
    return 0;
}

static int check_token(const json_t *root, const struct eg_aws_environment *environment,
                       struct eg_buffer *out, struct eg_error *err)
{
    const char *token = json_string_value(json_object_get(root, "accessToken"));
    const char *expires = json_string_value(json_object_get(root, "expiresAt"));
    int64_t expires_s;
    if (!token || !expires || !eg_aws_time_parse(eg_span_text(expires), &expires_s))
        return eg_error_set(err, EG_ERR_CONFIG, "the SSO token file is not one of `aws sso login`");
    if (expires_s <= eg_aws_now_s(environment->host))
        return eg_error_set(err, EG_ERR_CONFIG, "the SSO token has expired: run `aws sso login`");
    eg_buffer_append_text(out, token);
    return 0;
}

static int load_token(const struct eg_aws_environment *environment, struct eg_span cache_key,
                      struct eg_buffer *out, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    char name[EG_CRYPTO_SHA1_HEX_BYTES];
    const char *home = eg_aws_env(environment->host, "HOME");
    eg_crypto_sha1_hex(cache_key, name);
    EG_AUTOFREE char *path = eg_asprintf("%s/.aws/sso/cache/%s.json", home ? home : "", name);
    if (eg_aws_read_named_file(environment, path, EG_AWS_TOKEN_BYTES_MAX, &text, err) < 0)
        return -1;
    json_t *root = json_loadb(text.data ? text.data : "", text.len, 0, NULL);
    int ret = check_token(root, environment, out, err);
    json_decref(root);
    return ret;
}

static int fetch(const struct eg_aws_environment *environment, const struct sso_settings *settings,
                 struct eg_span token, struct eg_net_response *response, struct eg_error *err)
{
    static const struct eg_aws_sending how = {.tries = 1};
    EG_AUTOBUFFER struct eg_buffer url = EG_BUFFER_INIT;
    EG_AUTOFREE char *region = eg_span_dup(settings->region);
    if (eg_aws_endpoint(environment, &portal, NULL, region, &url, err) < 0)
        return -1;
    eg_buffer_append_text(&url, "/federation/credentials?account_id=");
    eg_aws_encode(settings->account_id, &url);
    eg_buffer_append_text(&url, "&role_name=");
    eg_aws_encode(settings->role_name, &url);
    struct eg_net_header header = {EG_SPAN_LITERAL("x-amz-sso_bearer_token"), token};
    struct eg_net_request request = {
        .url = url.data,
        .headers = &header,
        .header_count = 1,
        .total_timeout_ms = TIMEOUT_MS,
        .max_response_bytes = EG_AWS_ANSWER_BYTES_MAX,
    };
    if (eg_aws_send(environment->host, &request, &how, response, err) < 0)
        return eg_error_prefix(err, "an error occurred while loading credentials");
    if (response->status == 200)
        return 0;
    return eg_error_set(err, EG_ERR_UNAVAILABLE,
                        "an error occurred while loading credentials: SSO answered with status %u",
                        response->status);
}

static struct eg_span text_of(const json_t *root, const char *name)
{
    return eg_span_text(json_string_value(json_object_get(root, name)));
}

static int read_answer(struct eg_span body, const struct sso_settings *settings, const char *origin,
                       struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    json_t *root = json_loadb(body.ptr ? body.ptr : "", body.len, 0, NULL);
    const json_t *role = json_object_get(root, "roleCredentials");
    struct eg_aws_credential_parts parts = {
        .access_key_id = text_of(role, "accessKeyId"),
        .secret_access_key = text_of(role, "secretAccessKey"),
        .session_token = text_of(role, "sessionToken"),
        .account_id = settings->account_id,
        .expires_s = json_integer_value(json_object_get(role, "expiration")) / 1000,
        .origin = origin,
    };
    int ret = eg_aws_credentials_new(&parts, ret_credentials, err);
    json_decref(root);
    return ret;
}

int eg_aws_find_sso(const struct eg_aws_environment *environment, struct eg_span name,
                    struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer token = EG_BUFFER_INIT;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    struct sso_settings settings;
    if (read_settings(environment, name, &settings, err) < 0 ||
        load_token(environment, settings.cache_key, &token, err) < 0 ||
        fetch(environment, &settings, eg_buffer_span(&token), &response, err) < 0)
        return -1;
    EG_AUTOFREE char *origin = eg_asprintf("profile '%.*s', SSO", EG_SPAN_ARGS(name));
    if (read_answer(eg_buffer_span(&response.body), &settings, origin, ret_credentials, err) < 0)
        return eg_error_prefix(err, "SSO");
    return 0;
}
