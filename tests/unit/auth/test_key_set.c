/* SPDX-License-Identifier: Apache-2.0 */
/* Every text that is a key set, and what the errors say about those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/memory.h"
#include "support/tokens.h"

static struct eg_crypto_key *rsa;
static struct eg_crypto_key *p256;
static struct eg_crypto_key *p521;
static struct eg_crypto_key *ed;

static int make_keys(void **state)
{
    (void)state;
    rsa = tokens_new_key(EG_CRYPTO_RSA);
    p256 = tokens_new_key(EG_CRYPTO_P256);
    p521 = tokens_new_key(EG_CRYPTO_P521);
    ed = tokens_new_key(EG_CRYPTO_ED25519);
    return 0;
}

static int drop_keys(void **state)
{
    (void)state;
    eg_crypto_key_destroy(rsa);
    eg_crypto_key_destroy(p256);
    eg_crypto_key_destroy(p521);
    eg_crypto_key_destroy(ed);
    return 0;
}

static struct eg_auth_key_set *parse(const char *text)
{
    struct eg_auth_key_set *set = NULL;
    struct eg_error err;
    if (eg_auth_key_set_parse(eg_span_text(text), &set, &err) < 0)
        fail_msg("%s", err.message);
    return set;
}

static void refuse(const char *text, enum eg_error_code code, const char *words)
{
    struct eg_auth_key_set *set = NULL;
    struct eg_error err = {.code = EG_ERR_NONE};
    assert_int_equal(eg_auth_key_set_parse(eg_span_text(text), &set, &err), -1);
    if (!strstr(err.message, words))
        fail_msg("'%s' is not in: %s", words, err.message);
    assert_int_equal(err.code, code);
    assert_null(set);
}

static void test_upstream_list(void **state)
{
    (void)state;
    struct eg_crypto_key *const keys[] = {rsa, p256};
    EG_AUTOFREE char *text = tokens_keys_json(keys, 2);
    EG_AUTOKEYSET struct eg_auth_key_set *set = parse(text);
    assert_int_equal(set->count, 2);
    assert_int_equal(set->keys[0].algs, eg_crypto_kind_algs(EG_CRYPTO_RSA));
    assert_int_equal(set->keys[1].algs, EG_CRYPTO_ALG_BIT(EG_CRYPTO_ES256));
    assert_null(set->keys[0].kid);
}

static void test_upstream_single_key_with_line_breaks(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer der = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct eg_error err;
    assert_int_equal(eg_crypto_key_public_der(p256, &der, &err), 0);
    eg_buffer_append_text(&text, "  {\"key\": \" \\n");
    eg_crypto_base64_encode(eg_span_of(der.data, 48), &text);
    eg_buffer_append_text(&text, "\\r\\n");
    eg_crypto_base64_encode(eg_span_of(der.data + 48, der.len - 48), &text);
    eg_buffer_append_text(&text, "\\n\"}\n");
    EG_AUTOKEYSET struct eg_auth_key_set *set = parse(text.data);
    assert_int_equal(set->count, 1);
}

static void test_jwk_and_jwks(void **state)
{
    (void)state;
    struct eg_crypto_key *const keys[] = {rsa, p256, p521, ed};
    EG_AUTOBUFFER struct eg_buffer list = EG_BUFFER_INIT;
    eg_buffer_append_text(&list, "{\"keys\":[");
    for (size_t i = 0; i < EG_ARRAY_COUNT(keys); i++) {
        EG_AUTOFREE char *jwk = tokens_jwk(keys[i], ",\"kid\":\"k\",\"use\":\"sig\"");
        EG_AUTOKEYSET struct eg_auth_key_set *set = parse(jwk);
        assert_int_equal(set->count, 1);
        assert_string_equal(set->keys[0].kid, "k");
        assert_int_equal(set->keys[0].algs, eg_crypto_kind_algs(eg_crypto_key_kind(keys[i])));
        eg_buffer_printf(&list, "%s%s", i ? "," : "", jwk);
    }
    eg_buffer_append_text(&list, "]}");
    EG_AUTOKEYSET struct eg_auth_key_set *set = parse(list.data);
    assert_int_equal(set->count, EG_ARRAY_COUNT(keys));
    assert_int_equal(set->skipped_count, 0);
}

static void test_pem(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer pem = EG_BUFFER_INIT;
    struct eg_error err;
    assert_int_equal(eg_crypto_key_public_pem(rsa, &pem, &err), 0);
    assert_int_equal(eg_crypto_key_public_pem(ed, &pem, &err), 0);
    EG_AUTOKEYSET struct eg_auth_key_set *set = parse(pem.data);
    assert_int_equal(set->count, 2);
}

static void test_alg_of_a_jwk_narrows(void **state)
{
    (void)state;
    EG_AUTOFREE char *ps384 = tokens_jwk(rsa, ",\"alg\":\"PS384\"");
    EG_AUTOFREE char *es521 = tokens_jwk(p521, ",\"alg\":\"ES521\"");
    EG_AUTOFREE char *verify = tokens_jwk(p256, ",\"key_ops\":[\"verify\",\"x\"]");
    EG_AUTOKEYSET struct eg_auth_key_set *one = parse(ps384);
    EG_AUTOKEYSET struct eg_auth_key_set *two = parse(es521);
    EG_AUTOKEYSET struct eg_auth_key_set *three = parse(verify);
    assert_int_equal(one->keys[0].algs, EG_CRYPTO_ALG_BIT(EG_CRYPTO_PS384));
    assert_int_equal(two->keys[0].algs, EG_CRYPTO_ALG_BIT(EG_CRYPTO_ES512));
    assert_int_equal(three->keys[0].algs, EG_CRYPTO_ALG_BIT(EG_CRYPTO_ES256));
}

static void test_jwks_that_verify_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        const char *words;
    } cases[] = {
        {",\"use\":\"enc\"", "its use is 'enc'"},
        {",\"use\":7", "'use' is not a string"},
        {",\"key_ops\":[\"encrypt\"]", "key_ops"},
        {",\"key_ops\":\"verify\"", "'key_ops' is not an array"},
        {",\"alg\":\"HS256\"", "its alg is 'HS256'"},
        {",\"alg\":\"ES256\"", "its alg is 'ES256'"},
        {",\"alg\":\"RSA-OAEP\"", "its alg is 'RSA-OAEP'"},
        {",\"alg\":\"none\"", "its alg is 'none'"},
        {",\"kid\":1", "'kid' is not a string"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        EG_AUTOFREE char *jwk = tokens_jwk(rsa, cases[i].more);
        refuse(jwk, EG_ERR_CONFIG, cases[i].words);
    }
    refuse("{\"kty\":\"oct\",\"k\":\"AAAA\"}", EG_ERR_CONFIG, "its kty is 'oct'");
    refuse("{\"kty\":\"RSA\",\"e\":\"AQAB\"}", EG_ERR_CONFIG, "'n' is missing");
    refuse("{\"kty\":\"RSA\",\"n\":\"A A\",\"e\":\"AQAB\"}", EG_ERR_CONFIG, "'n' is not a base64");
    refuse("{\"kty\":\"EC\",\"crv\":\"secp256k1\"}", EG_ERR_CONFIG, "its crv is 'secp256k1'");
    refuse("{\"kty\":\"OKP\",\"crv\":\"X25519\"}", EG_ERR_CONFIG, "its crv is 'X25519'");
    refuse("{\"kty\":\"OKP\",\"crv\":\"P-256\"}", EG_ERR_CONFIG, "its crv is 'P-256'");
    refuse("{\"kty\":\"EC\"}", EG_ERR_CONFIG, "its crv is ''");
    refuse("{\"keys\":[]}", EG_ERR_CONFIG, "no key that verifies signatures");
    refuse("{}", EG_ERR_CONFIG, "neither 'key' nor 'kty'");
}

static void test_unusable_keys_of_a_set_are_passed_over(void **state)
{
    (void)state;
    EG_AUTOFREE char *good = tokens_jwk(p256, "");
    EG_AUTOFREE char *text =
        eg_asprintf("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"},{\"other\":1},%s]}", good);
    EG_AUTOKEYSET struct eg_auth_key_set *set = parse(text);
    assert_int_equal(set->count, 1);
    assert_int_equal(set->skipped_count, 2);
    refuse("{\"keys\":[{\"x\":1},{\"kty\":\"oct\"}]}", EG_ERR_CONFIG, "keys[0]: it has neither");
}

static void test_malformed_texts(void **state)
{
    (void)state;
    refuse("", EG_ERR_INVALID, "empty");
    refuse(" \n", EG_ERR_INVALID, "empty");
    refuse("<html>", EG_ERR_INVALID, "no PEM key");
    refuse("[]", EG_ERR_INVALID, "not a JSON object");
    refuse("{\"keys\":", EG_ERR_INVALID, "line 1");
    refuse("{\"keys\":{}}", EG_ERR_INVALID, "'keys' is not an array");
    refuse("{\"keys\":[1]}", EG_ERR_INVALID, "keys[0]: not a JSON object");
    refuse("{\"keys\":[{\"key\":1}]}", EG_ERR_INVALID, "keys[0]: 'key' is not a string");
    refuse("{\"keys\":[{\"key\":\"*\"}]}", EG_ERR_INVALID, "keys[0]: 'key' is not base64");
    refuse("{\"key\":\"AAAA\"}", EG_ERR_INVALID, "'key': not a DER");
    refuse("{\"key\":\"\"}", EG_ERR_INVALID, "'key'");
    refuse("{\"key\":\"AAAA\",\"key\":\"AAAA\"}", EG_ERR_INVALID, "duplicate");
}

static void test_too_much(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    EG_AUTOFREE char *jwk = tokens_jwk(ed, "");
    eg_buffer_append_text(&text, "{\"keys\":[");
    for (int i = 0; i <= EG_AUTH_KEYS_MAX; i++)
        eg_buffer_printf(&text, "%s%s", i ? "," : "", jwk);
    eg_buffer_append_text(&text, "]}");
    refuse(text.data, EG_ERR_INVALID, "more than 128 keys");
    eg_buffer_clear(&text);
    for (size_t i = 0; i <= EG_AUTH_KEY_SET_TEXT_BYTES; i++)
        eg_buffer_append_char(&text, '{');
    refuse(text.data, EG_ERR_INVALID, "longer than");
}

static void test_fingerprint_tells_sets_apart(void **state)
{
    (void)state;
    EG_AUTOFREE char *a_text = tokens_jwk(p256, "");
    EG_AUTOFREE char *b_text = tokens_jwk(p256, ",\"kid\":\"k\"");
    EG_AUTOKEYSET struct eg_auth_key_set *a = parse(a_text);
    EG_AUTOKEYSET struct eg_auth_key_set *again = parse(a_text);
    EG_AUTOKEYSET struct eg_auth_key_set *b = parse(b_text);
    assert_memory_equal(a->fingerprint, again->fingerprint, sizeof(a->fingerprint));
    assert_memory_not_equal(a->fingerprint, b->fingerprint, sizeof(a->fingerprint));
}

static void test_private_jwk(void **state)
{
    (void)state;
    /* RFC 8037 appendix A.1, an example key. */
    static const char text[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                               "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
                               "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
    EG_CLEANUP(eg_auth_key_fini) struct eg_auth_key key = {0};
    EG_AUTOBUFFER struct eg_buffer signature = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer encoded = EG_BUFFER_INIT;
    struct eg_error err;
    assert_int_equal(eg_auth_key_parse_jwk(eg_span_text(text), &key, &err), 0);
    assert_true(eg_crypto_key_is_private(key.key));
    /* Appendix A.4: Ed25519 is deterministic. */
    assert_int_equal(
        eg_crypto_sign(key.key, EG_CRYPTO_EDDSA,
                       eg_span_text("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"),
                       &signature, &err),
        0);
    eg_crypto_base64url_encode(eg_buffer_span(&signature), &encoded);
    assert_string_equal(
        encoded.data,
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    assert_int_equal(eg_auth_key_parse_jwk(eg_span_text("{"), &key, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_upstream_list),
        cmocka_unit_test(test_upstream_single_key_with_line_breaks),
        cmocka_unit_test(test_jwk_and_jwks),
        cmocka_unit_test(test_pem),
        cmocka_unit_test(test_alg_of_a_jwk_narrows),
        cmocka_unit_test(test_jwks_that_verify_nothing),
        cmocka_unit_test(test_unusable_keys_of_a_set_are_passed_over),
        cmocka_unit_test(test_malformed_texts),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_fingerprint_tells_sets_apart),
        cmocka_unit_test(test_private_jwk),
    };
    return cmocka_run_group_tests_name("auth/key_set", tests, make_keys, drop_keys);
}
