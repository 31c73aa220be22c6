/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `eventgate serve` runs: all parts, started in one visible order and stopped in the same
 * order reversed, with the signals that reload and end it.
 *
 * eg_app_run blocks the signals it waits for, so that no other thread gets them. Main thread, once.
 */
#ifndef EG_APP_APP_H
#define EG_APP_APP_H

#include <stddef.h>

#include "app/settings.h"
#include "base/compiler.h"
#include "eventgate/error.h"

struct eg_app_options {
    const char *config;                      /* file or folder; NULL: the usual places */
    const struct eg_app_override *overrides; /* of the command line; app/settings.h */
    size_t override_count;
};

/* Runs until SIGTERM, SIGINT or POST /terminate: 0. -1: it could not start, `err` says why. */
int eg_app_run(const struct eg_app_options *options, struct eg_error *err) EG_MUST_CHECK;

#endif
