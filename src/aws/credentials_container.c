/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The credentials endpoint of a container: ECS tells a path, EKS Pod Identity and others a URL and
 * a token. Plain HTTP is spoken only to this machine and to the addresses that AWS set aside,
 * because the answer is a secret.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "aws/provider.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define ECS_ENDPOINT "http://169.254.170.2"
#define TIMEOUT_MS   2000
#define TRIES        3

static bool is_loopback(int family, const unsigned char *address)
{
    static const unsigned char v6[16] = {[15] = 1};
    return family == AF_INET ? address[0] == 127 : memcmp(address, v6, sizeof(v6)) == 0;
}

static bool is_trusted_host(struct eg_span host)
{
    static const char *const trusted[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    char text[64] = "";
    unsigned char address[16];
    unsigned char other[16];
    if (eg_span_equal_nocase(host, EG_SPAN_LITERAL("localhost")))
        return true;
    if (host.len >= sizeof(text))
        return false;
    memcpy(text, host.ptr, host.len);
    int family = memchr(host.ptr, ':', host.len) ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, address) != 1)
        return false;
    if (is_loopback(family, address))
        return true;
    for (size_t i = 0; i < EG_ARRAY_COUNT(trusted); i++)
        if (inet_pton(family, trusted[i], other) == 1 &&
            memcmp(address, other, family == AF_INET ? 4 : 16) == 0)
            return true;
    return false;
}

static int find_url(const struct eg_aws_environment *environment, struct eg_buffer *out,
                    struct eg_error *err)
{
    const char *path = eg_aws_env(environment->host, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = eg_aws_env(environment->host, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    struct eg_aws_url url;
    if (path && path[0] != '/')
        return eg_error_set(err, EG_ERR_CONFIG,
                            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with '/'");
    if (path) {
        eg_buffer_printf(out, "%s%s", ECS_ENDPOINT, path);
        return 0;
    }
    if (!full)
        return eg_aws_not_enabled(err, "neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor "
                                       "AWS_CONTAINER_CREDENTIALS_FULL_URI is set");
    if (eg_aws_url_split(eg_span_text(full), &url, err) < 0)
        return eg_error_prefix(err, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!url.secure && !is_trusted_host(url.host))
        return eg_error_set(err, EG_ERR_CONFIG,
                            "AWS_CONTAINER_CREDENTIALS_FULL_URI: plain http is allowed only to "
                            "this machine and to the addresses of ECS and EKS; use https");
    eg_buffer_append_text(out, full);
    return 0;
}

/* The token file is read each time: it is renewed behind our back. */
static int find_token(const struct eg_aws_environment *environment, struct eg_buffer *out,
                      struct eg_error *err)
{
    const char *file = eg_aws_env(environment->host, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *token = eg_aws_env(environment->host, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (file && eg_aws_read_named_file(environment, file, EG_AWS_TOKEN_BYTES_MAX, out, err) < 0)
        return -1;
    if (!file && token)
        eg_buffer_append_text(out, token);
    for (size_t i = 0; i < out->len; i++)
        if (out->data[i] == '\r' || out->data[i] == '\n' || out->data[i] == '\0')
            return eg_error_set(err, EG_ERR_CONFIG,
                                "%s holds a line break: a token that would break the request",
                                file ? file : "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    return 0;
}

static int fetch(const struct eg_aws_environment *environment, const char *url,
                 struct eg_span token, struct eg_net_response *response, struct eg_error *err)
{
    static const struct eg_aws_sending how = {
        .tries = TRIES, .direct = true, .again_without_answer = true};
    struct eg_net_header headers[] = {
        {EG_SPAN_LITERAL("Accept"), EG_SPAN_LITERAL("application/json")},
        {EG_SPAN_LITERAL("Authorization"), token},
    };
    struct eg_net_request request = {
        .url = url,
        .headers = headers,
        .header_count = token.len ? 2 : 1,
        .connect_timeout_ms = TIMEOUT_MS,
        .total_timeout_ms = TIMEOUT_MS,
        .max_response_bytes = EG_AWS_ANSWER_BYTES_MAX,
    };
    if (eg_aws_send(environment->host, &request, &how, response, err) < 0)
        return -1;
    if (response->status == 200)
        return 0;
    bool server = response->status >= 500;
    return (server ? eg_error_set_retriable : eg_error_set)(
        err, EG_ERR_UNAVAILABLE, "the endpoint answered with status %u", response->status);
}

int eg_aws_find_container(const struct eg_aws_environment *environment,
                          struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer url = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer token = EG_BUFFER_INIT;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    if (find_url(environment, &url, err) < 0)
        return -1;
    if (find_token(environment, &token, err) < 0 ||
        fetch(environment, url.data, eg_buffer_span(&token), &response, err) < 0 ||
        eg_aws_credentials_parse(eg_buffer_span(&response.body), "container endpoint",
                                 ret_credentials, err) < 0)
        return eg_error_prefix(err, "container credentials");
    return 0;
}
