/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few small calls: GetObject and ListObjectsV2 of S3, GetSecretValue of Secrets Manager. A client
 * for each service and region that was asked for, kept for the next time.
 *
 * `calling` is held during a call and guards the callers; `listing` guards the list of clients, for
 * moments, so that cancel need not wait for a call. `listing` is taken inside `calling`.
 */
#include "app/elsewhere_aws.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "aws/client.h"
#include "aws/encode.h"
#include "aws/xml.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "config/fields.h"
#include "crypto/base64.h"

#define CALL_MS        30000
#define MAX_LIST_BYTES ((size_t)4 << 20)
#define MAX_CLIENTS    32u

struct way {
    char *service; /* "s3", "secrets_manager" */
    char *region;  /* "": the configuration's */
    struct eg_aws_client *client;
    struct eg_aws_caller *caller;
};

struct eg_app_elsewhere_aws {
    struct eg_mutex calling;
    struct eg_aws_config config; /* texts are owned */
    struct eg_mutex listing;
    struct way ways[MAX_CLIENTS];
    size_t count;
    bool cancelled;
};

struct eg_app_elsewhere_aws *eg_app_elsewhere_aws_new(void)
{
    struct eg_app_elsewhere_aws *aws = eg_calloc(1, sizeof(*aws));
    eg_mutex_init(&aws->calling);
    eg_mutex_init(&aws->listing);
    eg_config_fields_default(&eg_aws_config_table, &aws->config);
    return aws;
}

/* `calling` is held. */
static void close_ways(struct eg_app_elsewhere_aws *aws)
{
    eg_mutex_lock(&aws->listing);
    for (size_t i = 0; i < aws->count; i++) {
        eg_aws_caller_destroy(aws->ways[i].caller);
        eg_aws_client_destroy(aws->ways[i].client);
        free(aws->ways[i].service);
        free(aws->ways[i].region);
    }
    aws->count = 0;
    eg_mutex_unlock(&aws->listing);
}

void eg_app_elsewhere_aws_destroy(struct eg_app_elsewhere_aws *aws)
{
    if (!aws)
        return;
    close_ways(aws);
    eg_config_fields_fini(&eg_aws_config_table, &aws->config);
    eg_mutex_fini(&aws->calling);
    eg_mutex_fini(&aws->listing);
    free(aws);
}

static char *copy_text(const char *text)
{
    return text ? eg_strdup(text) : NULL;
}

void eg_app_elsewhere_aws_configure(struct eg_app_elsewhere_aws *aws,
                                    const struct eg_aws_config *config)
{
    eg_mutex_lock(&aws->calling);
    close_ways(aws);
    eg_config_fields_fini(&eg_aws_config_table, &aws->config);
    aws->config = *config;
    aws->config.region = copy_text(config->region);
    aws->config.profile = copy_text(config->profile);
    aws->config.endpoint_url = copy_text(config->endpoint_url);
    aws->config.role_arn = copy_text(config->role_arn);
    aws->config.external_id = copy_text(config->external_id);
    aws->config.session_name = copy_text(config->session_name);
    aws->config.ssl_ca_bundle = copy_text(config->ssl_ca_bundle);
    eg_mutex_unlock(&aws->calling);
}

void eg_app_elsewhere_aws_cancel(struct eg_app_elsewhere_aws *aws)
{
    eg_mutex_lock(&aws->listing);
    aws->cancelled = true;
    for (size_t i = 0; i < aws->count; i++)
        eg_aws_client_cancel(aws->ways[i].client);
    eg_mutex_unlock(&aws->listing);
}

/* --- ways to a service; `calling` is held */

static int open_way(struct eg_app_elsewhere_aws *aws, const struct eg_aws_service *service,
                    const char *region, const char *arn, struct way *way, struct eg_error *err)
{
    struct eg_aws_config config = aws->config;
    if (region[0])
        config.region = (char *)(uintptr_t)region;
    const struct eg_aws_client_options options = {
        .config = &config, .service = *service, .arn = arn};
    *way = (struct way){.service = NULL};
    if (eg_aws_client_new(&options, &way->client, err) != 0)
        return -1;
    if (eg_aws_caller_new(way->client, &way->caller, err) != 0) {
        eg_aws_client_destroy(way->client);
        return -1;
    }
    way->service = eg_strdup(service->id);
    way->region = eg_strdup(region);
    return 0;
}

