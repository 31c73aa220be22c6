/* SPDX-License-Identifier: Apache-2.0 */
/* Texts as they have to be written to be read back the same. Any thread. */
#ifndef EG_CONFIG_QUOTE_H
#define EG_CONFIG_QUOTE_H

#include "base/buffer.h"
#include "eventgate/span.h"

/* In double quotes, escaped as JSON; bytes that are not UTF-8 become '?'. */
void eg_config_quote_json(struct eg_span text, struct eg_buffer *buffer);

/* The same, and "${" as "$${": a value of our YAML. A name is not substituted. */
void eg_config_quote(const char *text, struct eg_buffer *buffer);
void eg_config_quote_name(const char *text, struct eg_buffer *buffer);

/* A text that is JSON already, put into our YAML. */
void eg_config_escape_dollars(const char *text, struct eg_buffer *buffer);

#endif
