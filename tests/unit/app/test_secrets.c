/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: how often they are asked for, and where a configuration may stand on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/secrets.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "config/substitute.h"
#include "config/tree.h"
#include "postgres/config.h"

static struct {
    const char *text; /* NULL: the store does not answer */
    unsigned asked;
    int64_t now_ms;
    char region[32];
} store;

static int ask(void *context, const struct eg_config_secret *secret, struct eg_buffer *text,
               struct eg_error *err)
{
    (void)context;
    store.asked++;
    (void)snprintf(store.region, sizeof(store.region), "%.*s", EG_SPAN_ARGS(secret->region));
    if (!store.text)
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "nobody answers");
    eg_buffer_append_text(text, store.text);
    return 0;
}

static int64_t now_ms(void)
{
    return store.now_ms;
}

static struct eg_app_secrets *secrets;

static int read_secret(void *context, const struct eg_config_secret *secret, bool fresh,
                       struct eg_buffer *buffer, struct eg_error *err)
{
    (void)context;
    return eg_app_secrets_read(secrets, secret, fresh, buffer, err);
}

static const struct eg_config_outside outside = {.secret = read_secret};

static int setup(void **state)
{
    static const struct eg_app_secret_store fake = {ask, NULL, now_ms};
    (void)state;
    memset(&store, 0, sizeof(store));
    store.text = "{\"user\":\"u\",\"password\":\"one\",\"port\":5432,\"none\":null}";
    store.now_ms = 1000000;
    secrets = eg_app_secrets_new(&fake);
    eg_config_outside_set(&outside);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    eg_config_outside_set(NULL);
    eg_app_secrets_destroy(secrets);
    return 0;
}

static int expand(const char *text, bool fresh, struct eg_buffer *out, struct eg_error *err)
{
    eg_buffer_clear(out);
    return eg_config_late_expand(eg_span_text(text), fresh, out, err);
}

static void a_secret_is_asked_for_once(void **state)
{
    (void)state;
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    assert_int_equal(
        expand("${secret:db#user}:${secret:db#password}@${secret:db#port}", false, &out, &err), 0);
    assert_string_equal(out.data, "u:one@5432");
    assert_int_equal(expand("${secret:db}", false, &out, &err), 0);
    assert_string_equal(out.data, store.text);
    assert_int_equal(store.asked, 1);
    eg_app_secrets_expire(secrets);
    assert_int_equal(expand("${secret:db}", false, &out, &err), 0);
    assert_int_equal(store.asked, 2);
}

static void a_refusal_asks_again_but_not_all_the_time(void **state)
{
    (void)state;
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    assert_int_equal(expand("${secret:db#password}", false, &out, &err), 0);
    store.text = "{\"password\":\"two\"}";
    assert_int_equal(expand("${secret:db#password}", true, &out, &err), 0);
    assert_string_equal(out.data, "one");
    store.now_ms += EG_APP_SECRETS_AGAIN_MS;
    assert_int_equal(expand("${secret:db#password}", false, &out, &err), 0);
    assert_string_equal(out.data, "one");
    assert_int_equal(expand("${secret:db#password}", true, &out, &err), 0);
    assert_string_equal(out.data, "two");
    assert_int_equal(expand("${secret:db#password}", true, &out, &err), 0);
    assert_int_equal(store.asked, 2);
}

static void without_an_answer_what_is_known_stays(void **state)
{
    (void)state;
    struct eg_error err = {.message = ""};
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    assert_int_equal(expand("${secret:db#user}", false, &out, &err), 0);
    store.text = NULL;
    store.now_ms += EG_APP_SECRETS_AGAIN_MS;
    assert_int_equal(expand("${secret:db#user}", true, &out, &err), 0);
    assert_string_equal(out.data, "u");
    assert_int_equal(expand("${secret:other#user}", false, &out, &err), -1);
    assert_string_equal(err.message, "secret other: nobody answers");
    assert_true(err.retriable);
}

static void what_is_wrong_with_a_secret_is_said_without_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } wrong[] = {
        {"${secret:db#nothing}", "secret db: the secret has no 'nothing'"},
        {"${secret:db#none}", "secret db: the secret has no 'none'"},
        {"${secret:db#}", "'${secret:db#}' must be ${secret:NAME} or ${secret:NAME#KEY}"},
        {"${secret:#a}", "'${secret:#a}' must be ${secret:NAME} or ${secret:NAME#KEY}"},
    };
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    for (size_t i = 0; i < EG_ARRAY_COUNT(wrong); i++) {
        struct eg_error err = {.message = ""};
        assert_int_equal(expand(wrong[i].text, false, &out, &err), -1);
        assert_string_equal(err.message, wrong[i].message);
    }
    struct eg_error err;
    eg_app_secrets_expire(secrets);
    store.text = "one";
    assert_int_equal(expand("${secret:db#user}", false, &out, &err), -1);
    assert_string_equal(err.message, "secret db: the secret is not a JSON object");
    eg_config_outside_set(NULL);
    assert_int_equal(expand("${secret:db}", false, &out, &err), -1);
}

