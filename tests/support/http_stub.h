/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server of one thread for unit tests: it answers every connection with what it was told, closes,
 * and remembers the last request. 127.0.0.1, on a port that the system chooses.
 */
#ifndef EG_TESTS_SUPPORT_HTTP_STUB_H
#define EG_TESTS_SUPPORT_HTTP_STUB_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

#define HTTP_STUB_BYTES 65536

struct http_stub {
    int listener;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t mutex;
    const char *answer;     /* whole; NULL: never answer, hold the connection; "": hang up */
    const char *const *row; /* goes before `answer`: one each, to the last, which stays */
    unsigned requests;
    char last[HTTP_STUB_BYTES];
};

/* Head, and as much body as Content-Length says. */
static inline bool http_stub_is_whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strcasestr(text, "\r\ncontent-length:");
    if (!end)
        return false;
    size_t want = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    return strlen(end + 4) >= want;
}

static inline void http_stub_serve(struct http_stub *stub, int fd)
{
    static char text[HTTP_STUB_BYTES];
    size_t len = 0;
    text[0] = '\0';
    while (!http_stub_is_whole(text)) {
        ssize_t got = read(fd, text + len, sizeof(text) - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
        text[len] = '\0';
    }
    pthread_mutex_lock(&stub->mutex);
    const char *answer = stub->row ? *stub->row : stub->answer;
    if (stub->row && stub->row[1])
        stub->row++;
    stub->requests++;
    memcpy(stub->last, text, sizeof(text));
    pthread_mutex_unlock(&stub->mutex);
    if (!answer) {
        (void)!read(fd, text, 1); /* until the client hangs up */
        return;
    }
    for (size_t left = strlen(answer); left;) {
        ssize_t done = send(fd, answer, left, MSG_NOSIGNAL);
        if (done <= 0)
            break;
        answer += done;
        left -= (size_t)done;
    }
}

static inline void *http_stub_run(void *argument)
{
    struct http_stub *stub = argument;
    for (;;) {
        int fd = accept(stub->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        http_stub_serve(stub, fd);
        close(fd);
    }
}

static inline struct http_stub *http_stub_start(const char *answer)
{
    struct http_stub *stub = calloc(1, sizeof(*stub));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    EG_ASSERT(stub);
    stub->answer = answer;
    pthread_mutex_init(&stub->mutex, NULL);
    stub->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EG_ASSERT(bind(stub->listener, (struct sockaddr *)&address, len) == 0);
    EG_ASSERT(listen(stub->listener, 16) == 0);
    EG_ASSERT(getsockname(stub->listener, (struct sockaddr *)&address, &len) == 0);
    stub->port = ntohs(address.sin_port);
    EG_ASSERT(pthread_create(&stub->thread, NULL, http_stub_run, stub) == 0);
    return stub;
}

static inline void http_stub_set_answer(struct http_stub *stub, const char *answer)
{
    pthread_mutex_lock(&stub->mutex);
    stub->answer = answer;
    pthread_mutex_unlock(&stub->mutex);
}

/* NULL-terminated; must outlive the stub. */
static inline void http_stub_set_row(struct http_stub *stub, const char *const *row)
{
    pthread_mutex_lock(&stub->mutex);
    stub->row = row;
    pthread_mutex_unlock(&stub->mutex);
}

static inline void http_stub_stop(struct http_stub *stub)
{
    (void)shutdown(stub->listener, SHUT_RDWR);
    pthread_join(stub->thread, NULL);
    close(stub->listener);
    pthread_mutex_destroy(&stub->mutex);
    free(stub);
}

#endif
