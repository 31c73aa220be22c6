/* SPDX-License-Identifier: Apache-2.0 */
/* The providers of credentials, one by one and as a chain, on a host of paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "aws/chain.h"
#include "aws/provider.h"
#include "base/memory.h"
#include "support/aws_host.h"

#define IMDS  "http://169.254.169.254"
#define ROLES IMDS "/latest/meta-data/iam/security-credentials/"
#define TOKEN IMDS "/latest/api/token"
#define STS   "https://sts.eu-west-1.amazonaws.com/"
#define KEYS(more)                                                                                 \
    "{\"Code\":\"Success\",\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"SK\",\"Token\":\"T\"" more \
    "}"
#define LATER ",\"Expiration\":\"2021-01-01T06:00:00Z\""

#define STS_ANSWER(key)                                                                    \
    "<R><Result><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn>"    \
    "</AssumedRoleUser><Credentials><AccessKeyId>" key "</AccessKeyId><SecretAccessKey>SK" \
    "</SecretAccessKey><SessionToken>T</SessionToken><Expiration>2021-01-01T01:00:00Z"     \
    "</Expiration></Credentials></Result></R>"

static struct aws_host paper;
static struct eg_aws_credentials *found;
static struct eg_aws_report report;
static struct eg_error err;

static int set_up(void **state)
{
    (void)state;
    aws_host_init(&paper);
    aws_host_set_env(&paper, "HOME", "/home");
    aws_host_set_env(&paper, "AWS_REGION", "eu-west-1");
    err = (struct eg_error){0};
    found = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    eg_aws_credentials_unref(found);
    return aws_host_is_content(&paper) ? 0 : -1;
}

static int ask(const char *profile)
{
    EG_AUTOAWSENVIRONMENT struct eg_aws_environment environment = {0};
    if (eg_aws_environment_init(&environment, &paper.host, profile, NULL, &err) < 0)
        return -1;
    return eg_aws_chain_find(&environment, &report, &found, &err);
}

static void assert_key(const char *key)
{
    if (!found)
        fail_msg("%s", err.message);
    assert_string_equal(found->access_key_id.ptr, key);
}

static void assert_failed(const char *text)
{
    assert_null(found);
    if (!strstr(err.message, text))
        fail_msg("'%s' is not in: %s", text, err.message);
}

static void no_imds(void)
{
    aws_host_set_env(&paper, "AWS_EC2_METADATA_DISABLED", "true");
}

static void set_config(const char *text)
{
    aws_host_set_file(&paper, "/home/.aws/config", text);
}

/* --- the order */

static void test_nothing_is_set_up(void **state)
{
    (void)state;
    no_imds();
    assert_int_equal(ask(NULL), -1);
    assert_int_equal(err.code, EG_ERR_NOT_FOUND);
    assert_int_equal(report.count, EG_AWS_CHAIN_LENGTH);
    assert_string_equal(report.attempts[0].provider, "environment");
    assert_string_equal(report.attempts[4].provider, "instance metadata");
    assert_non_null(strstr(report.attempts[4].err.message, "AWS_EC2_METADATA_DISABLED"));
}

static void test_a_named_profile_wins_over_the_environment(void **state)
{
    (void)state;
    aws_host_set_env(&paper, "AWS_ACCESS_KEY_ID", "ENV");
    aws_host_set_env(&paper, "AWS_SECRET_ACCESS_KEY", "SK");
    set_config("[profile p]\naws_access_key_id = PROF\naws_secret_access_key = SK\n");
    assert_int_equal(ask(NULL), 0);
    assert_key("ENV");
    eg_aws_credentials_unref(found);
    assert_int_equal(ask("p"), 0);
    assert_key("PROF");
}

static void test_what_is_set_up_and_broken_ends_the_chain(void **state)
{
    (void)state;
    aws_host_set_env(&paper, "AWS_ACCESS_KEY_ID", "A B");
    aws_host_set_env(&paper, "AWS_SECRET_ACCESS_KEY", "SK");
    assert_int_equal(ask(NULL), -1);
    assert_failed("environment variables: the access key id");
    assert_int_equal(report.count, 1);
}