static void values_wait_for_their_secrets(void **state)
{
    (void)state;
    struct eg_config_tree *tree = NULL;
    struct eg_config_problems problems = {0};
    const char *yaml = "a: ${secret:db#user}\nb: ['$${secret:db}', x]\nc: {d: '${secret:no#no}'}\n";
    assert_int_equal(
        eg_config_tree_parse(eg_span_text(yaml), "t", EG_CONFIG_SUBSTITUTE_LATER, &tree, &problems),
        0);
    assert_int_equal(store.asked, 0);
    assert_string_equal(eg_config_node_get(tree->root, "a")->text.ptr, "${secret:db#user}");
    assert_string_equal(eg_config_node_get(tree->root, "b")->items[0]->text.ptr, "${secret:db}");
    assert_int_equal(eg_config_tree_resolve(tree, &problems), -1);
    assert_string_equal(eg_config_node_get(tree->root, "a")->text.ptr, "u");
    assert_string_equal(eg_config_node_get(tree->root, "b")->items[0]->text.ptr, "${secret:db}");
    assert_int_equal(problems.count, 1);
    assert_int_equal(problems.items[0].line, 3);
    eg_config_problems_fini(&problems);
    eg_config_tree_destroy(tree);
}

/* --- a connection to PostgreSQL */

struct connection {
    struct eg_postgres_config config;
};

static const struct eg_field fields[] = {EG_POSTGRES_CONNECTION_FIELDS(struct connection, config)};
static const struct eg_field_table table = {"connection", fields, EG_ARRAY_COUNT(fields),
                                            sizeof(struct connection)};

static void fill(struct connection *connection, const char *yaml)
{
    struct eg_config_tree *tree = NULL;
    struct eg_config_problems problems = {0};
    assert_int_equal(
        eg_config_tree_parse(eg_span_text(yaml), "t", EG_CONFIG_SUBSTITUTE, &tree, &problems), 0);
    struct eg_config_part part = {&table, connection};
    struct eg_config_scope scope = {"c", ".", {"t", 1, 1}};
    assert_int_equal(eg_config_fields_fill(&part, 1, tree->root, &scope, &problems), 0);
    eg_config_tree_destroy(tree);
}

/* The last value of that name counts, as libpq has it. */
static const char *value_of(const struct eg_postgres_parameters *parameters, const char *name)
{
    const char *value = "(none)";
    for (size_t i = 0; i < parameters->count; i++)
        if (strcmp(parameters->names[i], name) == 0)
            value = parameters->values[i];
    return value;
}

static void a_connection_reads_its_password_anew(void **state)
{
    (void)state;
    struct connection connection;
    struct eg_error err;
    fill(&connection, "database: d\npassword: '${secret:db#password}-$${x}'\n");
    struct eg_postgres_provider provider = eg_postgres_config_provider(&connection.config);
    assert_true(provider.may_refresh(provider.context));
    struct eg_postgres_parameters parameters = {0};
    assert_int_equal(provider.provide(provider.context, false, &parameters, &err), 0);
    assert_string_equal(value_of(&parameters, "password"), "one-${x}");
    eg_postgres_parameters_fini(&parameters);
    store.text = "{\"password\":\"two\"}";
    store.now_ms += EG_APP_SECRETS_AGAIN_MS;
    assert_int_equal(provider.provide(provider.context, true, &parameters, &err), 0);
    assert_string_equal(value_of(&parameters, "password"), "two-${x}");
    eg_postgres_parameters_fini(&parameters);
    eg_config_fields_fini(&table, &connection);
}

static void a_password_that_is_written_down_stays_as_it_is(void **state)
{
    (void)state;
    struct connection connection;
    struct eg_error err;
    fill(&connection, "database: d\npassword: 'a$${secret:db}b$c'\n");
    struct eg_postgres_provider provider = eg_postgres_config_provider(&connection.config);
    assert_false(provider.may_refresh(provider.context));
    struct eg_postgres_parameters parameters = {0};
    assert_int_equal(provider.provide(provider.context, true, &parameters, &err), 0);
    assert_string_equal(value_of(&parameters, "password"), "a${secret:db}b$c");
    assert_int_equal(store.asked, 0);
    eg_postgres_parameters_fini(&parameters);
    eg_config_fields_fini(&table, &connection);
}

static void a_secret_is_what_is_not_set_beside_it(void **state)
{
    (void)state;
    struct connection connection;
    struct eg_error err;
    store.text = "{\"database\":\"d\",\"host\":\"h\",\"port\":5433,\"user\":\"u\"}";
    fill(&connection, "secret: prod/db\nsecret_region: us-east-1\nuser: mine\n");
    assert_true(eg_postgres_config_is_set(&connection.config));
    assert_true(eg_postgres_config_names_database(&connection.config));
    struct eg_postgres_provider provider = eg_postgres_config_provider(&connection.config);
    struct eg_postgres_parameters parameters = {0};
    assert_int_equal(provider.provide(provider.context, false, &parameters, &err), 0);
    assert_string_equal(value_of(&parameters, "dbname"), "d");
    assert_string_equal(value_of(&parameters, "host"), "h");
    assert_string_equal(value_of(&parameters, "port"), "5433");
    assert_string_equal(value_of(&parameters, "user"), "mine");
    assert_string_equal(store.region, "us-east-1");
    eg_postgres_parameters_fini(&parameters);
    eg_app_secrets_expire(secrets);
    store.text = "{\"database\":\"\"}";
    assert_false(eg_postgres_config_names_database(&connection.config));
    eg_config_fields_fini(&table, &connection);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_secret_is_asked_for_once),
        TEST(a_refusal_asks_again_but_not_all_the_time),
        TEST(without_an_answer_what_is_known_stays),
        TEST(what_is_wrong_with_a_secret_is_said_without_it),
        TEST(values_wait_for_their_secrets),
        TEST(a_connection_reads_its_password_anew),
        TEST(a_password_that_is_written_down_stays_as_it_is),
        TEST(a_secret_is_what_is_not_set_beside_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
