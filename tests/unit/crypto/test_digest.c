/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against FIPS 180-4 examples, HMAC against RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/span.h"
#include "crypto/digest.h"

static const struct {
    const char *text;
    const char *digest;
} sha256_cases[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void test_sha256(void **state)
{
    (void)state;
    char text[EG_CRYPTO_SHA256_HEX_BYTES];
    for (size_t i = 0; i < EG_ARRAY_COUNT(sha256_cases); i++) {
        eg_crypto_sha256_hex(eg_span_text(sha256_cases[i].text), text);
        assert_string_equal(text, sha256_cases[i].digest);
    }
}

static void test_sha256_in_pieces(void **state)
{
    (void)state;
    struct eg_crypto_sha256_state pieces;
    uint8_t digest[EG_CRYPTO_SHA256_BYTES];
    char text[EG_CRYPTO_SHA256_HEX_BYTES];
    eg_crypto_sha256_init(&pieces);
    for (int i = 0; i < 1000000; i += 1000) {
        char chunk[1000];
        memset(chunk, 'a', sizeof(chunk));
        eg_crypto_sha256_update(&pieces, eg_span_of(chunk, sizeof(chunk)));
    }
    eg_crypto_sha256_final(&pieces, digest);
    eg_crypto_sha256_fini(&pieces);
    eg_crypto_hex(digest, sizeof(digest), text);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    eg_crypto_sha256_init(&pieces);
    eg_crypto_sha256_fini(&pieces); /* without final */
}

static void check_hmac(struct eg_span key, struct eg_span data, const char *want)
{
    uint8_t mac[EG_CRYPTO_SHA256_BYTES];
    char text[EG_CRYPTO_SHA256_HEX_BYTES];
    eg_crypto_hmac_sha256(key, data, mac);
    eg_crypto_hex(mac, sizeof(mac), text);
    assert_string_equal(text, want);
}

static void test_hmac_sha256(void **state)
{
    (void)state;
    char key[131];
    memset(key, 0x0b, 20);
    check_hmac(eg_span_of(key, 20), eg_span_text("Hi There"),
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_hmac(eg_span_text("Jefe"), eg_span_text("what do ya want for nothing?"),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    check_hmac(eg_span_of(key, sizeof(key)),
               eg_span_text("Test Using Larger Than Block-Size Key - Hash Key First"),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    check_hmac((struct eg_span){NULL, 0}, EG_SPAN_EMPTY,
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(eg_crypto_equal(eg_span_text("secret"), eg_span_text("secret")));
    assert_false(eg_crypto_equal(eg_span_text("secret"), eg_span_text("secreT")));
    assert_false(eg_crypto_equal(eg_span_text("secret"), eg_span_text("secre")));
    assert_true(eg_crypto_equal((struct eg_span){NULL, 0}, EG_SPAN_EMPTY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256),
        cmocka_unit_test(test_sha256_in_pieces),
        cmocka_unit_test(test_hmac_sha256),
        cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests_name("crypto/digest", tests, NULL, NULL);
}
