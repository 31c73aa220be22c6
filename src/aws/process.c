/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command line and collects what it prints. The child has a process group of its own, so
 * that what it started is ended with it, no signal blocked, and nothing to read.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/host.h"
#include "base/error.h"
#include "base/memory.h"

static int system_error(struct eg_error *err, const char *what, int errno_value)
{
    char text[128];
    return eg_error_set(err, EG_ERR_IO, "%s: %s", what,
                        eg_error_errno_text(errno_value, text, sizeof(text)));
}

static int start(const char *command, int output, pid_t *ret_pid)
{
    char shell[] = "sh";
    char option[] = "-c";
    char *text = eg_strdup(command);
    char *const arguments[] = {shell, option, text, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    EG_ASSERT(posix_spawn_file_actions_init(&files) == 0 && posix_spawnattr_init(&attributes) == 0);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    (void)posix_spawnattr_setsigdefault(&attributes, &all);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
    int ret = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (ret == 0)
        ret = posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    if (ret == 0)
        ret = posix_spawn(ret_pid, "/bin/sh", &files, &attributes, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&files);
    (void)posix_spawnattr_destroy(&attributes);
    free(text);
    return ret;
}

static int collect(int input, int64_t deadline_ms, size_t max_bytes, struct eg_buffer *out,
                   struct eg_error *err)
{
    for (size_t total = 0;;) {
        int64_t left_ms = deadline_ms - eg_clock_monotonic_ms();
        struct pollfd wait = {.fd = input, .events = POLLIN};
        int ready = left_ms > 0 ? poll(&wait, 1, (int)left_ms) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            return eg_error_set(err, EG_ERR_UNAVAILABLE, "the program did not end in time");
        ssize_t got = ready < 0 ? -1 : read(input, eg_buffer_reserve(out, 4096), 4096);
        if (got < 0)
            return system_error(err, "the program's output", errno);
        if (got == 0)
            return 0;
        total += (size_t)got;
        if (total > max_bytes)
            return eg_error_set(err, EG_ERR_TOO_LARGE, "the program printed more than %zu bytes",
                                max_bytes);
        out->len += (size_t)got;
    }
}

/* The output has ended; the program itself may go on: it has until the deadline. */
static int wait_for(pid_t pid, int64_t deadline_ms, int *ret_status)
{
    for (;;) {
        pid_t ended = waitpid(pid, ret_status, WNOHANG);
        if (ended == pid)
            return 0;
        if (ended < 0 && errno != EINTR)
            return -1;
        if (eg_clock_monotonic_ms() >= deadline_ms)
            return -1;
        (void)poll(NULL, 0, 5);
    }
}

static void end(pid_t pid)
{
    int status;
    (void)kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
}

static int finish(pid_t pid, int64_t deadline_ms, struct eg_error *err)
{
    int status = 0;
    if (wait_for(pid, deadline_ms, &status) < 0) {
        end(pid);
        return eg_error_set(err, EG_ERR_UNAVAILABLE, "the program did not end in time");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (WIFEXITED(status))
        return eg_error_set(err, EG_ERR_UNAVAILABLE, "the program ended with exit code %d",
                            WEXITSTATUS(status));
    return eg_error_set(err, EG_ERR_UNAVAILABLE, "the program was ended by a signal");
}

int eg_aws_process_run(const char *command, int64_t timeout_ms, size_t max_bytes,
                       struct eg_buffer *out, struct eg_error *err)
{
    int ends[2];
    pid_t pid;
    int64_t deadline_ms = eg_clock_monotonic_ms() + timeout_ms;
    if (pipe2(ends, O_CLOEXEC) < 0)
        return system_error(err, "a pipe for the program", errno);
    int started = start(command, ends[1], &pid);
    (void)close(ends[1]);
    if (started != 0) {
        (void)close(ends[0]);
        return system_error(err, "the program can't be started", started);
    }
    int ret = collect(ends[0], deadline_ms, max_bytes, out, err);
    (void)close(ends[0]);
    if (ret < 0) {
        end(pid);
        return -1;
    }
    return finish(pid, deadline_ms, err);
}
