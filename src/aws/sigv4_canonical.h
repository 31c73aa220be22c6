/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a canonical request, each appended to a buffer. Not for other rooms: sigv4.c puts
 * them together. The caller's thread; no state.
 */
#ifndef EG_AWS_SIGV4_CANONICAL_H
#define EG_AWS_SIGV4_CANONICAL_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "net/client.h"

/* Is the header covered by a signature? Not what proxies and connections change on the way. */
bool eg_aws_header_is_signed(struct eg_span name);

/* "." and ".." resolved, empty segments dropped, a closing slash kept. */
void eg_aws_path_normalise(struct eg_span path, struct eg_buffer *out);

/* Parameters decoded, encoded anew, sorted by name, then value. EG_ERR_INVALID: too many. */
int eg_aws_query_canonical(struct eg_span query, struct eg_buffer *out,
                           struct eg_error *err) EG_MUST_CHECK;

/*
 * The signed headers as "name:value\n" in order, and their names joined by ';'. At most
 * EG_AWS_SIGV4_HEADERS_MAX + 4 headers.
 */
void eg_aws_headers_canonical(const struct eg_net_header *headers, size_t count,
                              struct eg_buffer *out, struct eg_buffer *signed_names);

#endif
