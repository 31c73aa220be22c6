/* SPDX-License-Identifier: Apache-2.0 */
/* Redacting, hashing and dropping; what may not be seen when it can't be read. */
#include "base/buffer.h"
#include "crypto/digest.h"
#include "matching.h"
#include "rules/protect.h"

static const char key[] = "0123456789abcdef";

struct paths {
    const char *redact[3];
    const char *hash[3];
    const char *drop[3];
};

static struct eg_string_list list_of(const char *const texts[3], char *items[3])
{
    struct eg_string_list list = {items, 0};
    for (; list.count < 3 && texts[list.count]; list.count++)
        items[list.count] = (char *)(uintptr_t)texts[list.count];
    return list;
}

static struct eg_rules_protect *compile(const struct paths *paths, const char *secret,
                                        struct eg_error *err)
{
    char *items[3][3];
    struct eg_rules_protect *protect = NULL;
    const struct eg_rules_protect_config config = {.redact = list_of(paths->redact, items[0]),
                                                   .hash = list_of(paths->hash, items[1]),
                                                   .drop = list_of(paths->drop, items[2])};
    return eg_rules_protect_new(&config, secret, &protect, err) == 0 ? protect : NULL;
}

static char *apply(const struct paths *paths, enum eg_rules_view view, const char *text,
                   struct eg_error *err)
{
    struct eg_rules_protect *protect = compile(paths, key, err);
    assert_non_null(protect);
    EG_AUTOFREE char *json = matching_quotes(text);
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    struct eg_json_document scratch;
    eg_json_document_init(&scratch);
    int rc = eg_rules_protect_apply(protect, view, eg_span_text(json), &scratch, &out, err);
    eg_json_document_fini(&scratch);
    eg_rules_protect_destroy(protect);
    return rc == 0 ? eg_buffer_take(&out, NULL) : NULL;
}

static void check(const struct paths *paths, enum eg_rules_view view, const char *text,
                  const char *want_text)
{
    struct eg_error err = {.message = ""};
    EG_AUTOFREE char *got = apply(paths, view, text, &err);
    EG_AUTOFREE char *want = matching_quotes(want_text);
    if (!got)
        fail_msg("%s: %s", text, err.message);
    assert_string_equal(got, want);
}

static void values_are_redacted_and_dropped(void **state)
{
    (void)state;
    const enum eg_rules_view whole = EG_RULES_VIEW_ENVELOPE;
    const struct paths one = {.redact = {"$.detail.a"}, .drop = {"$.detail.b"}};
    check(&one, whole, "{'id':1,'detail':{'a':{'x':1},'b':2,'c':[1, 2]}}",
          "{'id':1,'detail':{'a':'***','c':[1, 2]}}");
    check(&one, whole, "{'detail':{'b':2}}", "{'detail':{}}");
    check(&one, whole, "{'detail': {'c' : 1.0e5}}", "{'detail': {'c' : 1.0e5}}");
    check(&one, whole, "{'a':1,'b':2,'x':{'detail':{'a':1}}}",
          "{'a':1,'b':2,'x':{'detail':{'a':1}}}");
    check(&one, whole, "[1]", "[1]");
}

static void arrays_are_reached_at_any_depth(void **state)
{
    (void)state;
    const struct paths paths = {.redact = {"$.detail.lines[*].who.mail"},
                                .drop = {"$.detail.m[*][*].x", "$.detail.tags[1]"}};
    check(&paths, EG_RULES_VIEW_ENVELOPE,
          "{'detail':{'lines':[{'who':{'mail':'a','n':1}},{'who':{'mail':['b']}},{}],"
          "'m':[[{'x':1,'y':2}],[{'x':3}]],'tags':['a','b','c']}}",
          "{'detail':{'lines':[{'who':{'mail':'***','n':1}},{'who':{'mail':'***'}},{}],"
          "'m':[[{'y':2}],[{}]],'tags':['a','c']}}");
    const struct paths all = {.drop = {"$.detail.tags[*]"}, .redact = {"$.detail.any.*"}};
    check(&all, EG_RULES_VIEW_ENVELOPE, "{'detail':{'tags':[1,2],'any':{'p':1,'q':[2]}}}",
          "{'detail':{'tags':[],'any':{'p':'***','q':'***'}}}");
}

static void the_stronger_wins(void **state)
{
    (void)state;
    const struct paths paths = {
        .redact = {"$.a", "$.c.d"}, .hash = {"$.a"}, .drop = {"$.b", "$.c"}};
    check(&paths, EG_RULES_VIEW_ENVELOPE, "{'a':1,'b':2,'c':{'d':1}}", "{'a':'***'}");
    const struct paths outer = {.redact = {"$.c"}, .drop = {"$.c.d"}};
    check(&outer, EG_RULES_VIEW_ENVELOPE, "{'c':{'d':1}}", "{'c':'***'}");
}