static void test_a_profile_that_is_named_must_exist(void **state)
{
    (void)state;
    assert_int_equal(ask("ghost"), -1);
    assert_failed("profile 'ghost' is neither");
    assert_int_equal(err.code, EG_ERR_CONFIG);
}

/* --- profiles */

static void test_roles_of_profiles(void **state)
{
    (void)state;
    set_config("[profile top]\nrole_arn = arn:aws:iam::1:role/top\nsource_profile = mid\n"
               "external_id = x/y\nrole_session_name = me\nduration_seconds = 900\n"
               "[profile mid]\nrole_arn = arn:aws:iam::1:role/mid\nsource_profile = base\n"
               "[profile base]\naws_access_key_id = BASE\naws_secret_access_key = SK\n");
    aws_host_expect(&paper, (struct aws_host_exchange){
                                "POST", STS, 200, STS_ANSWER("MID"),
                                "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fmid", NULL, NULL});
    aws_host_expect(&paper, (struct aws_host_exchange){
                                "POST", STS, 200, STS_ANSWER("TOP"),
                                "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Ftop&RoleSessionName=me&"
                                "ExternalId=x%2Fy&DurationSeconds=900",
                                "X-Amz-Security-Token: T", NULL});
    assert_int_equal(ask("top"), 0);
    assert_key("TOP");
    assert_string_equal(found->account_id.ptr, "123456789012");
    assert_int_equal(found->expires_s, AWS_HOST_NOW_S + 3600);
}

static void test_profiles_that_go_in_circles(void **state)
{
    (void)state;
    set_config("[profile a]\nrole_arn = x\nsource_profile = b\n"
               "[profile b]\nrole_arn = y\nsource_profile = a\n");
    assert_int_equal(ask("a"), -1);
    assert_failed("profile 'a' comes back to itself");
}

static void test_a_profile_that_is_its_own_source(void **state)
{
    (void)state;
    set_config("[profile a]\nrole_arn = arn:a\nsource_profile = a\n"
               "aws_access_key_id = OWN\naws_secret_access_key = SK\n");
    aws_host_expect(&paper, (struct aws_host_exchange){"POST", STS, 200, STS_ANSWER("ROLE"),
                                                       "RoleArn=arn%3Aa", NULL, NULL});
    assert_int_equal(ask("a"), 0);
    assert_key("ROLE");
}

