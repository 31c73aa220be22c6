/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this room can't reach by itself: objects of S3 and secrets of Secrets Manager. The program
 * puts a table of functions here at its start; without one, s3:// and ${secret:} are refused.
 *
 * The table is set on the main thread while no other thread reads configuration. read and list are
 * called on the thread that loads configuration; secret on any thread. All may wait for a server.
 */
#ifndef EG_CONFIG_OUTSIDE_H
#define EG_CONFIG_OUTSIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/field.h"
#include "eventgate/span.h"

struct eg_config_secret {
    struct eg_span name;   /* or its ARN */
    struct eg_span region; /* empty: the daemon's own */
    struct eg_span key;    /* empty: the whole text */
};

struct eg_config_outside {
    /* As eg_config_source_read, for one object; the same content all through one load. */
    int (*read)(void *context, const char *uri, size_t max_bytes, struct eg_buffer *buffer,
                struct eg_error *err);

    /* As eg_config_folder_list, for the objects directly below a prefix. */
    int (*list)(void *context, const char *prefix, const char *suffix, size_t max_names,
                struct eg_string_list *ret_names, struct eg_error *err);

    /*
     * Appends the secret's whole text. fresh: what is remembered may
     * be out of date. EG_ERR_NOT_FOUND, EG_ERR_FORBIDDEN, or EG_ERR_UNAVAILABLE, retriable.
     */
    int (*secret)(void *context, const struct eg_config_secret *secret, bool fresh,
                  struct eg_buffer *buffer, struct eg_error *err);

    void *context;
};

/* Borrowed until another is set; NULL: none. */
void eg_config_outside_set(const struct eg_config_outside *outside);
const struct eg_config_outside *eg_config_outside_get(void);

/*
 * Appends a secret: its text, or the member `key`, unless it is empty, of the JSON object that the
 * text is. EG_ERR_CONFIG: there is no such member, or nobody can read secrets here. Messages hold
 * nothing of the secret. Any thread.
 */
int eg_config_secret_read(const struct eg_config_secret *secret, bool fresh,
                          struct eg_buffer *buffer, struct eg_error *err) EG_MUST_CHECK;

/* The member `key` of a secret's text; not a string: its JSON text. -1: EG_ERR_CONFIG. */
int eg_config_secret_member(struct eg_span text, struct eg_span key, struct eg_buffer *buffer,
                            struct eg_error *err) EG_MUST_CHECK;

#endif
