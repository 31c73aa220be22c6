/* SPDX-License-Identifier: Apache-2.0 */
/* When credentials are renewed, by whom, and what serves meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>

#include "aws/source.h"
#include "support/aws_host.h"

#define MINUTE_US   INT64_C(60000000)
#define HOUR        "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
#define UNTIL(time) HOUR "\"Expiration\":\"2021-01-01T" time "Z\"}"

static struct aws_host paper;
static struct eg_aws_source *source;
static struct eg_error err;

static int set_up(void **state)
{
    (void)state;
    aws_host_init(&paper);
    aws_host_set_env(&paper, "HOME", "/home");
    aws_host_set_file(&paper, "/home/.aws/config", "[default]\ncredential_process = x\n");
    paper.printed = UNTIL("01:00:00");
    struct eg_aws_source_options options = {.host = &paper.host};
    source = eg_aws_source_new(&options);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    eg_aws_source_destroy(source);
    return 0;
}

static void pass(int64_t us)
{
    paper.wall_us += us;
    paper.monotonic_us += us;
}

static int take(int64_t *ret_expires_s)
{
    EG_AUTOCREDENTIALS struct eg_aws_credentials *credentials = NULL;
    if (eg_aws_source_current(source, &credentials, &err) < 0)
        return -1;
    *ret_expires_s = credentials->expires_s;
    return 0;
}

static struct eg_aws_source_status status(void)
{
    struct eg_aws_source_status now;
    eg_aws_source_status(source, &now);
    return now;
}

static void test_the_first_look_loads(void **state)
{
    (void)state;
    int64_t expires_s;
    assert_false(status().loaded);
    assert_true(eg_aws_source_refresh_due(source, paper.wall_us));
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(expires_s, AWS_HOST_NOW_S + 3600);
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(status().refreshes, 1);
    assert_non_null(strstr(status().origin, "credential_process"));
}

static void test_due_from_15_minutes_before(void **state)
{
    (void)state;
    int64_t expires_s;
    assert_int_equal(take(&expires_s), 0);
    int64_t due_us = (AWS_HOST_NOW_S + 45 * 60) * 1000000;
    assert_int_equal(eg_aws_source_due_us(source), due_us);
    assert_false(eg_aws_source_refresh_due(source, due_us - 1));
    assert_true(eg_aws_source_refresh_due(source, due_us));
    pass(46 * MINUTE_US); /* who takes does not renew yet */
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(status().refreshes, 1);
}

static void test_who_takes_renews_from_10_minutes_before(void **state)
{
    (void)state;
    int64_t expires_s;
    assert_int_equal(take(&expires_s), 0);
    paper.printed = UNTIL("02:00:00");
    pass(50 * MINUTE_US);
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(expires_s, AWS_HOST_NOW_S + 7200);
    assert_int_equal(status().refreshes, 2);
}

static void test_a_failure_leaves_what_serves(void **state)
{
    (void)state;
    int64_t expires_s;
    assert_int_equal(take(&expires_s), 0);
    paper.printed = NULL;
    pass(51 * MINUTE_US);
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(expires_s, AWS_HOST_NOW_S + 3600);
    assert_int_equal(status().failures, 1);
    assert_int_equal(take(&expires_s), 0); /* not asked again at once */
    assert_int_equal(status().failures, 1);
    pass(5000000);
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(status().failures, 2);
    pass(5000000); /* the second wait is longer */
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(status().failures, 2);
    pass(9 * MINUTE_US); /* they have ended */
    assert_int_equal(take(&expires_s), -1);
    assert_non_null(strstr(err.message, "credential_process"));
    assert_non_null(strstr(status().last_error, "credential_process"));
    paper.printed = UNTIL("03:00:00");
    pass(2 * MINUTE_US);
    assert_int_equal(take(&expires_s), 0);
    assert_string_equal(status().last_error, "");
}

static void test_failures_put_off_what_is_due(void **state)
{
    (void)state;
    int64_t expires_s;
    paper.printed = NULL;
    assert_int_equal(take(&expires_s), -1);
    assert_int_equal(eg_aws_source_due_us(source), paper.wall_us + 5000000);
    assert_false(eg_aws_source_refresh_due(source, paper.wall_us));
}

static void test_without_an_end_nothing_is_due(void **state)
{
    (void)state;
    int64_t expires_s;
    paper.printed = HOUR "\"SessionToken\":\"t\"}";
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(expires_s, 0);
    assert_int_equal(eg_aws_source_due_us(source), INT64_MAX);
    pass(1000000 * MINUTE_US);
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(status().refreshes, 1);
}

