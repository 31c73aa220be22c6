/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: ends a thread's sleep, with one write however many ask for it.
 *
 * wake: any thread. take: the thread that sleeps on `fd`, when it is readable; what it looks at
 * afterwards was written by everyone whose wake made no write of its own.
 */
#ifndef EG_HTTP_WAKER_H
#define EG_HTTP_WAKER_H

#include <stdatomic.h>

#include "base/compiler.h"

struct eg_http_waker {
    int fd;            /* an eventfd */
    atomic_bool woken; /* written to, and not taken yet */
};

int eg_http_waker_init(struct eg_http_waker *waker) EG_MUST_CHECK; /* -1: no more descriptors */
void eg_http_waker_fini(struct eg_http_waker *waker);              /* also after a failed init */
void eg_http_waker_wake(struct eg_http_waker *waker);
void eg_http_waker_take(struct eg_http_waker *waker);

#endif
