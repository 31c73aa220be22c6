/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How to reach a PostgreSQL database: settings that every part which connects has in its table, and
 * where the parameters of a connection come from.
 *
 * Filled and finished on the control thread, read by any.
 */
#ifndef EG_POSTGRES_CONFIG_H
#define EG_POSTGRES_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/field.h"

struct eg_postgres_config {
    char *secret;
    char *secret_region;
    char *dsn;
    char *host;
    char *port;
    char *database;
    char *user;
    char *password;
    char *sslmode;
    char *sslrootcert;
    char *sslcert;
    char *sslkey;
    int64_t connect_timeout_ms;
    struct eg_string_map parameters;
};

#define EG_POSTGRES_STRING_FIELD(type_, member_, name_, help_)                             \
    {                                                                                      \
        .name = #name_, .type = EG_FIELD_STRING, .offset = offsetof(type_, member_.name_), \
        .help = (help_)                                                                    \
    }

#define EG_POSTGRES_PATH_FIELD(type_, member_, name_, help_)                             \
    {                                                                                    \
        .name = #name_, .type = EG_FIELD_PATH, .offset = offsetof(type_, member_.name_), \
        .help = (help_)                                                                  \
    }

/* The fields of a struct `type` whose `member` is a struct eg_postgres_config, for its table. */
#define EG_POSTGRES_CONNECTION_FIELDS(type_, member_)                                              \
    EG_POSTGRES_STRING_FIELD(type_, member_, secret,                                               \
                             "Secret of AWS Secrets Manager: a JSON object with database, host, "  \
                             "port, user and password, for what is not set here. It is read "      \
                             "again when the server refuses the password."),                       \
        EG_POSTGRES_STRING_FIELD(type_, member_, secret_region,                                    \
                                 "AWS region of that secret; unset: the daemon's own."),           \
        {.name = "dsn",                                                                            \
         .type = EG_FIELD_LATE_SECRET,                                                             \
         .offset = offsetof(type_, member_.dsn),                                                   \
         .help = "libpq connection string or URI (postgresql://...); the settings below win over " \
                 "it."},                                                                           \
        EG_POSTGRES_STRING_FIELD(type_, member_, host,                                             \
                                 "Host, folder of a unix socket, or several hosts between "        \
                                 "commas, tried in order."),                                       \
        EG_POSTGRES_STRING_FIELD(type_, member_, port,                                             \
                                 "Port, or one for each host between commas; unset: 5432."),       \
        EG_POSTGRES_STRING_FIELD(type_, member_, database,                                         \
                                 "Database. Without it and without dsn nothing is configured."),   \
        EG_POSTGRES_STRING_FIELD(type_, member_, user, "Role to log in as."),                      \
        {.name = "password",                                                                       \
         .type = EG_FIELD_LATE_SECRET,                                                             \
         .offset = offsetof(type_, member_.password),                                              \
         .help = "Its password."},                                                                 \
        {.name = "sslmode",                                                                        \
         .type = EG_FIELD_STRING,                                                                  \
         .offset = offsetof(type_, member_.sslmode),                                               \
         .help = "TLS as libpq knows it: disable, allow, prefer, require, verify-ca, "             \
                 "verify-full; unset: what dsn says, else prefer."},                               \
        EG_POSTGRES_PATH_FIELD(type_, member_, sslrootcert,                                        \
                               "Certificates that the server's must be signed by."),               \
        EG_POSTGRES_PATH_FIELD(type_, member_, sslcert, "Our certificate."),                       \
        EG_POSTGRES_PATH_FIELD(type_, member_, sslkey, "Its key."),                                \
        {.name = "connect_timeout",                                                                \
         .type = EG_FIELD_DURATION,                                                                \
         .offset = offsetof(type_, member_.connect_timeout_ms),                                    \
         .default_text = "5s",                                                                     \
         .min = 1000,                                                                              \
         .max = 60000,                                                                             \
         .help = "How long connecting to one host may take."},                                     \
    {                                                                                              \
        .name = "parameters", .type = EG_FIELD_STRING_MAP,                                         \
        .offset = offsetof(type_, member_.parameters),                                             \
        .help = "Any other libpq connection parameter, such as target_session_attrs: "             \
                "read-write."                                                                      \
    }

/* False: neither a dsn, a database nor a secret was named. */
bool eg_postgres_config_is_set(const struct eg_postgres_config *config);

/*
 * False: nothing there, the secret included, names a database. A secret that can't be read now may
 * name one. Waits for the store of secrets.
 */
bool eg_postgres_config_names_database(const struct eg_postgres_config *config);

/* libpq keywords and values; NULL-terminated pairs. A zeroed struct is empty. */
struct eg_postgres_parameters {
    char **names;
    char **values;
    size_t count;
};

/* Adds a copy. A later value for the same name wins. */
void eg_postgres_parameters_add(struct eg_postgres_parameters *parameters, const char *name,
                                const char *value);
void eg_postgres_parameters_fini(struct eg_postgres_parameters *parameters); /* wipes values */

/*
 * Where the parameters come from. Asked before each connect, on the thread that connects (it may
 * wait there), so that credentials that were rotated are used by the next connection. The
 * configuration is one such provider; a store of secrets can be another.
 */
struct eg_postgres_provider {
    /* fresh: the server has refused what was provided before; secrets are read again. */
    int (*provide)(const void *context, bool fresh, struct eg_postgres_parameters *parameters,
                   struct eg_error *err);
    bool (*may_refresh)(const void *context); /* can fresh make a difference? */
    const void *context;
};

/* The provider that reads `config`, which must outlive it, and the secrets it names. */
struct eg_postgres_provider eg_postgres_config_provider(const struct eg_postgres_config *config);

/*
 * The folder of our own files: `configured` when it is not empty, else `leaf` ("mappings") below
 * the first that has it of ./etc/postgres, /etc/eventgate/postgres, and as seen from the program's
 * folder ../share/eventgate/postgres and ../etc/postgres. The caller frees it.
 */
char *eg_postgres_folder(const char *configured, const char *leaf) EG_MUST_CHECK;

#endif
