/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Just enough XML to read the answers of the Query and REST-XML protocols: elements, text,
 * entities, CDATA. No namespaces (prefixes are cut off), no DTD. The text is bounded by whoever
 * fetched it; nesting beyond EG_AWS_XML_DEPTH is no match. Any thread.
 */
#ifndef EG_AWS_XML_H
#define EG_AWS_XML_H

#include <stdbool.h>

#include "base/buffer.h"
#include "eventgate/span.h"

#define EG_AWS_XML_DEPTH 32

/*
 * Appends the text of the first element at that path, like "Error/Code": element names from any
 * element on, joined by '/'. False: there is none, or the text is broken before its end.
 */
bool eg_aws_xml_text(struct eg_span xml, const char *path, struct eg_buffer *out);

#endif
