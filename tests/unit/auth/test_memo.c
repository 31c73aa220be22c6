/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread remembers of tokens, until when, and for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "auth/memo.h"
#include "base/span.h"

#define TOKEN EG_SPAN_LITERAL("head.claims.signature-of-it")

static void put(struct eg_auth_memo_set *set, struct eg_span token, const char *subject,
                uint64_t generation, int64_t until)
{
    EG_AUTOIDENTITY struct eg_auth_identity *identity =
        eg_auth_identity_new(eg_span_text(subject), EG_SPAN_EMPTY, until);
    eg_auth_memo_put(eg_auth_memo_of_thread(set), token, generation, until, identity);
}

static bool knows(struct eg_auth_memo_set *set, struct eg_span token, const char *subject,
                  uint64_t generation, int64_t now)
{
    EG_AUTOIDENTITY struct eg_auth_identity *identity =
        eg_auth_memo_find(eg_auth_memo_of_thread(set), token, generation, now);
    return identity && eg_span_is(identity->subject, subject);
}

static void test_knows_until_it_expires_or_the_keys_change(void **state)
{
    struct eg_auth_memo_set *set = eg_auth_memo_set_new();
    (void)state;
    put(set, TOKEN, "alice", 1, 1000);
    assert_true(knows(set, TOKEN, "alice", 1, 999));
    assert_int_equal(eg_auth_memo_set_hits(set), 1);
    assert_false(knows(set, TOKEN, "alice", 1, 1000));
    put(set, TOKEN, "alice", 1, 1000);
    assert_false(knows(set, TOKEN, "alice", 2, 1));
    assert_false(knows(set, TOKEN, "alice", 1, 1));
    assert_int_equal(eg_auth_memo_set_hits(set), 1);
    eg_auth_memo_set_destroy(set);
}

/* The same last bytes lead to the same place; all bytes count. */
static void test_every_byte_counts(void **state)
{
    struct eg_auth_memo_set *set = eg_auth_memo_set_new();
    char text[] = "head.claims.signature-of-it";
    (void)state;
    put(set, TOKEN, "alice", 1, 1000);
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        text[i] ^= 1;
        assert_false(knows(set, eg_span_of(text, sizeof(text) - 1), "alice", 1, 1));
        text[i] ^= 1;
    }
    assert_false(knows(set, eg_span_of(text, sizeof(text) - 2), "alice", 1, 1));
    assert_true(knows(set, TOKEN, "alice", 1, 1));
    eg_auth_memo_set_destroy(set);
}

static void test_a_token_takes_the_place_of_another(void **state)
{
    struct eg_auth_memo_set *set = eg_auth_memo_set_new();
    (void)state;
    put(set, EG_SPAN_LITERAL("one.of.same-tail"), "alice", 1, 1000);
    put(set, EG_SPAN_LITERAL("two.of.same-tail"), "bob", 1, 1000);
    assert_false(knows(set, EG_SPAN_LITERAL("one.of.same-tail"), "alice", 1, 1));
    assert_true(knows(set, EG_SPAN_LITERAL("two.of.same-tail"), "bob", 1, 1));
    eg_auth_memo_set_destroy(set);
}

static void test_short_and_long_tokens_are_not_kept(void **state)
{
    struct eg_auth_memo_set *set = eg_auth_memo_set_new();
    char longest[2049];
    (void)state;
    memset(longest, 'a', sizeof(longest));
    put(set, EG_SPAN_LITERAL("short"), "alice", 1, 1000);
    assert_false(knows(set, EG_SPAN_LITERAL("short"), "alice", 1, 1));
    put(set, eg_span_of(longest, sizeof(longest)), "alice", 1, 1000);
    assert_false(knows(set, eg_span_of(longest, sizeof(longest)), "alice", 1, 1));
    put(set, eg_span_of(longest, sizeof(longest) - 1), "alice", 1, 1000);
    assert_true(knows(set, eg_span_of(longest, sizeof(longest) - 1), "alice", 1, 1));
    eg_auth_memo_set_destroy(set);
}

static void test_sets_do_not_share(void **state)
{
    struct eg_auth_memo_set *one = eg_auth_memo_set_new();
    struct eg_auth_memo_set *two = eg_auth_memo_set_new();
    (void)state;
    put(one, TOKEN, "alice", 1, 1000);
    assert_false(knows(two, TOKEN, "alice", 1, 1));
    put(two, TOKEN, "bob", 1, 1000);
    assert_true(knows(one, TOKEN, "alice", 1, 1));
    assert_true(knows(two, TOKEN, "bob", 1, 1));
    assert_ptr_equal(eg_auth_memo_of_thread(one), eg_auth_memo_of_thread(one));
    eg_auth_memo_set_destroy(two);
    eg_auth_memo_set_destroy(one);
}

static void *post_often(void *context)
{
    struct eg_auth_memo_set *set = context;
    char token[64];
    size_t known = 0;
    for (unsigned turn = 0; turn < 2000; turn++) {
        int len = snprintf(token, sizeof(token), "head.claims.signature-%02u", turn % 4);
        struct eg_span span = eg_span_of(token, (size_t)len);
        if (knows(set, span, "alice", 1, 1))
            known++;
        else
            put(set, span, "alice", 1, 1000);
    }
    return (void *)(uintptr_t)known;
}

static void test_each_thread_has_its_own(void **state)
{
    struct eg_auth_memo_set *set = eg_auth_memo_set_new();
    pthread_t threads[4];
    uint64_t known = 0;
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_often, set), 0);
    for (unsigned i = 0; i < 4; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        known += (uintptr_t)result;
    }
    assert_true(known > 0);
    assert_int_equal(eg_auth_memo_set_hits(set), known);
    eg_auth_memo_set_destroy(set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_knows_until_it_expires_or_the_keys_change),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_a_token_takes_the_place_of_another),
        cmocka_unit_test(test_short_and_long_tokens_are_not_kept),
        cmocka_unit_test(test_sets_do_not_share),
        cmocka_unit_test(test_each_thread_has_its_own),
    };
    return cmocka_run_group_tests_name("auth/memo", tests, NULL, NULL);
}
