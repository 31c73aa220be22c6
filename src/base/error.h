/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing and reading `struct eg_error` (include/eventgate/error.h), and the asserts.
 *
 * Any thread: an error belongs to one caller.
 */
#ifndef EG_BASE_ERROR_H
#define EG_BASE_ERROR_H

#include "base/compiler.h"
#include "eventgate/error.h"

/*
 * Fills `err` and returns -1, so that a failing function ends with
 * `return eg_error_set(err, EG_ERR_..., "...")`. A NULL err is allowed and only returns -1.
 * eg_error_set_retriable also says that trying again may help.
 */
int eg_error_set(struct eg_error *err, enum eg_error_code code, const char *format, ...)
    EG_PRINTF(3, 4) EG_COLD;
int eg_error_set_retriable(struct eg_error *err, enum eg_error_code code, const char *format, ...)
    EG_PRINTF(3, 4) EG_COLD;

/* Puts "<context>: " before the message. Returns -1. */
int eg_error_prefix(struct eg_error *err, const char *format, ...) EG_PRINTF(2, 3) EG_COLD;

/* clang's static analyzer looks at one file at a time, so it is told that a failure is one. */
#ifdef __clang_analyzer__
#define eg_error_set(...)           (eg_error_set(__VA_ARGS__), -1)
#define eg_error_set_retriable(...) (eg_error_set_retriable(__VA_ARGS__), -1)
#define eg_error_prefix(...)        (eg_error_prefix(__VA_ARGS__), -1)
#endif

/* The HTTP status and the envelope's "type" of a code: the one table, errors.def. */
unsigned eg_error_http_status(enum eg_error_code code);
const char *eg_error_type(enum eg_error_code code);

/* strerror without its shared buffer; never NULL. The text lives in `buffer`. */
const char *eg_error_errno_text(int errno_value, char *buffer, unsigned buffer_bytes);

/* Prints what broke to stderr and aborts. */
EG_NORETURN EG_COLD void eg_panic(const char *file, int line, const char *what);

/* States an invariant of ours. Stays on in every build; never for input, quota or I/O. */
#define EG_ASSERT(condition) \
    ((condition) ? (void)0 : eg_panic(__FILE__, __LINE__, "assertion failed: " #condition))

#endif
