/* SPDX-License-Identifier: Apache-2.0 */
/* Reads and writes the vectors' files. */
#include "aws/sigv4_text.h"

#include <jansson.h>
#include <string.h>

#include "aws/time.h"
#include "base/error.h"
#include "base/span.h"

/* Takes a line off the front of *text, without its line break. */
static struct eg_span take_line(struct eg_span *text)
{
    const char *end = text->len ? memchr(text->ptr, '\n', text->len) : NULL;
    size_t len = end ? (size_t)(end - text->ptr) : text->len;
    struct eg_span line = eg_span_of(text->ptr, len);
    text->ptr += end ? len + 1 : len;
    text->len -= end ? len + 1 : len;
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

/* The target may hold blanks: it is what stands between the first and the last one. */
static int parse_request_line(struct eg_span line, struct eg_aws_request_text *parsed,
                              struct eg_error *err)
{
    const char *first = line.len ? memchr(line.ptr, ' ', line.len) : NULL;
    const char *last = line.len ? memrchr(line.ptr, ' ', line.len) : NULL;
    if (!first || first == last)
        return eg_error_set(err, EG_ERR_INVALID,
                            "line 1 is not like 'GET /path HTTP/1.1': a request begins so");
    parsed->request.method = eg_span_of(line.ptr, (size_t)(first - line.ptr));
    parsed->request.target = eg_span_of(first + 1, (size_t)(last - first) - 1);
    parsed->version = eg_span_of(last + 1, line.len - (size_t)(last - line.ptr) - 1);
    return 0;
}

static int parse_header(struct eg_span line, size_t number, struct eg_aws_request_text *parsed,
                        struct eg_error *err)
{
    size_t *count = &parsed->request.header_count;
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
        if (*count == 0)
            return eg_error_set(err, EG_ERR_INVALID, "line %zu continues no header", number);
        struct eg_span *value = &parsed->headers[*count - 1].value;
        value->len = (size_t)(line.ptr + line.len - value->ptr);
        return 0;
    }
    const char *colon = memchr(line.ptr, ':', line.len);
    if (!colon || colon == line.ptr)
        return eg_error_set(err, EG_ERR_INVALID, "line %zu is no header: it has no name", number);
    if (*count == EG_AWS_SIGV4_HEADERS_MAX)
        return eg_error_set(err, EG_ERR_INVALID, "the request has more than %d headers",
                            EG_AWS_SIGV4_HEADERS_MAX);
    size_t name_len = (size_t)(colon - line.ptr);
    parsed->headers[(*count)++] = (struct eg_net_header){
        eg_span_of(line.ptr, name_len), eg_span_of(colon + 1, line.len - name_len - 1)};
    return 0;
}

int eg_aws_request_text_parse(struct eg_span text, struct eg_aws_request_text *ret_parsed,
                              struct eg_error *err)
{
    ret_parsed->request = (struct eg_aws_sigv4_request){.headers = ret_parsed->headers};
    if (parse_request_line(take_line(&text), ret_parsed, err) < 0)
        return -1;
    for (size_t number = 2; text.len; number++) {
        struct eg_span line = take_line(&text);
        if (line.len == 0)
            break;
        if (parse_header(line, number, ret_parsed, err) < 0)
            return -1;
    }
    ret_parsed->request.body = text;
    return 0;
}

void eg_aws_request_text_write(const struct eg_aws_request_text *parsed,
                               const struct eg_aws_sigv4 *state, struct eg_buffer *out)
{
    eg_buffer_append_span(out, parsed->request.method);
    eg_buffer_append_char(out, ' ');
    eg_buffer_append_span(out, eg_buffer_span(&state->target));
    eg_buffer_append_char(out, ' ');
    eg_buffer_append_span(out, parsed->version);
    eg_buffer_append_char(out, '\n');
    for (size_t i = 0; i < state->header_count; i++) {
        eg_buffer_append_span(out, state->headers[i].name);
        eg_buffer_append_char(out, ':');
        eg_buffer_append_span(out, state->headers[i].value);
        eg_buffer_append_char(out, '\n');
    }
    eg_buffer_append_char(out, '\n');
    eg_buffer_append_span(out, parsed->request.body);
}

static int read_text(const json_t *object, const char *name, bool required, struct eg_arena *arena,
                     struct eg_span *ret_text, struct eg_error *err)
{
    const json_t *value = json_object_get(object, name);
    if (!value && !required)
        return 0;
    if (!json_is_string(value))
        return eg_error_set(err, EG_ERR_INVALID, "the context's %s must be a text", name);
    *ret_text =
        eg_arena_copy(arena, eg_span_of(json_string_value(value), json_string_length(value)));
    return 0;
}

static int read_flag(const json_t *object, const char *name, bool fallback, bool *ret_flag,
                     struct eg_error *err)
{
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_boolean(value))
        return eg_error_set(err, EG_ERR_INVALID, "the context's %s must be true or false", name);
    *ret_flag = value ? json_is_true(value) : fallback;
    return 0;
}

static int read_expiry(const json_t *root, int64_t *ret_expires_s, struct eg_error *err)
{
    const json_t *value = json_object_get(root, "expiration_in_seconds");
    if (value && !json_is_integer(value))
        return eg_error_set(err, EG_ERR_INVALID,
                            "the context's expiration_in_seconds must be a whole number");
    *ret_expires_s = value ? json_integer_value(value) : 3600;
    return 0;
}

static int read_time(const json_t *root, int64_t *ret_wall_us, struct eg_error *err)
{
    const char *text = json_string_value(json_object_get(root, "timestamp"));
    int64_t seconds;
    if (!text || !eg_aws_time_parse(eg_span_text(text), &seconds))
        return eg_error_set(err, EG_ERR_INVALID,
                            "the context's timestamp must be like 2015-08-30T12:36:00Z");
    *ret_wall_us = seconds * 1000000;
    return 0;
}

static int read_context(const json_t *root, struct eg_arena *arena,
                        struct eg_aws_sigv4_options *options, struct eg_error *err)
{
    const json_t *keys = json_object_get(root, "credentials");
    bool normalise = true;
    if (read_text(keys, "access_key_id", true, arena, &options->access_key_id, err) < 0 ||
        read_text(keys, "secret_access_key", true, arena, &options->secret_access_key, err) < 0 ||
        read_text(keys, "token", false, arena, &options->session_token, err) < 0 ||
        read_text(root, "region", true, arena, &options->region, err) < 0 ||
        read_text(root, "service", true, arena, &options->service, err) < 0 ||
        read_time(root, &options->wall_us, err) < 0 ||
        read_expiry(root, &options->expires_s, err) < 0 ||
        read_flag(root, "normalize", true, &normalise, err) < 0 ||
        read_flag(root, "sign_body", false, &options->send_payload_hash, err) < 0 ||
        read_flag(root, "omit_session_token", false, &options->token_unsigned, err) < 0)
        return -1;
    options->keep_path = !normalise;
    return 0;
}

int eg_aws_context_parse(struct eg_span json, struct eg_arena *arena,
                         struct eg_aws_sigv4_options *ret_options, struct eg_error *err)
{
    json_error_t problem;
    struct eg_aws_sigv4_options options = {0};
    json_t *root = json_loadb(json.ptr, json.len, 0, &problem);
    if (!root)
        return eg_error_set(err, EG_ERR_INVALID, "the context is not JSON: line %d: %s",
                            problem.line, problem.text);
    int ret = read_context(root, arena, &options, err);
    json_decref(root);
    if (ret == 0)
        *ret_options = options;
    return ret;
}
