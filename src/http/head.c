/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the headers as the library hands them over: characters, layout, the known ones into
 * their slots; then what the whole must satisfy (RFC 9112 sections 2 to 7). On the HTTP thread.
 */
#include "http/head.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/span.h"

#define HEADERS_MAX         256 /* upper bound of max_header_count */
#define VERSION_BYTES       8   /* "HTTP/1.1", the library accepts no other length */
#define LONGEST_KNOWN       29
#define CHUNK_EXTENSION_MAX 256
#define POOL_ALIGNMENT      16
#define LINE_RECORD_BYTES   64 /* what the library keeps of each header */

struct reading {
    struct eg_http_request *request;
    struct eg_http_field fields[HEADERS_MAX];
    size_t count;
    size_t max_count;
    const char *cursor; /* where the next name must begin; NULL: not checked */
    const char *fault;  /* what is wrong, the first thing only */
    bool too_many;
};

static const struct eg_span known_names[EG_HTTP_HEADER_COUNT] = {
    [EG_HTTP_HOST] = EG_SPAN_LITERAL("host"),
    [EG_HTTP_CONTENT_LENGTH] = EG_SPAN_LITERAL("content-length"),
    [EG_HTTP_TRANSFER_ENCODING] = EG_SPAN_LITERAL("transfer-encoding"),
    [EG_HTTP_CONTENT_TYPE] = EG_SPAN_LITERAL("content-type"),
    [EG_HTTP_CONTENT_ENCODING] = EG_SPAN_LITERAL("content-encoding"),
    [EG_HTTP_AUTHORIZATION] = EG_SPAN_LITERAL("authorization"),
    [EG_HTTP_BEARER] = EG_SPAN_LITERAL("bearer"),
    [EG_HTTP_IDEMPOTENCY_KEY] = EG_SPAN_LITERAL("idempotency-key"),
    [EG_HTTP_X_CORRELATION_ID] = EG_SPAN_LITERAL("x-correlation-id"),
    [EG_HTTP_X_REQUEST_ID] = EG_SPAN_LITERAL("x-request-id"),
    [EG_HTTP_TRACEPARENT] = EG_SPAN_LITERAL("traceparent"),
    [EG_HTTP_TRACESTATE] = EG_SPAN_LITERAL("tracestate"),
    [EG_HTTP_ACCEPT] = EG_SPAN_LITERAL("accept"),
    [EG_HTTP_ORIGIN] = EG_SPAN_LITERAL("origin"),
    [EG_HTTP_EXPECT] = EG_SPAN_LITERAL("expect"),
    [EG_HTTP_CONNECTION] = EG_SPAN_LITERAL("connection"),
    [EG_HTTP_ACCESS_CONTROL_REQUEST_METHOD] = EG_SPAN_LITERAL("access-control-request-method"),
};

#define BIT(header) (UINT32_C(1) << (header))

/* Which known headers have a name of this length: spares nearly all comparisons. */
static const uint32_t known_by_length[LONGEST_KNOWN + 1] = {
    [4] = BIT(EG_HTTP_HOST),
    [6] = BIT(EG_HTTP_BEARER) | BIT(EG_HTTP_ACCEPT) | BIT(EG_HTTP_ORIGIN) | BIT(EG_HTTP_EXPECT),
    [10] = BIT(EG_HTTP_TRACESTATE) | BIT(EG_HTTP_CONNECTION),
    [11] = BIT(EG_HTTP_TRACEPARENT),
    [12] = BIT(EG_HTTP_CONTENT_TYPE) | BIT(EG_HTTP_X_REQUEST_ID),
    [13] = BIT(EG_HTTP_AUTHORIZATION),
    [14] = BIT(EG_HTTP_CONTENT_LENGTH),
    [15] = BIT(EG_HTTP_IDEMPOTENCY_KEY),
    [16] = BIT(EG_HTTP_CONTENT_ENCODING) | BIT(EG_HTTP_X_CORRELATION_ID),
    [17] = BIT(EG_HTTP_TRANSFER_ENCODING),
    [29] = BIT(EG_HTTP_ACCESS_CONTROL_REQUEST_METHOD),
};

/* Fields that mean something else when they come twice. */
static const uint32_t singletons = BIT(EG_HTTP_HOST) | BIT(EG_HTTP_CONTENT_LENGTH) |
                                   BIT(EG_HTTP_TRANSFER_ENCODING) | BIT(EG_HTTP_CONTENT_TYPE) |
                                   BIT(EG_HTTP_AUTHORIZATION) | BIT(EG_HTTP_BEARER) |
                                   BIT(EG_HTTP_EXPECT) | BIT(EG_HTTP_IDEMPOTENCY_KEY);