static int add_way(struct eg_app_elsewhere_aws *aws, const struct way *take, struct way **ret_way)
{
    eg_mutex_lock(&aws->listing);
    aws->ways[aws->count] = *take;
    *ret_way = &aws->ways[aws->count++];
    if (aws->cancelled)
        eg_aws_client_cancel((*ret_way)->client);
    eg_mutex_unlock(&aws->listing);
    return 0;
}

/* arn: whose region counts when there is no other; it makes a way of its own. */
static int find_way(struct eg_app_elsewhere_aws *aws, const struct eg_aws_service *service,
                    const char *region, const char *arn, struct way **ret_way, struct eg_error *err)
{
    struct way way;
    const char *name = region[0] || !arn ? region : arn;
    for (size_t i = 0; i < aws->count; i++)
        if (strcmp(aws->ways[i].service, service->id) == 0 &&
            strcmp(aws->ways[i].region, name) == 0) {
            *ret_way = &aws->ways[i];
            return 0;
        }
    if (aws->count == MAX_CLIENTS)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "more than %u services and regions",
                            MAX_CLIENTS);
    if (open_way(aws, service, region, arn, &way, err) != 0)
        return -1;
    free(way.region);
    way.region = eg_strdup(name);
    return add_way(aws, &way, ret_way);
}

static int call(const struct way *way, struct eg_aws_request *request,
                const struct eg_aws_response **ret_response, struct eg_error *err)
{
    request->max_attempts = EG_AWS_ATTEMPTS_LOOKUP;
    request->deadline_ms = eg_clock_monotonic_ms() + CALL_MS;
    return eg_aws_caller_call(way->caller, request, ret_response, NULL, err);
}

/* --- S3 */

static const struct eg_aws_service s3 = {.id = "s3", .host = "s3"};

/* "s3://bucket/key", taken apart. */
static int split(const char *uri, struct eg_span *ret_bucket, struct eg_span *ret_key,
                 struct eg_error *err)
{
    const char *bucket = uri + strlen("s3://");
    const char *slash = strchr(bucket, '/');
    size_t len = slash ? (size_t)(slash - bucket) : strlen(bucket);
    if (strncasecmp(uri, "s3://", 5) != 0 || len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "%s: expected s3://BUCKET/KEY", uri);
    *ret_bucket = eg_span_of(bucket, len);
    *ret_key = eg_span_text(slash ? slash + 1 : "");
    return 0;
}

/* The bucket goes before the host, or into the path where it can't. */
struct place {
    struct eg_buffer host_prefix;
    struct eg_buffer target;
};

static void place_fini(struct place *place)
{
    eg_buffer_fini(&place->host_prefix);
    eg_buffer_fini(&place->target);
}

static void begin_place(const struct way *way, struct eg_span bucket, struct place *place)
{
    eg_buffer_append_char(&place->target, '/');
    if (!eg_aws_client_has_custom_endpoint(way->client) && !memchr(bucket.ptr, '.', bucket.len)) {
        eg_buffer_append_span(&place->host_prefix, bucket);
        eg_buffer_append_char(&place->host_prefix, '.');
        return;
    }
    eg_aws_encode(bucket, &place->target);
    eg_buffer_append_char(&place->target, '/');
}

