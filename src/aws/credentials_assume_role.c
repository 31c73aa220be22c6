/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STS: AssumeRole, signed with other credentials, and AssumeRoleWithWebIdentity, where the token is
 * the proof and nothing is signed. The Query protocol, version 2011-06-15: a form there, XML back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aws/encode.h"
#include "aws/provider.h"
#include "aws/sigv4.h"
#include "aws/time.h"
#include "aws/xml.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define API_VERSION   "2011-06-15"
#define GLOBAL_URL    "https://sts.amazonaws.com"
#define GLOBAL_REGION "us-east-1"
#define TIMEOUT_MS    10000
#define TRIES         3

static const struct eg_aws_service sts = {.id = "sts", .host = "sts"};

static void wiped_cleanup(struct eg_buffer *buffer)
{
    if (buffer->data)
        explicit_bzero(buffer->data, buffer->capacity);
    eg_buffer_fini(buffer);
}

static void add_if(struct eg_buffer *form, const char *name, struct eg_span value)
{
    if (value.len)
        eg_aws_form_add(form, name, value);
}

static void begin_form(const struct eg_aws_environment *environment, const char *action,
                       const struct eg_aws_role *role, struct eg_buffer *form)
{
    char session[48];
    const struct eg_clock *clock = environment->host->clock;
    (void)snprintf(session, sizeof(session), "eventgate-%" PRId64,
                   clock->wall_us(clock->state) / 1000);
    eg_aws_form_add(form, "Action", eg_span_text(action));
    eg_aws_form_add(form, "Version", EG_SPAN_LITERAL(API_VERSION));
    eg_aws_form_add(form, "RoleArn", role->role_arn);
    eg_aws_form_add(form, "RoleSessionName",
                    role->session_name.len ? role->session_name : eg_span_text(session));
    add_if(form, "ExternalId", role->external_id);
    add_if(form, "DurationSeconds", role->duration_s);
}

/* Without a region the global endpoint, which is us-east-1's. */
static int find_endpoint(const struct eg_aws_environment *environment, struct eg_buffer *out,
                         struct eg_error *err)
{
    size_t before = out->len;
    if (eg_aws_endpoint(environment, &sts, NULL, environment->region, out, err) < 0) {
        if (environment->region[0])
            return -1;
        out->len = before;
        eg_buffer_append_text(out, GLOBAL_URL);
    }
    struct eg_aws_url url;
    if (eg_aws_url_split(eg_buffer_span(out), &url, err) < 0)
        return eg_error_prefix(err, "the endpoint of STS");
    if (eg_span_is(url.target, "/"))
        eg_buffer_append_char(out, '/');
    return 0;
}

static int sign(const struct eg_aws_environment *environment, const struct eg_aws_credentials *base,
                const struct eg_aws_url *url, const struct eg_net_request *unsigned_request,
                struct eg_aws_sigv4 *state, struct eg_error *err)
{
    const struct eg_clock *clock = environment->host->clock;
    const char *region = environment->region[0] ? environment->region : GLOBAL_REGION;
    struct eg_aws_sigv4_request request = {
        .method = EG_SPAN_LITERAL("POST"),
        .target = url->target,
        .headers = unsigned_request->headers,
        .header_count = unsigned_request->header_count,
        .body = unsigned_request->body,
    };
    struct eg_aws_sigv4_options options = {
        .access_key_id = base->access_key_id,
        .secret_access_key = base->secret_access_key,
        .session_token = base->session_token,
        .region = eg_span_text(region),
        .service = EG_SPAN_LITERAL("sts"),
        .wall_us = clock->wall_us(clock->state),
    };
    return eg_aws_sigv4_sign(state, &request, &options, err);
}

static bool may_pass(const struct eg_net_response *response)
{
    EG_AUTOBUFFER struct eg_buffer code = EG_BUFFER_INIT;
    if (!eg_aws_xml_text(eg_buffer_span(&response->body), "Error/Code", &code))
        return false;
    return eg_span_is(eg_buffer_span(&code), "Throttling") ||
           eg_span_is(eg_buffer_span(&code), "ThrottlingException") ||
           eg_span_is(eg_buffer_span(&code), "IDPCommunicationError");
}

static int refuse(const struct eg_net_response *response, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer code = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer message = EG_BUFFER_INIT;
    struct eg_span body = eg_buffer_span(&response->body);
    bool told = eg_aws_xml_text(body, "Error/Code", &code);
    if (!eg_aws_xml_text(body, "Error/Message", &message))
        eg_buffer_append_text(&message, "no reason given");
    if (response->status >= 500)
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "STS answered with status %u",
                                      response->status);
    return eg_error_set(err, EG_ERR_PERMISSION, "STS refused with status %u: %.64s: %.256s",
                        response->status, told ? code.data : "unknown", message.data);
}