static void test_found_expired(void **state)
{
    (void)state;
    int64_t expires_s;
    paper.printed = UNTIL("00:00:00");
    assert_int_equal(take(&expires_s), -1);
    assert_non_null(strstr(err.message, "already expired"));
    assert_true(err.retriable);
}

static void test_reject(void **state)
{
    (void)state;
    EG_AUTOCREDENTIALS struct eg_aws_credentials *first = NULL;
    int64_t expires_s;
    assert_int_equal(eg_aws_source_current(source, &first, &err), 0);
    eg_aws_source_reject(source, first);
    assert_true(eg_aws_source_refresh_due(source, paper.wall_us));
    paper.printed = UNTIL("02:00:00");
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(expires_s, AWS_HOST_NOW_S + 7200);
    eg_aws_source_reject(source, first); /* these are no longer in force */
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(status().refreshes, 2);
    assert_string_equal(first->access_key_id.ptr, "A"); /* what was handed out stays whole */
}

static void test_rejecting_on_and_on(void **state)
{
    (void)state;
    int64_t expires_s;
    for (int i = 0; i < 5; i++) {
        EG_AUTOCREDENTIALS struct eg_aws_credentials *held = NULL;
        assert_int_equal(eg_aws_source_current(source, &held, &err), 0);
        eg_aws_source_reject(source, held);
    }
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(status().refreshes, 2);
    pass(10000000);
    EG_AUTOCREDENTIALS struct eg_aws_credentials *held = NULL;
    assert_int_equal(eg_aws_source_current(source, &held, &err), 0);
    eg_aws_source_reject(source, held);
    assert_int_equal(take(&expires_s), 0);
    assert_int_equal(status().refreshes, 3);
}

#define STS_ANSWER                                                                              \
    "<R><Credentials><AccessKeyId>ROLE</AccessKeyId><SecretAccessKey>S</SecretAccessKey>"       \
    "<SessionToken>T</SessionToken><Expiration>2021-01-01T01:00:00Z</Expiration></Credentials>" \
    "</R>"

static void test_a_role_on_top(void **state)
{
    (void)state;
    struct eg_aws_source_options options = {.host = &paper.host,
                                            .region = "eu-west-1",
                                            .role_arn = "arn:aws:iam::2:role/r",
                                            .external_id = "e",
                                            .session_name = "n",
                                            .base = source};
    struct eg_aws_source *role = eg_aws_source_new(&options);
    EG_AUTOCREDENTIALS struct eg_aws_credentials *held = NULL;
    aws_host_expect(&paper, (struct aws_host_exchange){
                                "POST", "https://sts.eu-west-1.amazonaws.com/", 200, STS_ANSWER,
                                "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A"
                                "2%3Arole%2Fr&RoleSessionName=n&ExternalId=e",
                                NULL, NULL});
    assert_int_equal(eg_aws_source_current(role, &held, &err), 0);
    assert_string_equal(held->access_key_id.ptr, "ROLE");
    assert_true(aws_host_is_content(&paper));
    eg_aws_source_destroy(role);
}

/* --- several threads */

static void *take_often(void *argument)
{
    atomic_uint *wrong = argument;
    for (int i = 0; i < 2000; i++) {
        struct eg_aws_credentials *held = NULL;
        struct eg_error own;
        if (eg_aws_source_current(source, &held, &own) < 0 ||
            strcmp(held->access_key_id.ptr, "A") != 0)
            atomic_fetch_add(wrong, 1);
        if (i % 100 == 0)
            eg_aws_source_reject(source, held);
        eg_aws_credentials_unref(held);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    atomic_uint wrong = 0;
    for (size_t i = 0; i < EG_ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_often, &wrong), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(eg_aws_source_refresh(source, &err), 0);
    for (size_t i = 0; i < EG_ARRAY_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(wrong, 0);
    assert_true(status().refreshes >= 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_first_look_loads),
        TEST(test_due_from_15_minutes_before),
        TEST(test_who_takes_renews_from_10_minutes_before),
        TEST(test_a_failure_leaves_what_serves),
        TEST(test_failures_put_off_what_is_due),
        TEST(test_without_an_end_nothing_is_due),
        TEST(test_found_expired),
        TEST(test_reject),
        TEST(test_rejecting_on_and_on),
        TEST(test_a_role_on_top),
        TEST(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
