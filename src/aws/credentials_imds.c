/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instance metadata service of EC2, version 2: a token first, then the role's name, then its
 * credentials. Version 1, without a token, only where version 2 is refused and version 1 is not
 * switched off. An instance whose service can't renew goes on with what it has: credentials about
 * to expire are kept for 15 minutes more, plus a random time so that a fleet does not return at
 * once.
 */
#include <jansson.h>
#include <string.h>

#include "aws/encode.h"
#include "aws/provider.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/random.h"

#define ENDPOINT_V4  "http://169.254.169.254"
#define ENDPOINT_V6  "http://[fd00:ec2::254]"
#define TOKEN_PATH   "/latest/api/token"
#define ROLES_PATH   "/latest/meta-data/iam/security-credentials/"
#define TOKEN_TTL_S  "21600"
#define TIMEOUT_MS   1000
#define TRIES        3
#define ROLE_BYTES   128
#define EXTENSION_S  900
#define JITTER_MIN_S 120
#define JITTER_MAX_S 600

static struct eg_span setting(const struct eg_aws_environment *environment, const char *variable,
                              const char *key)
{
    const char *value = eg_aws_env(environment->host, variable);
    return value ? eg_span_text(value) : eg_aws_environment_profile(environment, key);
}

static bool is_true(struct eg_span value)
{
    return eg_span_equal_nocase(value, EG_SPAN_LITERAL("true"));
}

