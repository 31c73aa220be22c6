/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier from end to end: keys from a server or a file, refresh, rotation, the cache, and
 * what a client hears. The clock is the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "auth/auth.h"
#include "base/memory.h"
#include "support/http_stub.h"
#include "support/tokens.h"

#define NOW_S  INT64_C(1800000000)
#define MINUTE INT64_C(60000000)
#define SECOND INT64_C(1000000)
#define GOOD   "{\"sub\":\"alice\",\"exp\":1800000100}"
#define HEADER "{\"alg\":\"RS256\"}"

static struct eg_crypto_key *rsa;
static struct eg_crypto_key *next_rsa;
static int64_t wall_us;
static int64_t monotonic_us;

static int64_t read_wall(void *state)
{
    (void)state;
    return wall_us;
}

static int64_t read_monotonic(void *state)
{
    (void)state;
    return monotonic_us;
}

static const struct eg_clock test_clock = {read_wall, read_monotonic, NULL};

static int make_keys(void **state)
{
    (void)state;
    rsa = tokens_new_key(EG_CRYPTO_RSA);
    next_rsa = tokens_new_key(EG_CRYPTO_RSA);
    return 0;
}

static int drop_keys(void **state)
{
    (void)state;
    eg_crypto_key_destroy(rsa);
    eg_crypto_key_destroy(next_rsa);
    return 0;
}

static char *ok_answer(const char *body)
{
    return eg_asprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                       strlen(body), body);
}

struct fixture {
    struct http_stub *stub;
    char *first;  /* an answer with rsa */
    char *second; /* an answer with next_rsa */
    char *url;
    char *alg;
    struct eg_auth_config config;
    struct eg_auth_verifier *verifier;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct eg_error err;
    wall_us = NOW_S * SECOND;
    monotonic_us = 50 * SECOND;
    EG_AUTOFREE char *first = tokens_keys_json(&rsa, 1);
    EG_AUTOFREE char *second = tokens_keys_json(&next_rsa, 1);
    fixture.first = ok_answer(first);
    fixture.second = ok_answer(second);
    fixture.stub = http_stub_start(fixture.first);
    fixture.url = eg_asprintf("http://127.0.0.1:%u/keys", fixture.stub->port);
    fixture.alg = eg_strdup("RS256");
    fixture.config = (struct eg_auth_config){
        .public_keys_url = fixture.url,
        .algorithms = {&fixture.alg, 1},
        .timeout_ms = 5000,
        .refresh_interval_ms = 28 * 60000,
        .cache_entries = 100,
    };
    *state = &fixture;
    if (eg_auth_verifier_new(&fixture.config, &test_clock, &fixture.verifier, &err) < 0)
        fail_msg("%s", err.message);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    eg_auth_verifier_destroy(fixture->verifier);
    http_stub_stop(fixture->stub);
    free(fixture->first);
    free(fixture->second);
    free(fixture->url);
    free(fixture->alg);
    return 0;
}

/* "": good; else the internal reason. */
static const char *verify(struct fixture *fixture, const char *token)
{
    static struct eg_error reason;
    struct eg_error err = {.code = EG_ERR_NONE};
    EG_AUTOIDENTITY struct eg_auth_identity *identity = NULL;
    if (eg_auth_verify(fixture->verifier, eg_span_text(token), &identity, &reason, &err) == 0) {
        assert_true(eg_span_is(identity->subject, "alice"));
        return "";
    }
    assert_null(identity);
    assert_int_equal(err.code, EG_ERR_UNAUTHENTICATED);
    assert_string_equal(err.message, "Invalid or missing token");
    return reason.message;
}

static struct eg_auth_cache_stats cache_stats(struct fixture *fixture)
{
    struct eg_auth_cache_stats stats;
    eg_auth_verifier_status(fixture->verifier, NULL, &stats);
    return stats;
}

static struct eg_auth_key_source_status key_status(struct fixture *fixture)
{
    struct eg_auth_key_source_status status;
    eg_auth_verifier_status(fixture->verifier, &status, NULL);
    return status;
}

static void test_the_second_time_is_a_hit(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTOFREE char *token = tokens_sign(rsa, EG_CRYPTO_RS256, HEADER, GOOD);
    assert_string_equal(verify(fixture, token), "");
    assert_int_equal(cache_stats(fixture).hits, 0);
    assert_string_equal(verify(fixture, token), "");
    assert_int_equal(cache_stats(fixture).hits, 1);
    assert_int_equal(fixture->stub->requests, 1);
}

