/* SPDX-License-Identifier: Apache-2.0 */
/* One datagram a call; the environment is read each time, which is a few times in a process. */
#include "app/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/span.h"

/* A path, or a name in the abstract namespace, which is written with '@' and sent with NUL. */
static socklen_t make_address(const char *name, struct sockaddr_un *address)
{
    size_t len = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || len < 2 || len >= sizeof(address->sun_path))
        return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, len);
    if (name[0] == '@')
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static void notify(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    socklen_t address_bytes = name ? make_address(name, &address) : 0;
    if (address_bytes == 0)
        return;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
                 address_bytes);
    (void)close(fd);
}

void eg_app_notify_ready(void)
{
    notify("READY=1\nSTATUS=Serving requests.");
}

void eg_app_notify_reloading(void)
{
    char state[128];
    /* systemd 253 and later pair RELOADING with the READY after it by this time. */
    (void)snprintf(state, sizeof(state),
                   "RELOADING=1\nMONOTONIC_USEC=%" PRId64
                   "\nSTATUS=Reading the configuration again.",
                   eg_clock_monotonic_us());
    notify(state);
}

void eg_app_notify_stopping(void)
{
    notify("STOPPING=1\nSTATUS=Finishing what is in flight.");
}

void eg_app_notify_alive(void)
{
    notify("WATCHDOG=1");
}

int64_t eg_app_notify_watchdog_ms(void)
{
    int64_t watchdog_us;
    int64_t pid;
    const char *watched = getenv("WATCHDOG_PID");
    if (!eg_span_to_int64(eg_span_text(getenv("WATCHDOG_USEC")), &watchdog_us) || watchdog_us <= 0)
        return 0;
    if (watched && (!eg_span_to_int64(eg_span_text(watched), &pid) || pid != getpid()))
        return 0;
    return watchdog_us / 1000;
}
