/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in every format, signatures under every algorithm, and the keys that must not be made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "crypto/key.h"

static struct eg_crypto_key *keys[EG_CRYPTO_KIND_COUNT];
static const struct eg_span message = {"a message", 9};

static int make_keys(void **state)
{
    (void)state;
    struct eg_error err;
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++)
        if (eg_crypto_key_generate((enum eg_crypto_kind)i, &keys[i], &err) < 0)
            return -1;
    return 0;
}

static int drop_keys(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++)
        eg_crypto_key_destroy(keys[i]);
    return 0;
}

static bool fits(enum eg_crypto_kind kind, unsigned alg)
{
    return (eg_crypto_kind_algs(kind) & EG_CRYPTO_ALG_BIT(alg)) != 0;
}

/* Signs with `key`, verifies with `other`. */
static void check_pair(const struct eg_crypto_key *key, const struct eg_crypto_key *other)
{
    struct eg_error err;
    for (unsigned alg = 0; alg < EG_CRYPTO_ALG_COUNT; alg++) {
        EG_AUTOBUFFER struct eg_buffer signature = EG_BUFFER_INIT;
        if (!fits(eg_crypto_key_kind(key), alg))
            continue;
        assert_int_equal(eg_crypto_sign(key, alg, message, &signature, &err), 0);
        assert_int_equal(eg_crypto_verify(other, alg, message, eg_buffer_span(&signature), &err),
                         0);
    }
}

static void test_every_algorithm_signs_and_verifies(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++)
        check_pair(keys[i], keys[i]);
}

static void check_refused(const struct eg_crypto_key *key, enum eg_crypto_alg alg,
                          struct eg_span text, struct eg_span signature)
{
    struct eg_error err = {.code = EG_ERR_NONE};
    assert_int_equal(eg_crypto_verify(key, alg, text, signature, &err), -1);
    assert_int_equal(err.code, EG_ERR_UNAUTHENTICATED);
    assert_true(err.message[0] != '\0');
}

static void test_changed_signatures_are_refused(void **state)
{
    (void)state;
    struct eg_error err;
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++) {
        for (unsigned alg = 0; alg < EG_CRYPTO_ALG_COUNT; alg++) {
            if (!fits((enum eg_crypto_kind)i, alg))
                continue;
            EG_AUTOBUFFER struct eg_buffer made = EG_BUFFER_INIT;
            assert_int_equal(eg_crypto_sign(keys[i], alg, message, &made, &err), 0);
            struct eg_span signature = eg_buffer_span(&made);
            check_refused(keys[i], alg, eg_span_text("b message"), signature);
            check_refused(keys[i], alg, message, eg_span_of(signature.ptr, signature.len - 1));
            check_refused(keys[i], alg, message, EG_SPAN_EMPTY);
            eg_buffer_append_char(&made, '\0');
            check_refused(keys[i], alg, message, eg_buffer_span(&made));
            made.len--;
            made.data[made.len / 2] ^= 1;
            check_refused(keys[i], alg, message, eg_buffer_span(&made));
        }
    }
}

static void test_algorithm_must_fit_the_key(void **state)
{
    (void)state;
    char zeros[512] = {0};
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++) {
        for (unsigned alg = 0; alg < EG_CRYPTO_ALG_COUNT; alg++) {
            if (fits((enum eg_crypto_kind)i, alg))
                continue;
            EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
            struct eg_error err;
            check_refused(keys[i], alg, message, eg_span_of(zeros, 64));
            check_refused(keys[i], alg, message, eg_span_of(zeros, 256));
            assert_int_equal(eg_crypto_sign(keys[i], alg, message, &out, &err), -1);
            assert_int_equal(out.len, 0);
        }
    }
}

static void test_der_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++) {
        EG_AUTOBUFFER struct eg_buffer der = EG_BUFFER_INIT;
        EG_AUTOKEY struct eg_crypto_key *back = NULL;
        struct eg_error err;
        assert_int_equal(eg_crypto_key_public_der(keys[i], &der, &err), 0);
        assert_int_equal(eg_crypto_key_from_der(eg_buffer_span(&der), &back, &err), 0);
        assert_int_equal(eg_crypto_key_kind(back), i);
        assert_false(eg_crypto_key_is_private(back));
        check_pair(keys[i], back);
    }
}

static void test_der_with_more_or_fewer_bytes_is_refused(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer der = EG_BUFFER_INIT;
    struct eg_crypto_key *key = NULL;
    struct eg_error err;
    assert_int_equal(eg_crypto_key_public_der(keys[0], &der, &err), 0);
    for (size_t len = 0; len < der.len; len++)
        assert_int_equal(eg_crypto_key_from_der(eg_span_of(der.data, len), &key, &err), -1);
    eg_buffer_append_char(&der, '\0');
    assert_int_equal(eg_crypto_key_from_der(eg_buffer_span(&der), &key, &err), -1);
    assert_int_equal(err.code, EG_ERR_INVALID);
    assert_null(key);
}

