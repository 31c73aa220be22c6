/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ${NAME} and ${NAME:-default} in a text, from the environment, and ${secret:NAME#KEY}, from the
 * store of secrets (config/outside.h). As in a shell, the default also stands in for a variable
 * that is empty; $${ is a literal ${, and any other dollar is itself.
 *
 * Control thread, and nothing else may change the environment meanwhile; a text that was kept for
 * later (eg_config_late_expand) is expanded on any thread.
 */
#ifndef EG_CONFIG_SUBSTITUTE_H
#define EG_CONFIG_SUBSTITUTE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

/* Appends the result. -1 with EG_ERR_CONFIG: a variable that is not set, or a ${ without its };
 * or as eg_config_secret_read. */
int eg_config_substitute(struct eg_span text, struct eg_buffer *buffer,
                         struct eg_error *err) EG_MUST_CHECK;

/* Does the text ask for a secret? */
bool eg_config_substitute_wants_secret(struct eg_span text);

/*
 * Texts of EG_FIELD_LATE_SECRET: what asks for secrets stays as it was written, anything else is
 * kept so that expanding gives it back. fresh: secrets are read again.
 */
void eg_config_late_keep(struct eg_span value, struct eg_buffer *buffer);
int eg_config_late_expand(struct eg_span text, bool fresh, struct eg_buffer *buffer,
                          struct eg_error *err) EG_MUST_CHECK;

#endif