static void find_endpoint(const struct eg_aws_environment *environment, struct eg_buffer *out)
{
    struct eg_span url =
        setting(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint");
    struct eg_span mode = setting(environment, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
                                  "ec2_metadata_service_endpoint_mode");
    bool v6 = eg_span_equal_nocase(mode, EG_SPAN_LITERAL("ipv6"));
    while (url.len && url.ptr[url.len - 1] == '/')
        url.len--;
    if (url.len)
        eg_buffer_append_span(out, url);
    else
        eg_buffer_append_text(out, v6 ? ENDPOINT_V6 : ENDPOINT_V4);
}

/* No answer at all means that this is no instance, which is no failure. */
static int send(const struct eg_aws_environment *environment, const struct eg_net_request *request,
                struct eg_net_response *response, struct eg_error *err)
{
    static const struct eg_aws_sending how = {.tries = TRIES, .direct = true};
    if (eg_aws_send(environment->host, request, &how, response, err) == 0)
        return 0;
    if (err->code != EG_ERR_UNAVAILABLE)
        return -1;
    return eg_aws_not_enabled(err, "no instance metadata service answers within 1 s; in a "
                                   "container the hop limit may be too low");
}

/* Leaves the token in `response`; an empty one means version 1. */
static int fetch_token(const struct eg_aws_environment *environment, const char *endpoint,
                       struct eg_net_response *response, struct eg_error *err)
{
    EG_AUTOFREE char *url = eg_asprintf("%s" TOKEN_PATH, endpoint);
    struct eg_net_header ttl = {EG_SPAN_LITERAL("X-aws-ec2-metadata-token-ttl-seconds"),
                                EG_SPAN_LITERAL(TOKEN_TTL_S)};
    struct eg_net_request request = {
        .method = "PUT",
        .url = url,
        .headers = &ttl,
        .header_count = 1,
        .connect_timeout_ms = TIMEOUT_MS,
        .total_timeout_ms = TIMEOUT_MS,
        .max_response_bytes = EG_AWS_ANSWER_BYTES_MAX,
    };
    if (send(environment, &request, response, err) < 0)
        return -1;
    if (response->status == 200)
        return 0;
    eg_buffer_clear(&response->body);
    bool v1_disabled =
        is_true(setting(environment, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled"));
    bool refused = response->status == 403 || response->status == 404 || response->status == 405;
    if (refused && !v1_disabled)
        return 0;
    return eg_error_set(err, EG_ERR_UNAVAILABLE, "the metadata service gave no token: status %u%s",
                        response->status, refused ? ", and version 1 is switched off" : "");
}

static int get(const struct eg_aws_environment *environment, const char *url, struct eg_span token,
               struct eg_net_response *response, struct eg_error *err)
{
    struct eg_net_header header = {EG_SPAN_LITERAL("X-aws-ec2-metadata-token"), token};
    struct eg_net_request request = {
        .url = url,
        .headers = &header,
        .header_count = token.len ? 1 : 0,
        .connect_timeout_ms = TIMEOUT_MS,
        .total_timeout_ms = TIMEOUT_MS,
        .max_response_bytes = EG_AWS_ANSWER_BYTES_MAX,
    };
    if (send(environment, &request, response, err) < 0)
        return -1;
    if (response->status == 200)
        return 0;
    if (response->status == 404)
        return eg_aws_not_enabled(err, "the instance metadata service knows no IAM role (404): "
                                       "attach an instance profile");
    return eg_error_set(err, EG_ERR_UNAVAILABLE, "the metadata service answered with status %u",
                        response->status);
}

/* Appends the URL of the role's credentials. */
static int find_role_url(const struct eg_aws_environment *environment, const char *endpoint,
                         struct eg_span token, struct eg_buffer *out, struct eg_error *err)
{
    EG_AUTORESPONSE struct eg_net_response response = {0};
    EG_AUTOFREE char *url = eg_asprintf("%s" ROLES_PATH, endpoint);
    if (get(environment, url, token, &response, err) < 0)
        return -1;
    struct eg_span body = eg_buffer_span(&response.body);
    const char *line_end = body.len ? memchr(body.ptr, '\n', body.len) : NULL;
    struct eg_span role =
        eg_span_trim(line_end ? eg_span_of(body.ptr, (size_t)(line_end - body.ptr)) : body);
    if (role.len == 0 || role.len > ROLE_BYTES)
        return eg_error_set(err, EG_ERR_INVALID, "the metadata service named no role");
    eg_buffer_append_text(out, url);
    eg_aws_encode(role, out);
    return 0;
}

/* A 200 may still say that the role can't be had. */
static int check_code(struct eg_span body, struct eg_error *err)
{
    json_t *root = json_loadb(body.ptr ? body.ptr : "", body.len, 0, NULL);
    const char *code = json_string_value(json_object_get(root, "Code"));
    int ret = 0;
    if (!code || strcmp(code, "Success") != 0)
        ret = eg_error_set(err, EG_ERR_UNAVAILABLE, "the metadata service says '%.64s'",
                           code ? code : "no code");
    json_decref(root);
    return ret;
}

/* The object is still ours alone. */
static void extend(const struct eg_aws_environment *environment,
                   struct eg_aws_credentials *credentials)
{
    uint16_t random;
    int64_t soon_s = eg_aws_now_s(environment->host) + EXTENSION_S;
    eg_crypto_random(&random, sizeof(random));
    if (credentials->expires_s && credentials->expires_s <= soon_s)
        credentials->expires_s = soon_s + JITTER_MIN_S + random % (JITTER_MAX_S - JITTER_MIN_S + 1);
}

int eg_aws_find_imds(const struct eg_aws_environment *environment,
                     struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer endpoint = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer url = EG_BUFFER_INIT;
    EG_AUTORESPONSE struct eg_net_response token = {0};
    EG_AUTORESPONSE struct eg_net_response response = {0};
    if (eg_aws_env_is_true(environment->host, "AWS_EC2_METADATA_DISABLED"))
        return eg_aws_not_enabled(err, "AWS_EC2_METADATA_DISABLED is true");
    find_endpoint(environment, &endpoint);
    if (fetch_token(environment, endpoint.data, &token, err) < 0)
        return -1;
    struct eg_span token_text = eg_span_trim(eg_buffer_span(&token.body));
    if (find_role_url(environment, endpoint.data, token_text, &url, err) < 0 ||
        get(environment, url.data, token_text, &response, err) < 0 ||
        check_code(eg_buffer_span(&response.body), err) < 0)
        return -1;
    if (eg_aws_credentials_parse(eg_buffer_span(&response.body), "instance metadata (EC2)",
                                 ret_credentials, err) < 0)
        return eg_error_prefix(err, "instance metadata");
    extend(environment, *ret_credentials);
    return 0;
}
