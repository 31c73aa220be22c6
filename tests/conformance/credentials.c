/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of credentials against smithy-lang/smithy-rs's cases (Apache-2.0): a folder each, with
 * the environment (env.json), the disk (fs/), the recorded traffic (http-traffic.json) and what
 * should come out (test-case.json).
 *
 * The traffic is replayed on the loopback: each request that the chain makes is held against the
 * next recorded one, then goes through the real HTTP client to a server here that gives the
 * recorded answer. Compared are method, URL, the headers that carry meaning, and of a form its
 * names, action and version: the recordings were made with other roles and tokens than the files
 * beside them now hold.
 *
 * The folder comes from EVENTGATE_VECTORS, by default ../shared/vectors seen from the project's
 * root; without it the run says so and passes.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/chain.h"
#include "aws/encode.h"
#include "base/memory.h"
#include "support/aws_host.h"
#include "support/http_stub.h"
#include "support/vectors.h"

#define CASE_COUNT 17 /* as of the folder's last update: what a skipped run skips */

struct replay {
    struct aws_host paper; /* the clock, and what it says about waits */
    struct http_stub *stub;
    struct eg_net_client *client;
    const char *folder;
    json_t *env;
    json_t *events;
    size_t event_at;
    struct eg_buffer answer; /* what the server gives next */
    struct eg_buffer trouble;
};

static json_t *load(const char *folder, const char *name)
{
    EG_AUTOFREE char *path = eg_asprintf("%s/%s", folder, name);
    return json_load_file(path, 0, NULL);
}

static const char *replay_get_env(void *state, const char *name)
{
    const struct replay *replay = state;
    return json_string_value(json_object_get(replay->env, name));
}

static int replay_read_file(void *state, const char *path, size_t max_bytes, struct eg_buffer *out,
                            struct eg_error *err)
{
    const struct replay *replay = state;
    EG_AUTOFREE char *real = eg_asprintf("%s/fs%s", replay->folder, path);
    FILE *file = fopen(real, "re");
    if (!file)
        return eg_error_set(err, EG_ERR_NOT_FOUND,
                            "failed to read `%s`: No such file or directory (os error 2)", path);
    size_t got = fread(eg_buffer_reserve(out, max_bytes), 1, max_bytes, file);
    out->len += got;
    (void)fclose(file);
    return 0;
}

/* The next event of a kind; NULL: there is none before the next request. */
static const json_t *next_event(struct replay *replay, const char *kind, const char *direction)
{
    for (; replay->event_at < json_array_size(replay->events); replay->event_at++) {
        const json_t *action =
            json_object_get(json_array_get(replay->events, replay->event_at), "action");
        const json_t *found = json_object_get(action, kind);
        const char *way = json_string_value(json_object_get(found, "direction"));
        if (found && (!direction || (way && strcmp(way, direction) == 0))) {
            replay->event_at++;
            return found;
        }
        if (!found && json_object_get(action, "Request"))
            return NULL;
    }
    return NULL;
}

static bool is_compared(const char *name)
{
    static const char *const skipped[] = {
        "user-agent", "x-amz-user-agent",    "authorization", "content-length", "x-amz-date",
        "host",       "x-amz-security-token"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(skipped); i++)
        if (strcasecmp(name, skipped[i]) == 0)
            return false;
    return true;
}

static void compare_headers(struct replay *replay, const json_t *want,
                            const struct eg_net_request *request)
{
    const char *name;
    json_t *values;
    json_object_foreach((json_t *)(uintptr_t)want, name, values)
    {
        const char *value = json_string_value(json_array_get(values, 0));
        const struct eg_net_header *header = aws_host_header(request, name, strlen(name));
        if (is_compared(name) && (!header || !value || !eg_span_is(header->value, value)))
            eg_buffer_printf(&replay->trouble, "; header %s should be '%s'", name, value);
    }
}

