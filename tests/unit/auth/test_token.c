/* SPDX-License-Identifier: Apache-2.0 */
/* The rules for one token: form, header, keys, claims. The clock stands at NOW. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "auth/token.h"
#include "base/memory.h"
#include "support/tokens.h"

#define NOW_S  INT64_C(1800000000)
#define NOW_US (NOW_S * 1000000)
#define HEADER "{\"alg\":\"ES256\"}"

static struct eg_crypto_key *key;
static struct eg_crypto_key *other;
static struct eg_auth_key_set *keys;
static struct eg_auth_policy policy;

static struct eg_auth_key_set *parse_keys(const char *text)
{
    struct eg_auth_key_set *set = NULL;
    struct eg_error err;
    EG_ASSERT(eg_auth_key_set_parse(eg_span_text(text), &set, &err) == 0);
    return set;
}

static int set_up(void **state)
{
    (void)state;
    key = tokens_new_key(EG_CRYPTO_P256);
    other = tokens_new_key(EG_CRYPTO_P256);
    EG_AUTOFREE char *text = tokens_jwk(key, "");
    keys = parse_keys(text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    eg_auth_key_set_unref(keys);
    eg_crypto_key_destroy(key);
    eg_crypto_key_destroy(other);
    return 0;
}

static int reset_policy(void **state)
{
    (void)state;
    policy = (struct eg_auth_policy){.algs = EG_CRYPTO_ALG_BIT(EG_CRYPTO_ES256)};
    return 0;
}

/* "": good; else the reason. *ret_identity may be NULL. */
static const char *verify(const char *token, struct eg_auth_identity **ret_identity)
{
    static struct eg_error err;
    struct eg_auth_identity *identity = NULL;
    if (eg_auth_token_verify(eg_span_text(token), keys, &policy, NOW_US, &identity, &err) < 0) {
        assert_int_equal(err.code, EG_ERR_UNAUTHENTICATED);
        assert_null(identity);
        return err.message;
    }
    if (ret_identity)
        *ret_identity = identity;
    else
        eg_auth_identity_unref(identity);
    return "";
}

static const char *verify_made(const char *header, const char *claims)
{
    EG_AUTOFREE char *token = tokens_sign(key, EG_CRYPTO_ES256, header, claims);
    return verify(token, NULL);
}

static void accept_claims(const char *claims)
{
    const char *reason = verify_made(HEADER, claims);
    if (reason[0])
        fail_msg("%s: %s", claims, reason);
}

static void refuse_claims(const char *claims, const char *words)
{
    const char *reason = verify_made(HEADER, claims);
    if (!reason[0] || !strstr(reason, words))
        fail_msg("%s: '%s' is not in '%s'", claims, words, reason);
}

static void refuse_header(const char *header, const char *words)
{
    const char *reason = verify_made(header, "{}");
    if (!reason[0] || !strstr(reason, words))
        fail_msg("%s: '%s' is not in '%s'", header, words, reason);
}

static void test_identity(void **state)
{
    (void)state;
    EG_AUTOIDENTITY struct eg_auth_identity *identity = NULL;
    EG_AUTOFREE char *token =
        tokens_sign(key, EG_CRYPTO_ES256, HEADER,
                    "{\"sub\":\"Al\\u00edce\",\"exp\":1800000001.9,\"iss\":\"me\",\"jti\":\"j\"}");
    assert_string_equal(verify(token, &identity), "");
    assert_true(eg_span_is(identity->subject, "Al\xc3\xad"
                                              "ce"));
    assert_true(eg_span_is(identity->issuer, "me"));
    assert_int_equal(identity->expires_us, (NOW_S + 1) * 1000000);
}

static void test_no_claims_at_all(void **state)
{
    (void)state;
    EG_AUTOIDENTITY struct eg_auth_identity *identity = NULL;
    EG_AUTOFREE char *token = tokens_sign(key, EG_CRYPTO_ES256, HEADER, "{}");
    assert_string_equal(verify(token, &identity), "");
    assert_int_equal(identity->subject.len, 0);
    assert_int_equal(identity->issuer.len, 0);
    assert_true(identity->expires_us == EG_AUTH_NEVER_US);
}

