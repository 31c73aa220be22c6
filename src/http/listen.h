/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: listening sockets. Control thread.
 *
 *   "127.0.0.1:8080", "[::1]:8080", "localhost:0" (port 0: any free one), ":8080" (every address),
 *   "unix:/path" (an old socket nobody listens on is removed), "fd:3" (handed over by systemd)
 */
#ifndef EG_HTTP_LISTEN_H
#define EG_HTTP_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"

#define EG_HTTP_ADDRESS_BYTES 128

struct eg_http_socket {
    int fd; /* -1: closed */
    bool is_unix;
    bool unlink_path; /* we made the path in `address` */
    bool inherited;   /* somebody else listens on it, too */
    unsigned port;
    char address[EG_HTTP_ADDRESS_BYTES]; /* with the real port */
};

/* Whether `text` can be listened on, without doing it. EG_ERR_CONFIG. */
int eg_http_listen_check(const char *text, struct eg_error *err);

/* EG_ERR_CONFIG for what can't be an address, EG_ERR_IO for one that is taken or not ours. */
int eg_http_listen_open(const char *text, int64_t unix_mode, struct eg_http_socket *ret_socket,
                        struct eg_error *err) EG_MUST_CHECK;

/* Refuses new connections but keeps the descriptor, which the library may still know. */
void eg_http_listen_end(struct eg_http_socket *socket);
void eg_http_listen_close(struct eg_http_socket *socket); /* closed already is fine */

#endif