static void a_payload_is_seen_from_inside_the_detail(void **state)
{
    (void)state;
    const struct paths paths = {.redact = {"$.detail.a", "$.source"}, .drop = {"$['detail'].b"}};
    check(&paths, EG_RULES_VIEW_DETAIL, "{'a':1,'b':2,'source':'x','detail':{'a':1}}",
          "{'a':'***','source':'x','detail':{'a':1}}");
    const struct paths all = {.redact = {"$.detail"}};
    check(&all, EG_RULES_VIEW_DETAIL, "{'a':1}", "'***'");
    const struct paths none = {.drop = {"$[\"d\\u0065tail\"]"}};
    check(&none, EG_RULES_VIEW_DETAIL, "{'a':1}", "null");
    check(&none, EG_RULES_VIEW_ENVELOPE, "{'detail':{'a':1},'id':1}", "{'id':1}");
    const struct paths any = {.redact = {"$.*.mail"}};
    check(&any, EG_RULES_VIEW_DETAIL, "{'mail':'x','b':{'mail':1}}",
          "{'mail':'***','b':{'mail':1}}");
}

static void hashes_are_keyed_and_equal_for_equal_values(void **state)
{
    (void)state;
    const struct paths paths = {.hash = {"$.a", "$.b", "$.c"}};
    struct eg_error err;
    uint8_t mac[EG_CRYPTO_SHA256_BYTES];
    char hex[2 * EG_CRYPTO_SHA256_BYTES + 1];
    eg_crypto_hmac_sha256(eg_span_text(key), EG_SPAN_LITERAL("\xc3\xa4"), mac);
    eg_crypto_hex(mac, sizeof(mac), hex);
    EG_AUTOFREE char *got =
        apply(&paths, EG_RULES_VIEW_ENVELOPE, "{'a':'\\u00e4','b':'\xc3\xa4'}", &err);
    EG_AUTOFREE char *want = eg_asprintf("{\"a\":\"%s\",\"b\":\"%s\"}", hex, hex);
    assert_string_equal(got, want);
    EG_AUTOFREE char *objects =
        apply(&paths, EG_RULES_VIEW_ENVELOPE, "{'c':{'x':\n1, 'y': [1, 2]}}", &err);
    EG_AUTOFREE char *same = apply(&paths, EG_RULES_VIEW_ENVELOPE, "{'c':{'x':1,'y':[1,2]}}", &err);
    assert_string_equal(objects, same);
    assert_int_equal(strlen(objects), strlen("{\"c\":\"\"}") + 64);
}

static void nobody_sees_what_cannot_be_read(void **state)
{
    (void)state;
    const struct paths paths = {.redact = {"$.a"}};
    struct eg_error err = {.message = ""};
    assert_null(apply(&paths, EG_RULES_VIEW_ENVELOPE, "{'a':1,'a':2}", &err));
    assert_int_equal(err.code, EG_ERR_INVALID);
    assert_null(apply(&paths, EG_RULES_VIEW_ENVELOPE, "{'a':", &err));
    assert_non_null(strstr(err.message, "what is to be protected can't be read"));
}

static void bad_settings_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct paths paths;
        const char *key;
        const char *part;
    } cases[] = {
        {{.redact = {"a"}}, key, "the path 'a': "},
        {{.drop = {"$"}}, key, "the whole event"},
        {{.hash = {"$.a"}}, NULL, "hash wants a key"},
        {{.hash = {"$.a"}}, "short", "shorter than 16"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct eg_error err = {.message = ""};
        assert_null(compile(&cases[i].paths, cases[i].key, &err));
        assert_int_equal(err.code, EG_ERR_CONFIG);
        if (!strstr(err.message, cases[i].part))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].part);
    }
    const struct eg_rules_protect_config nothing = {.key = NULL};
    struct eg_rules_protect *protect = (void *)(uintptr_t)1;
    struct eg_error err;
    assert_int_equal(eg_rules_protect_new(&nothing, NULL, &protect, &err), 0);
    assert_null(protect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_redacted_and_dropped),
        cmocka_unit_test(arrays_are_reached_at_any_depth),
        cmocka_unit_test(the_stronger_wins),
        cmocka_unit_test(a_payload_is_seen_from_inside_the_detail),
        cmocka_unit_test(hashes_are_keyed_and_equal_for_equal_values),
        cmocka_unit_test(nobody_sees_what_cannot_be_read),
        cmocka_unit_test(bad_settings_are_refused),
    };
    return cmocka_run_group_tests_name("rules protect", tests, NULL, NULL);
}
