/* SPDX-License-Identifier: Apache-2.0 */
/* A writer of events for tests that have nothing to test without one. */
#ifndef EG_TESTS_EVENT_WRITER_H
#define EG_TESTS_EVENT_WRITER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/events.h"

/* The test fails when it can't be opened. */
static inline struct eg_event_writer *event_writer_open(const struct eg_database_options *options)
{
    struct eg_event_writer *writer;
    struct eg_error err = {.message = ""};
    if (eg_event_writer_open(options, &writer, &err) != 0)
        fail_msg("%s", err.message);
    return writer;
}

#endif
