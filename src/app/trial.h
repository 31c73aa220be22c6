/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What settings that read well can still be wrong about: files that only their users read. For
 * `eventgate check`; `serve` finds the same when it starts. Main thread.
 */
#ifndef EG_APP_TRIAL_H
#define EG_APP_TRIAL_H

#include "app/settings.h"
#include "config/problem.h"

/*
 * Creates every sink, opens none, and destroys them; reads the mappings and queries of PostgreSQL
 * and the file of public keys. Adds every mistake. Connects to nothing.
 */
void eg_app_trial(const struct eg_app_settings *settings, struct eg_config_problems *problems);

#endif
