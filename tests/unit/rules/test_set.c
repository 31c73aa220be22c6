/* SPDX-License-Identifier: Apache-2.0 */
/* Many patterns in one set: which of them match, on several threads, and what it costs. */
#include <malloc.h>
#include <pthread.h>

#include "base/buffer.h"
#include "matching.h"

static struct eg_rules_set *make_set(struct eg_rules_pattern **patterns, size_t count)
{
    struct eg_rules_set *set;
    struct eg_error err = {.message = ""};
    if (eg_rules_set_new((const struct eg_rules_pattern *const *)patterns, count, &set, &err) != 0)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < count; i++)
        eg_rules_pattern_destroy(patterns[i]);
    return set;
}

/* Rule n wants id n, or 100000 + n. */
static struct eg_rules_set *make_numbered(unsigned count)
{
    struct eg_rules_pattern **patterns = eg_calloc(count, sizeof(struct eg_rules_pattern *));
    struct eg_error err = {.message = ""};
    for (unsigned i = 0; i < count; i++) {
        EG_AUTOFREE char *text =
            eg_asprintf("{'kind':[{'anything-but':'k%u'}],'$or':[{'id':[%u]},{'id':['x%u']},"
                        "{'name':[{'prefix':'n%u-'}],'id':[{'numeric':['>=',%u]}]}]}",
                        i % 7, i, i, i, 100000 + i);
        patterns[i] = matching_pattern(text, &err);
        assert_non_null(patterns[i]);
    }
    struct eg_rules_set *set = make_set(patterns, count);
    free(patterns);
    return set;
}

static size_t match_count(const struct eg_rules_set *set, struct eg_rules_scratch *scratch,
                          const char *event, uint32_t *ret_first)
{
    EG_AUTOFREE char *json = matching_quotes(event);
    struct eg_json_document document;
    struct eg_rules_matches matches;
    struct eg_error err = {.message = ""};
    eg_json_document_init(&document);
    if (eg_json_document_parse(&document, eg_span_text(json), NULL, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(eg_rules_set_match(set, scratch, &document, 0, &matches, &err), 0);
    *ret_first = matches.count ? matches.rules[0] : UINT32_MAX;
    eg_json_document_fini(&document);
    return matches.count;
}

static void every_pattern_answers_for_itself(void **state)
{
    (void)state;
    static const char *const patterns[] = {
        "{'a':['x']}",
        "{'a':['x'],'b':[1]}",
        "{'b':[1],'a':['x']}",
        "{'a':[{'prefix':'x'}]}",
        "{'a':[{'anything-but':'x'}]}",
        "{'c':[{'exists':false}]}",
        "{'$or':[{'a':['x']},{'b':[1]}]}",
        "{'a':['y','x'],'c':[{'exists':true}]}",
    };
    assert_int_equal(matching_of(patterns, 8, "{'a':'x','b':1}"), 0x6f);
    assert_int_equal(matching_of(patterns, 8, "{'a':'xy','b':1}"), 0x78);
    assert_int_equal(matching_of(patterns, 8, "{'a':'y','c':0}"), 0x90);
    assert_int_equal(matching_of(patterns, 8, "{}"), 0x20);
    assert_int_equal(matching_of(patterns, 0, "{'a':'x'}"), 0);
}

static void a_thousand_rules_find_their_own_event(void **state)
{
    (void)state;
    struct eg_rules_set *set = make_numbered(1000);
    struct eg_rules_scratch *scratch = eg_rules_scratch_new();
    uint32_t first;
    for (unsigned i = 0; i < 1000; i += 37) {
        EG_AUTOFREE char *number = eg_asprintf("{'kind':'k','id':%u.0}", i);
        EG_AUTOFREE char *text = eg_asprintf("{'kind':'k','id':['x%u','y']}", i);
        EG_AUTOFREE char *name = eg_asprintf("{'kind':'k','name':'n%u-a','id':1e6}", i);
        EG_AUTOFREE char *excluded = eg_asprintf("{'kind':'k%u','id':%u}", i % 7, i);
        assert_int_equal(match_count(set, scratch, number, &first), 1);
        assert_int_equal(first, i);
        assert_int_equal(match_count(set, scratch, text, &first), 1);
        assert_int_equal(first, i);
        assert_int_equal(match_count(set, scratch, name, &first), 1);
        assert_int_equal(first, i);
        assert_int_equal(match_count(set, scratch, excluded, &first), 0);
    }
    assert_int_equal(match_count(set, scratch, "{'id':5}", &first), 0);
    assert_true(eg_rules_set_bytes(set) > 1000);
    eg_rules_scratch_destroy(scratch);
    eg_rules_set_unref(set);
}

/* Overlapping ranges of numbers: each number is in exactly those that hold it. */
static void ranges_overlap(void **state)
{
    (void)state;
    struct eg_rules_pattern *patterns[60];
    struct eg_error err = {.message = ""};
    for (int i = 0; i < 60; i++) {
        EG_AUTOFREE char *text =
            eg_asprintf("{'n':[{'numeric':['%s',%d,'%s',%d]}]}", i % 2 ? ">" : ">=", i - 30,
                        i % 3 ? "<" : "<=", i * 2 - 29);
        patterns[i] = matching_pattern(text, &err);
        assert_non_null(patterns[i]);
    }
    struct eg_rules_set *set = make_set(patterns, 60);
    struct eg_rules_scratch *scratch = eg_rules_scratch_new();
    for (int n = -80; n <= 200; n++) { /* halves */
        size_t want = 0;
        for (int i = 0; i < 60; i++)
            want += (i % 2 ? n > 2 * (i - 30) : n >= 2 * (i - 30)) &&
                    (i % 3 ? n < 2 * (i * 2 - 29) : n <= 2 * (i * 2 - 29));
        EG_AUTOFREE char *event = eg_asprintf("{'n':%.1f}", n / 2.0);
        uint32_t first;
        assert_int_equal(match_count(set, scratch, event, &first), want);
    }
    eg_rules_scratch_destroy(scratch);
    eg_rules_set_unref(set);
}

static void one_scratch_serves_sets_of_any_size(void **state)
{
    (void)state;
    struct eg_rules_set *small = make_numbered(3);
    struct eg_rules_set *large = make_numbered(300);
    struct eg_rules_scratch *scratch = eg_rules_scratch_new();
    uint32_t first;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(match_count(small, scratch, "{'kind':1,'id':2}", &first), 1);
        assert_int_equal(match_count(large, scratch, "{'kind':1,'id':299}", &first), 1);
        assert_int_equal(match_count(small, scratch, "{'kind':1,'id':299}", &first), 0);
    }
    eg_rules_scratch_destroy(scratch);
    eg_rules_set_unref(small);
    eg_rules_set_unref(eg_rules_set_ref(large));
    eg_rules_set_unref(large);
}

static void a_warm_match_allocates_nothing(void **state)
{
    (void)state;
    static const char event[] = "{'kind':['k',{'x':1}],'id':[1,2,'x3'],'name':'n4-','a':[{'b':1}]}";
    struct eg_rules_set *set = make_numbered(100);
    struct eg_rules_scratch *scratch = eg_rules_scratch_new();
    EG_AUTOFREE char *json = matching_quotes(event);
    struct eg_json_document document;
    struct eg_rules_matches matches;
    struct eg_error err = {.message = ""};
    eg_json_document_init(&document);
    assert_int_equal(eg_json_document_parse(&document, eg_span_text(json), NULL, &err), 0);
    assert_int_equal(eg_rules_set_match(set, scratch, &document, 0, &matches, &err), 0);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 100; i++)
        assert_int_equal(eg_rules_set_match(set, scratch, &document, 0, &matches, &err), 0);
    assert_int_equal(mallinfo2().uordblks, before);
    assert_int_equal(matches.count, 3);
    eg_json_document_fini(&document);
    eg_rules_scratch_destroy(scratch);
    eg_rules_set_unref(set);
}

