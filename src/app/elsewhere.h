/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration that is not on this machine: objects of S3 with their last good copies, secrets of
 * Secrets Manager. Fills the seam that config/ leaves (config/outside.h); nothing of AWS is touched
 * before something is asked for.
 *
 * One for a process. Loads run on the main thread, poll on the control thread, secrets are read on
 * any.
 */
#ifndef EG_APP_ELSEWHERE_H
#define EG_APP_ELSEWHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/config.h"
#include "base/compiler.h"
#include "config/mirror.h"
#include "eventgate/field.h"

/* Section `config`. */
struct eg_app_elsewhere_config {
    char *copies;    /* folder; NULL: copies only in memory */
    int64_t poll_ms; /* 0: only when told to reload */
    struct eg_aws_config aws;
};

extern const struct eg_field_table eg_app_elsewhere_table;

struct eg_app_elsewhere;

/* From now on s3:// and ${secret:} work in configuration. */
struct eg_app_elsewhere *eg_app_elsewhere_new(void);
void eg_app_elsewhere_destroy(struct eg_app_elsewhere *elsewhere); /* NULL is fine */

void eg_app_elsewhere_cleanup(struct eg_app_elsewhere **elsewhere);
#define EG_AUTOELSEWHERE EG_CLEANUP(eg_app_elsewhere_cleanup)

/* How AWS is reached and where copies are: in every load, before the first thing is asked for. */
void eg_app_elsewhere_configure(struct eg_app_elsewhere *elsewhere,
                                const struct eg_app_elsewhere_config *config);

/* The state of copies: begin, commit, abort, poll, stale. */
struct eg_config_mirror *eg_app_elsewhere_mirror(struct eg_app_elsewhere *elsewhere);

/* Makes what waits for a server give up soon: for shutdown, from any thread. */
void eg_app_elsewhere_cancel(struct eg_app_elsewhere *elsewhere);

#endif
