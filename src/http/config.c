/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the `server` and `admin` sections, and what they cannot say by themselves. */
#include "http/config.h"

#include <stddef.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"
#include "http/listen.h"

#define SECOND INT64_C(1000)
#define HOUR   (3600 * SECOND)
#define DAY    (24 * HOUR)
#define KIB    INT64_C(1024)
#define MIB    (KIB * KIB)
#define GIB    (KIB * MIB)

#define LIMIT(member, kind, text, least, most, line)                                      \
    {                                                                                     \
        .name = #member, .type = kind, .offset = offsetof(struct eg_http_limits, member), \
        .default_text = text, .min = least, .max = most, .help = line                     \
    }
#define LIMIT_MS(member, text, most, line)                                                       \
    {                                                                                            \
        .name = #member, .type = EG_FIELD_DURATION,                                              \
        .offset = offsetof(struct eg_http_limits, member##_ms), .default_text = text, .min = 10, \
        .max = most, .help = line                                                                \
    }

static const struct eg_field limit_fields[] = {
    LIMIT(max_connections, EG_FIELD_INT, "4096", 1, 1000000,
          "open connections; more are answered 503"),
    LIMIT(max_connections_per_address, EG_FIELD_INT, "1024", 1, 1000000,
          "open connections of one address (IPv6: one /64); more are answered 503"),
    LIMIT(
        max_header_bytes, EG_FIELD_SIZE, "12KiB", 1 * KIB, 256 * KIB,
        "request line and headers of a request, and 64 bytes for each line; more is answered 431"),
    LIMIT(max_header_count, EG_FIELD_INT, "64", 8, 256,
          "header lines of a request; more are answered 431"),
    LIMIT(max_body_bytes, EG_FIELD_SIZE, "1MiB", 1, 1 * GIB,
          "a body as it comes over the wire; more is answered 413"),
    LIMIT(max_inflated_bytes, EG_FIELD_SIZE, "4MiB", 1, 1 * GIB,
          "a compressed body after decompression; more is answered 413"),
    LIMIT(max_in_flight_requests, EG_FIELD_INT, "8192", 1, 1000000,
          "requests being read or awaiting their answer; more are answered 503"),
    LIMIT(max_in_flight_bytes, EG_FIELD_SIZE, "256MiB", 64 * KIB, 1024 * GIB,
          "bytes of bodies held for them; more is answered 503"),
    LIMIT_MS(first_byte_timeout, "10s", HOUR, "from accepting a connection to its first byte"),
    LIMIT_MS(header_timeout, "10s", HOUR, "for the request line, and for the headers"),
    LIMIT_MS(body_timeout, "30s", HOUR, "for the whole body"),
    LIMIT(min_body_rate, EG_FIELD_INT, "256", 0, 1 * GIB,
          "bytes a second that a body must keep up after its first five seconds; 0: any"),
    LIMIT_MS(idle_timeout, "75s", DAY, "between two requests of a connection"),
    LIMIT_MS(reply_timeout, "30s", HOUR, "for the client to take the reply"),
    LIMIT_MS(request_timeout, "60s", HOUR, "for an answer from behind; then 503"),
};

static const struct eg_field_table limits_table = {
    .name = "server limits",
    .fields = limit_fields,
    .field_count = EG_ARRAY_COUNT(limit_fields),
    .struct_bytes = sizeof(struct eg_http_limits),
};

static const struct eg_field cors_fields[] = {
    {.name = "allowed_origins",
     .type = EG_FIELD_STRING_LIST,
     .offset = offsetof(struct eg_http_cors_config, allowed_origins),
     .help = "origins whose pages may call, as browsers write them, or \"*\"; none: CORS is off"},
    {.name = "allowed_headers",
     .type = EG_FIELD_STRING_LIST,
     .offset = offsetof(struct eg_http_cors_config, allowed_headers),
     .help = "request headers that those pages may set"},
    {.name = "exposed_headers",
     .type = EG_FIELD_STRING_LIST,
     .offset = offsetof(struct eg_http_cors_config, exposed_headers),
     .help = "reply headers that those pages may read"},
    {.name = "max_age",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_http_cors_config, max_age_ms),
     .default_text = "10m",
     .min = 0,
     .max = DAY,
     .help = "how long a browser may remember the answer to a preflight"},
    {.name = "allow_credentials",
     .type = EG_FIELD_BOOL,
     .offset = offsetof(struct eg_http_cors_config, allow_credentials),
     .default_text = "false",
     .help = "whether cookies and HTTP authentication may come along; not with \"*\""},
};

static const struct eg_field_table cors_table = {
    .name = "server cors",
    .fields = cors_fields,
    .field_count = EG_ARRAY_COUNT(cors_fields),
    .struct_bytes = sizeof(struct eg_http_cors_config),
};

