/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration from elsewhere: what a load sees, what is kept, and what a start without it finds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/copy.h"
#include "config/mirror.h"
#include "config/source.h"
#include "support/scratch.h"

#define URI "s3://bucket/access.json"

/* The other side: one object and one listing. */
static struct {
    const char *content; /* NULL: no answer */
    const char *etag;
    const char *names; /* NULL: no answer */
    unsigned gets;
    unsigned unchanged;
    int64_t now_s;
} side;

static int fake_get(void *context, const char *uri, const char *etag, size_t max_bytes,
                    struct eg_config_fetched *fetched, struct eg_error *err)
{
    (void)context;
    (void)max_bytes;
    side.gets++;
    if (!side.content)
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "%s: nobody answers", uri);
    if (strcmp(etag, side.etag) == 0) {
        side.unchanged++;
        fetched->unchanged = true;
        return 0;
    }
    eg_buffer_append_text(&fetched->content, side.content);
    eg_buffer_append_text(&fetched->etag, side.etag);
    return 0;
}

static int fake_list(void *context, const char *prefix, size_t max_names, struct eg_buffer *names,
                     struct eg_error *err)
{
    (void)context;
    (void)max_names;
    if (!side.names)
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "%s: nobody answers", prefix);
    eg_buffer_append_text(names, side.names);
    return 0;
}

static int64_t fake_wall_s(void)
{
    return side.now_s;
}

static const struct eg_config_fetch fetch = {fake_get, fake_list, NULL, fake_wall_s};

static struct eg_config_mirror *make(const char *folder)
{
    struct eg_config_mirror *mirror = eg_config_mirror_new(&fetch);
    eg_config_mirror_set_folder(mirror, folder);
    return mirror;
}

static void set_side(const char *content, const char *etag)
{
    side.content = content;
    side.etag = etag;
}

static int reset_side(void **state)
{
    memset(&side, 0, sizeof(side));
    side.now_s = 1000000;
    return scratch_setup(state);
}

/* The content, or "" and the error's message in `err`. */
static char *read_text(struct eg_config_mirror *mirror, struct eg_error *err)
{
    struct eg_buffer buffer = EG_BUFFER_INIT;
    if (eg_config_mirror_read(mirror, URI, 1000, &buffer, err) != 0)
        assert_int_equal(buffer.len, 0);
    return eg_buffer_take(&buffer, NULL);
}

static void assert_reads(struct eg_config_mirror *mirror, const char *want)
{
    struct eg_error err = {.message = ""};
    EG_AUTOFREE char *text = read_text(mirror, &err);
    assert_string_equal(text, want);
}

static void load(struct eg_config_mirror *mirror, const char *want)
{
    struct eg_error err;
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    assert_reads(mirror, want);
    assert_int_equal(eg_config_mirror_commit(mirror, &err), 0);
}

static void a_load_reads_an_object_once(void **state)
{
    (void)state;
    struct eg_config_mirror *mirror = make(NULL);
    set_side("one", "\"1\"");
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    assert_reads(mirror, "one");
    set_side("two", "\"2\"");
    assert_reads(mirror, "one");
    assert_int_equal(side.gets, 1);
    struct eg_error err;
    assert_int_equal(eg_config_mirror_commit(mirror, &err), 0);
    assert_true(eg_config_mirror_is_used(mirror));
    load(mirror, "two");
    assert_int_equal(side.gets, 2);
    eg_config_mirror_destroy(mirror);
}

static void what_has_not_changed_is_not_sent_again(void **state)
{
    (void)state;
    struct eg_config_mirror *mirror = make(NULL);
    set_side("one", "\"1\"");
    load(mirror, "one");
    load(mirror, "one");
    assert_int_equal(side.unchanged, 1);
    assert_false(eg_config_mirror_poll(mirror));
    assert_int_equal(side.unchanged, 2);
    set_side("two", "\"2\"");
    assert_true(eg_config_mirror_poll(mirror));
    assert_true(eg_config_mirror_poll(mirror));
    load(mirror, "two");
    assert_false(eg_config_mirror_poll(mirror));
    eg_config_mirror_destroy(mirror);
}

