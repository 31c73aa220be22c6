/* SPDX-License-Identifier: Apache-2.0 */
/* A sink of the configuration as the pipeline runs it: guarded when it must not see all. Control
   thread. */
#ifndef EG_APP_SINK_ENTRY_H
#define EG_APP_SINK_ENTRY_H

#include "app/settings.h"
#include "base/compiler.h"
#include "pipeline/pipeline.h"
#include "sinks/guard.h"

/*
 * Fills *ret_sink from the entry. *ret_guard is destroyed after the pipeline; NULL: the sink sees
 * all. EG_ERR_CONFIG when its `protect` is wrong; then *ret_guard is NULL.
 */
int eg_app_sink_entry(const struct eg_app_settings *settings, const struct eg_config_entry *entry,
                      struct eg_pipeline_sink *ret_sink, struct eg_sink_guard **ret_guard,
                      struct eg_error *err) EG_MUST_CHECK;

#endif
