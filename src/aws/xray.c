/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of one header to the text of the other. */
#include "aws/xray.h"

#include "crypto/digest.h"
#include "telemetry/trace.h"

#define FLAG_SAMPLED 1u

bool eg_aws_xray_write(struct eg_span traceparent, struct eg_buffer *out)
{
    struct eg_trace trace;
    char trace_id[2 * sizeof(trace.trace_id) + 1];
    char span_id[2 * sizeof(trace.span_id) + 1];
    if (!eg_trace_parse(traceparent, &trace))
        return false;
    eg_crypto_hex(trace.trace_id, sizeof(trace.trace_id), trace_id);
    eg_crypto_hex(trace.span_id, sizeof(trace.span_id), span_id);
    eg_buffer_printf(out, "Root=1-%.8s-%s;Parent=%s;Sampled=%d", trace_id, trace_id + 8, span_id,
                     trace.flags & FLAG_SAMPLED ? 1 : 0);
    return true;
}
