/* SPDX-License-Identifier: Apache-2.0 */
/* Content-Encoding: undone in pieces of any size, capped, and never trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/span.h"
#include "http/inflate.h"
#include "support/compress.h"

#define TEXT \
    "{\"event_id\":\"1\",\"message\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"
#define LIMIT ((size_t)1 << 20)

static enum eg_error_code run(const char *coding, struct eg_span bytes, size_t piece, size_t limit,
                              struct eg_buffer *out)
{
    struct eg_http_inflater inflater;
    struct eg_error err = {.code = EG_ERR_NONE};
    int result = eg_http_inflater_begin(&inflater, eg_span_text(coding), &err);
    if (result < 0)
        return err.code;
    for (size_t at = 0; at < bytes.len && result == 0; at += piece) {
        size_t len = bytes.len - at < piece ? bytes.len - at : piece;
        result =
            eg_http_inflater_feed(&inflater, eg_span_of(bytes.ptr + at, len), out, limit, &err);
        assert_true(out->len <= limit);
    }
    if (result == 0)
        result = eg_http_inflater_finish(&inflater, &err);
    eg_http_inflater_fini(&inflater);
    eg_http_inflater_fini(&inflater);
    return result < 0 ? err.code : EG_ERR_NONE;
}

static struct eg_span pack(const char *coding, const void *bytes, size_t len)
{
    return strcmp(coding, "zstd") == 0 ? compress_zstd(bytes, len) : compress_gzip(bytes, len);
}

static const char *const codings[] = {"gzip", "zstd"};

static void test_round_trip_in_pieces(void **state)
{
    static const size_t pieces[] = {1, 2, 7, 100000};
    (void)state;
    for (size_t coding = 0; coding < EG_ARRAY_COUNT(codings); coding++) {
        struct eg_span packed = pack(codings[coding], TEXT, sizeof(TEXT) - 1);
        for (size_t index = 0; index < EG_ARRAY_COUNT(pieces); index++) {
            EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
            assert_int_equal(run(codings[coding], packed, pieces[index], LIMIT, &out), EG_ERR_NONE);
            assert_true(eg_span_is(eg_buffer_span(&out), TEXT));
        }
        compress_free(packed);
    }
}

static void test_identity(void **state)
{
    static const char *const names[] = {"", "identity", " IDENTITY "};
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(names); index++) {
        EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
        assert_int_equal(run(names[index], EG_SPAN_LITERAL(TEXT), 10, LIMIT, &out), EG_ERR_NONE);
        assert_true(eg_span_is(eg_buffer_span(&out), TEXT));
    }
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    assert_int_equal(run("", EG_SPAN_LITERAL("12345"), 5, 5, &out), EG_ERR_NONE);
    eg_buffer_clear(&out);
    assert_int_equal(run("", EG_SPAN_LITERAL("123456"), 1, 5, &out), EG_ERR_TOO_LARGE);
}

static void test_other_and_chained_codings_are_refused(void **state)
{
    static const char *const names[] = {"br",         "deflate",  "gzip, gzip", "gzip,zstd",
                                        "identity,x", "compress", "*",          "gzip;q=1"};
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(names); index++) {
        EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
        assert_int_equal(run(names[index], EG_SPAN_EMPTY, 1, LIMIT, &out), EG_ERR_ENCODING);
    }
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    struct eg_span packed = compress_gzip(TEXT, sizeof(TEXT) - 1);
    assert_int_equal(run("X-GZip", packed, 50, LIMIT, &out), EG_ERR_NONE);
    compress_free(packed);
}

static void test_bombs_stop_at_the_limit(void **state)
{
    const size_t len = (size_t)64 << 20;
    char *zeros = eg_calloc(1, len);
    (void)state;
    for (size_t coding = 0; coding < EG_ARRAY_COUNT(codings); coding++) {
        EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
        struct eg_span packed = pack(codings[coding], zeros, len);
        assert_true(packed.len < len / 100);
        assert_int_equal(run(codings[coding], packed, packed.len, LIMIT, &out), EG_ERR_TOO_LARGE);
        assert_true(out.capacity < LIMIT * 4);
        compress_free(packed);
    }
    free(zeros);
}

static void test_exactly_the_limit_is_fine(void **state)
{
    char *zeros = eg_calloc(1, LIMIT + 1);
    (void)state;
    for (size_t coding = 0; coding < EG_ARRAY_COUNT(codings); coding++) {
        EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
        struct eg_span packed = pack(codings[coding], zeros, LIMIT);
        assert_int_equal(run(codings[coding], packed, packed.len, LIMIT, &out), EG_ERR_NONE);
        assert_int_equal(out.len, LIMIT);
        compress_free(packed);
        eg_buffer_clear(&out);
        packed = pack(codings[coding], zeros, LIMIT + 1);
        assert_int_equal(run(codings[coding], packed, packed.len, LIMIT, &out), EG_ERR_TOO_LARGE);
        compress_free(packed);
    }
    free(zeros);
}

static void test_truncated_at_every_byte(void **state)
{
    (void)state;
    for (size_t coding = 0; coding < EG_ARRAY_COUNT(codings); coding++) {
        struct eg_span packed = pack(codings[coding], TEXT, sizeof(TEXT) - 1);
        for (size_t len = 0; len < packed.len; len++) {
            EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
            assert_int_equal(run(codings[coding], eg_span_of(packed.ptr, len), 5, LIMIT, &out),
                             EG_ERR_REQUEST);
        }
        compress_free(packed);
    }
}

static void test_rubbish(void **state)
{
    (void)state;
    for (size_t coding = 0; coding < EG_ARRAY_COUNT(codings); coding++) {
        EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
        struct eg_span rubbish = EG_SPAN_LITERAL("this is not compressed at all, is it?");
        assert_int_equal(run(codings[coding], rubbish, 5, LIMIT, &out), EG_ERR_REQUEST);
    }
}

static void test_several_members_are_one_body(void **state)
{
    (void)state;
    for (size_t coding = 0; coding < EG_ARRAY_COUNT(codings); coding++) {
        for (size_t piece = 1; piece < 64; piece += 9) {
            EG_AUTOBUFFER struct eg_buffer in = EG_BUFFER_INIT;
            EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
            struct eg_span first = pack(codings[coding], "first ", 6);
            struct eg_span second = pack(codings[coding], "second", 6);
            eg_buffer_append_span(&in, first);
            eg_buffer_append_span(&in, second);
            assert_int_equal(run(codings[coding], eg_buffer_span(&in), piece, LIMIT, &out),
                             EG_ERR_NONE);
            assert_true(eg_span_is(eg_buffer_span(&out), "first second"));
            compress_free(first);
            compress_free(second);
        }
    }
}

static void test_bytes_behind_the_end_are_refused(void **state)
{
    (void)state;
    for (size_t coding = 0; coding < EG_ARRAY_COUNT(codings); coding++) {
        EG_AUTOBUFFER struct eg_buffer in = EG_BUFFER_INIT;
        EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
        struct eg_span packed = pack(codings[coding], TEXT, sizeof(TEXT) - 1);
        eg_buffer_append_span(&in, packed);
        eg_buffer_append_text(&in, "and more");
        assert_int_equal(run(codings[coding], eg_buffer_span(&in), 1000, LIMIT, &out),
                         EG_ERR_REQUEST);
        compress_free(packed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_in_pieces),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_other_and_chained_codings_are_refused),
        cmocka_unit_test(test_bombs_stop_at_the_limit),
        cmocka_unit_test(test_exactly_the_limit_is_fine),
        cmocka_unit_test(test_truncated_at_every_byte),
        cmocka_unit_test(test_rubbish),
        cmocka_unit_test(test_several_members_are_one_body),
        cmocka_unit_test(test_bytes_behind_the_end_are_refused),
    };
    return cmocka_run_group_tests_name("http/inflate", tests, NULL, NULL);
}