static int get_object(struct eg_app_elsewhere_aws *aws, const char *uri, const char *etag,
                      size_t max_bytes, struct eg_config_fetched *fetched, struct eg_error *err)
{
    struct way *way;
    struct eg_span bucket, key;
    EG_CLEANUP(place_fini) struct place place = {.target = EG_BUFFER_INIT};
    const struct eg_aws_response *response;
    if (split(uri, &bucket, &key, err) != 0 || find_way(aws, &s3, "", NULL, &way, err) != 0)
        return -1;
    begin_place(way, bucket, &place);
    eg_aws_encode_path(key, &place.target);
    const struct eg_net_header unless = {EG_SPAN_LITERAL("if-none-match"), eg_span_text(etag)};
    struct eg_aws_request request = {
        .protocol = EG_AWS_REST_XML,
        .method = "GET",
        .target = eg_buffer_span(&place.target),
        .host_prefix = eg_buffer_span(&place.host_prefix),
        .headers = &unless,
        .header_count = etag[0] ? 1 : 0,
        .max_response_bytes = max_bytes,
    };
    if (call(way, &request, &response, err) != 0)
        return -1;
    fetched->unchanged = response->status == 304;
    if (!fetched->unchanged)
        eg_buffer_append_span(&fetched->content, response->body);
    eg_buffer_append_span(&fetched->etag, eg_net_response_header(response->http, "etag"));
    return 0;
}

int eg_app_elsewhere_aws_get(void *context, const char *uri, const char *etag, size_t max_bytes,
                             struct eg_config_fetched *fetched, struct eg_error *err)
{
    struct eg_app_elsewhere_aws *aws = context;
    eg_mutex_lock(&aws->calling);
    int ret = get_object(aws, uri, etag, max_bytes, fetched, err);
    eg_mutex_unlock(&aws->calling);
    return ret;
}

/* --- a listing, page by page */

struct listing {
    const struct way *way;
    struct eg_span bucket;
    struct eg_buffer prefix; /* with its closing '/' */
    struct eg_buffer token;  /* of the next page; empty: there is none */
    size_t left;             /* names that may still come */
    struct eg_buffer *names;
};

static void listing_fini(struct listing *listing)
{
    eg_buffer_fini(&listing->prefix);
    eg_buffer_fini(&listing->token);
}

/* The next <Contents>...</Contents>: no key can hold a '<'. */
static bool next_object(struct eg_span *rest, struct eg_span *ret_object)
{
    static const char open[] = "<Contents>", close[] = "</Contents>";
    const char *begin = rest->len ? memmem(rest->ptr, rest->len, open, strlen(open)) : NULL;
    if (!begin)
        return false;
    size_t left = rest->len - (size_t)(begin - rest->ptr);
    const char *end = memmem(begin, left, close, strlen(close));
    if (!end)
        return false;
    end += strlen(close);
    *ret_object = eg_span_of(begin, (size_t)(end - begin));
    *rest = eg_span_of(end, left - ret_object->len);
    return true;
}

static int take_page(struct listing *listing, struct eg_span xml, struct eg_error *err)
{
    struct eg_span object;
    while (next_object(&xml, &object)) {
        EG_AUTOBUFFER struct eg_buffer key = EG_BUFFER_INIT;
        if (!eg_aws_xml_text(object, "Contents/Key", &key) || key.len <= listing->prefix.len ||
            strchr(key.data, '\n'))
            continue; /* the prefix itself, as a folder that somebody has made */
        if (listing->left-- == 0)
            return eg_error_set(err, EG_ERR_TOO_LARGE, "too many objects");
        eg_buffer_printf(listing->names, "%s\n", key.data + listing->prefix.len);
    }
    return 0;
}

static int read_page(struct listing *listing, struct eg_error *err)
{
    EG_CLEANUP(place_fini) struct place place = {.target = EG_BUFFER_INIT};
    EG_AUTOBUFFER struct eg_buffer query = EG_BUFFER_INIT;
    const struct eg_aws_response *response;
    begin_place(listing->way, listing->bucket, &place);
    if (listing->token.len > 0)
        eg_aws_form_add(&query, "continuation-token", eg_buffer_span(&listing->token));
    eg_aws_form_add(&query, "delimiter", EG_SPAN_LITERAL("/"));
    eg_aws_form_add(&query, "list-type", EG_SPAN_LITERAL("2"));
    eg_aws_form_add(&query, "prefix", eg_buffer_span(&listing->prefix));
    eg_buffer_printf(&place.target, "?%s", query.data);
    struct eg_aws_request request = {
        .protocol = EG_AWS_REST_XML,
        .method = "GET",
        .target = eg_buffer_span(&place.target),
        .host_prefix = eg_buffer_span(&place.host_prefix),
        .max_response_bytes = MAX_LIST_BYTES,
    };
    if (call(listing->way, &request, &response, err) != 0 ||
        take_page(listing, response->body, err) != 0)
        return -1;
    eg_buffer_clear(&listing->token);
    (void)eg_aws_xml_text(response->body, "NextContinuationToken", &listing->token);
    return 0;
}

