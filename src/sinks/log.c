/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as JSON lines, on standard output or at the end of a file.
 *
 * Threads: one worker does everything; the probe on the control thread looks at the path only.
 *
 * A batch becomes one buffer and one write, so that lines stay whole. Before each batch the path is
 * compared with the open file: after a rotation (renamed, or gone) it is opened again. A write that
 * fails half-way is taken back (files), or its torn line is ended before the next (pipes).
 * A pipe that nobody reads is waited for at most WRITE_TIMEOUT_MS, in pieces that cannot block.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/memory.h"
#include "sinks/registry.h"
#include "json/compact.h"
#include "json/writer.h"

#define WRITE_TIMEOUT_MS 5000
#define KEEP_BYTES       (4u << 20) /* a larger buffer is given back after its batch */

struct config {
    char *path;
    bool sync;
};

static const struct eg_field fields[] = {
    {.name = "path",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct config, path),
     .help = "The file to append to; unset: standard output. It may be renamed or removed at any "
             "time: the next batch goes to a new one."},
    {.name = "sync",
     .type = EG_FIELD_BOOL,
     .offset = offsetof(struct config, sync),
     .default_text = "false",
     .help = "Answer only after the batch is on the disk (fdatasync)."},
};

static const struct eg_field_table table = {
    .name = "sink log",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct eg_sink {
    const struct eg_sink_host *host;
    const struct config *config;
    int fd; /* -1: not open */
    bool regular;
    bool torn; /* what was written last is not a whole line */
    struct stat opened;
    struct eg_buffer lines;
};

static int errno_error(struct eg_error *err, const char *doing)
{
    char text[128];
    return eg_error_set_retriable(err, EG_ERR_IO, "%s: %s", doing,
                                  eg_error_errno_text(errno, text, sizeof(text)));
}

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    (void)err;
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->host = host;
    sink->config = config;
    sink->fd = -1;
    *ret_sink = sink;
    return 0;
}

static void close_file(struct eg_sink *sink)
{
    if (sink->fd > STDERR_FILENO)
        (void)close(sink->fd); /* every write was checked */
    sink->fd = -1;
}

static int open_file(struct eg_sink *sink, struct eg_error *err)
{
    const char *path = sink->config->path;
    sink->fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640) : STDOUT_FILENO;
    if (sink->fd < 0)
        return errno_error(err, "cannot open the log file");
    if (fstat(sink->fd, &sink->opened) != 0) {
        close_file(sink);
        return errno_error(err, "cannot look at the log file");
    }
    sink->regular = S_ISREG(sink->opened.st_mode);
    return 0;
}

/* True while the path still leads to the file that is open. */
static bool is_current(const struct eg_sink *sink)
{
    struct stat now;
    if (!sink->config->path)
        return true;
    return stat(sink->config->path, &now) == 0 && now.st_ino == sink->opened.st_ino &&
           now.st_dev == sink->opened.st_dev;
}

static int ensure_open(struct eg_sink *sink, struct eg_error *err)
{
    if (sink->fd >= 0 && is_current(sink))
        return 0;
    close_file(sink);
    sink->torn = false;
    return open_file(sink, err);
}

static int start(struct eg_sink *sink, struct eg_error *err)
{
    if (ensure_open(sink, err) == 0)
        return 0;
    return sink->config->path ? eg_error_prefix(err, "'%s'", sink->config->path) : -1;
}

static void append_member(struct eg_buffer *lines, const char *name, struct eg_span value)
{
    eg_buffer_append_text(lines, name);
    eg_json_write_string(lines, value);
}

static void append_line(struct eg_buffer *lines, const struct eg_event *event)
{
    char time[EG_CLOCK_ISO_BYTES];
    eg_clock_format_iso(event->received_us, time);
    eg_buffer_append_text(lines, "{\"time\":\"");
    eg_buffer_append_text(lines, time);
    append_member(lines, "\",\"id\":", event->id);
    append_member(lines, ",\"topic\":", event->topic);
    if (event->key.len > 0)
        append_member(lines, ",\"key\":", event->key);
    else
        eg_buffer_append_text(lines, ",\"key\":null");
    append_member(lines, ",\"subject\":", event->subject);
    append_member(lines, ",\"correlation_id\":", event->correlation_id);
    eg_buffer_append_text(lines, ",\"payload\":");
    eg_json_write_one_line(lines, event->payload);
    eg_buffer_append_text(lines, "}\n");
}

