/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads and chunks as strangers may send them, byte by byte, against a real server: everything that
 * two programs could read differently is refused with 400 and the connection closed, whether it
 * comes in one piece or in many.
 */
#include <stddef.h>

#include "http/head.h"
#include "support/http_fixture.h"

#define HOST "Host: test\r\n"
#define BAD(name, text)                   \
    {                                     \
        name, text, sizeof(text) - 1, 400 \
    }

struct raw_case {
    const char *name;
    const char *bytes;
    size_t len;
    unsigned status; /* 0: closed without an answer */
};

static const struct raw_case bad_cases[] = {
    BAD("two lengths that differ",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    BAD("two lengths that agree",
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    BAD("length and coding", "POST /echo HTTP/1.1\r\n" HOST
                             "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("coding and length", "POST /echo HTTP/1.1\r\n" HOST
                             "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
    BAD("coding on HTTP/1.0",
        "POST /echo HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("unknown coding", "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n"),
    BAD("chunked twice",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    BAD("chunked in two headers",
        "POST /echo HTTP/1.1\r\n" HOST
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("chunked hidden in two headers",
        "POST /echo HTTP/1.1\r\n" HOST
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    BAD("coding with a vertical tab",
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding:\vchunked\r\n\r\n0\r\n\r\n"),
    BAD("empty coding", "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n"),
    BAD("negative length", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"),
    BAD("signed length", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc"),
    BAD("length in hex", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\nabc"),
    BAD("length with text", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3a\r\n\r\nabc"),
    BAD("list of lengths", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc"),
    BAD("empty length", "POST /echo HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"),
    BAD("no host", "GET /hello HTTP/1.1\r\nA: b\r\n\r\n"),
    BAD("no header at all", "GET /hello HTTP/1.1\r\n\r\n"),
    BAD("two hosts", "GET /hello HTTP/1.1\r\n" HOST "Host: other\r\n\r\n"),
    BAD("two hosts in other case", "GET /hello HTTP/1.1\r\n" HOST "HOST: test\r\n\r\n"),
    BAD("a host with a slash", "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    BAD("a host with a space", "GET /hello HTTP/1.1\r\nHost: a b\r\n\r\n"),
    BAD("space in a name", "GET /hello HTTP/1.1\r\n" HOST "A B: c\r\n\r\n"),
    BAD("slash in a name", "GET /hello HTTP/1.1\r\n" HOST "A/B: c\r\n\r\n"),
    BAD("umlaut in a name", "GET /hello HTTP/1.1\r\n" HOST "\xc3\xa4: c\r\n\r\n"),
    BAD("NUL in a name", "GET /hello HTTP/1.1\r\n" HOST "A\0B: c\r\n\r\n"),
    BAD("empty name", "GET /hello HTTP/1.1\r\n" HOST ": c\r\n\r\n"),
    BAD("no colon", "GET /hello HTTP/1.1\r\n" HOST "AB\r\n\r\n"),
    BAD("space before the colon", "GET /hello HTTP/1.1\r\n" HOST "A : b\r\n\r\n"),
    BAD("tab before the colon", "GET /hello HTTP/1.1\r\n" HOST "A\t: b\r\n\r\n"),
    BAD("space before Host's colon", "GET /hello HTTP/1.1\r\nHost : test\r\n\r\n"),
    BAD("NUL in a value", "GET /hello HTTP/1.1\r\n" HOST "A: b\0c\r\nD: e\r\n\r\n"),
    BAD("NUL in the last value", "GET /hello HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n"),
    BAD("NUL hides a header",
        "POST /echo HTTP/1.1\r\n" HOST "A: b\0Transfer-Encoding: chunked\r\n\r\n"),
    BAD("line that begins with NUL", "GET /hello HTTP/1.1\r\n" HOST "\0A: b\r\nC: d\r\n\r\n"),
    BAD("CR in a value", "GET /hello HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n"),
    BAD("CR at a value's end", "GET /hello HTTP/1.1\r\n" HOST "A: b\r\r\n\r\n"),
    BAD("escape in a value", "GET /hello HTTP/1.1\r\n" HOST "A: b\033[1mc\r\n\r\n"),
    BAD("DEL in a value", "GET /hello HTTP/1.1\r\n" HOST "A: 12345678\177\r\n\r\n"),
    BAD("control far inside a value",
        "GET /hello HTTP/1.1\r\n" HOST "A: 0123456789012345678901234567890\0011\r\n\r\n"),
    BAD("LF behind the request line", "GET /hello HTTP/1.1\n" HOST "\r\n"),
    BAD("LF behind a header", "GET /hello HTTP/1.1\r\nHost: test\nA: b\r\n\r\n"),
    BAD("LF behind the last header", "GET /hello HTTP/1.1\r\n" HOST "A: b\n\r\n"),
    BAD("LF as the blank line", "GET /hello HTTP/1.1\r\n" HOST "\n"),
    BAD("LF before a body", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\nabc"),
    BAD("only LF", "GET /hello HTTP/1.1\nHost: test\n\n"),
    BAD("folded value", "GET /hello HTTP/1.1\r\n" HOST "A: b\r\n c\r\nD: e\r\n\r\n"),
    BAD("folded with a tab", "GET /hello HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n"),
    BAD("folded last value", "GET /hello HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n"),
    BAD("folded first header", "GET /hello HTTP/1.1\r\nHost: test\r\n x\r\n\r\n"),
    BAD("space before the first header", "GET /hello HTTP/1.1\r\n Host: test\r\n\r\n"),
    BAD("space before the first of two", "GET /hello HTTP/1.1\r\n A: b\r\n" HOST "\r\n"),
    BAD("two spaces before the target", "GET  /hello HTTP/1.1\r\n" HOST "\r\n"),
    BAD("two spaces behind the target", "GET /hello  HTTP/1.1\r\n" HOST "\r\n"),
    BAD("space behind the version", "GET /hello HTTP/1.1 \r\n" HOST "\r\n"),
    BAD("space in the target", "GET /hel lo HTTP/1.1\r\n" HOST "\r\n"),
    BAD("NUL in the target", "GET /hello\0x HTTP/1.1\r\n" HOST "\r\n"),
    BAD("tab in the target", "GET /hel\tlo HTTP/1.1\r\n" HOST "\r\n"),
    BAD("raw UTF-8 in the target", "GET /h\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n"),
    BAD("no path", "GET hello HTTP/1.1\r\n" HOST "\r\n"),
    BAD("no version", "GET /hello\r\n" HOST "\r\n"),
    BAD("version in lower case", "GET /hello http/1.1\r\n" HOST "\r\n"),
    BAD("two blank lines first", "\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n"),
    BAD("NUL line first", "\0junk\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n"),
    BAD("authorization twice", "GET /hello HTTP/1.1\r\n" HOST
                               "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"),
    {"HTTP/2.0", "GET /hello HTTP/2.0\r\n" HOST "\r\n", 34, 505},
    {"HTTP/0.9", "GET /hello HTTP/0.9\r\n" HOST "\r\n", 34, 505},
    {"only a method", "GET\r\n" HOST "\r\n", 19, 0},
    {"tabs in the request line", "GET\t/hello\tHTTP/1.1\r\n" HOST "\r\n", 35, 0},
    {"space before the method", " GET /hello HTTP/1.1\r\n" HOST "\r\n", 36, 0},
};

static const struct raw_case good_cases[] = {
    {"plain", "GET /hello HTTP/1.1\r\n" HOST "\r\n", 0, 200},
    {"one CRLF first", "\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n", 0, 200},
    {"HTTP/1.0 without host", "GET /hello HTTP/1.0\r\nA: b\r\n\r\n", 0, 200},
    {"padding around a value", "GET /hello HTTP/1.1\r\nHost: \t test \t \r\n\r\n", 0, 200},
    {"no padding", "GET /hello HTTP/1.1\r\nHost:test\r\n\r\n", 0, 200},
    {"empty value", "GET /hello HTTP/1.1\r\n" HOST "A:\r\nB: \r\n\r\n", 0, 200},
    {"empty host", "GET /hello HTTP/1.1\r\nHost:\r\n\r\n", 0, 200},
    {"tab and high bytes in a value",
     "GET /hello HTTP/1.1\r\n" HOST "A: 12345678\t\xc3\xa4 12345678\r\n\r\n", 0, 200},
    {"every token character", "GET /hello HTTP/1.1\r\n" HOST "!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n", 0,
     200},
    {"host with a port", "GET /hello HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 0, 200},
    {"absolute target", "GET http://test/hello?a=b HTTP/1.1\r\n" HOST "\r\n", 0, 200},
    {"query with escapes", "GET /hello?a=%20&b=+ HTTP/1.1\r\n" HOST "\r\n", 0, 200},
    {"encoded path", "GET /%68ello HTTP/1.1\r\n" HOST "\r\n", 0, 200},
    {"cookie", "GET /hello HTTP/1.1\r\n" HOST "Cookie: a=b; c=\"d\"\r\nX: y\r\n\r\n", 0, 200},
    {"length of zero", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0, 200},
    {"no body at all", "POST /echo HTTP/1.1\r\n" HOST "\r\n", 0, 200},
    {"leading zeros", "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0003\r\n\r\nabc", 0, 200},
    {"coding in other case",
     "POST /echo HTTP/1.1\r\n" HOST "TRANSFER-encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0,
     200},
    {"chunk extension",
     "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n",
     0, 200},
    {"trailer",
     "POST /echo HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
     0, 200},
    {"several chunks",
     "POST /echo HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n02\r\nbc\r\n0\r\n\r\n",
     0, 200},
};

static const struct raw_case bad_chunks[] = {
    BAD("LF behind the size", "3\nabc\r\n0\r\n\r\n"),
    BAD("LF behind the second size", "1\r\na\r\n2\nbc\r\n0\r\n\r\n"),
    BAD("LF behind the data", "1\r\na\n2\r\nbc\r\n0\r\n\r\n"),
    BAD("LF in an extension", "1;a\nb\r\na\r\n0\r\n\r\n"),
    BAD("CR in an extension", "1;a\rb\r\na\r\n0\r\n\r\n"),
    BAD("size in other notation", "0x3\r\nabc\r\n0\r\n\r\n"),
    BAD("negative size", "-3\r\nabc\r\n0\r\n\r\n"),
    BAD("signed size", "+3\r\nabc\r\n0\r\n\r\n"),
    BAD("space before the size", " 3\r\nabc\r\n0\r\n\r\n"),
    BAD("empty size", "\r\nabc\r\n0\r\n\r\n"),
    BAD("data longer than its size", "2\r\nabc\r\n0\r\n\r\n"),
    BAD("size that is none", "zz\r\nabc\r\n0\r\n\r\n"),
    {"size beyond all measure", "fffffffffffffffffffff\r\nabc\r\n0\r\n\r\n", 0, 413},
};

static struct fixture *fixture;

static size_t length_of(const struct raw_case *raw)
{
    return raw->len ? raw->len : strlen(raw->bytes);
}

static void check(const struct raw_case *raw, const struct answer *answer)
{
    unsigned status = answer_status(answer, 0);
    if (status != raw->status)
        fail_msg("%s: %u instead of %u: %s", raw->name, status, raw->status, answer->text);
}

static void assert_closed(const struct raw_case *raw, int fd)
{
    struct answer rest;
    client_read(fd, &rest, CLIENT_TIMEOUT_MS, NULL);
    if (!rest.closed)
        fail_msg("%s: the connection stays open", raw->name);
}

static void run_bad(const struct raw_case *raw, size_t piece)
{
    struct answer answer;
    int fd = client_connect(fixture);
    size_t len = length_of(raw);
    for (size_t at = 0; at < len; at += piece)
        client_send_bytes(fd, raw->bytes + at, len - at < piece ? len - at : piece);
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, "}]}");
    check(raw, &answer);
    assert_closed(raw, fd);
    (void)close(fd);
}

static void test_bad_heads(void **state)
{
    unsigned before = atomic_load(&fixture->context.handled);
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(bad_cases); index++)
        run_bad(&bad_cases[index], SIZE_MAX / 2);
    assert_int_equal(atomic_load(&fixture->context.handled), before);
}

static void test_bad_heads_byte_by_byte(void **state)
{
    unsigned before = atomic_load(&fixture->context.handled);
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(bad_cases); index++)
        run_bad(&bad_cases[index], 1);
    assert_int_equal(atomic_load(&fixture->context.handled), before);
}

/* A good request first: the second head lies elsewhere in the library's memory. */
static void test_bad_heads_behind_a_good_one(void **state)
{
    static const char good[] = "GET /hello HTTP/1.1\r\n" HOST "\r\n";
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(bad_cases); index++) {
        const struct raw_case *raw = &bad_cases[index];
        struct answer answer;
        int fd = client_connect(fixture);
        EG_AUTOBUFFER struct eg_buffer both = EG_BUFFER_INIT;
        eg_buffer_append(&both, good, sizeof(good) - 1);
        eg_buffer_append(&both, raw->bytes, length_of(raw));
        client_send_bytes(fd, both.data, both.len);
        client_read(fd, &answer, CLIENT_TIMEOUT_MS, NULL);
        assert_int_equal(answer_status(&answer, 0), 200);
        if (answer_status(&answer, 1) != raw->status)
            fail_msg("%s: %s", raw->name, answer.text);
        (void)close(fd);
    }
}

static void run_good(const struct raw_case *raw, size_t piece)
{
    struct answer answer;
    int fd = client_connect(fixture);
    size_t len = length_of(raw);
    for (size_t at = 0; at < len; at += piece)
        client_send_bytes(fd, raw->bytes + at, len - at < piece ? len - at : piece);
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, "\r\n\r\n");
    check(raw, &answer);
    (void)close(fd);
}

static void test_good_requests(void **state)
{
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(good_cases); index++) {
        run_good(&good_cases[index], SIZE_MAX / 2);
        run_good(&good_cases[index], 1);
    }
}

static void test_bad_chunks(void **state)
{
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(bad_chunks); index++) {
        const struct raw_case *raw = &bad_chunks[index];
        struct answer answer;
        EG_AUTOBUFFER struct eg_buffer request = EG_BUFFER_INIT;
        eg_buffer_append_text(&request,
                              "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
        eg_buffer_append(&request, raw->bytes, length_of(raw));
        int fd = client_connect(fixture);
        client_send_bytes(fd, request.data, request.len);
        client_read(fd, &answer, CLIENT_TIMEOUT_MS, "\r\n\r\n");
        check(raw, &answer);
        assert_closed(raw, fd);
        (void)close(fd);
    }
}

static void test_body_is_as_sent(void **state)
{
    struct answer answer;
    (void)state;
    int fd = client_connect(fixture);
    client_send(fd, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                    "1\r\na\r\n4;x=\"y\"\r\nb\r\nc\r\n0\r\n\r\n");
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, "ab\r\nc");
    assert_contains(&answer, "Content-Length: 5\r\n");
    assert_contains(&answer, "\r\n\r\nab\r\nc");
    (void)close(fd);
}

static void test_smuggled_request_is_never_answered(void **state)
{
    static const char smuggle[] =
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /hello HTTP/1.1\r\n" HOST "\r\n";
    struct answer answer;
    (void)state;
    int fd = client_connect(fixture);
    client_send_bytes(fd, smuggle, sizeof(smuggle) - 1);
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, NULL);
    assert_true(answer.closed);
    assert_int_equal(answer_status(&answer, 0), 400);
    assert_int_equal(answer_status(&answer, 1), 0);
    (void)close(fd);
}

static void test_refusal_is_an_envelope(void **state)
{
    struct answer answer;
    (void)state;
    int fd = client_connect(fixture);
    client_send(fd, "GET /hello HTTP/1.1\r\nX-Correlation-ID: abc-1\r\n\r\n");
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, NULL);
    assert_true(answer.closed);
    assert_contains(&answer, "Connection: close\r\n");
    assert_contains(&answer, "Content-Type: application/json\r\n");
    assert_contains(&answer, "X-Correlation-ID: abc-1\r\n");
    assert_contains(&answer,
                    "{\"success\":false,\"statusCode\":400,\"errors\":[{\"type\":\"request\","
                    "\"message\":\"The Host header is missing.\"}]}");
    (void)close(fd);
}

static void test_layout_is_checked(void **state)
{
    (void)state;
    assert_true(eg_http_head_layout_works());
}

static int setup(void **state)
{
    (void)state;
    fixture = fixture_start(NULL);
    return 0;
}

static int teardown(void **state)
{
    struct eg_http_counters counters;
    (void)state;
    eg_http_server_counters(fixture->server, &counters);
    assert_true(counters.requests_malformed > EG_ARRAY_COUNT(bad_cases));
    fixture_stop(fixture);
    return 0;
}

static unsigned get_with_value(const char *value, size_t len)
{
    struct answer answer;
    EG_AUTOBUFFER struct eg_buffer request = EG_BUFFER_INIT;
    eg_buffer_append_text(&request,
                          "GET /hello HTTP/1.1\r\nHost: test\r\nConnection: close\r\nA: x");
    eg_buffer_append(&request, value, len);
    eg_buffer_append_text(&request, "x\r\n\r\n");
    return exchange(fixture, request.data, request.len, &answer);
}

/* Values are looked at by blocks: each place in a block, and each length of what remains. */
static void test_control_characters_anywhere_in_a_value(void **state)
{
    static const char bad[] = {0x01, 0x1f, 0x7f};
    static const char good[] = {'\t', ' ', '~', (char)0x80, (char)0xff};
    char value[75];
    (void)state;
    for (size_t len = 1; len <= sizeof(value); len += 7)
        for (size_t at = 0; at < len; at++) {
            memset(value, 'a', len);
            value[at] = bad[at % sizeof(bad)];
            assert_int_equal(get_with_value(value, len), 400);
            value[at] = good[at % sizeof(good)];
            assert_int_equal(get_with_value(value, len), 200);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control_characters_anywhere_in_a_value),
        cmocka_unit_test(test_layout_is_checked),
        cmocka_unit_test(test_bad_heads),
        cmocka_unit_test(test_bad_heads_byte_by_byte),
        cmocka_unit_test(test_bad_heads_behind_a_good_one),
        cmocka_unit_test(test_good_requests),
        cmocka_unit_test(test_bad_chunks),
        cmocka_unit_test(test_body_is_as_sent),
        cmocka_unit_test(test_smuggled_request_is_never_answered),
        cmocka_unit_test(test_refusal_is_an_envelope),
    };
    return cmocka_run_group_tests_name("http/hardening", tests, setup, teardown);
}
