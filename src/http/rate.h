/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often somebody may come: token buckets by key (a subject), in a table of fixed size.
 *
 * Any thread; one short lock per shard. When the table is full the longest unused bucket of the
 * key's set makes room, so that memory is bounded whatever keys come.
 */
#ifndef EG_HTTP_RATE_H
#define EG_HTTP_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/span.h"

struct eg_http_rate;

/* `per_second` and `burst` are at least 1; `max_keys` is rounded up. */
struct eg_http_rate *eg_http_rate_new(int64_t per_second, int64_t burst,
                                      unsigned max_keys) EG_MUST_CHECK;
void eg_http_rate_destroy(struct eg_http_rate *rate); /* NULL is fine */

/*
 * Takes one token of `key`. False: there is none, try again in *ret_retry_after_s seconds (at
 * least 1). A NULL `rate` always says true.
 */
bool eg_http_rate_take(struct eg_http_rate *rate, struct eg_span key, int64_t monotonic_us,
                       unsigned *ret_retry_after_s);

#endif
