/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client over one libcurl easy handle, which keeps connections open between requests. Options
 * are set anew for every request, so that nothing of one request leaks into the next. All of it
 * runs on the calling thread; libcurl's signals are off.
 */
#include "net/client.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "eventgate/version.h"
#include "net/response.h"

#define CONNECT_TIMEOUT_MS 5000
#define TOTAL_TIMEOUT_MS   30000
#define RESPONSE_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define USER_AGENT         "eventgate/" EVENTGATE_VERSION

struct eg_net_client {
    CURL *curl;
    bool verify;
    bool ca_is_folder;
    char *ca_path; /* NULL: the system's */
    bool ignore_proxy;
};

/* One request under way: what the callbacks of libcurl write to. */
struct transfer {
    struct eg_net_response *response;
    const atomic_bool *cancelled;
    size_t max_body_bytes;
    bool body_too_large;
    bool head_too_large;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_up_curl(void)
{
    EG_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

static int read_ca_option(struct eg_net_client *client, const char *ca_bundle, struct eg_error *err)
{
    client->verify = true;
    if (!ca_bundle || strcmp(ca_bundle, "true") == 0)
        return 0;
    if (strcmp(ca_bundle, "false") == 0) {
        client->verify = false;
        return 0;
    }
    struct stat info;
    if (stat(ca_bundle, &info) < 0 || access(ca_bundle, R_OK) < 0)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "the CA bundle '%s' can't be read: it must be true, false, or the "
                            "path of a PEM file or of a folder of certificates",
                            ca_bundle);
    client->ca_path = eg_strdup(ca_bundle);
    client->ca_is_folder = S_ISDIR(info.st_mode);
    return 0;
}

int eg_net_client_new(const struct eg_net_client_options *options,
                      struct eg_net_client **ret_client, struct eg_error *err)
{
    static const struct eg_net_client_options defaults = {0};
    if (!options)
        options = &defaults;
    EG_ASSERT(pthread_once(&once, set_up_curl) == 0);
    struct eg_net_client *client = eg_calloc(1, sizeof(*client));
    client->ignore_proxy = options->ignore_proxy;
    if (read_ca_option(client, options->ca_bundle, err) < 0) {
        eg_net_client_destroy(client);
        return -1;
    }
    client->curl = curl_easy_init();
    EG_ASSERT(client->curl);
    *ret_client = client;
    return 0;
}

void eg_net_client_destroy(struct eg_net_client *client)
{
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client->ca_path);
    free(client);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *state)
{
    struct transfer *transfer = state;
    struct eg_buffer *body = &transfer->response->body;
    size_t len = size * count;
    if (len > transfer->max_body_bytes - body->len) {
        transfer->body_too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    eg_buffer_append(body, bytes, len);
    return len;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *state)
{
    struct transfer *transfer = state;
    size_t len = size * count;
    if (!eg_net_response_add_line(transfer->response, eg_span_of(bytes, len))) {
        transfer->head_too_large = true;
        return 0;
    }
    return len;
}

/* Not 0: give up. */
static int on_progress(void *state, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    const struct transfer *transfer = state;
    return transfer->cancelled && atomic_load_explicit(transfer->cancelled, memory_order_relaxed);
}

static bool has_line_break(struct eg_span span)
{
    for (size_t i = 0; i < span.len; i++)
        if (span.ptr[i] == '\n' || span.ptr[i] == '\r' || span.ptr[i] == '\0')
            return true;
    return false;
}

/* curl wants "Name: value", and "Name;" for an empty value. */
static struct curl_slist *add_header(struct curl_slist *list, const struct eg_net_header *header)
{
    EG_AUTOFREE char *line =
        header->value.len
            ? eg_asprintf("%.*s: %.*s", EG_SPAN_ARGS(header->name), EG_SPAN_ARGS(header->value))
            : eg_asprintf("%.*s;", EG_SPAN_ARGS(header->name));
    struct curl_slist *longer = curl_slist_append(list, line);
    EG_ASSERT(longer);
    return longer;
}

static bool request_has(const struct eg_net_request *request, const char *name)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (eg_span_equal_nocase(request->headers[i].name, eg_span_text(name)))
            return true;
    return false;
}

