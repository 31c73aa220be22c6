/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering by size, number, age and folder; and what is gathered comes out again as it went in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "sinks/aws/compress.h"
#include "sinks/aws/gather.h"

/* What was put, in order, and how many deliveries were completed how. */
static struct {
    struct eg_mutex mutex;
    char pieces[64][128];
    size_t count;
    enum eg_outcome outcome;
    unsigned completed[EG_FAILED + 1];
    char message[128];
} seen;

static enum eg_outcome put(void *context, void *worker, const struct eg_sink_piece *piece,
                           struct eg_error *err)
{
    (void)context;
    (void)worker;
    eg_mutex_lock(&seen.mutex);
    if (seen.count < 64)
        (void)snprintf(seen.pieces[seen.count], sizeof(seen.pieces[0]), "%.*s: %.*s",
                       EG_SPAN_ARGS(piece->folder), EG_SPAN_ARGS(piece->lines));
    seen.count++;
    eg_mutex_unlock(&seen.mutex);
    if (seen.outcome != EG_DELIVERED)
        (void)eg_error_set(err, EG_ERR_UNAVAILABLE, "the bucket is away");
    return seen.outcome;
}

static void complete_all(struct eg_delivery *const *take, size_t count, enum eg_outcome outcome,
                         const char *message)
{
    (void)take;
    eg_mutex_lock(&seen.mutex);
    seen.completed[outcome] += (unsigned)count;
    (void)snprintf(seen.message, sizeof(seen.message), "%s", message);
    eg_mutex_unlock(&seen.mutex);
}

static const struct eg_sink_host host = {.sink_name = "s3", .complete_all = complete_all};

static int setup(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    eg_mutex_init(&seen.mutex);
    return 0;
}

static const struct eg_sink_gather_limits wide = {1000, 100, 3600000, 8};

static struct eg_sink_gather *make(const struct eg_sink_gather_limits *limits)
{
    struct eg_error err;
    struct eg_sink_gather_user user = {put, NULL, &host};
    struct eg_sink_gather *gather;
    assert_int_equal(eg_sink_gather_new(limits, &user, &gather, &err), 0);
    return gather;
}

static struct eg_event event = {.received_us = 7};
static struct eg_delivery delivery = {.event = &event};

static void add(struct eg_sink_gather *gather, const char *folder, const char *line)
{
    eg_sink_gather_add(gather, NULL, &delivery, eg_span_text(folder), eg_span_text(line));
}

static void draining_puts_what_is_open(void **state)
{
    (void)state;
    struct eg_sink_gather *gather = make(&wide);
    add(gather, "a", "1\n");
    add(gather, "b", "2\n");
    add(gather, "a", "3\n");
    assert_int_equal(seen.count, 0);
    eg_sink_gather_drain(gather);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.pieces[0], "a: 1\n3\n");
    assert_string_equal(seen.pieces[1], "b: 2\n");
    assert_int_equal(seen.completed[EG_DELIVERED], 3);
    eg_sink_gather_destroy(gather);
}

static void a_full_piece_is_put_at_once(void **state)
{
    (void)state;
    struct eg_sink_gather_limits limits = wide;
    limits.max_events = 2;
    struct eg_sink_gather *gather = make(&limits);
    add(gather, "a", "1\n");
    add(gather, "a", "2\n");
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.pieces[0], "a: 1\n2\n");
    assert_int_equal(seen.completed[EG_DELIVERED], 2);
    eg_sink_gather_destroy(gather);
    assert_int_equal(seen.count, 1);
}

static void a_line_that_does_not_fit_begins_another(void **state)
{
    (void)state;
    struct eg_sink_gather_limits limits = wide;
    limits.max_bytes = 5;
    struct eg_sink_gather *gather = make(&limits);
    add(gather, "a", "123\n");
    add(gather, "a", "4\n");
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.pieces[0], "a: 123\n");
    add(gather, "a", "too long by itself\n");
    assert_int_equal(seen.count, 3);
    assert_string_equal(seen.pieces[1], "a: 4\n");
    assert_string_equal(seen.pieces[2], "a: too long by itself\n");
    eg_sink_gather_destroy(gather);
}

