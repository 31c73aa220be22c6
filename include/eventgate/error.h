/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a failed function tells its caller: a code from the one table (errors.def), whether trying
 * again can help, and one sentence that says what is wrong, where, and what to do.
 *
 * The caller owns the struct, usually on its stack, and passes its address as the last argument.
 * It is written only on failure. Never shared between threads.
 */
#ifndef EVENTGATE_ERROR_H
#define EVENTGATE_ERROR_H

#include <stdbool.h>

#define EG_ERROR_MESSAGE_BYTES 512

enum eg_error_code {
#define EG_ERROR(code, http_status, type) EG_ERR_##code,
#include "eventgate/errors.def"
#undef EG_ERROR
    EG_ERR_COUNT
};

struct eg_error {
    enum eg_error_code code;
    bool retriable;
    char message[EG_ERROR_MESSAGE_BYTES]; /* UTF-8, NUL-terminated, cut on a character boundary */
};

#endif
