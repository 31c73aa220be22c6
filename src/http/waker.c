/* SPDX-License-Identifier: Apache-2.0 */
/* An eventfd, and a flag that saves most of the writes. */
#include "http/waker.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int eg_http_waker_init(struct eg_http_waker *waker)
{
    atomic_init(&waker->woken, false);
    waker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return waker->fd < 0 ? -1 : 0;
}

void eg_http_waker_fini(struct eg_http_waker *waker)
{
    if (waker->fd >= 0)
        (void)close(waker->fd);
    waker->fd = -1;
}

void eg_http_waker_wake(struct eg_http_waker *waker)
{
    const uint64_t one = 1;
    if (atomic_exchange_explicit(&waker->woken, true, memory_order_seq_cst))
        return;
    while (write(waker->fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

/* A wake after the exchange writes again; what one before it wants is seen from here on. */
void eg_http_waker_take(struct eg_http_waker *waker)
{
    uint64_t count;
    (void)!read(waker->fd, &count, sizeof(count));
    (void)atomic_exchange_explicit(&waker->woken, false, memory_order_seq_cst);
}
