/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From settings to libpq parameters, with what a store of secrets adds to them. Asked before each
 * connect, so that what was rotated is used by the next connection. No state; any thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/outside.h"
#include "config/substitute.h"
#include "postgres/config.h"

static bool is_given(const char *text)
{
    return text && text[0] != '\0';
}

bool eg_postgres_config_is_set(const struct eg_postgres_config *config)
{
    return is_given(config->dsn) || is_given(config->database) || is_given(config->secret);
}

static void add_given(struct eg_postgres_parameters *parameters, const char *name,
                      const char *value)
{
    if (is_given(value))
        eg_postgres_parameters_add(parameters, name, value);
}

static void wipe(struct eg_buffer *buffer)
{
    if (buffer->len)
        explicit_bzero(buffer->data, buffer->len);
    eg_buffer_fini(buffer);
}

/* A setting that may ask for a secret (EG_FIELD_LATE_SECRET). */
static int add_late(struct eg_postgres_parameters *parameters, const char *name, const char *text,
                    bool fresh, struct eg_error *err)
{
    EG_CLEANUP(wipe) struct eg_buffer value = EG_BUFFER_INIT;
    if (!is_given(text))
        return 0;
    if (eg_config_late_expand(eg_span_text(text), fresh, &value, err) != 0)
        return -1;
    add_given(parameters, name, value.data);
    return 0;
}

/* The members of the Python EventGate's secret, and libpq's names for them. */
static const struct {
    const char *member;
    const char *parameter;
} members[] = {
    {"host", "host"}, {"port", "port"},         {"database", "dbname"},
    {"user", "user"}, {"password", "password"},
};

static void wipe_json(json_t *value)
{
    if (json_is_string(value) && json_string_length(value) > 0)
        explicit_bzero((void *)(uintptr_t)json_string_value(value), json_string_length(value));
}

/* A string as it is; a number by its digits. */
static void add_member(struct eg_postgres_parameters *parameters, const char *name, json_t *value)
{
    char digits[24];
    if (json_is_string(value))
        add_given(parameters, name, json_string_value(value));
    if (json_is_integer(value)) {
        (void)snprintf(digits, sizeof(digits), "%lld", (long long)json_integer_value(value));
        eg_postgres_parameters_add(parameters, name, digits);
    }
    wipe_json(value);
}

static int add_secret(struct eg_postgres_parameters *parameters,
                      const struct eg_postgres_config *config, bool fresh, struct eg_error *err)
{
    EG_CLEANUP(wipe) struct eg_buffer text = EG_BUFFER_INIT;
    const struct eg_config_secret secret = {
        .name = eg_span_text(config->secret),
        .region = eg_span_text(config->secret_region),
        .key = EG_SPAN_EMPTY,
    };
    if (!is_given(config->secret))
        return 0;
    if (eg_config_secret_read(&secret, fresh, &text, err) != 0)
        return -1;
    json_t *root = json_loadb(text.data ? text.data : "", text.len, JSON_REJECT_DUPLICATES, NULL);
    bool usable = json_is_object(root);
    for (size_t i = 0; usable && i < EG_ARRAY_COUNT(members); i++)
        add_member(parameters, members[i].parameter, json_object_get(root, members[i].member));
    json_decref(root);
    return usable ? 0
                  : eg_error_set(err, EG_ERR_CONFIG, "the secret %s is not a JSON object",
                                 config->secret);
}

static int provide(const void *context, bool fresh, struct eg_postgres_parameters *parameters,
                   struct eg_error *err)
{
    const struct eg_postgres_config *config = context;
    char seconds[24];
    (void)snprintf(seconds, sizeof(seconds), "%lld",
                   (long long)(config->connect_timeout_ms + 999) / 1000);
    /* A connection string in dbname is expanded in its place, so what follows wins over it. */
    if (add_late(parameters, "dbname", config->dsn, fresh, err) != 0 ||
        add_secret(parameters, config, fresh, err) != 0)
        return -1;
    add_given(parameters, "host", config->host);
    add_given(parameters, "port", config->port);
    add_given(parameters, "dbname", config->database);
    add_given(parameters, "user", config->user);
    if (add_late(parameters, "password", config->password, fresh, err) != 0)
        return -1;
    add_given(parameters, "sslmode", config->sslmode);
    add_given(parameters, "sslrootcert", config->sslrootcert);
    add_given(parameters, "sslcert", config->sslcert);
    add_given(parameters, "sslkey", config->sslkey);
    eg_postgres_parameters_add(parameters, "connect_timeout", seconds);
    for (size_t i = 0; i < config->parameters.count; i++)
        eg_postgres_parameters_add(parameters, config->parameters.entries[i].name,
                                   config->parameters.entries[i].value);
    return 0;
}

static bool may_refresh(const void *context)
{
    const struct eg_postgres_config *config = context;
    return is_given(config->secret) ||
           eg_config_substitute_wants_secret(eg_span_text(config->password)) ||
           eg_config_substitute_wants_secret(eg_span_text(config->dsn));
}

struct eg_postgres_provider eg_postgres_config_provider(const struct eg_postgres_config *config)
{
    return (struct eg_postgres_provider){provide, may_refresh, config};
}

bool eg_postgres_config_names_database(const struct eg_postgres_config *config)
{
    struct eg_error err;
    struct eg_postgres_parameters parameters = {0};
    bool named = provide(config, false, &parameters, &err) != 0;
    for (size_t i = 0; i < parameters.count; i++)
        if (strcmp(parameters.names[i], "dbname") == 0)
            named = true;
    eg_postgres_parameters_fini(&parameters);
    return named;
}
