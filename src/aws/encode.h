/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding as AWS wants it: RFC 3986's unreserved characters stay, hex is upper case. Any
 * thread. */
#ifndef EG_AWS_ENCODE_H
#define EG_AWS_ENCODE_H

#include "base/buffer.h"
#include "eventgate/span.h"

/* Append to `out`. The first encodes '/' too; the second leaves it, for paths. */
void eg_aws_encode(struct eg_span text, struct eg_buffer *out);
void eg_aws_encode_path(struct eg_span path, struct eg_buffer *out);

/* Appends the text with %XX decoded. A '%' without two hex digits stays as it is, and so does '+'.
 */
void eg_aws_decode(struct eg_span text, struct eg_buffer *out);

/* Appends "name=value", encoded, behind a '&' unless the form is empty. */
void eg_aws_form_add(struct eg_buffer *form, const char *name, struct eg_span value);

#endif
