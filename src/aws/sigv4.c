/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signature Version 4 as a row of steps over one state:
 *
 *     canonical request -> string to sign -> signature -> what to send
 *
 * The steps before the first differ between header and query, the rest is the same. No step reads a
 * clock, an environment or a file.
 */
#include "aws/sigv4.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "aws/encode.h"
#include "aws/sigv4_canonical.h"
#include "base/error.h"
#include "base/span.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

/* Headers that only a signature makes: an earlier one's are dropped. */
static const char *const own_headers[] = {
    "authorization",
    "x-amz-date",
    "x-amz-security-token",
    "x-amz-content-sha256",
};

void eg_aws_sigv4_fini(struct eg_aws_sigv4 *state)
{
    eg_buffer_fini(&state->canonical_request);
    eg_buffer_fini(&state->string_to_sign);
    eg_buffer_fini(&state->target);
    eg_buffer_fini(&state->signed_names);
    eg_buffer_fini(&state->scope);
    eg_buffer_fini(&state->authorization);
    eg_buffer_fini(&state->credential);
    eg_buffer_fini(&state->scratch);
}

static void clear(struct eg_aws_sigv4 *state)
{
    eg_buffer_clear(&state->canonical_request);
    eg_buffer_clear(&state->string_to_sign);
    eg_buffer_clear(&state->target);
    eg_buffer_clear(&state->signed_names);
    eg_buffer_clear(&state->scope);
    eg_buffer_clear(&state->authorization);
    eg_buffer_clear(&state->credential);
    eg_buffer_clear(&state->scratch);
    state->header_count = 0;
}

static bool is_s3(const struct eg_aws_sigv4_options *options)
{
    return eg_span_is(options->service, "s3");
}

static bool is_own_header(struct eg_span name)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(own_headers); i++)
        if (eg_span_equal_nocase(name, eg_span_text(own_headers[i])))
            return true;
    return false;
}

static void add_header(struct eg_aws_sigv4 *state, struct eg_span name, struct eg_span value)
{
    EG_ASSERT(state->header_count < EG_ARRAY_COUNT(state->headers));
    state->headers[state->header_count++] = (struct eg_net_header){name, value};
}

static int copy_headers(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_request *request,
                        struct eg_error *err)
{
    bool has_host = false;
    if (request->header_count > EG_AWS_SIGV4_HEADERS_MAX)
        return eg_error_set(err, EG_ERR_INVALID, "the request has more than %d headers",
                            EG_AWS_SIGV4_HEADERS_MAX);
    for (size_t i = 0; i < request->header_count; i++) {
        const struct eg_net_header *header = &request->headers[i];
        if (header->name.len == 0)
            return eg_error_set(err, EG_ERR_INVALID, "header %zu has no name", i + 1);
        has_host = has_host || eg_span_equal_nocase(header->name, EG_SPAN_LITERAL("host"));
        if (!is_own_header(header->name))
            add_header(state, header->name, header->value);
    }
    if (!has_host)
        return eg_error_set(err, EG_ERR_INVALID, "the request has no Host header");
    return 0;
}

static int set_date(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_options *options,
                    struct eg_error *err)
{
    time_t seconds = (time_t)(options->wall_us / 1000000);
    struct tm utc;
    if (options->wall_us < 0 || !gmtime_r(&seconds, &utc) ||
        strftime(state->date, sizeof(state->date), "%Y%m%dT%H%M%SZ", &utc) != 16)
        return eg_error_set(err, EG_ERR_INVALID, "the time of signing has no year of four digits");
    return 0;
}

static void set_scope(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_options *options)
{
    eg_buffer_printf(&state->scope, "%.8s/%.*s/%.*s/aws4_request", state->date,
                     EG_SPAN_ARGS(options->region), EG_SPAN_ARGS(options->service));
}

/* The hash of the body, unless the caller says what stands there instead. */
static int set_payload_hash(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_request *request,
                            struct eg_span given, struct eg_error *err)
{
    if (given.len >= sizeof(state->payload_hash))
        return eg_error_set(err, EG_ERR_INVALID, "the payload hash is longer than 64 characters");
    if (given.len == 0) {
        eg_crypto_sha256_hex(request->body, state->payload_hash);
        return 0;
    }
    memcpy(state->payload_hash, given.ptr, given.len);
    state->payload_hash[given.len] = '\0';
    return 0;
}

static int begin(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_request *request,
                 const struct eg_aws_sigv4_options *options, struct eg_error *err)
{
    clear(state);
    if (request->method.len == 0 || request->target.len == 0 || request->target.ptr[0] != '/')
        return eg_error_set(err, EG_ERR_INVALID,
                            "a request needs a method and a target that begins with '/'");
    if (copy_headers(state, request, err) < 0 || set_date(state, options, err) < 0)
        return -1;
    set_scope(state, options);
    return 0;
}