static void without_an_answer_the_good_copy_stays(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct eg_config_mirror *mirror = make(NULL);
    set_side("one", "\"1\"");
    load(mirror, "one");
    assert_false(eg_config_mirror_stale(mirror, &text));
    set_side(NULL, NULL);
    side.now_s += 7200;
    load(mirror, "one");
    assert_true(eg_config_mirror_stale(mirror, &text));
    assert_string_equal(text.data, URI ": nobody answers; a copy of 1970-01-12T13:46:40Z is used, "
                                       "2 h old");
    set_side("one", "\"1\"");
    assert_false(eg_config_mirror_poll(mirror));
    eg_buffer_clear(&text);
    assert_false(eg_config_mirror_stale(mirror, &text));
    eg_config_mirror_destroy(mirror);
}

static void a_poll_that_fails_is_said(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct eg_config_mirror *mirror = make(NULL);
    set_side("one", "\"1\"");
    load(mirror, "one");
    set_side(NULL, NULL);
    assert_false(eg_config_mirror_poll(mirror));
    assert_true(eg_config_mirror_stale(mirror, &text));
    eg_config_mirror_destroy(mirror);
}

static void without_answer_and_copy_there_is_nothing(void **state)
{
    (void)state;
    struct eg_error err = {.message = ""};
    struct eg_config_mirror *mirror = make(NULL);
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    EG_AUTOFREE char *text = read_text(mirror, &err);
    assert_string_equal(text, "");
    assert_int_equal(err.code, EG_ERR_UNAVAILABLE);
    assert_string_equal(err.message, URI ": nobody answers, and there is no copy");
    eg_config_mirror_destroy(mirror);
}

static void what_was_missing_is_asked_for_again(void **state)
{
    (void)state;
    struct eg_error err;
    struct eg_config_mirror *mirror = make(NULL);
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    load(mirror, "");
    assert_true(eg_config_mirror_stale(mirror, &text));
    assert_string_equal(text.data, URI ": nobody answers; there is no copy");
    assert_false(eg_config_mirror_poll(mirror));
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    EG_AUTOFREE char *nothing = read_text(mirror, &err);
    assert_int_equal(err.code, EG_ERR_IO); /* a reload must not take away what there was */
    (void)eg_config_mirror_abort(mirror);
    set_side("one", "\"1\"");
    assert_true(eg_config_mirror_poll(mirror));
    load(mirror, "one");
    assert_false(eg_config_mirror_poll(mirror));
    eg_config_mirror_destroy(mirror);
}

static void a_refused_content_is_not_offered_again(void **state)
{
    (void)state;
    struct eg_error err;
    struct eg_config_mirror *mirror = make(NULL);
    set_side("one", "\"1\"");
    load(mirror, "one");
    set_side("not json", "\"2\"");
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    assert_reads(mirror, "not json");
    assert_true(eg_config_mirror_abort(mirror));
    assert_false(eg_config_mirror_poll(mirror));
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_COPIES);
    assert_reads(mirror, "one");
    assert_int_equal(eg_config_mirror_commit(mirror, &err), 0);
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    assert_true(eg_config_mirror_stale(mirror, &text));
    assert_non_null(strstr(text.data, "was refused"));
    assert_false(eg_config_mirror_poll(mirror));
    set_side("one", "\"1\""); /* put back: a load clears what was said */
    assert_true(eg_config_mirror_poll(mirror));
    load(mirror, "one");
    eg_buffer_clear(&text);
    assert_false(eg_config_mirror_stale(mirror, &text));
    assert_false(eg_config_mirror_poll(mirror));
    eg_config_mirror_destroy(mirror);
}

static void a_start_without_the_other_side_uses_the_disk(void **state)
{
    EG_AUTOFREE char *folder = scratch_path(state, "copies");
    struct eg_config_mirror *mirror = make(folder);
    set_side("one", "\"1\"");
    load(mirror, "one");
    eg_config_mirror_destroy(mirror);

    set_side(NULL, NULL);
    side.now_s += 3 * 86400;
    mirror = make(folder);
    load(mirror, "one");
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    assert_true(eg_config_mirror_stale(mirror, &text));
    assert_non_null(strstr(text.data, "3 d old"));
    eg_config_mirror_destroy(mirror);

    set_side("one", "\"1\""); /* known by its ETag: the time moves on, the content is not sent */
    side.unchanged = 0;
    mirror = make(folder);
    load(mirror, "one");
    assert_int_equal(side.unchanged, 1);
    struct eg_config_copy copy;
    struct eg_error err;
    assert_int_equal(eg_config_copy_load(folder, URI, 1000, &copy, &err), 0);
    assert_int_equal(copy.current_s, side.now_s);
    eg_config_copy_fini(&copy);
    eg_config_mirror_destroy(mirror);
}