static void test_mistakes_in_profiles(void **state)
{
    (void)state;
    static const struct {
        const char *config;
        const char *error;
    } cases[] = {
        {"[profile a]\nrole_arn = x\n", "either source_profile or"},
        {"[profile a]\nrole_arn = x\nsource_profile = b\ncredential_source = Environment\n",
         "only one of source_profile and"},
        {"[profile a]\nrole_arn = x\nsource_profile = b\nmfa_serial = m\n", "mfa_serial"},
        {"[profile a]\nrole_arn = x\nsource_profile = b\n", "profile 'b' is neither"},
        {"[profile a]\nrole_arn = x\nsource_profile = b\n[profile b]\nregion = q\n",
         "profile 'b' is a source_profile and has no credentials"},
        {"[profile a]\nrole_arn = x\ncredential_source = Moon\n", "credential_source must be"},
        {"[profile a]\nrole_arn = x\ncredential_source = Environment\n",
         "credential_source Environment"},
        {"[profile a]\naws_access_key_id = X\n", "the secret access key is missing"},
        {"[profile a]\nweb_identity_token_file = /t\n", "`role_arn` was missing"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        set_config(cases[i].config);
        assert_int_equal(ask("a"), -1);
        assert_failed(cases[i].error);
        assert_int_not_equal(err.code, EG_ERR_NOT_FOUND);
    }
}

static void test_a_source_beside_profiles(void **state)
{
    (void)state;
    set_config("[profile a]\nrole_arn = arn:a\ncredential_source = Environment\n");
    aws_host_set_env(&paper, "AWS_ACCESS_KEY_ID", "ENV");
    aws_host_set_env(&paper, "AWS_SECRET_ACCESS_KEY", "SK");
    aws_host_expect(&paper, (struct aws_host_exchange){"POST", STS, 200, STS_ANSWER("ROLE"), NULL,
                                                       NULL, "X-Amz-Security-Token"});
    assert_int_equal(ask("a"), 0);
    assert_key("ROLE");
}

/* --- programs */

static void test_process(void **state)
{
    (void)state;
    set_config("[profile p]\ncredential_process = /bin/give me \"some keys\"\n");
    paper.printed = "{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"SK\","
                    "\"SessionToken\":\"T\",\"Expiration\":\"2021-01-01T02:00:00+01:00\"}";
    assert_int_equal(ask("p"), 0);
    assert_key("AK");
    assert_string_equal(paper.command, "/bin/give me \"some keys\"");
    assert_int_equal(found->expires_s, AWS_HOST_NOW_S + 3600);
    assert_string_equal(found->session_token.ptr, "T");
}

static void test_process_fails(void **state)
{
    (void)state;
    static const char *const outputs[] = {
        NULL,
        "",
        "text",
        "[]",
        "{}",
        "{\"Version\":2,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\"}",
        "{\"Version\":1,\"AccessKeyId\":\"A\"}",
        "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\",\"Expiration\":\"soon\"}",
    };
    set_config("[profile p]\ncredential_process = x\n");
    for (size_t i = 0; i < EG_ARRAY_COUNT(outputs); i++) {
        paper.printed = outputs[i];
        assert_int_equal(ask("p"), -1);
        assert_failed("profile 'p', credential_process");
    }
}

static void test_a_real_program(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    assert_int_equal(eg_aws_process_run("printf 'a b'", 5000, 100, &out, &err), 0);
    assert_string_equal(out.data, "a b");
    assert_int_equal(eg_aws_process_run("exit 3", 5000, 100, &out, &err), -1);
    assert_int_equal(eg_aws_process_run("yes", 5000, 100, &out, &err), -1);
    assert_int_equal(eg_aws_process_run("sleep 30", 100, 100, &out, &err), -1);
    assert_int_equal(eg_aws_process_run("/nowhere/at/all", 5000, 100, &out, &err), -1);
}

/* --- web identity */

static void set_web_identity(void)
{
    aws_host_set_env(&paper, "AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
    aws_host_set_env(&paper, "AWS_ROLE_ARN", "arn:r");
}

static void test_web_identity(void **state)
{
    (void)state;
    set_web_identity();
    aws_host_set_env(&paper, "AWS_ROLE_SESSION_NAME", "me");
    aws_host_set_file(&paper, "/token", "jwt\n");
    aws_host_expect(&paper,
                    (struct aws_host_exchange){"POST", STS, 200, STS_ANSWER("WEB"),
                                               "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                                               "&RoleArn=arn%3Ar&RoleSessionName=me"
                                               "&WebIdentityToken=jwt",
                                               NULL, "Authorization"});
    assert_int_equal(ask(NULL), 0);
    assert_key("WEB");
}

static void test_web_identity_without_a_file(void **state)
{
    (void)state;
    set_web_identity();
    assert_int_equal(ask(NULL), -1);
    assert_failed("failed to read `/token`");
    assert_int_equal(err.code, EG_ERR_CONFIG);
    aws_host_set_env(&paper, "AWS_ROLE_ARN", NULL);
    assert_int_equal(ask(NULL), -1);
    assert_failed("AWS_ROLE_ARN is not");
}

static void test_sts_refuses(void **state)
{
    (void)state;
    set_web_identity();
    aws_host_set_file(&paper, "/token", "jwt");
    aws_host_expect(&paper, (struct aws_host_exchange){
                                "POST", STS, 403,
                                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not you"
                                "</Message></Error></ErrorResponse>",
                                NULL, NULL, NULL});
    assert_int_equal(ask(NULL), -1);
    assert_failed("AccessDenied: Not you");
    assert_int_equal(err.code, EG_ERR_PERMISSION);
}

static void test_sts_is_asked_again(void **state)
{
    (void)state;
    static const struct aws_host_exchange exchanges[] = {
        {"POST", STS, 400,
         "<ErrorResponse><Error><Code>IDPCommunicationError</Code></Error></ErrorResponse>", NULL,
         NULL, NULL},
        {"POST", STS, 0, NULL, NULL, NULL, NULL},
        {"POST", STS, 200, STS_ANSWER("WEB"), NULL, NULL, NULL},
    };
    set_web_identity();
    aws_host_set_file(&paper, "/token", "jwt");
    for (size_t i = 0; i < EG_ARRAY_COUNT(exchanges); i++)
        aws_host_expect(&paper, exchanges[i]);
    assert_int_equal(ask(NULL), 0);
    assert_key("WEB");
    assert_int_equal(paper.waits, 2);
}

static void test_sts_says_nonsense(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "{}", "<R><Credentials><AccessKeyId>A</AccessKeyId>",
                                         STS_ANSWER("A B")};
    set_web_identity();
    aws_host_set_file(&paper, "/token", "jwt");
    for (size_t i = 0; i < EG_ARRAY_COUNT(bodies); i++) {
        aws_host_expect(&paper,
                        (struct aws_host_exchange){"POST", STS, 200, bodies[i], NULL, NULL, NULL});
        assert_int_equal(ask(NULL), -1);
        assert_failed("role arn:r by web identity");
    }
}

/* --- SSO */

/* named after the SHA-1 of "work" */
#define SSO_FILE "/home/.aws/sso/cache/e274eeff768c6396088ec6eb091f4bf4d47ab1e0.json"

static void test_sso(void **state)
{
    (void)state;
    set_config("[profile s]\nsso_session = work\nsso_account_id = 1\nsso_role_name = a/b\n"
               "[sso-session work]\nsso_start_url = https://x\nsso_region = us-east-2\n");
    assert_int_equal(ask("s"), -1);
    assert_failed("failed to read `" SSO_FILE "`");
    aws_host_set_file(&paper, SSO_FILE,
                      "{\"accessToken\":\"t\",\"expiresAt\":\"2021-01-01T01:00:00Z\"}");
    aws_host_expect(&paper, (struct aws_host_exchange){
                                "GET",
                                "https://portal.sso.us-east-2.amazonaws.com/federation/credentials"
                                "?account_id=1&role_name=a%2Fb",
                                200,
                                "{\"roleCredentials\":{\"accessKeyId\":\"SSO\",\"secretAccessKey\":"
                                "\"SK\",\"sessionToken\":\"T\",\"expiration\":1609462800000}}",
                                NULL, "x-amz-sso_bearer_token: t", NULL});
    assert_int_equal(ask("s"), 0);
    assert_key("SSO");
    assert_int_equal(found->expires_s, AWS_HOST_NOW_S + 3600);
    eg_aws_credentials_unref(found);
    found = NULL;
    paper.wall_us += INT64_C(3600) * 1000000;
    assert_int_equal(ask("s"), -1);
    assert_failed("run `aws sso login`");
}

/* --- containers */

static void test_container_url(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool allowed;
    } cases[] = {
        {"http://127.0.0.1:80/c", true},
        {"http://127.9.9.9/c", true},
        {"http://localhost/c", true},
        {"http://[::1]:8080/c", true},
        {"http://169.254.170.2/c", true},
        {"http://169.254.170.23/v1/credentials", true},
        {"http://[fd00:ec2::23]/c", true},
        {"http://[fd00:ec2:0:0:0:0:0:23]/c", true},
        {"https://anywhere.example/c", true},
        {"http://169.254.170.24/c", false},
        {"http://169.254.169.254/c", false},
        {"http://[fd00:ec2::254]/c", false},
        {"http://example.com/c", false},
        {"http://localhost.example.com/c", false},
        {"http://127.0.0.1.example.com/c", false},
        {"http://169.254.170.2@example.com/c", false},
        {"ftp://127.0.0.1/c", false},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        aws_host_set_env(&paper, "AWS_CONTAINER_CREDENTIALS_FULL_URI", cases[i].url);
        if (cases[i].allowed)
            aws_host_expect(&paper,
                            (struct aws_host_exchange){"GET", cases[i].url, 200, KEYS(LATER), NULL,
                                                       NULL, "Authorization"});
        int ret = ask(NULL);
        if (ret != (cases[i].allowed ? 0 : -1))
            fail_msg("%s: %s", cases[i].url, err.message);
        if (ret == 0)
            assert_true(paper.was_direct);
        eg_aws_credentials_unref(found);
        found = NULL;
    }
    assert_int_equal(paper.timeout_ms, 2000);
}

