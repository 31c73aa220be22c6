/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EventBridge as fast as it can be: a thread for each connection, which reads a PutEvents call,
 * counts its entries and answers at once that all of them were taken. GET answers how many there
 * were altogether.
 *
 *     aws_stub PORT
 *
 * Runs until it gets a signal. A benchmark's tool: it trusts whoever talks to it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES (2u << 20)
#define ANSWER_BYTES  8192
#define BODY_BYTES    4096
#define ENTRIES_MAX   10

static atomic_ulong entries;

static size_t count_entries(const char *body)
{
    static const char mark[] = "\"EventBusName\"";
    size_t count = 0;
    for (const char *at = body; (at = strstr(at, mark)) != NULL; at += sizeof(mark) - 1)
        count++;
    return count < ENTRIES_MAX ? count : ENTRIES_MAX;
}

static size_t write_answer(const char *request, const char *body, char *out)
{
    char text[BODY_BYTES];
    size_t len = 0;
    if (strncmp(request, "GET ", 4) == 0) {
        len = (size_t)snprintf(text, sizeof(text), "%lu", atomic_load(&entries));
    } else {
        size_t count = count_entries(body);
        (void)atomic_fetch_add(&entries, count);
        len = (size_t)snprintf(text, sizeof(text), "{\"FailedEntryCount\":0,\"Entries\":[");
        for (size_t i = 0; i < count; i++)
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s{\"EventId\":\"%036zu\"}",
                                    i ? "," : "", i);
        len += (size_t)snprintf(text + len, sizeof(text) - len, "]}");
    }
    return (size_t)snprintf(out, ANSWER_BYTES,
                            "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\n"
                            "Content-Length: %zu\r\n\r\n%s",
                            len, text);
}

/* False: the client went away. */
static bool read_request(int fd, char *text, size_t *ret_body_at)
{
    size_t len = 0;
    for (;;) {
        ssize_t got = read(fd, text + len, REQUEST_BYTES - 1 - len);
        if (got <= 0)
            return false;
        len += (size_t)got;
        text[len] = '\0';
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strcasestr(text, "\r\ncontent-length:");
        if (!end)
            continue;
        size_t want = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        *ret_body_at = (size_t)(end - text) + 4;
        if (len - *ret_body_at >= want)
            return true;
    }
}

static void *serve(void *argument)
{
    int fd = (int)(intptr_t)argument;
    char *text = malloc(REQUEST_BYTES);
    char answer[ANSWER_BYTES];
    size_t body_at = 0;
    while (text && read_request(fd, text, &body_at)) {
        size_t len = write_answer(text, text + body_at, answer);
        if (send(fd, answer, len, MSG_NOSIGNAL) != (ssize_t)len)
            break;
    }
    free(text);
    (void)close(fd);
    return NULL;
}

static int listen_at(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(port)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 256) != 0)
        return -1;
    return fd;
}

int main(int argc, char **argv)
{
    int listener = argc > 1 ? listen_at(argv[1]) : -1;
    int one = 1;
    if (listener < 0) {
        (void)fprintf(stderr, "usage: aws_stub PORT, where PORT is free\n");
        return 2;
    }
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            (void)pthread_detach(thread);
        else
            (void)close(fd);
    }
}