static void build_lines(struct eg_sink *sink, struct eg_delivery *const *batch, size_t count)
{
    eg_buffer_clear(&sink->lines);
    if (sink->torn)
        eg_buffer_append_char(&sink->lines, '\n');
    for (size_t i = 0; i < count; i++)
        append_line(&sink->lines, batch[i]->event);
}

/* Waits until PIPE_BUF bytes can go without blocking; a regular file always can. */
static int wait_writable(struct eg_sink *sink, int64_t until_ms, struct eg_error *err)
{
    if (sink->regular)
        return 0;
    struct pollfd ready = {.fd = sink->fd, .events = POLLOUT};
    int64_t left_ms = until_ms - sink->host->monotonic_ms();
    int ret = poll(&ready, 1, left_ms > 0 ? (int)left_ms : 0);
    if (ret > 0)
        return 0;
    if (ret < 0)
        return errno == EINTR ? 0 : errno_error(err, "cannot wait for the log's reader");
    return eg_error_set_retriable(err, EG_ERR_IO, "nobody reads the log: waited %d ms",
                                  WRITE_TIMEOUT_MS);
}

static int write_some(struct eg_sink *sink, size_t *done, int64_t until_ms, struct eg_error *err)
{
    if (wait_writable(sink, until_ms, err) != 0)
        return -1;
    size_t left = sink->lines.len - *done;
    size_t piece = sink->regular || left < PIPE_BUF ? left : PIPE_BUF;
    ssize_t written = write(sink->fd, sink->lines.data + *done, piece);
    if (written >= 0)
        *done += (size_t)written;
    else if (errno != EINTR && errno != EAGAIN)
        return errno_error(err, "cannot write the log");
    return 0;
}

/* After a failure: a file loses the part that got there; elsewhere the line stays torn. */
static void take_back(struct eg_sink *sink, off_t size_before, size_t done)
{
    if (done == 0)
        return;
    sink->torn = !sink->regular || ftruncate(sink->fd, size_before) != 0;
}

static int write_lines(struct eg_sink *sink, struct eg_error *err)
{
    off_t size_before = sink->regular ? lseek(sink->fd, 0, SEEK_END) : 0;
    int64_t until_ms = sink->host->monotonic_ms() + WRITE_TIMEOUT_MS;
    size_t done = 0;
    while (done < sink->lines.len) {
        if (write_some(sink, &done, until_ms, err) != 0) {
            take_back(sink, size_before, done);
            return -1;
        }
    }
    sink->torn = false;
    if (sink->config->sync && sink->regular && fdatasync(sink->fd) != 0)
        return errno_error(err, "cannot sync the log");
    return 0;
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    (void)worker;
    struct eg_error err;
    int ret = ensure_open(sink, &err);
    if (ret == 0) {
        build_lines(sink, batch, count);
        ret = write_lines(sink, &err);
    }
    if (ret == 0)
        sink->host->complete_all(batch, count, EG_DELIVERED, NULL);
    else
        sink->host->complete_all(batch, count, EG_RETRY, err.message);
    if (sink->lines.capacity > KEEP_BYTES)
        eg_buffer_fini(&sink->lines);
}

static int probe(struct eg_sink *sink, struct eg_error *err)
{
    if (!sink->config->path)
        return 0;
    if (access(sink->config->path, W_OK) == 0 || errno == ENOENT)
        return 0;
    return errno_error(err, "cannot write the log file");
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    close_file(sink);
    eg_buffer_fini(&sink->lines);
    free(sink);
}

const struct eg_sink_type eg_sink_log = {
    .abi = EG_SINK_ABI,
    .name = "log",
    .help = "Writes events as JSON lines to standard output or a file that survives rotation.",
    .config = &table,
    .default_workers = 1,
    .max_workers = 1,
    .max_batch_events = 512,
    .max_batch_bytes = 4u << 20,
    .create = create,
    .start = start,
    .submit = submit,
    .probe = probe,
    .destroy = destroy,
};