static void test_a_remembered_token_still_expires(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTOFREE char *token = tokens_sign(rsa, EG_CRYPTO_RS256, HEADER, GOOD);
    assert_string_equal(verify(fixture, token), "");
    wall_us = (NOW_S + 100) * SECOND - 1;
    assert_string_equal(verify(fixture, token), "");
    assert_int_equal(cache_stats(fixture).hits, 1);
    wall_us++;
    assert_string_equal(verify(fixture, token), "the token has expired");
}

static void test_bad_tokens_are_not_remembered(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTOFREE char *token = tokens_sign(next_rsa, EG_CRYPTO_RS256, HEADER, GOOD);
    EG_AUTOFREE char *none = eg_strdup("eyJhbGciOiJub25lIn0.e30.");
    EG_AUTOBUFFER struct eg_buffer huge = EG_BUFFER_INIT;
    while (huge.len <= EG_AUTH_TOKEN_BYTES_MAX)
        eg_buffer_append_char(&huge, 'a');
    assert_string_equal(verify(fixture, token), "the signature does not match");
    assert_string_equal(verify(fixture, token), "the signature does not match");
    assert_string_equal(verify(fixture, ""), "there is no token");
    assert_string_equal(verify(fixture, none), "the header's alg is not one we know");
    assert_string_equal(verify(fixture, huge.data), "the token is too long");
    assert_int_equal(cache_stats(fixture).entries, 0);
    /* Nobody has to ask for the reason. */
    struct eg_error err;
    struct eg_auth_identity *identity = NULL;
    assert_int_equal(eg_auth_verify(fixture->verifier, eg_span_text(token), &identity, NULL, &err),
                     -1);
}

static void test_rotation(void **state)
{
    struct fixture *fixture = *state;
    struct eg_error err;
    EG_AUTOFREE char *token = tokens_sign(rsa, EG_CRYPTO_RS256, HEADER, GOOD);
    EG_AUTOFREE char *next_token = tokens_sign(next_rsa, EG_CRYPTO_RS256, HEADER, GOOD);
    assert_string_equal(verify(fixture, token), "");
    http_stub_set_answer(fixture->stub, fixture->second);
    assert_int_equal(eg_auth_verifier_refresh(fixture->verifier, false, &err), 0);
    assert_int_equal(fixture->stub->requests, 1); /* not due */
    assert_true(eg_auth_verifier_refresh_due_us(fixture->verifier) == 50 * SECOND + 28 * MINUTE);
    monotonic_us += 28 * MINUTE;
    assert_int_equal(eg_auth_verifier_refresh(fixture->verifier, false, &err), 0);
    assert_int_equal(fixture->stub->requests, 2);
    assert_int_equal(key_status(fixture).generation, 2);
    assert_int_equal(cache_stats(fixture).entries, 0);
    assert_string_equal(verify(fixture, token), "the signature does not match");
    assert_string_equal(verify(fixture, next_token), "");
}

static void test_equal_keys_keep_the_cache(void **state)
{
    struct fixture *fixture = *state;
    struct eg_error err;
    EG_AUTOFREE char *token = tokens_sign(rsa, EG_CRYPTO_RS256, HEADER, GOOD);
    assert_string_equal(verify(fixture, token), "");
    assert_int_equal(eg_auth_verifier_refresh(fixture->verifier, true, &err), 0);
    assert_int_equal(fixture->stub->requests, 2);
    assert_int_equal(key_status(fixture).generation, 1);
    assert_int_equal(key_status(fixture).refreshes, 2);
    assert_string_equal(verify(fixture, token), "");
    assert_int_equal(cache_stats(fixture).hits, 1);
}