static struct eg_span path_of(struct eg_span target)
{
    const char *mark = memchr(target.ptr, '?', target.len);
    return mark ? eg_span_of(target.ptr, (size_t)(mark - target.ptr)) : target;
}

static struct eg_span query_of(struct eg_span target)
{
    size_t path_len = path_of(target).len;
    return path_len == target.len
               ? EG_SPAN_EMPTY
               : eg_span_of(target.ptr + path_len + 1, target.len - path_len - 1);
}

static void append_path(struct eg_aws_sigv4 *state, struct eg_span path,
                        const struct eg_aws_sigv4_options *options)
{
    if (is_s3(options)) {
        eg_buffer_append_span(&state->canonical_request, path);
        return;
    }
    if (!options->keep_path) {
        eg_buffer_clear(&state->scratch);
        eg_aws_path_normalise(path, &state->scratch);
        path = eg_buffer_span(&state->scratch);
    }
    eg_aws_encode_path(path, &state->canonical_request);
}

/* Step 1: the request in its one spelling. `headers` are the first `header_count` of the state. */
static int make_canonical_request(struct eg_aws_sigv4 *state,
                                  const struct eg_aws_sigv4_request *request, struct eg_span query,
                                  const struct eg_aws_sigv4_options *options, struct eg_error *err)
{
    struct eg_buffer *out = &state->canonical_request;
    eg_buffer_append_span(out, request->method);
    eg_buffer_append_char(out, '\n');
    append_path(state, path_of(request->target), options);
    eg_buffer_append_char(out, '\n');
    if (eg_aws_query_canonical(query, out, err) < 0)
        return -1;
    eg_buffer_append_char(out, '\n');
    eg_buffer_clear(&state->signed_names);
    eg_aws_headers_canonical(state->headers, state->header_count, out, &state->signed_names);
    eg_buffer_append_char(out, '\n');
    eg_buffer_append_span(out, eg_buffer_span(&state->signed_names));
    eg_buffer_append_char(out, '\n');
    eg_buffer_append_text(out, state->payload_hash);
    return 0;
}

/* Step 2: what the key is applied to. */
static void make_string_to_sign(struct eg_aws_sigv4 *state)
{
    char hash[EG_CRYPTO_SHA256_HEX_BYTES];
    eg_crypto_sha256_hex(eg_buffer_span(&state->canonical_request), hash);
    eg_buffer_printf(&state->string_to_sign, ALGORITHM "\n%s\n%s\n%s", state->date,
                     state->scope.data, hash);
}

static void hmac_step(uint8_t key[EG_CRYPTO_SHA256_BYTES], struct eg_span text)
{
    uint8_t next[EG_CRYPTO_SHA256_BYTES];
    eg_crypto_hmac_sha256(eg_span_of((const char *)key, EG_CRYPTO_SHA256_BYTES), text, next);
    memcpy(key, next, sizeof(next));
}

/* Step 3: the key of the day, region and service, and with it the signature. */
static void make_signature(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_options *options)
{
    uint8_t key[EG_CRYPTO_SHA256_BYTES];
    eg_buffer_clear(&state->scratch);
    eg_buffer_append_text(&state->scratch, "AWS4");
    eg_buffer_append_span(&state->scratch, options->secret_access_key);
    eg_crypto_hmac_sha256(eg_buffer_span(&state->scratch), eg_span_of(state->date, 8), key);
    hmac_step(key, options->region);
    hmac_step(key, options->service);
    hmac_step(key, EG_SPAN_LITERAL("aws4_request"));
    hmac_step(key, eg_buffer_span(&state->string_to_sign));
    eg_crypto_hex(key, sizeof(key), state->signature);
    explicit_bzero(state->scratch.data, state->scratch.len);
    eg_buffer_clear(&state->scratch);
}

static void add_token_header(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_options *options)
{
    if (options->session_token.len)
        add_header(state, EG_SPAN_LITERAL("X-Amz-Security-Token"), options->session_token);
}

/* Where an unsigned token goes: before the date, as a signed one does. */
static void insert_token_header(struct eg_aws_sigv4 *state, size_t at,
                                const struct eg_aws_sigv4_options *options)
{
    add_token_header(state, options);
    struct eg_net_header token = state->headers[state->header_count - 1];
    memmove(&state->headers[at + 1], &state->headers[at],
            (state->header_count - 1 - at) * sizeof(token));
    state->headers[at] = token;
}

static void add_authorization(struct eg_aws_sigv4 *state,
                              const struct eg_aws_sigv4_options *options)
{
    eg_buffer_printf(&state->authorization,
                     ALGORITHM " Credential=%.*s/%s, SignedHeaders=%s, Signature=%s",
                     EG_SPAN_ARGS(options->access_key_id), state->scope.data,
                     state->signed_names.data, state->signature);
    add_header(state, EG_SPAN_LITERAL("Authorization"), eg_buffer_span(&state->authorization));
}