static void slist_cleanup(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

/* The caller's headers, and the removal of those that libcurl would add by itself. */
static int make_headers(const struct eg_net_request *request, struct curl_slist **ret_list,
                        struct eg_error *err)
{
    static const char *const unwanted[] = {"Accept", "Expect", "Content-Type"};
    for (size_t i = 0; i < request->header_count; i++)
        if (request->headers[i].name.len == 0 || has_line_break(request->headers[i].name) ||
            has_line_break(request->headers[i].value))
            return eg_error_set(err, EG_ERR_CONFIG,
                                "request header %zu has no name, or a line break in it", i + 1);
    struct curl_slist *list = NULL;
    for (size_t i = 0; i < request->header_count; i++)
        list = add_header(list, &request->headers[i]);
    for (size_t i = 0; i < EG_ARRAY_COUNT(unwanted); i++) {
        if (request_has(request, unwanted[i]))
            continue;
        EG_AUTOFREE char *line = eg_asprintf("%s:", unwanted[i]);
        list = curl_slist_append(list, line);
        EG_ASSERT(list);
    }
    *ret_list = list;
    return 0;
}

/* Options fail only where libcurl was built without the feature; the first failure is kept. */
#define SET(option, value)                                  \
    do {                                                    \
        if (result == CURLE_OK)                             \
            result = curl_easy_setopt(curl, option, value); \
    } while (0)

static CURLcode set_security(const struct eg_net_client *client)
{
    CURL *curl = client->curl;
    CURLcode result = CURLE_OK;
    SET(CURLOPT_SSL_VERIFYPEER, client->verify ? 1L : 0L);
    SET(CURLOPT_SSL_VERIFYHOST, client->verify ? 2L : 0L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (client->ca_path && client->ca_is_folder)
        SET(CURLOPT_CAPATH, client->ca_path);
    else if (client->ca_path)
        SET(CURLOPT_CAINFO, client->ca_path);
    if (client->ignore_proxy)
        SET(CURLOPT_PROXY, "");
    return result;
}

static CURLcode set_limits(CURL *curl, const struct eg_net_request *request, const char *schemes)
{
    CURLcode result = CURLE_OK;
    int64_t connect_ms = request->connect_timeout_ms;
    int64_t total_ms = request->total_timeout_ms;
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_ms > 0 ? connect_ms : CONNECT_TIMEOUT_MS));
    SET(CURLOPT_TIMEOUT_MS, (long)(total_ms > 0 ? total_ms : TOTAL_TIMEOUT_MS));
    SET(CURLOPT_FOLLOWLOCATION, request->max_redirects ? 1L : 0L);
    SET(CURLOPT_MAXREDIRS, (long)request->max_redirects);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, schemes);
    return result;
}

static CURLcode set_message(CURL *curl, const struct eg_net_request *request,
                            struct curl_slist *headers)
{
    CURLcode result = CURLE_OK;
    const char *method = request->method ? request->method : "GET";
    bool sends_body =
        request->body.len || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PATH_AS_IS, 1L);
    if (sends_body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(CURLOPT_POSTFIELDS, request->body.len ? request->body.ptr : "");
    } else if (strcmp(method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, method);
    SET(CURLOPT_HTTPHEADER, headers);
    if (!request_has(request, "User-Agent"))
        SET(CURLOPT_USERAGENT, USER_AGENT);
    return result;
}

static CURLcode set_callbacks(CURL *curl, struct transfer *transfer, char *error_text)
{
    CURLcode result = CURLE_OK;
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_ERRORBUFFER, error_text);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, transfer);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, transfer);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, transfer);
    SET(CURLOPT_NOPROGRESS, 0L);
    return result;
}

static bool is_config_mistake(CURLcode result)
{
    return result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL ||
           result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE;
}

static int report(CURLcode result, const struct transfer *transfer,
                  const struct eg_net_request *request, const char *error_text,
                  struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer url = EG_BUFFER_INIT;
    eg_net_url_printable(request->url, &url);
    if (transfer->body_too_large)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "%s: the answer is longer than %zu bytes",
                            url.data, transfer->max_body_bytes);
    if (transfer->head_too_large)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "%s: the answer's headers are too long",
                            url.data);
    const char *text = error_text[0] ? error_text : curl_easy_strerror(result);
    if (is_config_mistake(result))
        return eg_error_set(err, EG_ERR_CONFIG, "%s: %s", url.data, text);
    return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "%s: %s", url.data, text);
}

int eg_net_client_send(struct eg_net_client *client, const struct eg_net_request *request,
                       struct eg_net_response *response, struct eg_error *err)
{
    char error_text[CURL_ERROR_SIZE] = "";
    struct transfer transfer = {
        .response = response,
        .cancelled = request->cancelled,
        .max_body_bytes =
            request->max_response_bytes ? request->max_response_bytes : RESPONSE_BYTES_MAX,
    };
    EG_CLEANUP(slist_cleanup) struct curl_slist *headers = NULL;
    eg_net_response_reset(response);
    if (make_headers(request, &headers, err) < 0)
        return -1;
    curl_easy_reset(client->curl);
    bool secure = eg_span_starts_nocase(eg_span_text(request->url), "https:");
    CURLcode result = set_callbacks(client->curl, &transfer, error_text);
    if (result == CURLE_OK)
        result = set_security(client);
    if (result == CURLE_OK)
        result = set_limits(client->curl, request, secure ? "https" : "http,https");
    if (result == CURLE_OK)
        result = set_message(client->curl, request, headers);
    if (result == CURLE_OK)
        result = curl_easy_perform(client->curl);
    if (result != CURLE_OK)
        return report(result, &transfer, request, error_text, err);
    long status = 0;
    EG_ASSERT(curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK);
    response->status = (unsigned)status;
    eg_net_response_index(response);
    return 0;
}