static void test_a_failed_refresh_keeps_the_keys_and_tries_again(void **state)
{
    struct fixture *fixture = *state;
    static const int64_t waits_s[] = {5, 10, 20, 40, 80, 160, 300, 300};
    struct eg_error err;
    EG_AUTOFREE char *token = tokens_sign(rsa, EG_CRYPTO_RS256, HEADER, GOOD);
    http_stub_set_answer(fixture->stub, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n"
                                        "Connection: close\r\n\r\n");
    for (size_t i = 0; i < EG_ARRAY_COUNT(waits_s); i++) {
        monotonic_us = eg_auth_verifier_refresh_due_us(fixture->verifier);
        assert_int_equal(eg_auth_verifier_refresh(fixture->verifier, false, &err), -1);
        assert_non_null(strstr(err.message, fixture->url));
        assert_non_null(strstr(err.message, "status 500"));
        assert_true(eg_auth_verifier_refresh_due_us(fixture->verifier) ==
                    monotonic_us + waits_s[i] * SECOND);
        assert_int_equal(key_status(fixture).failures_in_a_row, i + 1);
    }
    assert_string_equal(verify(fixture, token), "");
    assert_true(key_status(fixture).last_error[0] != '\0');
    http_stub_set_answer(fixture->stub, fixture->first);
    monotonic_us = eg_auth_verifier_refresh_due_us(fixture->verifier);
    assert_int_equal(eg_auth_verifier_refresh(fixture->verifier, false, &err), 0);
    assert_int_equal(key_status(fixture).failures_in_a_row, 0);
    assert_string_equal(key_status(fixture).last_error, "");
    assert_true(eg_auth_verifier_refresh_due_us(fixture->verifier) == monotonic_us + 28 * MINUTE);
}

static void refuse_start(struct fixture *fixture, const char *answer, const char *words)
{
    struct eg_auth_verifier *verifier = NULL;
    struct eg_error err;
    http_stub_set_answer(fixture->stub, answer);
    assert_int_equal(eg_auth_verifier_new(&fixture->config, &test_clock, &verifier, &err), -1);
    assert_null(verifier);
    if (!strstr(err.message, words) || !strstr(err.message, fixture->config.public_keys_url))
        fail_msg("'%s' or the URL is not in: %s", words, err.message);
}