static void *match_in_thread(void *shared)
{
    struct eg_rules_scratch *scratch = eg_rules_scratch_new();
    size_t found = 0;
    for (unsigned i = 0; i < 200; i++) {
        EG_AUTOFREE char *event = eg_asprintf("{'kind':'z','id':%u}", i);
        uint32_t first;
        found += match_count(shared, scratch, event, &first);
    }
    eg_rules_scratch_destroy(scratch);
    return (void *)found; /* NOLINT(performance-no-int-to-ptr) */
}

static void threads_share_a_set(void **state)
{
    (void)state;
    struct eg_rules_set *set = make_numbered(200);
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_in_thread, set), 0);
    for (int i = 0; i < 3; i++) {
        void *found;
        assert_int_equal(pthread_join(threads[i], &found), 0);
        assert_int_equal((size_t)found, 200);
    }
    eg_rules_set_unref(set);
}

/* Elements that agree on nothing: bisection finds that out quickly where it can. */
static void long_arrays_are_searched_quickly(void **state)
{
    (void)state;
    static const char *const pattern = "{'a':{'b':[1],'c':[1]}}";
    EG_AUTOBUFFER struct eg_buffer event = EG_BUFFER_INIT;
    eg_buffer_append_text(&event, "{'a':[");
    for (int i = 0; i < 50000; i++)
        eg_buffer_printf(&event, "%s{'b':%d,'c':%d}", i ? "," : "", i % 2, (i + 1) % 2);
    eg_buffer_append_text(&event, "]}");
    assert_int_equal(matching_of(&pattern, 1, event.data), 0);
    event.len -= 2;
    eg_buffer_append_text(&event, ",{'b':1,'c':1}]}");
    assert_int_equal(matching_of(&pattern, 1, event.data), 1);
}

/*
 * b and z lie in different elements of one array, so nothing can match; but arrays of the same
 * name, given again and again, have c, d and e to choose from.
 */
static void too_many_combinations_are_an_error(void **state)
{
    (void)state;
    static const char *const pattern = "{'a':{'b':[1],'c':[1],'d':[1],'e':[1],'z':[1]}}";
    for (int arrays = 5; arrays <= 200; arrays += 195) {
        EG_AUTOBUFFER struct eg_buffer event = EG_BUFFER_INIT;
        eg_buffer_append_text(&event, "{'a':[{'b':1},{'z':1}]");
        for (int i = 0; i < arrays; i++)
            eg_buffer_append_text(&event, ",'a':[{'c':1},{'d':1},{'e':1}]");
        eg_buffer_append_text(&event, "}");
        assert_int_equal(matching_of(&pattern, 1, event.data), arrays == 5 ? 0 : -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pattern_answers_for_itself),
        cmocka_unit_test(a_thousand_rules_find_their_own_event),
        cmocka_unit_test(ranges_overlap),
        cmocka_unit_test(one_scratch_serves_sets_of_any_size),
        cmocka_unit_test(a_warm_match_allocates_nothing),
        cmocka_unit_test(threads_share_a_set),
        cmocka_unit_test(long_arrays_are_searched_quickly),
        cmocka_unit_test(too_many_combinations_are_an_error),
    };
    return cmocka_run_group_tests_name("rules set", tests, NULL, NULL);
}
