/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes listening sockets, so that a port which is taken is known before any thread runs, and so
 * that port 0 can be asked for. All are close-on-exec and non-blocking.
 */
#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define BACKLOG 1024

static int fail(const char *text, const char *what, struct eg_error *err)
{
    char reason[128];
    return eg_error_set(err, EG_ERR_IO, "cannot listen on %s: %s: %s", text, what,
                        eg_error_errno_text(errno, reason, sizeof(reason)));
}

static int not_an_address(const char *text, struct eg_error *err)
{
    return eg_error_set(err, EG_ERR_CONFIG,
                        "\"%s\" is not an address to listen on; write HOST:PORT, [IPV6]:PORT, "
                        "unix:/PATH or fd:NUMBER",
                        text);
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* "host:port" or "[host]:port" into its parts; *ret_host owned, empty for every address. */
static int split(const char *text, char **ret_host, const char **ret_port, struct eg_error *err)
{
    const char *colon = strrchr(text, ':');
    int64_t port;
    if (!colon || !eg_span_to_int64(eg_span_text(colon + 1), &port) || port < 0 || port > 65535)
        return not_an_address(text, err);
    size_t len = (size_t)(colon - text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']')
        *ret_host = eg_span_dup(eg_span_of(text + 1, len - 2));
    else if (memchr(text, ':', len))
        return not_an_address(text, err);
    else
        *ret_host = eg_span_dup(eg_span_of(text, len));
    *ret_port = colon + 1;
    return 0;
}

int eg_http_listen_check(const char *text, struct eg_error *err)
{
    EG_AUTOFREE char *host = NULL;
    const char *port;
    int64_t fd;
    if (starts_with(text, "unix:")) {
        size_t len = strlen(text + 5);
        if (text[5] != '/' || len >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
            return eg_error_set(err, EG_ERR_CONFIG,
                                "\"%s\": the path of a unix socket must be absolute and shorter "
                                "than %zu bytes",
                                text, sizeof(((struct sockaddr_un *)NULL)->sun_path));
        return 0;
    }
    if (starts_with(text, "fd:"))
        return eg_span_to_int64(eg_span_text(text + 3), &fd) && fd > 2 && fd < 65536
                   ? 0
                   : not_an_address(text, err);
    return split(text, &host, &port, err);
}

static bool nobody_listens(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
                   errno == ECONNREFUSED;
    (void)close(fd);
    return refused;
}

static int bind_unix(int fd, const struct sockaddr_un *address, int64_t mode)
{
    /* The permissions are set before anybody can connect: by the umask, while bind makes it. */
    mode_t old = umask((mode_t)(0777 & ~mode));
    int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    (void)umask(old);
    return result;
}

/* 660 as a person writes it, into 0660. */
static int64_t octal(int64_t digits)
{
    return digits / 100 % 10 * 64 + digits / 10 % 10 * 8 + digits % 10;
}

static int open_unix(const char *text, int64_t mode, struct eg_http_socket *made,
                     struct eg_error *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", text + 5);
    made->is_unix = true;
    made->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made->fd < 0)
        return fail(text, "socket", err);
    int result = bind_unix(made->fd, &address, octal(mode));
    if (result < 0 && errno == EADDRINUSE && nobody_listens(&address) &&
        unlink(address.sun_path) == 0)
        result = bind_unix(made->fd, &address, octal(mode));
    if (result < 0)
        return fail(text, "bind", err);
    made->unlink_path = true;
    return 0;
}

static int try_bind(const struct addrinfo *info)
{
    const int on = 1;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                    info->ai_protocol);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, info->ai_addr, info->ai_addrlen) < 0) {
        int reason = errno;
        (void)close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

static int open_tcp(const char *text, struct eg_http_socket *made, struct eg_error *err)
{
    EG_AUTOFREE char *host = NULL;
    const char *port;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (split(text, &host, &port, err) < 0)
        return -1;
    int result = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (result != 0)
        return eg_error_set(err, EG_ERR_IO, "cannot listen on %s: %s", text, gai_strerror(result));
    for (struct addrinfo *info = found; info && made->fd < 0; info = info->ai_next)
        made->fd = try_bind(info);
    freeaddrinfo(found);
    return made->fd < 0 ? fail(text, "bind", err) : 0;
}

static int take_fd(const char *text, struct eg_http_socket *made, struct eg_error *err)
{
    int accepting = 0;
    socklen_t len = sizeof(accepting);
    int64_t number;
    if (!eg_span_to_int64(eg_span_text(text + 3), &number) || number < 0 || number > INT_MAX)
        return not_an_address(text, err);
    const int fd = (int)number;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepting, &len) < 0 || !accepting) {
        errno = errno ? errno : EINVAL;
        return fail(text, "not a listening socket", err);
    }
    /* A service manager hands it over as it likes; the pollers accept until there is none. */
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return fail(text, "fcntl", err);
    made->fd = fd;
    made->inherited = true;
    return 0;
}

static void describe(const char *text, struct eg_http_socket *made)
{
    struct sockaddr_storage bound = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(bound);
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(made->fd, (struct sockaddr *)&bound, &len) < 0)
        bound.ss_family = AF_UNSPEC;
    if (bound.ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)&bound;
        made->port = ntohs(v4->sin_port);
        (void)inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
        (void)snprintf(made->address, sizeof(made->address), "%s:%u", host, made->port);
    } else if (bound.ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)&bound;
        made->port = ntohs(v6->sin6_port);
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
        (void)snprintf(made->address, sizeof(made->address), "[%s]:%u", host, made->port);
    } else {
        made->is_unix = true;
        (void)snprintf(made->address, sizeof(made->address), "%s", text);
    }
}

int eg_http_listen_open(const char *text, int64_t unix_mode, struct eg_http_socket *ret_socket,
                        struct eg_error *err)
{
    struct eg_http_socket made = {.fd = -1};
    int result = eg_http_listen_check(text, err);
    if (result == 0 && starts_with(text, "unix:"))
        result = open_unix(text, unix_mode, &made, err);
    else if (result == 0 && starts_with(text, "fd:"))
        result = take_fd(text, &made, err);
    else if (result == 0)
        result = open_tcp(text, &made, err);
    if (result == 0) {
        describe(text, &made);
        if (listen(made.fd, BACKLOG) < 0)
            result = fail(text, "listen", err);
    }
    if (result < 0) {
        eg_http_listen_close(&made);
        return -1;
    }
    *ret_socket = made;
    return 0;
}

void eg_http_listen_end(struct eg_http_socket *socket)
{
    if (socket->fd >= 0 && !socket->inherited)
        (void)shutdown(socket->fd, SHUT_RDWR);
    if (socket->unlink_path)
        (void)unlink(socket->address + sizeof("unix:") - 1);
    socket->unlink_path = false;
}

void eg_http_listen_close(struct eg_http_socket *socket)
{
    eg_http_listen_end(socket);
    if (socket->fd >= 0)
        (void)close(socket->fd);
    socket->fd = -1;
}
