/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration that lives elsewhere, and the last good copy of it.
 *
 *     eg_config_mirror_begin(mirror, ...)   a load begins: every object is asked for once, on its
 *                                           first read; later reads of the load get the same
 *     eg_config_mirror_read, _list          the new content; without an answer, the last good copy
 *     eg_config_mirror_commit(mirror)       the load was good: what it read is the last good copy
 *     eg_config_mirror_abort(mirror)        it was not: what was new in it is forgotten
 *     eg_config_mirror_poll(mirror)         is there anything new?
 *
 * Good copies live in memory and, with a folder, on disk (config/copy.h), where the next start
 * finds them. What a mirror is asked with is a `struct eg_config_fetch`.
 *
 * A load runs on one thread; poll may run on another, and waits while an object is being read.
 */
#ifndef EG_CONFIG_MIRROR_H
#define EG_CONFIG_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/field.h"

/* One answer; the buffers are empty before. */
struct eg_config_fetched {
    bool unchanged; /* it still has the ETag that was asked with; content is empty */
    struct eg_buffer content;
    struct eg_buffer etag;
};

struct eg_config_fetch {
    /* The object, unless it still has that ETag (empty: none known). At most max_bytes. */
    int (*get)(void *context, const char *uri, const char *etag, size_t max_bytes,
               struct eg_config_fetched *fetched, struct eg_error *err);
    /* The names of the objects directly below the prefix: one on a line, in any order. */
    int (*list)(void *context, const char *prefix, size_t max_names, struct eg_buffer *names,
                struct eg_error *err);
    void *context;
    int64_t (*wall_s)(void);
};

struct eg_config_mirror;

/* `fetch` is copied. folder: where copies are kept; NULL or empty: only in memory. */
struct eg_config_mirror *eg_config_mirror_new(const struct eg_config_fetch *fetch);
void eg_config_mirror_destroy(struct eg_config_mirror *mirror); /* NULL is fine */
void eg_config_mirror_set_folder(struct eg_config_mirror *mirror, const char *folder);

enum eg_config_mirror_how {
    EG_CONFIG_MIRROR_ASK,    /* the other side, then copies */
    EG_CONFIG_MIRROR_COPIES, /* copies only: what the other side has is no good */
};

/* A load that was neither committed nor aborted is aborted. */
void eg_config_mirror_begin(struct eg_config_mirror *mirror, enum eg_config_mirror_how how);

/* As eg_config_source_read and eg_config_folder_list. EG_ERR_UNAVAILABLE: no answer and no copy;
 * after a good load EG_ERR_IO, so that nothing is given up that works. */
int eg_config_mirror_read(struct eg_config_mirror *mirror, const char *uri, size_t max_bytes,
                          struct eg_buffer *buffer, struct eg_error *err) EG_MUST_CHECK;
int eg_config_mirror_list(struct eg_config_mirror *mirror, const char *prefix, const char *suffix,
                          size_t max_names, struct eg_string_list *ret_names,
                          struct eg_error *err) EG_MUST_CHECK;

/* What no longer is part of the configuration is forgotten. -1: a copy could not be written. */
int eg_config_mirror_commit(struct eg_config_mirror *mirror, struct eg_error *err);

/* True: something new was read, so that a load from copies could do better. */
bool eg_config_mirror_abort(struct eg_config_mirror *mirror);

/*
 * Asks for everything that the last good load read. True: something is different from what was
 * loaded, and was not refused before. While a load runs: false, and nothing is asked.
 */
bool eg_config_mirror_poll(struct eg_config_mirror *mirror);

/* Appends a sentence for each object that is an old copy: which, how old, why. False: none is. */
bool eg_config_mirror_stale(struct eg_config_mirror *mirror, struct eg_buffer *out);

/* Does the last load read anything from elsewhere? */
bool eg_config_mirror_is_used(struct eg_config_mirror *mirror);

#endif