int eg_aws_sigv4_sign(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_request *request,
                      const struct eg_aws_sigv4_options *options, struct eg_error *err)
{
    if (begin(state, request, options, err) < 0 ||
        set_payload_hash(state, request, options->payload_hash, err) < 0)
        return -1;
    size_t own_at = state->header_count;
    if (!options->token_unsigned)
        add_token_header(state, options);
    add_header(state, EG_SPAN_LITERAL("X-Amz-Date"), eg_span_text(state->date));
    if (options->send_payload_hash || is_s3(options))
        add_header(state, EG_SPAN_LITERAL("x-amz-content-sha256"),
                   eg_span_text(state->payload_hash));
    if (make_canonical_request(state, request, query_of(request->target), options, err) < 0)
        return -1;
    make_string_to_sign(state);
    make_signature(state, options);
    if (options->token_unsigned && options->session_token.len)
        insert_token_header(state, own_at, options);
    add_authorization(state, options);
    eg_buffer_append_span(&state->target, request->target);
    return 0;
}

static void append_token_param(struct eg_aws_sigv4 *state,
                               const struct eg_aws_sigv4_options *options)
{
    if (options->session_token.len)
        eg_aws_form_add(&state->target, "X-Amz-Security-Token", options->session_token);
}

/* The parameters of the signature behind the request's own, all but the signature itself. */
static void make_query(struct eg_aws_sigv4 *state, struct eg_span own_query,
                       const struct eg_aws_sigv4_options *options)
{
    char expires[24];
    struct eg_buffer *query = &state->target;
    (void)snprintf(expires, sizeof(expires), "%lld", (long long)options->expires_s);
    eg_buffer_printf(&state->credential, "%.*s/%s", EG_SPAN_ARGS(options->access_key_id),
                     state->scope.data);
    eg_buffer_append_span(query, own_query);
    eg_aws_form_add(query, "X-Amz-Algorithm", EG_SPAN_LITERAL(ALGORITHM));
    eg_aws_form_add(query, "X-Amz-Credential", eg_buffer_span(&state->credential));
    eg_aws_form_add(query, "X-Amz-Date", eg_span_text(state->date));
    eg_aws_form_add(query, "X-Amz-SignedHeaders", eg_buffer_span(&state->signed_names));
    eg_aws_form_add(query, "X-Amz-Expires", eg_span_text(expires));
    if (!options->token_unsigned)
        append_token_param(state, options);
}

/* Turns the query that was collected in `target` into the target. */
static void finish_target(struct eg_aws_sigv4 *state, struct eg_span path,
                          const struct eg_aws_sigv4_options *options)
{
    if (options->token_unsigned)
        append_token_param(state, options);
    eg_aws_form_add(&state->target, "X-Amz-Signature", eg_span_text(state->signature));
    eg_buffer_clear(&state->scratch);
    eg_buffer_append_span(&state->scratch, path);
    eg_buffer_append_char(&state->scratch, '?');
    eg_buffer_append_span(&state->scratch, eg_buffer_span(&state->target));
    struct eg_buffer swap = state->target;
    state->target = state->scratch;
    state->scratch = swap;
}

static int check_query_options(const struct eg_aws_sigv4_request *request,
                               const struct eg_aws_sigv4_options *options, struct eg_error *err)
{
    struct eg_span query = query_of(request->target);
    if (options->expires_s < 1 || options->expires_s > EG_AWS_SIGV4_EXPIRES_MAX)
        return eg_error_set(err, EG_ERR_INVALID, "a signed query must last 1 to %d seconds",
                            EG_AWS_SIGV4_EXPIRES_MAX);
    if (query.len && memmem(query.ptr, query.len, "X-Amz-Signature=", 16))
        return eg_error_set(err, EG_ERR_INVALID, "the query is signed already");
    return 0;
}

int eg_aws_sigv4_sign_query(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_request *request,
                            const struct eg_aws_sigv4_options *options, struct eg_error *err)
{
    struct eg_span payload = options->payload_hash;
    if (payload.len == 0 && is_s3(options))
        payload = EG_SPAN_LITERAL(EG_AWS_UNSIGNED_PAYLOAD);
    if (begin(state, request, options, err) < 0 || check_query_options(request, options, err) < 0 ||
        set_payload_hash(state, request, payload, err) < 0)
        return -1;
    /* The names go into the query, which comes first in the canonical request. */
    eg_aws_headers_canonical(state->headers, state->header_count, &state->scratch,
                             &state->signed_names);
    make_query(state, query_of(request->target), options);
    if (make_canonical_request(state, request, eg_buffer_span(&state->target), options, err) < 0)
        return -1;
    make_string_to_sign(state);
    make_signature(state, options);
    finish_target(state, path_of(request->target), options);
    return 0;
}
