/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where configuration is read from. A source is named by a path, a file:// URI, or s3://BUCKET/KEY,
 * which is read through config/outside.h. Control thread: reading waits for the disk or the server.
 */
#ifndef EG_CONFIG_SOURCE_H
#define EG_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/field.h"

/*
 * Appends the content to `buffer`. -1: EG_ERR_NOT_FOUND (no such file), EG_ERR_IO (it can't be
 * read), EG_ERR_TOO_LARGE (more than max_bytes), EG_ERR_UNAVAILABLE (another kind of source, or S3
 * does not answer and there is no copy). The message names the source and the reason.
 */
int eg_config_source_read(const char *uri, size_t max_bytes, struct eg_buffer *buffer,
                          struct eg_error *err) EG_MUST_CHECK;

/* The error's message without the name in front, for a problem whose place is that name. */
const char *eg_config_source_reason(const char *uri, const struct eg_error *err);

/* Has a scheme ("s3://") other than file://, so paths are not resolved against a folder. */
bool eg_config_source_is_remote(const char *uri);

/* `path` as seen from `folder`: joined when it is relative. The caller frees it. */
char *eg_config_path_resolve(const char *folder, const char *path) EG_MUST_CHECK;

/* The folder a file is in: "etc" of "etc/a.yaml", "." of "a.yaml". The caller frees it. */
char *eg_config_path_folder(const char *path) EG_MUST_CHECK;

/*
 * The files of a folder, or the objects below s3://BUCKET/PREFIX, whose names end in `suffix`,
 * without it, sorted bytewise; hidden files are left out. -1: EG_ERR_NOT_FOUND, EG_ERR_IO, or
 * EG_ERR_TOO_LARGE for more than max_files.
 */
int eg_config_folder_list(const char *folder, const char *suffix, size_t max_files,
                          struct eg_string_list *ret_names, struct eg_error *err) EG_MUST_CHECK;
void eg_config_string_list_fini(struct eg_string_list *list);

bool eg_config_path_is_folder(const char *path);
bool eg_config_path_exists(const char *path);

#endif
