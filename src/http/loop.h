/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: the threads of a listener. Each accepts connections, and runs the pollers that
 * they are in. A helper has no pollers of its own: a loop that has no time left lends it some.
 *
 * Control thread, but for what a loop's own thread does.
 */
#ifndef EG_HTTP_LOOP_H
#define EG_HTTP_LOOP_H

#include "base/compiler.h"
#include "eventgate/error.h"

#define EG_HTTP_LOOP_POLLERS 4

struct eg_http_listener;
struct eg_http_loop;
struct eg_http_poller;

/* `pollers`: EG_HTTP_LOOP_POLLERS of the listener's, or NULL for a helper. Borrows both. */
int eg_http_loop_new(struct eg_http_listener *listener, struct eg_http_poller *const *pollers,
                     const char *name, struct eg_http_loop **ret_loop,
                     struct eg_error *err) EG_MUST_CHECK;

/* Runs the thread, once all loops and pollers of the listener are in its lists. */
int eg_http_loop_start(struct eg_http_loop *loop, struct eg_error *err) EG_MUST_CHECK;

/* Accepts no more; what is open goes on. */
void eg_http_loop_quiesce(struct eg_http_loop *loop);

/* Ends the thread; the connections stay open. */
void eg_http_loop_stop(struct eg_http_loop *loop);
void eg_http_loop_destroy(struct eg_http_loop *loop); /* stops if it must; NULL is fine */

#endif