static void test_start_without_keys_fails_and_names_the_url(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTOFREE char *no_json = ok_answer("<html>");
    EG_AUTOFREE char *no_keys = ok_answer("{\"keys\":[]}");
    refuse_start(fixture, "HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                 "status 404");
    refuse_start(fixture, no_json, "no PEM key");
    refuse_start(fixture, no_keys, "no key that verifies");
    fixture->config.timeout_ms = 100;
    refuse_start(fixture, NULL, "timed out");
    char nowhere[] = "http://127.0.0.1:1/keys";
    fixture->config.public_keys_url = nowhere;
    refuse_start(fixture, NULL, "can't be loaded");
}

static char *write_temporary(const char *text)
{
    char *path = eg_strdup("/tmp/eventgate-test-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return path;
}

static void verify_with_file(struct fixture *fixture, char *url, char *file)
{
    struct eg_error err;
    struct eg_auth_config config = fixture->config;
    EG_AUTOFREE char *token = tokens_sign(rsa, EG_CRYPTO_RS256, HEADER, GOOD);
    EG_AUTOIDENTITY struct eg_auth_identity *identity = NULL;
    struct eg_auth_verifier *verifier = NULL;
    config.public_keys_url = url;
    config.public_keys_file = file;
    if (eg_auth_verifier_new(&config, &test_clock, &verifier, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(eg_auth_verify(verifier, eg_span_text(token), &identity, NULL, &err), 0);
    eg_auth_verifier_destroy(verifier);
}

static void test_keys_from_a_file(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTOFREE char *text = tokens_keys_json(&rsa, 1);
    EG_AUTOFREE char *path = write_temporary(text);
    EG_AUTOFREE char *url = eg_asprintf("file://%s", path);
    char none[] = "";
    verify_with_file(fixture, NULL, path);
    verify_with_file(fixture, none, path);
    verify_with_file(fixture, url, NULL);
    assert_int_equal(unlink(path), 0);
    struct eg_auth_config config = fixture->config;
    struct eg_auth_verifier *verifier = NULL;
    struct eg_error err;
    config.public_keys_url = NULL;
    config.public_keys_file = path;
    assert_int_equal(eg_auth_verifier_new(&config, &test_clock, &verifier, &err), -1);
    assert_non_null(strstr(err.message, path));
}

static void test_a_cancelled_refresh_ends(void **state)
{
    struct fixture *fixture = *state;
    struct eg_error err;
    http_stub_set_answer(fixture->stub, NULL);
    eg_auth_verifier_cancel(fixture->verifier);
    int64_t start_ms = eg_clock_monotonic_ms();
    assert_int_equal(eg_auth_verifier_refresh(fixture->verifier, true, &err), -1);
    assert_true(eg_clock_monotonic_ms() - start_ms < 4000);
}

static void check_config(struct eg_auth_config config, const char *words)
{
    struct eg_auth_policy policy;
    struct eg_error err;
    assert_int_equal(eg_auth_config_policy(&config, &policy, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_non_null(strstr(err.message, words));
}

static void test_config_rules(void **state)
{
    (void)state;
    char url[] = "http://keys";
    char *algs[] = {eg_strdup("RS256"), eg_strdup("EdDSA")};
    struct eg_auth_config good = {.public_keys_url = url, .algorithms = {algs, 2}, .leeway_ms = 7};
    struct eg_auth_policy policy;
    struct eg_error err;
    assert_int_equal(eg_auth_config_policy(&good, &policy, &err), 0);
    assert_int_equal(policy.algs,
                     EG_CRYPTO_ALG_BIT(EG_CRYPTO_RS256) | EG_CRYPTO_ALG_BIT(EG_CRYPTO_EDDSA));
    assert_int_equal(policy.leeway_us, 7000);
    struct eg_auth_config config = good;
    config.public_keys_url = NULL;
    check_config(config, "no source of public keys");
    config = good;
    config.public_keys_file = url;
    check_config(config, "both set");
    config = good;
    config.algorithms.count = 0;
    check_config(config, "empty");
    static const char *const never[] = {"none", "HS256", "rs256"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(never); i++) {
        free(algs[1]);
        algs[1] = eg_strdup(never[i]);
        check_config(good, never[i]);
    }
    free(algs[0]);
    free(algs[1]);
}

static void test_token_from_headers(void **state)
{
    (void)state;
    static const struct {
        const char *bearer;
        const char *authorization;
        const char *token;
    } cases[] = {
        {"", "", ""},
        {"raw", "", "raw"},
        {" raw\t", "Bearer other", "raw"},
        {"  ", "Bearer x", "x"},
        {"", "Bearer x", "x"},
        {"", "  bEARER   x  ", "x"},
        {"", "Bearer", ""},
        {"", "Bearer ", ""},
        {"", "Bearerx", ""},
        {"", "Basic dTpw", ""},
        {"", "x", ""},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct eg_span token = eg_auth_token_from_headers(eg_span_text(cases[i].bearer),
                                                          eg_span_text(cases[i].authorization));
        assert_true(eg_span_is(token, cases[i].token));
    }
}

struct racer {
    struct fixture *fixture;
    const char *token;
    unsigned good;
};

static void *race(void *argument)
{
    struct racer *racer = argument;
    for (int i = 0; i < 300; i++) {
        struct eg_error err;
        EG_AUTOIDENTITY struct eg_auth_identity *identity = NULL;
        racer->good += eg_auth_verify(racer->fixture->verifier, eg_span_text(racer->token),
                                      &identity, NULL, &err) == 0;
    }
    return NULL;
}

/* Two threads verify while the keys change back and forth under them. */
static void test_rotation_under_load(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTOFREE char *token = tokens_sign(rsa, EG_CRYPTO_RS256, HEADER, GOOD);
    struct racer racers[2] = {{fixture, token, 0}, {fixture, token, 0}};
    pthread_t threads[2];
    struct eg_error err;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    for (int i = 0; i < 10; i++) {
        http_stub_set_answer(fixture->stub, i % 2 ? fixture->first : fixture->second);
        assert_int_equal(eg_auth_verifier_refresh(fixture->verifier, true, &err), 0);
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(key_status(fixture).generation, 11);
    assert_string_equal(verify(fixture, token), "");
}

#define WITH_STUB(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STUB(test_the_second_time_is_a_hit),
        WITH_STUB(test_a_remembered_token_still_expires),
        WITH_STUB(test_bad_tokens_are_not_remembered),
        WITH_STUB(test_rotation),
        WITH_STUB(test_equal_keys_keep_the_cache),
        WITH_STUB(test_a_failed_refresh_keeps_the_keys_and_tries_again),
        WITH_STUB(test_start_without_keys_fails_and_names_the_url),
        WITH_STUB(test_keys_from_a_file),
        WITH_STUB(test_a_cancelled_refresh_ends),
        WITH_STUB(test_rotation_under_load),
        cmocka_unit_test(test_config_rules),
        cmocka_unit_test(test_token_from_headers),
    };
    return cmocka_run_group_tests_name("auth/auth", tests, make_keys, drop_keys);
}