static void test_pem_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++) {
        EG_AUTOBUFFER struct eg_buffer pem = EG_BUFFER_INIT;
        EG_AUTOKEY struct eg_crypto_key *public_key = NULL;
        EG_AUTOKEY struct eg_crypto_key *private_key = NULL;
        struct eg_span rest;
        struct eg_error err;
        assert_int_equal(eg_crypto_key_public_pem(keys[i], &pem, &err), 0);
        assert_int_equal(eg_crypto_key_private_pem(keys[i], &pem, &err), 0);
        assert_int_equal(eg_crypto_key_from_pem(eg_buffer_span(&pem), &public_key, &rest, &err), 0);
        assert_false(eg_crypto_key_is_private(public_key));
        assert_int_equal(eg_crypto_key_from_pem(rest, &private_key, &rest, &err), 0);
        assert_int_equal(rest.len, 0);
        assert_true(eg_crypto_key_is_private(private_key));
        check_pair(private_key, public_key);
    }
}

static void test_pem_passes_over_other_blocks(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer pem = EG_BUFFER_INIT;
    EG_AUTOKEY struct eg_crypto_key *key = NULL;
    struct eg_error err;
    eg_buffer_append_text(&pem, "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                                "-----END EC PARAMETERS-----\n");
    assert_int_equal(eg_crypto_key_public_pem(keys[EG_CRYPTO_P256], &pem, &err), 0);
    assert_int_equal(eg_crypto_key_from_pem(eg_buffer_span(&pem), &key, NULL, &err), 0);
    assert_int_equal(eg_crypto_key_kind(key), EG_CRYPTO_P256);
}

/* A PEM text that must be refused, and a word of the reason. */
static const struct {
    const char *pem;
    const char *word;
} refused_pems[] = {
    {"", "no PEM"},
    {"hello", "no PEM key"},
    {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no key"},
    {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
     "encrypted"},
    {"-----BEGIN PUBLIC KEY-----\n"
     "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCkyo9rNfSOoG+ymC0wXbhANH/L\n"
     "AoKj7z5K+qAgGnr5x5ih7+9bfnBIkmphOWerCEcJ43gHLrgUAoGmgoy4xC+r10PX\n"
     "nCzD83VZ073GvFwFbGI5fCGlNKn+LeiGYUAC9r6/viW/xoKIJgMCDTK8zvFgUat/\n"
     "9iy+oaWjN+qyjonUNQIDAQAB\n"
     "-----END PUBLIC KEY-----\n",
     "1024 bits"},
    {"-----BEGIN PUBLIC KEY-----\n"
     "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEeXmhHByCafi1PK4fxqIkrFBcDUdaTc6k\n"
     "VbMlH0wnSO1f9l8n1t9yk+X20zkpaLy62jNcjZDNBjqQyadGZ6Th2w==\n"
     "-----END PUBLIC KEY-----\n",
     "EC"}, /* secp256k1 */
};

static void test_pems_that_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(refused_pems); i++) {
        struct eg_crypto_key *key = NULL;
        struct eg_error err;
        assert_int_equal(
            eg_crypto_key_from_pem(eg_span_text(refused_pems[i].pem), &key, NULL, &err), -1);
        assert_int_equal(err.code, EG_ERR_INVALID);
        assert_non_null(strstr(err.message, refused_pems[i].word));
        assert_null(key);
    }
}

static void test_parts_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++) {
        EG_AUTOBUFFER struct eg_buffer storage = EG_BUFFER_INIT;
        EG_AUTOKEY struct eg_crypto_key *back = NULL;
        struct eg_crypto_key_parts parts;
        struct eg_error err;
        assert_int_equal(eg_crypto_key_public_parts(keys[i], &storage, &parts, &err), 0);
        assert_int_equal(eg_crypto_key_from_parts(&parts, &back, &err), 0);
        check_pair(keys[i], back);
    }
}

static void refuse_parts(const struct eg_crypto_key_parts *parts)
{
    struct eg_crypto_key *key = NULL;
    struct eg_error err = {.code = EG_ERR_NONE};
    assert_int_equal(eg_crypto_key_from_parts(parts, &key, &err), -1);
    assert_int_equal(err.code, EG_ERR_INVALID);
    assert_null(key);
}