static void test_container_path_wins(void **state)
{
    (void)state;
    aws_host_set_env(&paper, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/full");
    aws_host_set_env(&paper, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/relative");
    aws_host_expect(&paper, (struct aws_host_exchange){"GET", "http://169.254.170.2/relative", 200,
                                                       KEYS(LATER), NULL, NULL, NULL});
    assert_int_equal(ask(NULL), 0);
    aws_host_set_env(&paper, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.com/");
    eg_aws_credentials_unref(found);
    found = NULL;
    assert_int_equal(ask(NULL), -1);
    assert_failed("must begin with '/'");
}

static void test_container_token(void **state)
{
    (void)state;
    aws_host_set_env(&paper, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/c");
    aws_host_set_env(&paper, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "static");
    aws_host_expect(&paper,
                    (struct aws_host_exchange){"GET", "http://127.0.0.1/c", 200, KEYS(LATER), NULL,
                                               "Authorization: static", NULL});
    assert_int_equal(ask(NULL), 0);
    aws_host_set_env(&paper, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token");
    for (int i = 0; i < 2; i++) { /* the file wins, and is read each time */
        static const char *const texts[] = {"one", "two"};
        static const char *const headers[] = {"Authorization: one", "Authorization: two"};
        eg_aws_credentials_unref(found);
        aws_host_set_file(&paper, "/token", texts[i]);
        aws_host_expect(&paper, (struct aws_host_exchange){"GET", "http://127.0.0.1/c", 200,
                                                           KEYS(LATER), NULL, headers[i], NULL});
        assert_int_equal(ask(NULL), 0);
    }
    static const char *const broken[] = {"one\n", "one\r\nX: y", "\rone"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(broken); i++) {
        eg_aws_credentials_unref(found);
        found = NULL;
        aws_host_set_file(&paper, "/token", broken[i]);
        assert_int_equal(ask(NULL), -1);
        assert_failed("/token holds a line break");
    }
}

static void test_container_fails(void **state)
{
    (void)state;
    static const struct aws_host_exchange exchanges[] = {
        {"GET", "http://127.0.0.1/c", 500, "", NULL, NULL, NULL},
        {"GET", "http://127.0.0.1/c", 0, "", NULL, NULL, NULL},
        {"GET", "http://127.0.0.1/c", 500, "", NULL, NULL, NULL},
        {"GET", "http://127.0.0.1/c", 404, "", NULL, NULL, NULL},
        {"GET", "http://127.0.0.1/c", 200, "{\"Message\":\"no\"}", NULL, NULL, NULL},
    };
    aws_host_set_env(&paper, "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/c");
    for (size_t i = 0; i < EG_ARRAY_COUNT(exchanges); i++)
        aws_host_expect(&paper, exchanges[i]);
    assert_int_equal(ask(NULL), -1); /* three tries */
    assert_failed("container credentials: the endpoint answered with status 500");
    assert_true(err.retriable);
    assert_int_equal(ask(NULL), -1);
    assert_failed("status 404");
    assert_int_equal(ask(NULL), -1);
    assert_failed("the access key id is missing");
}

/* --- instance metadata */

static void expect_imds(const char *answer)
{
    aws_host_expect(
        &paper, (struct aws_host_exchange){"PUT", TOKEN, 200, "tok", NULL,
                                           "X-aws-ec2-metadata-token-ttl-seconds: 21600", NULL});
    aws_host_expect(&paper, (struct aws_host_exchange){"GET", ROLES, 200, "role one\nother", NULL,
                                                       "X-aws-ec2-metadata-token: tok", NULL});
    aws_host_expect(&paper, (struct aws_host_exchange){"GET", ROLES "role%20one", 200, answer, NULL,
                                                       "X-aws-ec2-metadata-token: tok", NULL});
}

static void test_imds(void **state)
{
    (void)state;
    expect_imds(KEYS(LATER));
    assert_int_equal(ask(NULL), 0);
    assert_key("AK");
    assert_int_equal(found->expires_s, AWS_HOST_NOW_S + 6 * 3600);
    assert_true(paper.was_direct);
    assert_int_equal(paper.timeout_ms, 1000);
}

static void test_imds_absent(void **state)
{
    (void)state;
    aws_host_expect(&paper, (struct aws_host_exchange){"PUT", TOKEN, 0, NULL, NULL, NULL, NULL});
    assert_int_equal(ask(NULL), -1);
    assert_int_equal(err.code, EG_ERR_NOT_FOUND);
    assert_non_null(strstr(report.attempts[4].err.message, "no instance metadata service answers"));
    assert_int_equal(paper.waits, 0); /* silence is not asked again */
}

static void test_imds_falls_silent(void **state)
{
    (void)state;
    aws_host_expect(&paper, (struct aws_host_exchange){"PUT", TOKEN, 200, "tok", NULL, NULL, NULL});
    aws_host_expect(&paper, (struct aws_host_exchange){"GET", ROLES, 0, NULL, NULL, NULL, NULL});
    assert_int_equal(ask(NULL), -1);
}

static void test_imds_version_1(void **state)
{
    (void)state;
    static const unsigned refusals[] = {403, 404, 405};
    for (size_t i = 0; i < EG_ARRAY_COUNT(refusals); i++) {
        aws_host_expect(
            &paper, (struct aws_host_exchange){"PUT", TOKEN, refusals[i], "no", NULL, NULL, NULL});
        aws_host_expect(&paper, (struct aws_host_exchange){"GET", ROLES, 200, "r", NULL, NULL,
                                                           "X-aws-ec2-metadata-token"});
        aws_host_expect(&paper, (struct aws_host_exchange){"GET", ROLES "r", 200, KEYS(LATER), NULL,
                                                           NULL, "X-aws-ec2-metadata-token"});
        assert_int_equal(ask(NULL), 0);
        eg_aws_credentials_unref(found);
        found = NULL;
    }
    aws_host_set_env(&paper, "AWS_EC2_METADATA_V1_DISABLED", "TRUE");
    aws_host_expect(&paper, (struct aws_host_exchange){"PUT", TOKEN, 403, "no", NULL, NULL, NULL});
    assert_int_equal(ask(NULL), -1);
    assert_failed("version 1 is switched off");
    aws_host_expect(&paper, (struct aws_host_exchange){"PUT", TOKEN, 400, "no", NULL, NULL, NULL});
    assert_int_equal(ask(NULL), -1);
    assert_failed("gave no token: status 400");
}

static void test_imds_endpoint(void **state)
{
    (void)state;
    aws_host_set_env(&paper, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    aws_host_expect(&paper,
                    (struct aws_host_exchange){"PUT", "http://[fd00:ec2::254]/latest/api/token", 0,
                                               NULL, NULL, NULL, NULL});
    assert_int_equal(ask(NULL), -1);
    aws_host_set_env(&paper, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1/");
    aws_host_expect(&paper, (struct aws_host_exchange){"PUT", "http://127.0.0.1:1/latest/api/token",
                                                       0, NULL, NULL, NULL, NULL});
    assert_int_equal(ask(NULL), -1);
}

static void test_imds_near_expiry_is_extended(void **state)
{
    (void)state;
    static const char *const answers[] = {
        KEYS(",\"Expiration\":\"2020-12-31T23:00:00Z\""), /* it has ended */
        KEYS(",\"Expiration\":\"2021-01-01T00:15:00Z\""), /* it ends in 15 minutes */
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(answers); i++) {
        eg_aws_credentials_unref(found);
        found = NULL;
        expect_imds(answers[i]);
        assert_int_equal(ask(NULL), 0);
        assert_true(found->expires_s >= AWS_HOST_NOW_S + 900 + 120);
        assert_true(found->expires_s <= AWS_HOST_NOW_S + 900 + 600);
    }
    eg_aws_credentials_unref(found);
    found = NULL;
    expect_imds(KEYS(",\"Expiration\":\"2021-01-01T00:15:01Z\""));
    assert_int_equal(ask(NULL), 0);
    assert_int_equal(found->expires_s, AWS_HOST_NOW_S + 901);
}

static void test_imds_says_no(void **state)
{
    (void)state;
    expect_imds("{\"Code\":\"AssumeRoleUnauthorizedAccess\"}");
    assert_int_equal(ask(NULL), -1);
    assert_failed("AssumeRoleUnauthorizedAccess");
    expect_imds("<html>");
    assert_int_equal(ask(NULL), -1);
    aws_host_expect(&paper, (struct aws_host_exchange){"PUT", TOKEN, 200, "t", NULL, NULL, NULL});
    aws_host_expect(&paper, (struct aws_host_exchange){"GET", ROLES, 200, " \n", NULL, NULL, NULL});
    assert_int_equal(ask(NULL), -1);
    assert_failed("named no role");
}

/* --- the object */

static void test_mask(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct eg_aws_credential_parts parts = {.access_key_id =
                                                EG_SPAN_LITERAL("AKIAXXXXXXXXXXXXWXYZ"),
                                            .secret_access_key = EG_SPAN_LITERAL("s"),
                                            .origin = "here"};
    assert_int_equal(eg_aws_credentials_new(&parts, &found, &err), 0);
    eg_aws_credentials_mask(found, &text);
    assert_string_equal(text.data, "AKIA********WXYZ");
    eg_aws_credentials_unref(found);
    parts.access_key_id = EG_SPAN_LITERAL("SHORT");
    assert_int_equal(eg_aws_credentials_new(&parts, &found, &err), 0);
    eg_buffer_clear(&text);
    eg_aws_credentials_mask(found, &text);
    assert_string_equal(text.data, "********");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_is_set_up),
        TEST(test_a_named_profile_wins_over_the_environment),
        TEST(test_what_is_set_up_and_broken_ends_the_chain),
        TEST(test_a_profile_that_is_named_must_exist),
        TEST(test_roles_of_profiles),
        TEST(test_profiles_that_go_in_circles),
        TEST(test_a_profile_that_is_its_own_source),
        TEST(test_mistakes_in_profiles),
        TEST(test_a_source_beside_profiles),
        TEST(test_process),
        TEST(test_process_fails),
        TEST(test_a_real_program),
        TEST(test_web_identity),
        TEST(test_web_identity_without_a_file),
        TEST(test_sts_refuses),
        TEST(test_sts_is_asked_again),
        TEST(test_sts_says_nonsense),
        TEST(test_sso),
        TEST(test_container_url),
        TEST(test_container_path_wins),
        TEST(test_container_token),
        TEST(test_container_fails),
        TEST(test_imds),
        TEST(test_imds_absent),
        TEST(test_imds_falls_silent),
        TEST(test_imds_version_1),
        TEST(test_imds_endpoint),
        TEST(test_imds_near_expiry_is_extended),
        TEST(test_imds_says_no),
        TEST(test_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