static void test_form(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "a",   ".",   "..",    "a.b",      "a.b.c.d",
                                      "...", "a..", "..a", "e30..", "e30.e30.", "{}.e30.e30"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++)
        assert_true(verify(bad[i], NULL)[0] != '\0');
}

static void test_every_changed_character_is_noticed(void **state)
{
    (void)state;
    EG_AUTOFREE char *token = tokens_sign(key, EG_CRYPTO_ES256, HEADER, "{\"sub\":\"a\"}");
    size_t len = strlen(token);
    for (size_t i = 0; i < len; i++) {
        char kept = token[i];
        token[i] = kept == 'A' ? 'B' : 'A';
        assert_true(verify(token, NULL)[0] != '\0');
        token[i] = '=';
        assert_true(verify(token, NULL)[0] != '\0');
        token[i] = kept;
    }
    assert_string_equal(verify(token, NULL), "");
    token[len - 1] = '\0';
    assert_true(verify(token, NULL)[0] != '\0');
}

static void test_white_space_and_padding_are_refused(void **state)
{
    (void)state;
    static const char *const forms[] = {" %s", "%s ", "%s\n", "%s=", "%s==", "%s."};
    EG_AUTOFREE char *token = tokens_sign(key, EG_CRYPTO_ES256, HEADER, "{}");
    for (size_t i = 0; i < EG_ARRAY_COUNT(forms); i++) {
        EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
        const char *hole = strstr(forms[i], "%s");
        eg_buffer_append(&text, forms[i], (size_t)(hole - forms[i]));
        eg_buffer_append_text(&text, token);
        eg_buffer_append_text(&text, hole + 2);
        assert_true(verify(text.data, NULL)[0] != '\0');
    }
}

static void test_too_long(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    while (text.len <= EG_AUTH_TOKEN_BYTES_MAX)
        eg_buffer_append_char(&text, 'a');
    assert_non_null(strstr(verify(text.data, NULL), "longer than"));
}

static void test_header_rules(void **state)
{
    (void)state;
    refuse_header("[]", "not a JSON object");
    refuse_header("{", "not a JSON object");
    refuse_header("", "not a JSON object");
    refuse_header("{}", "alg is missing");
    refuse_header("{\"alg\":1}", "alg is missing");
    refuse_header("{\"alg\":\"none\"}", "not one we know");
    refuse_header("{\"alg\":\"HS256\"}", "not one we know");
    refuse_header("{\"alg\":\"es256\"}", "not one we know");
    refuse_header("{\"alg\":\"ES384\"}", "ES384 is not allowed");
    refuse_header("{\"alg\":\"ES256\",\"alg\":\"ES256\"}", "repeated names");
    refuse_header("{\"alg\":\"ES256\",\"x\":1,\"x\":1}", "repeated names");
    refuse_header("{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}", "crit");
    refuse_header("{\"alg\":\"ES256\",\"crit\":[]}", "crit");
    refuse_header("{\"alg\":\"ES256\",\"crit\":null}", "crit");
    refuse_header("{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}", "crit");
    refuse_header("{\"alg\":\"ES256\",\"b64\":false}", "b64");
    refuse_header("{\"alg\":\"ES256\",\"kid\":7}", "kid is not a string");
    assert_string_equal(
        verify_made("{\"alg\":\"ES256\",\"typ\":\"x\",\"cty\":\"JWT\",\"b64\":true}", "{}"), "");
    assert_string_equal(verify_made("{\"alg\":\"ES256\",\"jwk\":{},\"jku\":\"http://x\"}", "{}"),
                        "");
}

static void test_algorithms_must_be_allowed(void **state)
{
    (void)state;
    policy.algs = EG_CRYPTO_ALG_BIT(EG_CRYPTO_RS256);
    assert_non_null(strstr(verify_made(HEADER, "{}"), "ES256 is not allowed"));
    policy.algs = EG_CRYPTO_ALG_ALL;
    /* Allowed, but no key is for it: the header does not choose what a key is used for. */
    refuse_header("{\"alg\":\"RS256\"}", "no key is for RS256");
    refuse_header("{\"alg\":\"EdDSA\"}", "no key is for EdDSA");
}

