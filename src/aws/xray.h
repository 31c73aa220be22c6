/* SPDX-License-Identifier: Apache-2.0 */
/* A W3C trace as X-Ray's tracing header writes it. Any thread. */
#ifndef EG_AWS_XRAY_H
#define EG_AWS_XRAY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "eventgate/span.h"

/*
 * Appends "Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0|1>" for a traceparent ("Tracing
 * header", X-Ray Developer Guide). False, and nothing is appended: it is not one.
 */
bool eg_aws_xray_write(struct eg_span traceparent, struct eg_buffer *out);

#endif