/* Posts the form; `base` NULL: unsigned. */
static int call(const struct eg_aws_environment *environment, struct eg_span form,
                const struct eg_aws_credentials *base, struct eg_net_response *response,
                struct eg_error *err)
{
    static const struct eg_aws_sending how = {
        .tries = TRIES, .again_without_answer = true, .again = may_pass};
    EG_AUTOBUFFER struct eg_buffer endpoint = EG_BUFFER_INIT;
    EG_AUTOSIGV4 struct eg_aws_sigv4 state = {0};
    struct eg_aws_url url;
    if (find_endpoint(environment, &endpoint, err) < 0 ||
        eg_aws_url_split(eg_buffer_span(&endpoint), &url, err) < 0)
        return -1;
    struct eg_net_header headers[] = {
        {EG_SPAN_LITERAL("Host"), url.authority},
        {EG_SPAN_LITERAL("Content-Type"), EG_SPAN_LITERAL("application/x-www-form-urlencoded")},
    };
    struct eg_net_request request = {
        .method = "POST",
        .url = endpoint.data,
        .headers = headers,
        .header_count = EG_ARRAY_COUNT(headers),
        .body = form,
        .total_timeout_ms = TIMEOUT_MS,
        .max_response_bytes = EG_AWS_ANSWER_BYTES_MAX,
    };
    if (base) {
        if (sign(environment, base, &url, &request, &state, err) < 0)
            return -1;
        request.headers = state.headers;
        request.header_count = state.header_count;
    }
    if (eg_aws_send(environment->host, &request, &how, response, err) < 0)
        return -1;
    return response->status == 200 ? 0 : refuse(response, err);
}

/* The fifth part of arn:aws:sts::123456789012:assumed-role/name/session. */
static struct eg_span account_of(struct eg_span arn)
{
    for (int part = 0; part < 4; part++) {
        const char *colon = arn.len ? memchr(arn.ptr, ':', arn.len) : NULL;
        if (!colon)
            return EG_SPAN_EMPTY;
        arn.len -= (size_t)(colon - arn.ptr) + 1;
        arn.ptr = colon + 1;
    }
    const char *colon = arn.len ? memchr(arn.ptr, ':', arn.len) : NULL;
    return colon ? eg_span_of(arn.ptr, (size_t)(colon - arn.ptr)) : EG_SPAN_EMPTY;
}

static int read_answer(struct eg_span body, const char *origin,
                       struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    EG_CLEANUP(wiped_cleanup) struct eg_buffer key = EG_BUFFER_INIT;
    EG_CLEANUP(wiped_cleanup) struct eg_buffer secret = EG_BUFFER_INIT;
    EG_CLEANUP(wiped_cleanup) struct eg_buffer token = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer expiration = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer arn = EG_BUFFER_INIT;
    struct eg_aws_credential_parts parts = {.origin = origin};
    if (!eg_aws_xml_text(body, "Credentials/AccessKeyId", &key) ||
        !eg_aws_xml_text(body, "Credentials/SecretAccessKey", &secret) ||
        !eg_aws_xml_text(body, "Credentials/SessionToken", &token) ||
        !eg_aws_xml_text(body, "Credentials/Expiration", &expiration) ||
        !eg_aws_time_parse(eg_span_trim(eg_buffer_span(&expiration)), &parts.expires_s))
        return eg_error_set(err, EG_ERR_INVALID, "the answer of STS holds no credentials");
    if (eg_aws_xml_text(body, "AssumedRoleUser/Arn", &arn))
        parts.account_id = account_of(eg_buffer_span(&arn));
    parts.access_key_id = eg_buffer_span(&key);
    parts.secret_access_key = eg_buffer_span(&secret);
    parts.session_token = eg_buffer_span(&token);
    return eg_aws_credentials_new(&parts, ret_credentials, err);
}

int eg_aws_assume_role(const struct eg_aws_environment *environment, const struct eg_aws_role *role,
                       const struct eg_aws_credentials *base,
                       struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer form = EG_BUFFER_INIT;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    EG_AUTOFREE char *origin =
        eg_asprintf("role %.*s, by %s", EG_SPAN_ARGS(role->role_arn), base->origin);
    begin_form(environment, "AssumeRole", role, &form);
    if (call(environment, eg_buffer_span(&form), base, &response, err) < 0 ||
        read_answer(eg_buffer_span(&response.body), origin, ret_credentials, err) < 0)
        return eg_error_prefix(err, "role %.*s", EG_SPAN_ARGS(role->role_arn));
    return 0;
}

int eg_aws_assume_role_with_token(const struct eg_aws_environment *environment,
                                  const struct eg_aws_role *role, const char *token_file,
                                  const char *origin, struct eg_aws_credentials **ret_credentials,
                                  struct eg_error *err)
{
    EG_CLEANUP(wiped_cleanup) struct eg_buffer form = EG_BUFFER_INIT;
    EG_CLEANUP(wiped_cleanup) struct eg_buffer token = EG_BUFFER_INIT;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    if (eg_aws_read_named_file(environment, token_file, EG_AWS_TOKEN_BYTES_MAX, &token, err) < 0)
        return -1;
    begin_form(environment, "AssumeRoleWithWebIdentity", role, &form);
    eg_aws_form_add(&form, "WebIdentityToken", eg_span_trim(eg_buffer_span(&token)));
    if (call(environment, eg_buffer_span(&form), NULL, &response, err) < 0 ||
        read_answer(eg_buffer_span(&response.body), origin, ret_credentials, err) < 0)
        return eg_error_prefix(err, "role %.*s by web identity", EG_SPAN_ARGS(role->role_arn));
    return 0;
}
