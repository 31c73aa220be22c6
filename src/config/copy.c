/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy's file is five parts: a line with the format's name, the address, the ETag and the
 * content's hash on a line each, then the content. The hash tells a damaged file from a good one;
 * no one who can write the folder is kept out by it.
 */
#include "config/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/source.h"

#define FORMAT_LINE "eventgate copy 1\n"
#define HEAD_BYTES  4096u

void eg_config_copy_fini(struct eg_config_copy *copy)
{
    eg_buffer_fini(&copy->content);
    eg_buffer_fini(&copy->etag);
}

static int fail(const char *path, const char *what, struct eg_error *err)
{
    char text[128];
    return eg_error_set(err, errno == ENOENT ? EG_ERR_NOT_FOUND : EG_ERR_IO, "%s: can't %s: %s",
                        path, what, eg_error_errno_text(errno, text, sizeof(text)));
}

/* The address with what a file's name can't hold as %XX; a long one is cut and told apart by hash.
 */
static char *path_of(const char *folder, const char *uri)
{
    EG_AUTOBUFFER struct eg_buffer name = EG_BUFFER_INIT;
    for (const char *c = uri; *c && name.len < 180; c++) {
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
            *c == '-' || *c == '_' || (*c == '.' && c != uri))
            eg_buffer_append_char(&name, *c);
        else
            eg_buffer_printf(&name, "%%%02X", (unsigned char)*c);
    }
    return eg_asprintf("%s/%s.%016llx", folder, name.len ? name.data : "",
                       (unsigned long long)eg_span_hash(eg_span_text(uri)));
}

static void append_head(struct eg_buffer *out, const char *uri, const struct eg_config_copy *copy)
{
    eg_buffer_append_text(out, FORMAT_LINE);
    eg_buffer_printf(out, "%s\n%.*s\n%016llx\n", uri, EG_SPAN_ARGS(eg_buffer_span(&copy->etag)),
                     (unsigned long long)eg_span_hash(eg_buffer_span(&copy->content)));
}

static int write_all(int fd, struct eg_span bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(fd, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        bytes.ptr += written;
        bytes.len -= (size_t)written;
    }
    return 0;
}

static int set_time(int fd, int64_t current_s)
{
    struct timespec times[2] = {{.tv_sec = (time_t)current_s}, {.tv_sec = (time_t)current_s}};
    return futimens(fd, times);
}

/* Takes the descriptor. */
static int fill(int fd, struct eg_span bytes, int64_t current_s)
{
    int ret = write_all(fd, bytes) != 0 || fsync(fd) != 0 || set_time(fd, current_s) != 0;
    return close(fd) != 0 || ret ? -1 : 0;
}

static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd); /* the rename stands without it, only not yet on the disk */
    (void)close(fd);
}

static int replace(const char *folder, const char *path, struct eg_span bytes, int64_t current_s,
                   struct eg_error *err)
{
    EG_AUTOFREE char *aside = eg_asprintf("%s.new", path);
    if (mkdir(folder, 0750) != 0 && errno != EEXIST)
        return fail(folder, "make the folder", err);
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return fail(aside, "open", err);
    if (fill(fd, bytes, current_s) != 0 || rename(aside, path) != 0) {
        int ret = fail(aside, "write", err);
        (void)unlink(aside);
        return ret;
    }
    sync_folder(folder);
    return 0;
}

int eg_config_copy_save(const char *folder, const char *uri, const struct eg_config_copy *copy,
                        struct eg_error *err)
{
    EG_AUTOFREE char *path = path_of(folder, uri);
    EG_AUTOBUFFER struct eg_buffer bytes = EG_BUFFER_INIT;
    if (strpbrk(uri, "\r\n") || (copy->etag.len && strpbrk(copy->etag.data, "\r\n")))
        return eg_error_set(err, EG_ERR_INVALID, "an address or ETag of more than one line");
    append_head(&bytes, uri, copy);
    eg_buffer_append_span(&bytes, eg_buffer_span(&copy->content));
    return replace(folder, path, eg_buffer_span(&bytes), copy->current_s, err);
}

int eg_config_copy_touch(const char *folder, const char *uri, int64_t current_s,
                         struct eg_error *err)
{
    EG_AUTOFREE char *path = path_of(folder, uri);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(path, "open", err);
    int ret = set_time(fd, current_s);
    ret = ret ? fail(path, "set its time", err) : 0;
    (void)close(fd); /* nothing was written */
    return ret;
}

/* Cuts the next line off; false: there is none. */
static bool take_line(struct eg_span *rest, struct eg_span *ret_line)
{
    const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    if (!end)
        return false;
    size_t len = (size_t)(end - rest->ptr);
    *ret_line = eg_span_of(rest->ptr, len);
    *rest = eg_span_of(end + 1, rest->len - len - 1);
    return true;
}

static int parse(struct eg_span text, const char *uri, const char *path,
                 struct eg_config_copy *copy, struct eg_error *err)
{
    struct eg_span format, address, etag, hash;
    char want[17];
    if (!take_line(&text, &format) || !take_line(&text, &address) || !take_line(&text, &etag) ||
        !take_line(&text, &hash))
        return eg_error_set(err, EG_ERR_INVALID, "%s: not a copy", path);
    (void)snprintf(want, sizeof(want), "%016llx", (unsigned long long)eg_span_hash(text));
    if (!eg_span_is(address, uri) || !eg_span_is(hash, want))
        return eg_error_set(err, EG_ERR_INVALID, "%s: a damaged copy", path);
    eg_buffer_append_span(&copy->etag, etag);
    eg_buffer_append_span(&copy->content, text);
    return 0;
}

int eg_config_copy_load(const char *folder, const char *uri, size_t max_bytes,
                        struct eg_config_copy *ret_copy, struct eg_error *err)
{
    EG_AUTOFREE char *path = path_of(folder, uri);
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct eg_config_copy copy = {.current_s = 0};
    struct stat status;
    if (stat(path, &status) != 0)
        return fail(path, "open", err);
    if (eg_config_source_read(path, max_bytes + HEAD_BYTES, &text, err) != 0)
        return -1;
    if (parse(eg_buffer_span(&text), uri, path, &copy, err) != 0) {
        eg_config_copy_fini(&copy);
        return -1;
    }
    copy.current_s = status.st_mtim.tv_sec;
    *ret_copy = copy;
    return 0;
}
