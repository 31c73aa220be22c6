/* SPDX-License-Identifier: Apache-2.0 */
/* What the service manager hears, on a datagram socket of ours. */
#include "app/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

static char folder[] = "/tmp/eg_notify_XXXXXX";
static char path[64];

/* A bound socket whose name is in NOTIFY_SOCKET; '@' at the front: abstract. */
static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    memcpy(address.sun_path, name, len);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
                     0);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return fd;
}

static const char *hear(int fd)
{
    static char text[512];
    ssize_t len = recv(fd, text, sizeof(text) - 1, 0);
    text[len < 0 ? 0 : len] = '\0';
    return text;
}

static void each_state_is_one_datagram(void **state)
{
    (void)state;
    int fd = listen_at(path);
    eg_app_notify_ready();
    assert_string_equal(hear(fd), "READY=1\nSTATUS=Serving requests.");
    eg_app_notify_stopping();
    assert_memory_equal(hear(fd), "STOPPING=1\nSTATUS=", 18);
    eg_app_notify_alive();
    assert_string_equal(hear(fd), "WATCHDOG=1");
    assert_string_equal(hear(fd), "");
    (void)close(fd);
    (void)unlink(path);
}

static void a_reload_says_when_it_began(void **state)
{
    (void)state;
    int fd = listen_at(path);
    int64_t before_us = eg_clock_monotonic_us();
    eg_app_notify_reloading();
    const char *text = hear(fd);
    static const char begin[] = "RELOADING=1\nMONOTONIC_USEC=";
    assert_memory_equal(text, begin, sizeof(begin) - 1);
    long long when_us = strtoll(text + sizeof(begin) - 1, NULL, 10);
    assert_true(when_us >= before_us && when_us <= eg_clock_monotonic_us());
    (void)close(fd);
    (void)unlink(path);
}

static void an_abstract_socket_is_found(void **state)
{
    (void)state;
    char name[64];
    (void)snprintf(name, sizeof(name), "@eventgate-test-%d", (int)getpid());
    int fd = listen_at(name);
    eg_app_notify_ready();
    assert_memory_equal(hear(fd), "READY=1", 7);
    (void)close(fd);
}

static void without_a_manager_nothing_happens(void **state)
{
    (void)state;
    static const char *const names[] = {"", "/", "relative", "/nowhere/at/all"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        eg_app_notify_ready();
    }
    char too_long[200];
    memset(too_long, '/', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", too_long, 1), 0);
    eg_app_notify_ready();
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    eg_app_notify_ready();
}

static void a_manager_that_does_not_listen_costs_no_time(void **state)
{
    (void)state;
    int fd = listen_at(path);
    int64_t before_ms = eg_clock_monotonic_ms();
    for (int i = 0; i < 2000; i++)
        eg_app_notify_alive();
    assert_true(eg_clock_monotonic_ms() - before_ms < 5000);
    (void)close(fd);
    (void)unlink(path);
}

static void the_watchdog_is_read_from_the_environment(void **state)
{
    (void)state;
    char pid[32];
    (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
    assert_int_equal(eg_app_notify_watchdog_ms(), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
    assert_int_equal(eg_app_notify_watchdog_ms(), 30000);
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_int_equal(eg_app_notify_watchdog_ms(), 30000);
    assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
    assert_int_equal(eg_app_notify_watchdog_ms(), 0);
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "soon", 1), 0);
    assert_int_equal(eg_app_notify_watchdog_ms(), 0);
}

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    (void)snprintf(path, sizeof(path), "%s/notify", folder);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_is_one_datagram),
        cmocka_unit_test(a_reload_says_when_it_began),
        cmocka_unit_test(an_abstract_socket_is_found),
        cmocka_unit_test(without_a_manager_nothing_happens),
        cmocka_unit_test(a_manager_that_does_not_listen_costs_no_time),
        cmocka_unit_test(the_watchdog_is_read_from_the_environment),
    };
    int failed = cmocka_run_group_tests_name("app/notify", tests, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
