/* SPDX-License-Identifier: Apache-2.0 */
/* From the bytes of one header to the text of the other. */
#include "aws/xray.h"

#include <stdio.h>
#include <string.h>

#include "base/span.h"
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

/* The value of one `name=value` of the header; empty: there is none. */
static struct eg_span part_of(struct eg_span header, const char *name)
{
    size_t name_len = strlen(name);
    while (header.len > 0) {
        const char *end = memchr(header.ptr, ';', header.len);
        size_t len = end ? (size_t)(end - header.ptr) : header.len;
        struct eg_span part = eg_span_trim(eg_span_of(header.ptr, len));
        if (part.len > name_len && part.ptr[name_len] == '=' &&
            memcmp(part.ptr, name, name_len) == 0)
            return eg_span_of(part.ptr + name_len + 1, part.len - name_len - 1);
        len += end ? 1 : 0;
        header = eg_span_of(header.ptr + len, header.len - len);
    }
    return EG_SPAN_EMPTY;
}

bool eg_aws_xray_read(struct eg_span header, char traceparent[EG_TRACE_PARENT_LEN + 1])
{
    struct eg_span root = part_of(header, "Root");
    struct eg_span parent = part_of(header, "Parent");
    struct eg_trace trace;
    char text[EG_TRACE_PARENT_LEN + 1];
    if (root.len != sizeof("1-01234567-0123456789abcdef01234567") - 1 ||
        memcmp(root.ptr, "1-", 2) != 0 || root.ptr[10] != '-' || parent.len != 16)
        return false;
    (void)snprintf(text, sizeof(text), "00-%.8s%.24s-%.16s-%s", root.ptr + 2, root.ptr + 11,
                   parent.ptr, eg_span_is(part_of(header, "Sampled"), "1") ? "01" : "00");
    if (!eg_trace_parse(eg_span_text(text), &trace))
        return false;
    memcpy(traceparent, text, sizeof(text));
    return true;
}
