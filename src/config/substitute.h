/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ${NAME} and ${NAME:-default} in a text, from the environment. As in a shell, the default also
 * stands in for a variable that is empty; $${ is a literal ${, and any other dollar is itself.
 * Control thread: nothing else may change the environment meanwhile.
 */
#ifndef EG_CONFIG_SUBSTITUTE_H
#define EG_CONFIG_SUBSTITUTE_H

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

/* Appends the result. -1 with EG_ERR_CONFIG: a variable that is not set, or a ${ without its }. */
int eg_config_substitute(struct eg_span text, struct eg_buffer *buffer,
                         struct eg_error *err) EG_MUST_CHECK;

#endif