static int list_objects(struct eg_app_elsewhere_aws *aws, const char *uri, size_t max_names,
                        struct eg_buffer *names, struct eg_error *err)
{
    struct way *way;
    struct eg_span bucket, key;
    EG_CLEANUP(listing_fini) struct listing listing = {.left = max_names, .names = names};
    if (split(uri, &bucket, &key, err) != 0 || find_way(aws, &s3, "", NULL, &way, err) != 0)
        return -1;
    listing.way = way;
    listing.bucket = bucket;
    eg_buffer_append_span(&listing.prefix, key);
    if (key.len > 0 && key.ptr[key.len - 1] != '/')
        eg_buffer_append_char(&listing.prefix, '/');
    do {
        if (read_page(&listing, err) != 0)
            return -1;
    } while (listing.token.len > 0);
    return 0;
}

int eg_app_elsewhere_aws_list(void *context, const char *prefix, size_t max_names,
                              struct eg_buffer *names, struct eg_error *err)
{
    struct eg_app_elsewhere_aws *aws = context;
    eg_mutex_lock(&aws->calling);
    int ret = list_objects(aws, prefix, max_names, names, err);
    eg_mutex_unlock(&aws->calling);
    return ret;
}

/* --- Secrets Manager */

static const struct eg_aws_service secrets_manager = {.id = "secrets_manager",
                                                      .host = "secretsmanager"};

static int take_secret(struct eg_span answer, struct eg_buffer *text, struct eg_error *err)
{
    json_t *root = json_loadb(answer.ptr, answer.len, 0, NULL);
    json_t *string = json_object_get(root, "SecretString");
    json_t *binary = json_object_get(root, "SecretBinary");
    bool taken = json_is_string(string);
    if (taken)
        eg_buffer_append(text, json_string_value(string), json_string_length(string));
    else if (json_is_string(binary))
        taken = eg_crypto_base64_decode(eg_span_text(json_string_value(binary)), text);
    json_decref(root);
    return taken
               ? 0
               : eg_error_set(err, EG_ERR_INVALID, "the answer of Secrets Manager holds no secret");
}

static int get_secret(struct eg_app_elsewhere_aws *aws, const struct eg_config_secret *secret,
                      struct eg_buffer *text, struct eg_error *err)
{
    struct way *way;
    const struct eg_aws_response *response;
    EG_AUTOFREE char *name = eg_span_dup(secret->name);
    EG_AUTOFREE char *region = eg_span_dup(secret->region);
    const char *arn = strncmp(name, "arn:", 4) == 0 ? name : NULL;
    if (find_way(aws, &secrets_manager, region, arn, &way, err) != 0)
        return -1;
    json_t *body = json_pack("{s:s}", "SecretId", name);
    char *dump = body ? json_dumps(body, JSON_COMPACT) : NULL;
    json_decref(body);
    if (!dump)
        return eg_error_set(err, EG_ERR_INVALID, "the name is not UTF-8");
    struct eg_aws_request request = {
        .protocol = EG_AWS_JSON_1_1,
        .operation = "secretsmanager.GetSecretValue",
        .body = eg_span_text(dump),
    };
    int ret = call(way, &request, &response, err);
    free(dump);
    return ret ? -1 : take_secret(response->body, text, err);
}

int eg_app_elsewhere_aws_secret(void *context, const struct eg_config_secret *secret,
                                struct eg_buffer *text, struct eg_error *err)
{
    struct eg_app_elsewhere_aws *aws = context;
    eg_mutex_lock(&aws->calling);
    int ret = get_secret(aws, secret, text, err);
    eg_mutex_unlock(&aws->calling);
    return ret;
}
