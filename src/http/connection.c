/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accept and close: every connection is counted, listed for the watchdog, and given its clock. On
 * the connection's HTTP thread; the list and the counts are under the server's lock.
 *
 * The library closes the descriptor after the CLOSED notification returned, and by then the
 * connection is off the list: the watchdog never touches a descriptor that somebody else got.
 */
#include "http/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "http/service.h"

#define LINGER_MS 1000

struct eg_http_connection *eg_http_connection_of(struct MHD_Connection *raw)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(raw, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

bool eg_http_connection_enter(struct eg_http_connection *connection, enum eg_http_phase phase,
                              int64_t now_us)
{
    uint64_t old = atomic_load_explicit(&connection->clock, memory_order_relaxed);
    uint64_t next = eg_http_clock_word(phase, now_us / 1000);
    do {
        if (eg_http_clock_phase(old) == EG_HTTP_PHASE_EXPIRED)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&connection->clock, &old, next,
                                                    memory_order_acq_rel, memory_order_relaxed));
    return true;
}

static void read_address(struct eg_http_connection *connection, const struct sockaddr *address)
{
    const char *text = NULL;
    if (address && address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)address;
        memcpy(&connection->address, &v4->sin_addr, sizeof(v4->sin_addr));
        text = inet_ntop(AF_INET, &v4->sin_addr, connection->remote, sizeof(connection->remote));
    } else if (address && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)address;
        size_t counted = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr) ? 16 : 8;
        memcpy(&connection->address, &v6->sin6_addr, counted);
        text = inet_ntop(AF_INET6, &v6->sin6_addr, connection->remote, sizeof(connection->remote));
    }
    connection->is_unix = !text;
    if (!text)
        memcpy(connection->remote, "unix", sizeof("unix"));
    connection->remote_len = (uint8_t)strlen(connection->remote);
}

static bool is_over_limit(struct eg_http_server *server, struct eg_http_connection *connection)
{
    bool over = server->connection_count > (size_t)server->limits->max_connections;
    if (connection->is_unix)
        return over;
    uint32_t of_address = eg_http_peers_add(&server->peers, &connection->address);
    return over || of_address > (uint64_t)server->limits->max_connections_per_address;
}

/* So far above the limit that there is no time for words. */
static bool is_flood(const struct eg_http_server *server)
{
    size_t limit = (size_t)server->limits->max_connections;
    return server->connection_count > limit + limit / 8 + 16;
}

static void enlist(struct eg_http_server *server, struct eg_http_connection *connection)
{
    eg_mutex_lock(&server->lock);
    connection->next = server->connections;
    if (connection->next)
        connection->next->previous = connection;
    server->connections = connection;
    server->connection_count++;
    connection->over_limit = is_over_limit(server, connection);
    if (is_flood(server))
        (void)shutdown(connection->fd, SHUT_RDWR);
    eg_mutex_unlock(&server->lock);
    atomic_fetch_add_explicit(connection->over_limit ? &server->refused : &server->accepted, 1,
                              memory_order_relaxed);
}

static void keep_lingering(struct eg_http_server *server, int fd)
{
    if (server->lingerer_count == EG_HTTP_LINGER_MAX)
        return;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        return;
    (void)shutdown(copy, SHUT_WR);
    server->lingerers[server->lingerer_count++] =
        (struct eg_http_lingerer){copy, eg_clock_monotonic_ms() + LINGER_MS};
}

static void delist(struct eg_http_server *server, struct eg_http_connection *connection)
{
    eg_mutex_lock(&server->lock);
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        server->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    server->connection_count--;
    if (!connection->is_unix)
        eg_http_peers_remove(&server->peers, &connection->address);
    if (connection->linger)
        keep_lingering(server, connection->fd);
    eg_mutex_unlock(&server->lock);
}

static struct eg_http_connection *open_connection(struct eg_http_server *server,
                                                  struct MHD_Connection *raw)
{
    struct eg_http_connection *connection = eg_calloc(1, sizeof(*connection));
    connection->server = server;
    eg_mutex_init(&connection->lock);
    connection->raw = raw;
    connection->fd = MHD_get_connection_info(raw, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    read_address(connection,
                 MHD_get_connection_info(raw, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr);
    atomic_init(&connection->clock,
                eg_http_clock_word(EG_HTTP_PHASE_FRESH, eg_clock_monotonic_ms()));
    enlist(server, connection);
    return connection;
}

static void close_connection(struct eg_http_connection *connection)
{
    delist(connection->server, connection);
    if (connection->accepted)
        MHD_destroy_response(connection->accepted);
    eg_mutex_fini(&connection->lock);
    free(connection);
}

void eg_http_connection_notify(void *server, struct MHD_Connection *raw, void **socket_context,
                               enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = open_connection(server, raw);
        eg_http_poller_count_connection(1);
    } else if (*socket_context) {
        close_connection(*socket_context);
        *socket_context = NULL;
        eg_http_poller_count_connection(-1);
    }
}