#define LISTEN(text)                                                                    \
    {                                                                                   \
        .name = "listen", .type = EG_FIELD_STRING_LIST,                                 \
        .offset = offsetof(struct eg_http_config, listen), .default_text = text,        \
        .help = "HOST:PORT, [IPV6]:PORT, unix:/PATH or fd:NUMBER; port 0 is a free one" \
    }
#define THREADS(text)                                                                       \
    {                                                                                       \
        .name = "threads", .type = EG_FIELD_INT,                                            \
        .offset = offsetof(struct eg_http_config, threads), .default_text = text, .min = 0, \
        .max = 256,                                                                         \
        .help = "threads of each listener; 0: one a core, the last one only to help out"    \
    }
#define UNIX_MODE                                                                              \
    {                                                                                          \
        .name = "unix_mode", .type = EG_FIELD_INT,                                             \
        .offset = offsetof(struct eg_http_config, unix_mode), .default_text = "660", .min = 0, \
        .max = 777, .help = "permissions of a unix socket, in octal"                           \
    }
#define DRAIN_TIMEOUT                                                                       \
    {                                                                                       \
        .name = "drain_timeout", .type = EG_FIELD_DURATION,                                 \
        .offset = offsetof(struct eg_http_config, drain_timeout_ms), .default_text = "30s", \
        .min = 0, .max = HOUR, .help = "at the end, for clients to take their answers"      \
    }
#define LIMITS                                                                     \
    {                                                                              \
        .name = "limits", .type = EG_FIELD_TABLE,                                  \
        .offset = offsetof(struct eg_http_config, limits), .table = &limits_table, \
        .help = "what clients may take, and how long"                              \
    }

static const struct eg_field server_fields[] = {
    LISTEN("127.0.0.1:8080"),
    THREADS("0"),
    UNIX_MODE,
    {.name = "drain_delay",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_http_config, drain_delay_ms),
     .default_text = "0s",
     .min = 0,
     .max = HOUR,
     .help = "at the end, how long /ready says no before accepting stops"},
    DRAIN_TIMEOUT,
    {.name = "subject_rate",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_http_config, subject_rate),
     .default_text = "0",
     .min = 0,
     .max = 1000000,
     .help = "requests a second of one subject; more are answered 429; 0: any"},
    {.name = "subject_burst",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_http_config, subject_burst),
     .default_text = "100",
     .min = 1,
     .max = 1000000,
     .help = "requests of one subject that may come at once above that rate"},
    LIMITS,
    {.name = "cors",
     .type = EG_FIELD_TABLE,
     .offset = offsetof(struct eg_http_config, cors),
     .table = &cors_table,
     .help = "calls from pages of other origins; off unless origins are named"},
};

const struct eg_field_table eg_http_server_fields = {
    .name = "server",
    .fields = server_fields,
    .field_count = EG_ARRAY_COUNT(server_fields),
    .struct_bytes = sizeof(struct eg_http_config),
};

static const struct eg_field admin_fields[] = {
    LISTEN("127.0.0.1:8081"), THREADS("1"), UNIX_MODE, DRAIN_TIMEOUT, LIMITS,
};

const struct eg_field_table eg_http_admin_fields = {
    .name = "admin",
    .fields = admin_fields,
    .field_count = EG_ARRAY_COUNT(admin_fields),
    .struct_bytes = sizeof(struct eg_http_config),
};

static int check_cors(const struct eg_http_cors_config *cors, struct eg_error *err)
{
    for (size_t index = 0; index < cors->allowed_origins.count; index++) {
        const char *origin = cors->allowed_origins.items[index];
        if (strcmp(origin, "*") == 0 && cors->allow_credentials)
            return eg_error_set(err, EG_ERR_CONFIG,
                                "cors: allow_credentials needs the origins by name, not \"*\"");
        if (strcmp(origin, "*") != 0 && !strstr(origin, "://"))
            return eg_error_set(err, EG_ERR_CONFIG,
                                "cors: \"%s\" is not an origin; write https://host[:port]", origin);
    }
    return 0;
}

static int check_octal(int64_t mode, struct eg_error *err)
{
    for (int64_t left = mode; left > 0; left /= 10)
        if (left % 10 > 7)
            return eg_error_set(err, EG_ERR_CONFIG, "unix_mode: %lld is not octal",
                                (long long)mode);
    return 0;
}

int eg_http_config_check(const struct eg_http_config *config, struct eg_error *err)
{
    if (config->listen.count == 0)
        return eg_error_set(err, EG_ERR_CONFIG, "listen: there is no address to listen on");
    for (size_t index = 0; index < config->listen.count; index++)
        if (eg_http_listen_check(config->listen.items[index], err) < 0)
            return eg_error_prefix(err, "listen");
    if (check_octal(config->unix_mode, err) < 0)
        return -1;
    return check_cors(&config->cors, err);
}
