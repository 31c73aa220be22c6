/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing without being held up, and without O_NONBLOCK: that flag belongs to the open file, which
 * stderr shares with the shell or supervisor that gave it to us. Instead:
 *
 *   socket   MSG_DONTWAIT
 *   stream   poll first, and never more than PIPE_BUF in one write: a pipe that polls writable has
 *            room for that much. Another process that fills the same pipe between the two calls
 *            could still make us wait; nothing portable prevents that.
 *
 * The first piece of a line is tried at once or not at all. Once a line has begun, its rest waits
 * for up to LINE_PATIENCE_MS; a reader that stalls there costs one torn line.
 */
#include "telemetry/log_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

#define LINE_PATIENCE_MS 100

static enum eg_log_output_kind kind_of(int fd)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        return EG_LOG_OUTPUT_FILE;
    if (fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode))
        return EG_LOG_OUTPUT_SOCKET;
    return EG_LOG_OUTPUT_STREAM;
}

static struct eg_log_output adopt(int fd)
{
    return (struct eg_log_output){.fd = fd, .kind = kind_of(fd), .terminal = isatty(fd) == 1};
}

int eg_log_output_open(const char *where, struct eg_log_output *ret_output, struct eg_error *err)
{
    if (strcmp(where, "stderr") == 0 || strcmp(where, "stdout") == 0) {
        *ret_output = adopt(strcmp(where, "stderr") == 0 ? STDERR_FILENO : STDOUT_FILENO);
        return 0;
    }
    /* O_NONBLOCK: a FIFO that nobody reads is an error now, not a hang. */
    int fd = open(where, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (fd < 0) {
        char text[128];
        return eg_error_set(err, EG_ERR_IO, "can't open the log file '%s': %s", where,
                            eg_error_errno_text(errno, text, sizeof(text)));
    }
    *ret_output = adopt(fd);
    ret_output->path = eg_strdup(where);
    return 0;
}

void eg_log_output_close(struct eg_log_output *output)
{
    if (output->path)
        (void)close(output->fd);
    free(output->path);
    *output = (struct eg_log_output){.fd = -1};
}

static bool wait_writable(int fd, int timeout_ms)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int ready;
    do
        ready = poll(&wait, 1, timeout_ms);
    while (ready < 0 && errno == EINTR);
    return ready > 0 && (wait.revents & POLLOUT);
}

static ssize_t write_some(const struct eg_log_output *output, const char *bytes, size_t len)
{
    ssize_t written;
    do {
        if (output->kind == EG_LOG_OUTPUT_SOCKET)
            written = send(output->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        else if (output->kind == EG_LOG_OUTPUT_STREAM && len > PIPE_BUF)
            written = write(output->fd, bytes, PIPE_BUF);
        else
            written = write(output->fd, bytes, len);
    } while (written < 0 && errno == EINTR);
    return written;
}

/* How many bytes went out. */
static size_t write_all(const struct eg_log_output *output, const char *bytes, size_t len)
{
    int64_t give_up_ms = eg_clock_monotonic_ms() + LINE_PATIENCE_MS;
    size_t done = 0;
    while (done < len) {
        int64_t left_ms = done == 0 ? 0 : give_up_ms - eg_clock_monotonic_ms();
        if (left_ms < 0)
            break;
        if (output->kind != EG_LOG_OUTPUT_FILE && !wait_writable(output->fd, (int)left_ms))
            break;
        ssize_t written = write_some(output, bytes + done, len - done);
        if (written <= 0)
            break;
        done += (size_t)written;
    }
    return done;
}

bool eg_log_output_write(struct eg_log_output *output, const char *line, size_t len)
{
    if (output->torn && write_all(output, "\n", 1) != 1)
        return false;
    size_t done = write_all(output, line, len);
    output->torn = done > 0 && done < len;
    return done == len;
}