/* The form's names, and the values of those that say what is asked for. */
static void outline(struct eg_span form, struct eg_buffer *out)
{
    while (form.len) {
        const char *end = memchr(form.ptr, '&', form.len);
        size_t len = end ? (size_t)(end - form.ptr) : form.len;
        const char *equals = memchr(form.ptr, '=', len);
        bool whole =
            eg_span_starts_nocase(form, "Action=") || eg_span_starts_nocase(form, "Version=");
        eg_buffer_append(out, form.ptr, whole || !equals ? len : (size_t)(equals - form.ptr));
        eg_buffer_append_char(out, '&');
        form = eg_span_of(form.ptr + len + (end ? 1 : 0), form.len - len - (end ? 1 : 0));
    }
}

static void compare_body(struct replay *replay, const char *want, struct eg_span body)
{
    EG_AUTOBUFFER struct eg_buffer wanted = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer is = EG_BUFFER_INIT;
    outline(eg_span_text(want), &wanted);
    outline(body, &is);
    if (!eg_span_equal(eg_buffer_span(&wanted), eg_buffer_span(&is)))
        eg_buffer_printf(&replay->trouble, "; the body is '%.*s' and should be '%s'",
                         EG_SPAN_ARGS(body), want);
}

static void compare(struct replay *replay, const struct eg_net_request *request)
{
    const char *method = request->method ? request->method : "GET";
    const json_t *event = next_event(replay, "Request", NULL);
    const json_t *want = json_object_get(event, "request");
    const char *want_url = json_string_value(json_object_get(want, "uri"));
    const char *want_method = json_string_value(json_object_get(want, "method"));
    if (!want_url || strcmp(want_url, request->url) != 0 || strcmp(want_method, method) != 0)
        eg_buffer_printf(&replay->trouble, "; %s %s instead of %s %s", method, request->url,
                         want_method ? want_method : "nothing", want_url ? want_url : "");
    compare_headers(replay, json_object_get(want, "headers"), request);
    size_t before = replay->event_at;
    const json_t *data = next_event(replay, "Data", "Request");
    if (!data)
        replay->event_at = before;
    const char *body = json_string_value(json_object_get(json_object_get(data, "data"), "Utf8"));
    if (body)
        compare_body(replay, body, request->body);
}

