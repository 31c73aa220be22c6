/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources by scheme. A new kind of source is a row in `schemes`; callers don't change. Reading is
 * bounded while it reads, because the size that stat() gives for a pipe is not the truth.
 */
#include "config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "config/outside.h"

#define READ_BYTES 65536u

struct scheme {
    const char *prefix;
    int (*read)(const char *uri, size_t max_bytes, struct eg_buffer *buffer, struct eg_error *err);
};

static int fail_errno(const char *path, const char *what, struct eg_error *err)
{
    char text[128];
    int saved = errno;
    enum eg_error_code code = saved == ENOENT || saved == ENOTDIR ? EG_ERR_NOT_FOUND : EG_ERR_IO;
    return eg_error_set(err, code, "%s: can't %s: %s", path, what,
                        eg_error_errno_text(saved, text, sizeof(text)));
}

static void close_cleanup(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static int read_all(int fd, const char *path, size_t max_bytes, struct eg_buffer *buffer,
                    struct eg_error *err)
{
    const size_t begin = buffer->len;
    for (;;) {
        char *room = eg_buffer_reserve(buffer, READ_BYTES);
        ssize_t got = read(fd, room, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(path, "read", err);
        if (got == 0)
            return 0;
        if ((size_t)got > max_bytes - (buffer->len - begin))
            return eg_error_set(err, EG_ERR_TOO_LARGE, "%s: more than %zu bytes", path, max_bytes);
        buffer->len += (size_t)got;
        buffer->data[buffer->len] = '\0';
    }
}

static int read_file(const char *path, size_t max_bytes, struct eg_buffer *buffer,
                     struct eg_error *err)
{
    EG_CLEANUP(close_cleanup) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail_errno(path, "open", err);
    struct stat status;
    if (fstat(fd, &status) != 0)
        return fail_errno(path, "stat", err);
    if (S_ISDIR(status.st_mode))
        return eg_error_set(err, EG_ERR_IO, "%s: is a folder, not a file", path);
    return read_all(fd, path, max_bytes, buffer, err);
}

static int read_file_uri(const char *uri, size_t max_bytes, struct eg_buffer *buffer,
                         struct eg_error *err)
{
    return read_file(uri + strlen("file://"), max_bytes, buffer, err);
}

static int read_s3(const char *uri, size_t max_bytes, struct eg_buffer *buffer,
                   struct eg_error *err)
{
    const struct eg_config_outside *outside = eg_config_outside_get();
    if (!outside)
        return eg_error_set(err, EG_ERR_UNAVAILABLE,
                            "%s: S3 can't be read here; copy it to a local file", uri);
    return outside->read(outside->context, uri, max_bytes, buffer, err);
}

static const struct scheme schemes[] = {
    {"file://", read_file_uri},
    {"s3://", read_s3},
};

static const struct scheme *find_scheme(const char *uri)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(schemes); i++)
        if (strncasecmp(uri, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            return &schemes[i];
    return NULL;
}

int eg_config_source_read(const char *uri, size_t max_bytes, struct eg_buffer *buffer,
                          struct eg_error *err)
{
    const struct scheme *scheme = find_scheme(uri);
    if (scheme)
        return scheme->read(uri, max_bytes, buffer, err);
    if (strstr(uri, "://"))
        return eg_error_set(err, EG_ERR_UNAVAILABLE,
                            "%s: not a path, a file:// or an s3:// address", uri);
    return read_file(uri, max_bytes, buffer, err);
}

const char *eg_config_source_reason(const char *uri, const struct eg_error *err)
{
    size_t len = strlen(uri);
    if (strncmp(err->message, uri, len) == 0 && strncmp(err->message + len, ": ", 2) == 0)
        return err->message + len + 2;
    return err->message;
}

bool eg_config_source_is_remote(const char *uri)
{
    return strstr(uri, "://") && strncasecmp(uri, "file://", strlen("file://")) != 0;
}

char *eg_config_path_resolve(const char *folder, const char *path)
{
    if (path[0] == '/' || strstr(path, "://") || strcmp(folder, ".") == 0 || folder[0] == '\0')
        return eg_strdup(path);
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    return eg_asprintf("%s%s%s", folder, slash, path);
}

char *eg_config_path_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return eg_strdup(".");
    if (slash == path)
        return eg_strdup("/");
    return eg_asprintf("%.*s", (int)(slash - path), path);
}

bool eg_config_path_is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool eg_config_path_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}
