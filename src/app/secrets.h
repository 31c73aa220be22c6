/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that were read, remembered in memory for as long as the process runs: a configuration
 * that names one ten times asks once, and a database that was refused asks again, but not more
 * often than every few seconds however many connections were refused. Never on disk, wiped when
 * they go. Any thread.
 */
#ifndef EG_APP_SECRETS_H
#define EG_APP_SECRETS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "config/outside.h"
#include "eventgate/error.h"

#define EG_APP_SECRETS_AGAIN_MS 5000 /* between two reads of one secret */

/* Asks the store: appends the secret's text. One call at a time. */
struct eg_app_secret_store {
    int (*ask)(void *context, const struct eg_config_secret *secret, struct eg_buffer *text,
               struct eg_error *err);
    void *context;
    int64_t (*monotonic_ms)(void);
};

struct eg_app_secrets;

struct eg_app_secrets *eg_app_secrets_new(const struct eg_app_secret_store *store); /* copied */
void eg_app_secrets_destroy(struct eg_app_secrets *secrets);

/* As eg_config_outside.secret. Without an answer, what is remembered. */
int eg_app_secrets_read(struct eg_app_secrets *secrets, const struct eg_config_secret *secret,
                        bool fresh, struct eg_buffer *buffer, struct eg_error *err) EG_MUST_CHECK;

/* A load begins: what it asks for is read again. */
void eg_app_secrets_expire(struct eg_app_secrets *secrets);

#endif