/* RFC 9110 section 5.6.2, tchar. */
static const bool is_token_char[256] = {
    ['!'] = true,         ['#'] = true,         ['$'] = true,         ['%'] = true, ['&'] = true,
    ['\''] = true,        ['*'] = true,         ['+'] = true,         ['-'] = true, ['.'] = true,
    ['^'] = true,         ['_'] = true,         ['`'] = true,         ['|'] = true, ['~'] = true,
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true,
};

static bool is_token(struct eg_span name)
{
    for (size_t at = 0; at < name.len; at++)
        if (!is_token_char[(unsigned char)name.ptr[at]])
            return false;
    return name.len > 0;
}

static bool is_value_char(unsigned char c)
{
    return (c >= 0x20 && c != 0x7f) || c == '\t';
}

#define BLOCK_BYTES 32
#define WORD_BYTES  sizeof(uint64_t)

/* A whole block at once, in a shape that compilers turn into a few vector instructions; says true
 * too often (a tab), never too rarely. */
static bool may_hold_control(const char *block)
{
    unsigned char controls = 0;
    for (size_t at = 0; at < BLOCK_BYTES; at++) {
        unsigned char c = (unsigned char)block[at];
        controls |= (unsigned char)((c < 0x20) | (c == 0x7f));
    }
    return controls != 0;
}

/* The same for eight bytes, of which those above 0x7f may say true, too. */
static bool may_hold_control_word(const char *bytes)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, bytes, sizeof(word));
    uint64_t below_space = word - ones * 0x20;
    uint64_t delete = (word ^ ones * 0x7f) - ones;
    return (below_space | delete | word) & ones * 0x80;
}

/* Looks at the end once more rather than at single bytes. */
static bool may_hold_control_anywhere(struct eg_span value)
{
    const char *at = value.ptr;
    const char *end = value.ptr + value.len;
    if (value.len < WORD_BYTES)
        return true;
    for (; (size_t)(end - at) >= BLOCK_BYTES; at += BLOCK_BYTES)
        if (may_hold_control(at))
            return true;
    for (; (size_t)(end - at) >= WORD_BYTES; at += WORD_BYTES)
        if (may_hold_control_word(at))
            return true;
    return at < end && may_hold_control_word(end - WORD_BYTES);
}

static bool is_value(struct eg_span value)
{
    if (!may_hold_control_anywhere(value))
        return true;
    for (size_t at = 0; at < value.len; at++)
        if (!is_value_char((unsigned char)value.ptr[at]))
            return false;
    return true;
}

static bool is_padding(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    return from == to;
}

static struct eg_span trim_padding(struct eg_span value)
{
    while (value.len > 0 && (value.ptr[value.len - 1] == ' ' || value.ptr[value.len - 1] == '\t'))
        value.len--;
    return value;
}

/* "name:" padding "value" CRLF, and the next name right behind. */
static bool follows(struct reading *reading, struct eg_span name, struct eg_span value)
{
    if (!reading->cursor)
        return true;
    if (name.ptr != reading->cursor || value.ptr <= name.ptr + name.len ||
        !is_padding(name.ptr + name.len + 1, value.ptr))
        return false;
    reading->cursor = value.ptr + value.len + 2;
    return true;
}

static const char *note_known(struct eg_http_request *request, struct eg_span name,
                              struct eg_span value)
{
    uint32_t candidates = name.len <= LONGEST_KNOWN ? known_by_length[name.len] : 0;
    for (; candidates; candidates &= candidates - 1) {
        unsigned header = (unsigned)__builtin_ctz(candidates);
        if (strncasecmp(name.ptr, known_names[header].ptr, name.len) != 0)
            continue;
        if (!(request->seen & BIT(header)))
            request->known[header] = value;
        else if (header == EG_HTTP_CONTENT_ENCODING)
            request->known[header] = EG_SPAN_LITERAL("several, which none takes");
        else if (singletons & BIT(header))
            return "A header that may come once came twice.";
        request->seen |= BIT(header);
        return NULL;
    }
    return NULL;
}

