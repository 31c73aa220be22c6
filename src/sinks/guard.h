/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that must not see all: `protect:` among a sink's settings. A guard stands between the
 * pipeline and the sink as a sink type of its own; what it hands on is protected before
 * (rules/protect.h), payload and envelope alike.
 *
 * A payload is seen as the envelope's detail, and as an envelope too when it looks like one. What
 * is no JSON was made as text by a rule's transform, whose target protects it: it passes. What
 * can't be protected is rejected. Key and attributes are not touched.
 *
 * Made and destroyed on the control thread; in between as the sink contract says.
 */
#ifndef EG_SINKS_GUARD_H
#define EG_SINKS_GUARD_H

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"
#include "rules/protect.h"

struct eg_sink_guard;

/*
 * Guards the sink of type `inner` with the settings `config`; all are borrowed until destroy. NULL
 * in *ret_guard when nothing is protected. EG_ERR_CONFIG as eg_rules_protect_new.
 */
int eg_sink_guard_new(const struct eg_sink_type *inner, const void *config,
                      const struct eg_rules_protect_config *protect, const char *default_key,
                      struct eg_sink_guard **ret_guard, struct eg_error *err) EG_MUST_CHECK;

/* After its sink was destroyed. NULL is fine. */
void eg_sink_guard_destroy(struct eg_sink_guard *guard);

/* What the pipeline runs instead of `inner`; its create wants the guard as `config`. */
const struct eg_sink_type *eg_sink_guard_type(const struct eg_sink_guard *guard);

#endif