static void one_folder_too_many_puts_the_oldest(void **state)
{
    (void)state;
    struct eg_sink_gather_limits limits = wide;
    limits.max_pieces = 2;
    struct eg_sink_gather *gather = make(&limits);
    add(gather, "a", "1\n");
    add(gather, "b", "2\n");
    add(gather, "c", "3\n");
    assert_int_equal(seen.count, 1);
    assert_string_equal(seen.pieces[0], "a: 1\n");
    eg_sink_gather_destroy(gather);
    assert_int_equal(seen.count, 3);
}

static void age_puts_a_piece(void **state)
{
    (void)state;
    struct eg_sink_gather_limits limits = wide;
    limits.max_age_ms = 30;
    struct eg_sink_gather *gather = make(&limits);
    int64_t begin_ms = eg_clock_monotonic_ms();
    add(gather, "a", "1\n");
    size_t count = 0;
    while (count == 0 && eg_clock_monotonic_ms() - begin_ms < 5000) {
        usleep(2000);
        eg_mutex_lock(&seen.mutex);
        count = seen.count;
        eg_mutex_unlock(&seen.mutex);
    }
    assert_int_equal(count, 1);
    assert_true(eg_clock_monotonic_ms() - begin_ms >= 30);
    eg_sink_gather_destroy(gather);
}

static void a_failed_piece_fails_its_deliveries(void **state)
{
    (void)state;
    seen.outcome = EG_RETRY;
    struct eg_sink_gather *gather = make(&wide);
    add(gather, "a", "1\n");
    add(gather, "a", "2\n");
    eg_sink_gather_destroy(gather);
    assert_int_equal(seen.completed[EG_RETRY], 2);
    assert_string_equal(seen.message, "the bucket is away");
}

static void what_is_compressed_can_be_read_again(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    for (unsigned i = 0; i < 5000; i++)
        eg_buffer_printf(&text, "{\"number\":%u}\n", i);
    EG_AUTOFREE char *back = eg_malloc(text.len + 1);

    eg_sink_compress(EG_SINK_COMPRESSION_GZIP, eg_buffer_span(&text), &out);
    z_stream stream = {.next_in = (Bytef *)out.data,
                       .avail_in = (uInt)out.len,
                       .next_out = (Bytef *)back,
                       .avail_out = (uInt)text.len};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, text.len);
    assert_memory_equal(back, text.data, text.len);
    (void)inflateEnd(&stream);
    assert_true(out.len < text.len / 4);

    eg_buffer_clear(&out);
    eg_sink_compress(EG_SINK_COMPRESSION_ZSTD, eg_buffer_span(&text), &out);
    memset(back, 0, text.len);
    assert_int_equal(ZSTD_decompress(back, text.len, out.data, out.len), text.len);
    assert_memory_equal(back, text.data, text.len);

    eg_buffer_clear(&out);
    eg_sink_compress(EG_SINK_COMPRESSION_NONE, eg_buffer_span(&text), &out);
    assert_string_equal(out.data, text.data);
    assert_string_equal(eg_sink_compression_suffix(EG_SINK_COMPRESSION_ZSTD), ".zst");
    assert_string_equal(eg_sink_compression_encoding(EG_SINK_COMPRESSION_GZIP), "gzip");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(draining_puts_what_is_open, setup),
        cmocka_unit_test_setup(a_full_piece_is_put_at_once, setup),
        cmocka_unit_test_setup(a_line_that_does_not_fit_begins_another, setup),
        cmocka_unit_test_setup(one_folder_too_many_puts_the_oldest, setup),
        cmocka_unit_test_setup(age_puts_a_piece, setup),
        cmocka_unit_test_setup(a_failed_piece_fails_its_deliveries, setup),
        cmocka_unit_test(what_is_compressed_can_be_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