static const char *check_field(struct reading *reading, struct eg_span name, struct eg_span value)
{
    if (!is_token(name))
        return "A header's name holds a character that is not allowed there.";
    if (!is_value(value))
        return "A header's value holds a control character.";
    if (!follows(reading, name, value))
        return "The headers are not lines that end in CRLF, one a header.";
    return note_known(reading->request, name, trim_padding(value));
}

static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind, const char *name,
                                size_t name_len, const char *value, size_t value_len)
{
    struct reading *reading = context;
    struct eg_http_field field = {eg_span_of(name, name_len),
                                  value ? eg_span_of(value, value_len) : EG_SPAN_EMPTY};
    (void)kind;
    if (reading->count == reading->max_count) {
        reading->too_many = true;
        return MHD_NO;
    }
    reading->fault = check_field(reading, field.name, field.value);
    field.value = trim_padding(field.value);
    reading->fields[reading->count++] = field;
    return reading->fault ? MHD_NO : MHD_YES;
}

/* Request line: where it begins, single spaces, CRLF. Sets where the first name must be. */
static bool begin_layout(struct reading *reading, const struct eg_http_raw_head *head)
{
    struct eg_http_connection *connection = reading->request->connection;
    uintptr_t begin = (uintptr_t)head->method;
    uintptr_t base = begin & ~(uintptr_t)(POOL_ALIGNMENT - 1);
    const char *target = head->method + strlen(head->method) + 1;
    const char *version = target + reading->request->target.len + 1;

    if (!head->check_layout)
        return true;
    if (connection->pool_base == 0)
        connection->pool_base = base;
    if (begin != connection->pool_base && begin != connection->pool_base + 2)
        return false; /* one CRLF before the request line is fine (RFC 9112 section 2.2) */
    if (head->url != target || head->version != version)
        return false;
    reading->cursor = version + VERSION_BYTES + 2;
    return true;
}

/* The blank line ends the head, and is CRLF. */
static bool end_layout(const struct reading *reading, const char *method, size_t head_bytes)
{
    return !reading->cursor || reading->cursor + 2 == method + head_bytes;
}

static enum eg_http_method method_of(const char *text)
{
    static const char *const names[] = {
        [EG_HTTP_GET] = "GET",         [EG_HTTP_HEAD] = "HEAD",     [EG_HTTP_POST] = "POST",
        [EG_HTTP_PUT] = "PUT",         [EG_HTTP_DELETE] = "DELETE", [EG_HTTP_PATCH] = "PATCH",
        [EG_HTTP_OPTIONS] = "OPTIONS",
    };
    for (unsigned method = 0; method < EG_ARRAY_COUNT(names); method++)
        if (strcmp(text, names[method]) == 0)
            return (enum eg_http_method)method;
    return EG_HTTP_METHOD_OTHER;
}

static bool is_host(struct eg_span host)
{
    for (size_t at = 0; at < host.len; at++) {
        unsigned char c = (unsigned char)host.ptr[at];
        if (!is_token_char[c] && !strchr("[]:()=;,", c))
            return false;
    }
    return true;
}

static const char *check_host(const struct eg_http_request *request, bool version_1_0)
{
    if (!(request->seen & BIT(EG_HTTP_HOST)))
        return version_1_0 ? NULL : "The Host header is missing.";
    return is_host(request->known[EG_HTTP_HOST]) ? NULL : "The Host header is not a host.";
}

/* RFC 9112 section 6.1 and 6.3: exactly one way to say where the body ends. */
static const char *check_framing(struct eg_http_request *request, bool version_1_0)
{
    bool has_coding = request->seen & BIT(EG_HTTP_TRANSFER_ENCODING);
    bool has_length = request->seen & BIT(EG_HTTP_CONTENT_LENGTH);
    int64_t length = 0;

    if (has_coding && has_length)
        return "Content-Length and Transfer-Encoding must not come together.";
    if (has_coding && version_1_0)
        return "Transfer-Encoding is not part of HTTP/1.0.";
    if (has_coding && !eg_span_equal_nocase(request->known[EG_HTTP_TRANSFER_ENCODING],
                                            EG_SPAN_LITERAL("chunked")))
        return "Transfer-Encoding must be chunked and nothing else.";
    if (has_length && (request->known[EG_HTTP_CONTENT_LENGTH].ptr[0] == '-' ||
                       !eg_span_to_int64(request->known[EG_HTTP_CONTENT_LENGTH], &length)))
        return "Content-Length must be a decimal number.";
    request->declared_bytes = (uint64_t)length;
    request->framing = has_coding   ? EG_HTTP_CHUNKED_BODY
                       : length > 0 ? EG_HTTP_SIZED_BODY
                                    : EG_HTTP_NO_BODY;
    return NULL;
}

