/* SPDX-License-Identifier: Apache-2.0 */
/* A server of http_routes.h in this process, and a client that sends exactly the bytes it is told.
 */
#ifndef TESTS_SUPPORT_HTTP_FIXTURE_H
#define TESTS_SUPPORT_HTTP_FIXTURE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "config/fields.h"
#include "support/http_routes.h"

#define CLIENT_TIMEOUT_MS 5000

struct fixture {
    struct test_context context;
    struct eg_http_config config;
    struct eg_http_server *server;
    unsigned port;
};

/* Changes `config` before the server starts. */
typedef void (*fixture_tune)(struct eg_http_config *config);

static inline struct fixture *fixture_start_with(const struct eg_http_route *routes,
                                                 size_t route_count, fixture_tune tune)
{
    struct fixture *fixture = eg_calloc(1, sizeof(*fixture));
    struct eg_error err = {.message = ""};
    struct eg_http_server_options options = {
        .name = "test",
        .config = &fixture->config,
        .routes = routes,
        .route_count = route_count,
        .context = &fixture->context,
        .answered = note_answer,
    };
    eg_config_fields_default(&eg_http_server_fields, &fixture->config);
    free(fixture->config.listen.items[0]);
    fixture->config.listen.items[0] = eg_strdup("127.0.0.1:0");
    fixture->config.threads = 2;
    if (tune)
        tune(&fixture->config);
    later_start(&fixture->context.later, 0);
    if (eg_http_server_new(&options, &fixture->server, &err) < 0 ||
        eg_http_server_start(fixture->server, &err) < 0)
        fail_msg("%s", err.message);
    fixture->port = eg_http_server_port(fixture->server, 0);
    return fixture;
}

static inline struct fixture *fixture_start(fixture_tune tune)
{
    return fixture_start_with(test_routes, EG_ARRAY_COUNT(test_routes), tune);
}

static inline void fixture_stop(struct fixture *fixture)
{
    eg_http_server_destroy(fixture->server);
    later_stop(&fixture->context.later);
    eg_config_fields_fini(&eg_http_server_fields, &fixture->config);
    free(fixture);
}

static inline int client_connect(const struct fixture *fixture)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)fixture->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static inline void client_send_bytes(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t sent = send(fd, at, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server has closed: what it said is what counts */
        at += sent;
        len -= (size_t)sent;
    }
}

static inline void client_send(int fd, const char *text)
{
    client_send_bytes(fd, text, strlen(text));
}

struct answer {
    char text[65536];
    size_t len;
    bool closed; /* the server ended the connection behind it */
};

/* Reads until the server closes, or it has been silent for `quiet_ms`, or `until` is in there. */
static inline void client_read(int fd, struct answer *answer, int quiet_ms, const char *until)
{
    answer->len = 0;
    answer->closed = false;
    answer->text[0] = '\0';
    while (answer->len < sizeof(answer->text) - 1) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        if (poll(&poll_fd, 1, quiet_ms) <= 0)
            return;
        ssize_t got =
            recv(fd, answer->text + answer->len, sizeof(answer->text) - 1 - answer->len, 0);
        if (got <= 0) {
            answer->closed = true;
            return;
        }
        answer->len += (size_t)got;
        answer->text[answer->len] = '\0';
        if (until && strstr(answer->text, until))
            return;
    }
}

/* The status of the n-th reply in there; 0: there is none. */
static inline unsigned answer_status(const struct answer *answer, unsigned index)
{
    const char *at = answer->text;
    while ((at = strstr(at, "HTTP/1.1 ")) != NULL) {
        if (index-- == 0)
            return (unsigned)atoi(at + 9);
        at++;
    }
    return 0;
}

/* One request on a connection of its own; the answer until close or silence. */
static inline unsigned exchange(const struct fixture *fixture, const void *bytes, size_t len,
                                struct answer *answer)
{
    int fd = client_connect(fixture);
    client_send_bytes(fd, bytes, len);
    client_read(fd, answer, CLIENT_TIMEOUT_MS, "}]}");
    (void)close(fd);
    return answer_status(answer, 0);
}

/* Asks with Connection: close, so that the answer is complete when the connection ends. */
static inline unsigned ask(const struct fixture *fixture, struct answer *answer, const char *method,
                           const char *target, const char *headers, const char *body)
{
    char *text = eg_asprintf("%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s"
                             "Content-Length: %zu\r\n\r\n%s",
                             method, target, headers, strlen(body), body);
    int fd = client_connect(fixture);
    client_send(fd, text);
    client_read(fd, answer, CLIENT_TIMEOUT_MS, NULL);
    (void)close(fd);
    free(text);
    return answer_status(answer, 0);
}

static inline void assert_contains(const struct answer *answer, const char *text)
{
    if (!strstr(answer->text, text))
        fail_msg("\"%s\" is not in: %s", text, answer->text);
}

/* Waits up to five seconds for a counter of the context to reach a value. */
static inline void await_count(const atomic_uint *count, unsigned value)
{
    for (int turn = 0; turn < 2500 && atomic_load(count) < value; turn++)
        (void)usleep(2000);
    assert_int_equal(atomic_load(count), value);
}

#endif
