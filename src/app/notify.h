/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the service manager how far we are: the sd_notify(3) protocol, a datagram to the socket
 * that $NOTIFY_SOCKET names. Without one every call does nothing; what can't be sent is dropped,
 * for nothing of ours depends on it. Never waits. Any thread.
 */
#ifndef EG_APP_NOTIFY_H
#define EG_APP_NOTIFY_H

#include <stdint.h>

void eg_app_notify_ready(void);     /* started, or a reload is over: requests are served */
void eg_app_notify_reloading(void); /* ready follows, whether the reload succeeds or not */
void eg_app_notify_stopping(void);

/*
 * The manager's watchdog (WatchdogSec=): alive must be called more often than this many
 * milliseconds, half of it is advised. 0: nobody watches this process.
 */
int64_t eg_app_notify_watchdog_ms(void);
void eg_app_notify_alive(void);

#endif
