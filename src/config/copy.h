/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies on disk of what was read elsewhere: a folder with one file for each address. A file is
 * replaced whole (written aside, synced, renamed), so that a crash
 * leaves the old one or the new one. Its time of change says when the copy was known to be current.
 *
 * Control thread.
 */
#ifndef EG_CONFIG_COPY_H
#define EG_CONFIG_COPY_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

struct eg_config_copy {
    struct eg_buffer content;
    struct eg_buffer etag; /* of the server, whatever it is */
    int64_t current_s;     /* Unix time */
};

void eg_config_copy_fini(struct eg_config_copy *copy);

/* Makes the folder when it is not there, and writes. EG_ERR_IO. */
int eg_config_copy_save(const char *folder, const char *uri, const struct eg_config_copy *copy,
                        struct eg_error *err) EG_MUST_CHECK;

/* It is still current: only its time changes. */
int eg_config_copy_touch(const char *folder, const char *uri, int64_t current_s,
                         struct eg_error *err) EG_MUST_CHECK;

/* EG_ERR_NOT_FOUND: there is none. EG_ERR_INVALID: damaged, or of another address. EG_ERR_IO. */
int eg_config_copy_load(const char *folder, const char *uri, size_t max_bytes,
                        struct eg_config_copy *ret_copy, struct eg_error *err) EG_MUST_CHECK;

#endif