/* The recorded answer as it goes over the wire. */
static void make_answer(struct replay *replay)
{
    const json_t *response = json_object_get(next_event(replay, "Response", NULL), "response");
    json_int_t status =
        json_integer_value(json_object_get(json_object_get(response, "Ok"), "status"));
    size_t before = replay->event_at;
    const json_t *data = next_event(replay, "Data", "Response");
    if (!data)
        replay->event_at = before;
    const char *body = json_string_value(json_object_get(json_object_get(data, "data"), "Utf8"));
    eg_buffer_clear(&replay->answer);
    eg_buffer_printf(&replay->answer,
                     "HTTP/1.1 %d Recorded\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     (int)status, body ? strlen(body) : 0, body ? body : "");
}

static int replay_send(void *state, const struct eg_net_request *request, bool direct,
                       struct eg_net_response *response, struct eg_error *err)
{
    struct replay *replay = state;
    (void)direct;
    compare(replay, request);
    make_answer(replay);
    http_stub_set_answer(replay->stub, replay->answer.data);
    const char *path = strchr(strstr(request->url, "://") + 3, '/');
    EG_AUTOFREE char *url = eg_asprintf("http://127.0.0.1:%u%s", replay->stub->port, path);
    struct eg_net_request moved = *request;
    moved.url = url;
    return eg_net_client_send(replay->client, &moved, response, err);
}

static void replay_wait_ms(void *state, int64_t ms)
{
    (void)state;
    (void)ms;
}

static bool is_text(const json_t *want, const char *name, struct eg_span is)
{
    const char *text = json_string_value(json_object_get(want, name));
    return eg_span_equal(eg_span_text(text), is);
}

static bool judge_found(const json_t *want, const struct eg_aws_credentials *found)
{
    return is_text(want, "access_key_id", found->access_key_id) &&
           is_text(want, "secret_access_key", found->secret_access_key) &&
           is_text(want, "session_token", found->session_token) &&
           is_text(want, "account_id", found->account_id) &&
           json_integer_value(json_object_get(want, "expiry")) == found->expires_s;
}

static bool ask(struct replay *replay, const json_t *result)
{
    EG_AUTOAWSENVIRONMENT struct eg_aws_environment environment = {0};
    EG_AUTOCREDENTIALS struct eg_aws_credentials *found = NULL;
    struct eg_error err = {0};
    const json_t *want = json_object_get(result, "Ok");
    const char *want_error = json_string_value(json_object_get(result, "ErrorContains"));
    int ret = eg_aws_environment_init(&environment, &replay->paper.host, NULL, NULL, &err);
    if (ret == 0)
        ret = eg_aws_chain_find(&environment, NULL, &found, &err);
    if (want && (ret < 0 || !judge_found(want, found)))
        eg_buffer_printf(&replay->trouble, "; other credentials, or none: %s", err.message);
    if (want_error && (ret == 0 || !strstr(err.message, want_error)))
        eg_buffer_printf(&replay->trouble, "; the error is '%s'", err.message);
    if (next_event(replay, "Request", NULL))
        eg_buffer_append_text(&replay->trouble, "; a recorded request was not made");
    return want || want_error;
}

static bool run_case(const char *folder, const char *name, struct http_stub *stub,
                     struct eg_net_client *client)
{
    struct replay replay = {.folder = folder, .stub = stub, .client = client};
    json_t *test = load(folder, "test-case.json");
    json_t *traffic = load(folder, "http-traffic.json");
    aws_host_init(&replay.paper);
    replay.env = load(folder, "env.json");
    replay.events = json_object_get(traffic, "events");
    replay.paper.host.get_env = replay_get_env;
    replay.paper.host.read_file = replay_read_file;
    replay.paper.host.send = replay_send;
    replay.paper.host.wait_ms = replay_wait_ms;
    replay.paper.host.state = &replay;
    if (!replay.env || !ask(&replay, json_object_get(test, "result")))
        eg_buffer_append_text(&replay.trouble, "; the case can't be read");
    bool passed = replay.trouble.len == 0;
    if (!passed)
        (void)printf("credentials: %s: %s\n", name, replay.trouble.data + 2);
    eg_buffer_fini(&replay.answer);
    eg_buffer_fini(&replay.trouble);
    json_decref(replay.env);
    json_decref(test);
    json_decref(traffic);
    return passed;
}

int main(void)
{
    EG_AUTOFREE char *root = eg_asprintf("%s/credentials", vectors_folder());
    struct eg_net_client_options options = {.ignore_proxy = true};
    struct eg_net_client *client;
    struct eg_error err;
    DIR *cases = opendir(root);
    if (!cases) {
        (void)printf("credentials: 0 passed, 0 failed, %d skipped: no %s\n", CASE_COUNT, root);
        return 0;
    }
    if (eg_net_client_new(&options, &client, &err) < 0)
        return 1;
    struct http_stub *stub = http_stub_start("");
    unsigned passed = 0;
    unsigned failed = 0;
    for (const struct dirent *entry; (entry = readdir(cases));) {
        EG_AUTOFREE char *folder = eg_asprintf("%s/%s", root, entry->d_name);
        EG_AUTOFREE char *marker = eg_asprintf("%s/test-case.json", folder);
        if (entry->d_name[0] == '.' || access(marker, R_OK) != 0)
            continue;
        *(run_case(folder, entry->d_name, stub, client) ? &passed : &failed) += 1;
    }
    (void)closedir(cases);
    http_stub_stop(stub);
    eg_net_client_destroy(client);
    (void)printf("credentials: %u passed, %u failed, 0 skipped\n", passed, failed);
    return failed == 0 && passed ? 0 : 1;
}
