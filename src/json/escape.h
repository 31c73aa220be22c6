/* SPDX-License-Identifier: Apache-2.0 */
/* One escape of a JSON string (RFC 8259 section 7). Internal to json/; any thread. */
#ifndef EG_JSON_ESCAPE_H
#define EG_JSON_ESCAPE_H

#include <stddef.h>

/*
 * Decodes the escape whose backslash is at `p`; `left`, at least 1, counts from there. Writes UTF-8
 * at *out, never more than it takes from the input, and moves *out. Returns how many bytes of the
 * input it took: 2, 6, or 12 for a surrogate pair; 0 when it is no escape, with a sentence in
 * *ret_what.
 */
size_t eg_json_unescape(const char *p, size_t left, char **out, const char **ret_what);

#endif
