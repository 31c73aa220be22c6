/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A borrowed run of bytes: pointer and length, never NUL-terminated by promise.
 *
 * The memory belongs to whoever made the span; the span is valid as long as that owner says.
 * An empty span has len 0 and any ptr. Any thread.
 */
#ifndef EVENTGATE_SPAN_H
#define EVENTGATE_SPAN_H

#include <stddef.h>

struct eg_span {
    const char *ptr;
    size_t len; /* bytes */
};

#endif
