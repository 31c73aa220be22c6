/* SPDX-License-Identifier: Apache-2.0 */
/* What the token cache keeps, for how long, and what goes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "auth/cache.h"
#include "base/span.h"

/* A digest as good as any: the real one, of the number's bytes. */
static void make_digest(uint64_t number, uint8_t *digest)
{
    eg_crypto_sha256(eg_span_of((const char *)&number, sizeof(number)), digest);
}

static void put(struct eg_auth_cache *cache, uint64_t number, uint64_t generation, int64_t until)
{
    uint8_t digest[EG_CRYPTO_SHA256_BYTES];
    make_digest(number, digest);
    EG_AUTOIDENTITY struct eg_auth_identity *identity =
        eg_auth_identity_new(eg_span_text("alice"), EG_SPAN_EMPTY, until);
    eg_auth_cache_put(cache, digest, generation, until, identity);
}

static bool has(struct eg_auth_cache *cache, uint64_t number, uint64_t generation, int64_t now)
{
    uint8_t digest[EG_CRYPTO_SHA256_BYTES];
    make_digest(number, digest);
    EG_AUTOIDENTITY struct eg_auth_identity *identity =
        eg_auth_cache_find(cache, digest, generation, now);
    return identity && eg_span_is(identity->subject, "alice");
}

static struct eg_auth_cache_stats stats_of(struct eg_auth_cache *cache)
{
    struct eg_auth_cache_stats stats;
    eg_auth_cache_stats(cache, &stats);
    return stats;
}

static void test_find_what_was_put(void **state)
{
    (void)state;
    struct eg_auth_cache *cache = eg_auth_cache_new(100);
    put(cache, 1, 1, 1000);
    assert_true(has(cache, 1, 1, 10));
    assert_true(has(cache, 1, 1, 999));
    assert_false(has(cache, 2, 1, 10));
    struct eg_auth_cache_stats stats = stats_of(cache);
    assert_int_equal(stats.hits, 2);
    assert_int_equal(stats.misses, 1);
    assert_int_equal(stats.entries, 1);
    assert_int_equal(stats.max_entries, 100);
    eg_auth_cache_destroy(cache);
}

static void test_expired_is_gone(void **state)
{
    (void)state;
    struct eg_auth_cache *cache = eg_auth_cache_new(100);
    put(cache, 1, 1, 1000);
    assert_false(has(cache, 1, 1, 1000));
    assert_int_equal(stats_of(cache).entries, 0);
    assert_false(has(cache, 1, 1, 10));
    put(cache, 2, 1, EG_AUTH_NEVER_US);
    assert_true(has(cache, 2, 1, INT64_MAX - 1));
    eg_auth_cache_destroy(cache);
}

static void test_other_generation_is_gone(void **state)
{
    (void)state;
    struct eg_auth_cache *cache = eg_auth_cache_new(100);
    put(cache, 1, 1, 1000);
    assert_false(has(cache, 1, 2, 10));
    assert_int_equal(stats_of(cache).entries, 0);
    eg_auth_cache_destroy(cache);
}

static void test_put_again_replaces(void **state)
{
    (void)state;
    struct eg_auth_cache *cache = eg_auth_cache_new(100);
    put(cache, 1, 1, 1000);
    put(cache, 1, 2, 2000);
    assert_int_equal(stats_of(cache).entries, 1);
    assert_true(has(cache, 1, 2, 1500));
    eg_auth_cache_destroy(cache);
}

static void test_bounded_and_the_least_used_goes_first(void **state)
{
    (void)state;
    struct eg_auth_cache *cache = eg_auth_cache_new(10); /* one shard */
    for (uint64_t i = 0; i < 10; i++)
        put(cache, i, 1, 1000);
    assert_true(has(cache, 0, 1, 10));
    put(cache, 10, 1, 1000);
    assert_int_equal(stats_of(cache).entries, 10);
    assert_int_equal(stats_of(cache).evictions, 1);
    assert_true(has(cache, 0, 1, 10));
    assert_false(has(cache, 1, 1, 10));
    assert_true(has(cache, 2, 1, 10));
    assert_true(has(cache, 10, 1, 10));
    eg_auth_cache_destroy(cache);
}

static void test_limits_hold_at_every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 63, 64, 127, 128, 1000, 1025};
    for (size_t s = 0; s < EG_ARRAY_COUNT(sizes); s++) {
        struct eg_auth_cache *cache = eg_auth_cache_new(sizes[s]);
        assert_int_equal(stats_of(cache).max_entries, sizes[s]);
        for (uint64_t i = 0; i < 3000; i++) {
            put(cache, i, 1, 1000);
            assert_true(has(cache, i, 1, 10));
            if (i % 7 == 0)
                assert_false(has(cache, i, 1, 1000)); /* leaves a hole */
        }
        assert_true(stats_of(cache).entries <= sizes[s]);
        assert_true(stats_of(cache).entries > sizes[s] / 2 || sizes[s] < 3);
        eg_auth_cache_destroy(cache);
    }
}

static void test_no_entries_remembers_nothing(void **state)
{
    (void)state;
    struct eg_auth_cache *cache = eg_auth_cache_new(0);
    put(cache, 1, 1, 1000);
    assert_false(has(cache, 1, 1, 10));
    eg_auth_cache_clear(cache);
    assert_int_equal(stats_of(cache).max_entries, 0);
    eg_auth_cache_destroy(cache);
    eg_auth_cache_destroy(NULL);
}

static void test_clear_and_the_life_of_an_identity(void **state)
{
    (void)state;
    struct eg_auth_cache *cache = eg_auth_cache_new(1000);
    uint8_t digest[EG_CRYPTO_SHA256_BYTES];
    for (uint64_t i = 0; i < 500; i++)
        put(cache, i, 1, 1000);
    make_digest(7, digest);
    EG_AUTOIDENTITY struct eg_auth_identity *held = eg_auth_cache_find(cache, digest, 1, 10);
    eg_auth_cache_clear(cache);
    assert_int_equal(stats_of(cache).entries, 0);
    assert_false(has(cache, 7, 1, 10));
    assert_true(eg_span_is(held->subject, "alice"));
    put(cache, 7, 1, 1000);
    assert_true(has(cache, 7, 1, 10));
    eg_auth_cache_destroy(cache);
    assert_true(eg_span_is(held->subject, "alice"));
}

static void *use_cache(void *argument)
{
    struct eg_auth_cache *cache = argument;
    for (uint64_t i = 0; i < 3000; i++) {
        put(cache, i % 300, i % 3, 1000);
        (void)has(cache, (i * 7) % 300, i % 3, i % 50 ? 10 : 1000);
        if (i % 1000 == 0)
            eg_auth_cache_clear(cache);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct eg_auth_cache *cache = eg_auth_cache_new(200);
    pthread_t threads[4];
    for (size_t i = 0; i < EG_ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_cache, cache), 0);
    for (size_t i = 0; i < EG_ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_true(stats_of(cache).entries <= 200);
    assert_int_equal(stats_of(cache).hits + stats_of(cache).misses, 4 * 3000);
    eg_auth_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find_what_was_put),
        cmocka_unit_test(test_expired_is_gone),
        cmocka_unit_test(test_other_generation_is_gone),
        cmocka_unit_test(test_put_again_replaces),
        cmocka_unit_test(test_bounded_and_the_least_used_goes_first),
        cmocka_unit_test(test_limits_hold_at_every_size),
        cmocka_unit_test(test_no_entries_remembers_nothing),
        cmocka_unit_test(test_clear_and_the_life_of_an_identity),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("auth/cache", tests, NULL, NULL);
}
