/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: the deadlines that libmicrohttpd does not have. Its one timeout starts anew
 * with every byte and stops while a connection is suspended; ours are absolute, one for each phase
 * of a connection (connection.h), and apply to suspended requests too.
 *
 * One thread a server. It never waits for a client: an expired socket is shut down, which the
 * connection's HTTP thread sees as the end of the connection.
 */
#ifndef EG_HTTP_WATCHDOG_H
#define EG_HTTP_WATCHDOG_H

#include "base/compiler.h"
#include "eventgate/error.h"

struct eg_http_server;

int eg_http_watchdog_start(struct eg_http_server *server, struct eg_error *err) EG_MUST_CHECK;
void eg_http_watchdog_stop(struct eg_http_server *server); /* not started is fine */

/* Answers everything that is suspended now in its handlers' place. */
void eg_http_watchdog_expire_all(struct eg_http_server *server);

#endif