static void test_rsa_parts_that_are_refused(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer storage = EG_BUFFER_INIT;
    struct eg_crypto_key_parts good;
    struct eg_error err;
    char huge[4096];
    memset(huge, 0x5a, sizeof(huge));
    assert_int_equal(eg_crypto_key_public_parts(keys[EG_CRYPTO_RSA], &storage, &good, &err), 0);
    struct eg_crypto_key_parts parts = {.kind = EG_CRYPTO_RSA, .e = good.e};
    refuse_parts(&parts);
    parts.n = eg_span_of(good.n.ptr, 128);
    refuse_parts(&parts);
    parts.n = eg_span_of(huge, sizeof(huge));
    refuse_parts(&parts);
    parts.n = good.n;
    static const struct eg_span exponents[] = {
        {"", 0}, {"\0", 1}, {"\1", 1}, {"\2", 1}, {"\1\0\1\0\1\0\1\0\1", 9},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(exponents); i++) {
        parts.e = exponents[i];
        refuse_parts(&parts);
    }
    parts.e = good.e;
    parts.d = eg_span_of(huge, 256); /* of another key */
    refuse_parts(&parts);
}

static void test_curve_parts_that_are_refused(void **state)
{
    (void)state;
    for (unsigned i = EG_CRYPTO_P256; i < EG_CRYPTO_KIND_COUNT; i++) {
        EG_AUTOBUFFER struct eg_buffer storage = EG_BUFFER_INIT;
        struct eg_crypto_key_parts good;
        struct eg_error err;
        char ones[66];
        memset(ones, 1, sizeof(ones));
        assert_int_equal(eg_crypto_key_public_parts(keys[i], &storage, &good, &err), 0);
        struct eg_crypto_key_parts parts = good;
        parts.x.len--;
        refuse_parts(&parts);
        parts.x.len = 0;
        refuse_parts(&parts);
        parts = good;
        parts.d = eg_span_of(ones, good.x.len); /* of another key */
        refuse_parts(&parts);
        if (good.y.len == 0)
            continue;
        parts = good;
        parts.y.len--;
        refuse_parts(&parts);
        parts.y = eg_span_of(ones, good.y.len); /* not on the curve */
        refuse_parts(&parts);
    }
}

static void test_public_keys_do_not_sign(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    EG_AUTOKEY struct eg_crypto_key *key = NULL;
    struct eg_error err;
    assert_int_equal(eg_crypto_key_public_pem(keys[0], &out, &err), 0);
    assert_int_equal(eg_crypto_key_from_pem(eg_buffer_span(&out), &key, NULL, &err), 0);
    size_t before = out.len;
    assert_int_equal(eg_crypto_sign(key, EG_CRYPTO_RS256, message, &out, &err), -1);
    assert_int_equal(eg_crypto_key_private_pem(key, &out, &err), -1);
    assert_int_equal(out.len, before);
}

static void test_names(void **state)
{
    (void)state;
    enum eg_crypto_alg alg = EG_CRYPTO_ALG_COUNT;
    enum eg_crypto_kind kind = EG_CRYPTO_KIND_COUNT;
    static const char *const never[] = {"none", "NONE", "HS256", "HS384", "HS512", "rs256", ""};
    for (size_t i = 0; i < EG_ARRAY_COUNT(never); i++)
        assert_false(eg_crypto_alg_find(eg_span_text(never[i]), &alg));
    assert_int_equal(alg, EG_CRYPTO_ALG_COUNT);
    for (unsigned i = 0; i < EG_CRYPTO_ALG_COUNT; i++) {
        assert_true(eg_crypto_alg_find(eg_span_text(eg_crypto_alg_name(i)), &alg));
        assert_int_equal(alg, i);
    }
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++) {
        assert_true(eg_crypto_kind_find(eg_span_text(eg_crypto_kind_name(i)), &kind));
        assert_int_equal(kind, i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_algorithm_signs_and_verifies),
        cmocka_unit_test(test_changed_signatures_are_refused),
        cmocka_unit_test(test_algorithm_must_fit_the_key),
        cmocka_unit_test(test_der_round_trip),
        cmocka_unit_test(test_der_with_more_or_fewer_bytes_is_refused),
        cmocka_unit_test(test_pem_round_trip),
        cmocka_unit_test(test_pem_passes_over_other_blocks),
        cmocka_unit_test(test_pems_that_are_refused),
        cmocka_unit_test(test_parts_round_trip),
        cmocka_unit_test(test_rsa_parts_that_are_refused),
        cmocka_unit_test(test_curve_parts_that_are_refused),
        cmocka_unit_test(test_public_keys_do_not_sign),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("crypto/key", tests, make_keys, drop_keys);
}