static void test_other_keys_are_refused(void **state)
{
    (void)state;
    EG_AUTOFREE char *token = tokens_sign(other, EG_CRYPTO_ES256, HEADER, "{}");
    assert_non_null(strstr(verify(token, NULL), "does not match"));
}

/* Two keys; the token is by the second, and its kid names the first, the second, both or none. */
static void test_kid_goes_first_but_does_not_exclude(void **state)
{
    (void)state;
    static const char *const kids[][2] = {{"a", "b"}, {"b", "a"}, {"b", "b"}, {"c", "d"}};
    struct eg_auth_key_set *kept = keys;
    for (size_t i = 0; i < EG_ARRAY_COUNT(kids); i++) {
        EG_AUTOFREE char *first_more = eg_asprintf(",\"kid\":\"%s\"", kids[i][0]);
        EG_AUTOFREE char *second_more = eg_asprintf(",\"kid\":\"%s\"", kids[i][1]);
        EG_AUTOFREE char *first = tokens_jwk(other, first_more);
        EG_AUTOFREE char *second = tokens_jwk(key, second_more);
        EG_AUTOFREE char *text = eg_asprintf("{\"keys\":[%s,%s]}", first, second);
        EG_AUTOKEYSET struct eg_auth_key_set *set = parse_keys(text);
        keys = set;
        const char *reason = verify_made("{\"alg\":\"ES256\",\"kid\":\"b\"}", "{}");
        keys = kept;
        assert_string_equal(reason, "");
    }
}

static void test_alg_of_a_jwk_binds(void **state)
{
    (void)state;
    EG_AUTOKEY struct eg_crypto_key *rsa = tokens_new_key(EG_CRYPTO_RSA);
    EG_AUTOFREE char *jwk = tokens_jwk(rsa, ",\"alg\":\"PS256\"");
    EG_AUTOKEYSET struct eg_auth_key_set *set = parse_keys(jwk);
    EG_AUTOFREE char *rs256 = tokens_sign(rsa, EG_CRYPTO_RS256, "{\"alg\":\"RS256\"}", "{}");
    EG_AUTOFREE char *ps256 = tokens_sign(rsa, EG_CRYPTO_PS256, "{\"alg\":\"PS256\"}", "{}");
    struct eg_auth_key_set *kept = keys;
    policy.algs = EG_CRYPTO_ALG_ALL;
    keys = set;
    const char *rs256_reason = verify(rs256, NULL);
    bool rs256_refused = strstr(rs256_reason, "no key is for RS256") != NULL;
    bool ps256_accepted = !verify(ps256, NULL)[0];
    keys = kept;
    assert_true(rs256_refused);
    assert_true(ps256_accepted);
}

static void test_exp(void **state)
{
    (void)state;
    accept_claims("{\"exp\":1800000001}");
    accept_claims("{\"exp\":1800000001.999}");
    accept_claims("{\"exp\":99999999999999999999999999}");
    accept_claims("{\"exp\":1e300}");
    refuse_claims("{\"exp\":1800000000}", "expired");
    refuse_claims("{\"exp\":1800000000.9}", "expired");
    refuse_claims("{\"exp\":0}", "expired");
    refuse_claims("{\"exp\":-1e300}", "expired");
    refuse_claims("{\"exp\":\"1800000001\"}", "exp is not a number");
    refuse_claims("{\"exp\":true}", "exp is not a number");
    refuse_claims("{\"exp\":null}", "exp is not a number");
}

static void test_nbf_and_iat(void **state)
{
    (void)state;
    accept_claims("{\"nbf\":1800000000,\"iat\":1800000000}");
    accept_claims("{\"nbf\":1800000000.9,\"iat\":1800000000.9}");
    refuse_claims("{\"nbf\":1800000001}", "nbf is in the future");
    refuse_claims("{\"iat\":1800000001}", "iat is in the future");
    refuse_claims("{\"nbf\":\"1\"}", "nbf is not a number");
    refuse_claims("{\"iat\":[]}", "iat is not a number");
}

