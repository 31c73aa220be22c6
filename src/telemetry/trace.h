/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W3C Trace Context (https://www.w3.org/TR/trace-context/): reads what a caller sent, goes on under
 * the same trace id, and writes what the sinks hand on. Plain values, no allocation; any thread.
 */
#ifndef EG_TELEMETRY_TRACE_H
#define EG_TELEMETRY_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/span.h"

#define EG_TRACE_PARENT_LEN    55 /* 00-<32 hex>-<16 hex>-<2 hex> */
#define EG_TRACE_STATE_LEN     512
#define EG_TRACE_STATE_MEMBERS 32

struct eg_trace {
    uint8_t trace_id[16];
    uint8_t span_id[8]; /* of the span made here, or as parsed */
    uint8_t flags;
};

/*
 * Reads a traceparent header (section 3.2), strictly: lower-case hex, no all-zero id, not version
 * ff; version 00 is exactly 55 characters; a later version may have more behind a dash. False:
 * invalid, *ret_trace untouched. Of several traceparent headers none is valid: the caller's check.
 */
bool eg_trace_parse(struct eg_span traceparent, struct eg_trace *ret_trace) EG_MUST_CHECK;

/* A new trace: random trace id and span id, not sampled. */
void eg_trace_start(struct eg_trace *ret_trace);

/*
 * A span of ours: under the caller's trace when its traceparent is valid (true), with the sampled
 * and random flags it had; else in a new trace (false), and then its tracestate must not be used.
 */
bool eg_trace_continue(struct eg_span traceparent, struct eg_trace *ret_trace);

/* Writes version 00 and a NUL. */
void eg_trace_format(const struct eg_trace *trace, char text[EG_TRACE_PARENT_LEN + 1]);

/*
 * Copies a tracestate (section 3.3; several headers joined with commas) without white space and
 * empty members, and a NUL. Returns its length: 0 when it is empty or invalid, and an invalid one
 * counts as none (section 4.3). Longer than EG_TRACE_STATE_LEN: members of more than 128 characters
 * go first, then the last ones (section 3.3.1.5).
 */
size_t eg_trace_state_copy(struct eg_span tracestate, char text[EG_TRACE_STATE_LEN + 1]);

/*
 * Good enough for ids, not for secrets: a generator per thread (xoshiro256**), seeded from
 * getrandom(2). A forked child repeats its parent's ids.
 */
void eg_trace_random(void *bytes, size_t len);

#endif
