/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: answers that go past the library, straight to the socket, where it can't be
 * made to answer: in the middle of a body, and to a client that is too slow. The connection is
 * over after that.
 */
#ifndef EG_HTTP_LASTWORD_H
#define EG_HTTP_LASTWORD_H

#include "eventgate/error.h"
#include "eventgate/span.h"

/* Never waits: what the socket's buffer does not take is lost. `correlation_id` may be empty. */
void eg_http_last_word(int fd, const struct eg_error *err, struct eg_span correlation_id);

#endif