static void test_leeway(void **state)
{
    (void)state;
    policy.leeway_us = 30 * 1000000;
    accept_claims("{\"exp\":1799999971,\"nbf\":1800000030,\"iat\":1800000030}");
    refuse_claims("{\"exp\":1799999970}", "expired");
    refuse_claims("{\"nbf\":1800000031}", "nbf");
    refuse_claims("{\"iat\":1800000031}", "iat");
}

static void test_audience_not_configured(void **state)
{
    (void)state;
    static const char *const empty[] = {"null", "\"\"", "[]", "{}", "0", "0.0", "false"};
    static const char *const some[] = {"\"a\"", "[\"a\"]", "[\"\"]", "1", "true", "{\"a\":1}"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(empty); i++) {
        EG_AUTOFREE char *claims = eg_asprintf("{\"aud\":%s}", empty[i]);
        accept_claims(claims);
    }
    for (size_t i = 0; i < EG_ARRAY_COUNT(some); i++) {
        EG_AUTOFREE char *claims = eg_asprintf("{\"aud\":%s}", some[i]);
        refuse_claims(claims, "no audience is configured");
    }
}

static void test_audience_configured(void **state)
{
    (void)state;
    char *ours[] = {eg_strdup("one"), eg_strdup("two")};
    policy.audiences = (struct eg_string_list){ours, 2};
    accept_claims("{\"aud\":\"one\"}");
    accept_claims("{\"aud\":[\"x\",\"two\"]}");
    refuse_claims("{}", "aud");
    refuse_claims("{\"aud\":\"\"}", "aud");
    refuse_claims("{\"aud\":[]}", "aud");
    refuse_claims("{\"aud\":\"One\"}", "aud");
    refuse_claims("{\"aud\":[\"one\",1]}", "no string");
    refuse_claims("{\"aud\":{\"one\":1}}", "aud");
    free(ours[0]);
    free(ours[1]);
}

static void test_issuer(void **state)
{
    (void)state;
    accept_claims("{\"iss\":7}");
    char *ours[] = {eg_strdup("https://issuer")};
    policy.issuers = (struct eg_string_list){ours, 1};
    accept_claims("{\"iss\":\"https://issuer\"}");
    refuse_claims("{}", "iss");
    refuse_claims("{\"iss\":\"https://issuer/\"}", "iss");
    refuse_claims("{\"iss\":7}", "iss");
    free(ours[0]);
}

static void test_sub_and_jti_must_be_strings(void **state)
{
    (void)state;
    accept_claims("{\"sub\":\"\",\"jti\":\"\"}");
    refuse_claims("{\"sub\":7}", "sub is not a string");
    refuse_claims("{\"sub\":null}", "sub is not a string");
    refuse_claims("{\"jti\":7}", "jti is not a string");
    refuse_claims("{\"sub\":\"a\\u0000b\"}", "not a JSON object");
}

static void test_payload_must_be_an_object(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    "foo",         "[]", "1", "\"a\"", "{\"a\":1,\"a\":1}",
                                      "{}x", "{\"a\":\xff}"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++)
        refuse_claims(bad[i], "payload");
}

#define CASE(test) cmocka_unit_test_setup(test, reset_policy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_identity),
        CASE(test_no_claims_at_all),
        CASE(test_form),
        CASE(test_every_changed_character_is_noticed),
        CASE(test_white_space_and_padding_are_refused),
        CASE(test_too_long),
        CASE(test_header_rules),
        CASE(test_algorithms_must_be_allowed),
        CASE(test_other_keys_are_refused),
        CASE(test_kid_goes_first_but_does_not_exclude),
        CASE(test_alg_of_a_jwk_binds),
        CASE(test_exp),
        CASE(test_nbf_and_iat),
        CASE(test_leeway),
        CASE(test_audience_not_configured),
        CASE(test_audience_configured),
        CASE(test_issuer),
        CASE(test_sub_and_jti_must_be_strings),
        CASE(test_payload_must_be_an_object),
    };
    return cmocka_run_group_tests_name("auth/token", tests, set_up, tear_down);
}
