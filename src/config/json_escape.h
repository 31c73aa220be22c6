/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one place where JSON is not YAML: a character past U+FFFF written as two escapes, as Python's
 * json.dumps() does by default. Any thread.
 */
#ifndef EG_CONFIG_JSON_ESCAPE_H
#define EG_CONFIG_JSON_ESCAPE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "eventgate/span.h"

/*
 * For a text that begins as a JSON object or array: appends it to `buffer` with every pair of
 * surrogate escapes as YAML's \UXXXXXXXX, and says true. False, and nothing appended: there is
 * none, or it is not JSON. The \U form is two characters shorter than the pair, which is the error
 * in the columns of what follows on that line.
 */
bool eg_config_json_join_surrogates(struct eg_span text, struct eg_buffer *buffer);

#endif