static bool is_correlation_id(struct eg_span id)
{
    if (id.len == 0 || id.len > EG_HTTP_CORRELATION_BYTES)
        return false;
    for (size_t at = 0; at < id.len; at++) {
        unsigned char c = (unsigned char)id.ptr[at];
        bool is_alnum = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_alnum && c != '.' && c != '_' && c != ':' && c != '-')
            return false;
    }
    return true;
}

static void take_correlation_id(struct eg_http_request *request)
{
    struct eg_span id = request->known[EG_HTTP_X_CORRELATION_ID];
    if (!is_correlation_id(id))
        id = request->known[EG_HTTP_X_REQUEST_ID];
    if (!is_correlation_id(id))
        return;
    memcpy(request->correlation, id.ptr, id.len);
    request->correlation[id.len] = '\0';
    request->correlation_len = id.len;
}

static void keep_fields(struct eg_http_request *request, const struct reading *reading)
{
    size_t bytes = reading->count * sizeof(*reading->fields);
    request->fields = eg_arena_alloc(&request->arena, bytes);
    memcpy(request->fields, reading->fields, bytes);
    request->field_count = reading->count;
}

static size_t head_bytes_of(struct MHD_Connection *raw)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(raw, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

static EG_COLD int malformed(const char *what, struct eg_error *err)
{
    return eg_error_set(err, EG_ERR_REQUEST, "%s", what);
}

static EG_COLD int too_much(const struct eg_http_limits *limits, struct eg_error *err)
{
    return eg_error_set(
        err, EG_ERR_HEADERS,
        "Request line and headers must not be more than %lld bytes, each line counted "
        "with %d more, in %lld lines.",
        (long long)limits->max_header_bytes, LINE_RECORD_BYTES,
        (long long)limits->max_header_count);
}

int eg_http_head_read(struct eg_http_request *request, const struct eg_http_raw_head *head,
                      const struct eg_http_limits *limits, struct eg_error *err)
{
    struct reading reading;
    size_t head_bytes = head_bytes_of(head->raw);
    bool version_1_0 = strcmp(head->version, "HTTP/1.0") == 0;
    const char *fault;

    reading.request = request;
    reading.count = 0;
    reading.max_count =
        limits->max_header_count < HEADERS_MAX ? (size_t)limits->max_header_count : HEADERS_MAX;
    reading.cursor = NULL;
    reading.fault = NULL;
    reading.too_many = false;
    request->method = method_of(head->method);
    if (!begin_layout(&reading, head))
        return malformed("The request line is not METHOD, TARGET and VERSION with one space "
                         "between them.",
                         err);
    (void)MHD_get_connection_values_n(head->raw, MHD_HEADER_KIND, on_field, &reading);
    keep_fields(request, &reading);
    take_correlation_id(request);
    if (reading.too_many ||
        head_bytes + reading.count * LINE_RECORD_BYTES > (size_t)limits->max_header_bytes)
        return too_much(limits, err);
    if (reading.fault)
        return malformed(reading.fault, err);
    if (!end_layout(&reading, head->method, head_bytes))
        return malformed("The headers are not lines that end in CRLF, one a header.", err);
    request->body_start = (uintptr_t)head->method + head_bytes;
    fault = check_host(request, version_1_0);
    if (!fault)
        fault = check_framing(request, version_1_0);
    return fault ? malformed(fault, err) : 0;
}

/* Steps back over the size line that ends at `end`. False: it is not one. */
static bool is_size_line(const char *start, const char *end)
{
    const char *at = end - 2;
    if (end - start < 3 || end[-2] != '\r' || end[-1] != '\n')
        return false;
    while (at > start && at[-1] != '\n' && end - at < CHUNK_EXTENSION_MAX) {
        if (!is_value_char((unsigned char)at[-1]))
            return false;
        at--;
    }
    return at == start || (at[-1] == '\n' && at - start >= 2 && at[-2] == '\r');
}

int eg_http_head_check_chunk(uintptr_t start, const char *piece, struct eg_error *err)
{
    uintptr_t end = (uintptr_t)piece;
    if (end <= start || is_size_line(piece - (end - start), piece))
        return 0;
    return malformed("The chunks of the body are not delimited by CRLF.", err);
}