static void a_refused_content_never_reaches_the_disk(void **state)
{
    EG_AUTOFREE char *folder = scratch_path(state, "copies");
    struct eg_config_mirror *mirror = make(folder);
    set_side("one", "\"1\"");
    load(mirror, "one");
    set_side("bad", "\"2\"");
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    assert_reads(mirror, "bad");
    eg_config_mirror_destroy(mirror);
    set_side(NULL, NULL);
    mirror = make(folder);
    load(mirror, "one");
    eg_config_mirror_destroy(mirror);
}

static void a_listing_is_sorted_and_kept(void **state)
{
    EG_AUTOFREE char *folder = scratch_path(state, "copies");
    struct eg_error err;
    struct eg_string_list names;
    struct eg_config_mirror *mirror = make(folder);
    side.names = "b.json\nREADME.md\n.json\na.json\n";
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    assert_int_equal(eg_config_mirror_list(mirror, "s3://b/p/", ".json", 10, &names, &err), 0);
    assert_int_equal(names.count, 2);
    assert_string_equal(names.items[0], "a");
    assert_string_equal(names.items[1], "b");
    eg_config_string_list_fini(&names);
    assert_int_equal(eg_config_mirror_commit(mirror, &err), 0);
    side.names = "a.json\nREADME.md\n.json\nb.json\n";
    assert_false(eg_config_mirror_poll(mirror));
    side.names = "a.json\n";
    assert_true(eg_config_mirror_poll(mirror));
    eg_config_mirror_destroy(mirror);
    side.names = NULL;
    mirror = make(folder);
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    assert_int_equal(eg_config_mirror_list(mirror, "s3://b/p", ".json", 10, &names, &err), 0);
    assert_int_equal(names.count, 2);
    eg_config_string_list_fini(&names);
    eg_config_mirror_destroy(mirror);
}

static void what_is_no_longer_read_is_not_asked_for(void **state)
{
    (void)state;
    struct eg_error err;
    struct eg_config_mirror *mirror = make(NULL);
    set_side("one", "\"1\"");
    load(mirror, "one");
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    assert_int_equal(eg_config_mirror_commit(mirror, &err), 0);
    assert_false(eg_config_mirror_is_used(mirror));
    side.gets = 0;
    assert_false(eg_config_mirror_poll(mirror));
    assert_int_equal(side.gets, 0);
    eg_config_mirror_destroy(mirror);
}

static void damaged_copies_are_no_copies(void **state)
{
    EG_AUTOFREE char *folder = scratch_path(state, "copies");
    struct eg_error err;
    struct eg_config_copy copy = {.current_s = 5};
    eg_buffer_append_text(&copy.content, "text");
    eg_buffer_append_text(&copy.etag, "\"e\"");
    assert_int_equal(eg_config_copy_save(folder, "s3://b/a", &copy, &err), 0);
    eg_config_copy_fini(&copy);
    assert_int_equal(eg_config_copy_load(folder, "s3://b/other", 100, &copy, &err), -1);
    assert_int_equal(err.code, EG_ERR_NOT_FOUND);
    assert_int_equal(eg_config_copy_load(folder, "s3://b/a", 100, &copy, &err), 0);
    assert_string_equal(copy.content.data, "text");
    assert_string_equal(copy.etag.data, "\"e\"");
    assert_int_equal(copy.current_s, 5);
    eg_config_copy_fini(&copy);
    EG_AUTOFREE char *command = eg_asprintf("for f in '%s'/*; do printf x >> \"$f\"; done", folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(eg_config_copy_load(folder, "s3://b/a", 100, &copy, &err), -1);
    assert_int_equal(err.code, EG_ERR_INVALID);
    copy = (struct eg_config_copy){.current_s = 5};
    assert_int_equal(eg_config_copy_save(folder, "s3://b/a\nb", &copy, &err), -1);
    assert_int_equal(eg_config_copy_save("/nonexistent/folder", "s3://b/a", &copy, &err), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, reset_side, scratch_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_load_reads_an_object_once),
        TEST(what_has_not_changed_is_not_sent_again),
        TEST(without_an_answer_the_good_copy_stays),
        TEST(a_poll_that_fails_is_said),
        TEST(without_answer_and_copy_there_is_nothing),
        TEST(what_was_missing_is_asked_for_again),
        TEST(a_refused_content_is_not_offered_again),
        TEST(a_start_without_the_other_side_uses_the_disk),
        TEST(a_refused_content_never_reaches_the_disk),
        TEST(a_listing_is_sorted_and_kept),
        TEST(what_is_no_longer_read_is_not_asked_for),
        TEST(damaged_copies_are_no_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
