/* SPDX-License-Identifier: Apache-2.0 */
/* Errors are plain structs of the caller; this file only formats into them and looks up the table.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct code_row {
    unsigned http_status;
    const char *type;
};

static const struct code_row code_rows[EG_ERR_COUNT] = {
#define EG_ERROR(code, http_status, type) [EG_ERR_##code] = {http_status, type},
#include "eventgate/errors.def"
#undef EG_ERROR
};

/* Takes back the bytes of a character that snprintf cut in the middle. */
static void trim_to_character(char *text)
{
    size_t len = strlen(text);
    size_t tail = 0;
    while (tail < len && tail < 4 && ((unsigned char)text[len - 1 - tail] & 0xC0) == 0x80)
        tail++;
    if (tail == len)
        return;
    unsigned char lead = (unsigned char)text[len - 1 - tail];
    size_t want = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (tail < want)
        text[len - 1 - tail] = '\0';
}

static int set(struct eg_error *err, enum eg_error_code code, bool retriable, const char *format,
               va_list args)
{
    if (!err)
        return -1;
    err->code = code;
    err->retriable = retriable;
    int want = vsnprintf(err->message, sizeof(err->message), format, args);
    if (want < 0)
        err->message[0] = '\0';
    else if ((size_t)want >= sizeof(err->message))
        trim_to_character(err->message);
    return -1;
}

int(eg_error_set)(struct eg_error *err, enum eg_error_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int ret = set(err, code, false, format, args);
    va_end(args);
    return ret;
}

int(eg_error_set_retriable)(struct eg_error *err, enum eg_error_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int ret = set(err, code, true, format, args);
    va_end(args);
    return ret;
}

int(eg_error_prefix)(struct eg_error *err, const char *format, ...)
{
    if (!err)
        return -1;
    char prefix[EG_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    int want = vsnprintf(prefix, sizeof(prefix), format, args);
    va_end(args);
    if (want < 0)
        return -1;
    char message[EG_ERROR_MESSAGE_BYTES];
    memcpy(message, err->message, sizeof(message));
    size_t prefix_len = strlen(prefix);
    size_t message_len = strlen(message);
    size_t room = sizeof(err->message) - 1;
    if (prefix_len > room - 2)
        prefix_len = room - 2;
    memcpy(err->message, prefix, prefix_len);
    memcpy(err->message + prefix_len, ": ", 2);
    if (message_len > room - prefix_len - 2)
        message_len = room - prefix_len - 2;
    memcpy(err->message + prefix_len + 2, message, message_len);
    err->message[prefix_len + 2 + message_len] = '\0';
    trim_to_character(err->message);
    return -1;
}

unsigned eg_error_http_status(enum eg_error_code code)
{
    EG_ASSERT((unsigned)code < EG_ERR_COUNT);
    return code_rows[code].http_status;
}

const char *eg_error_type(enum eg_error_code code)
{
    EG_ASSERT((unsigned)code < EG_ERR_COUNT);
    return code_rows[code].type;
}

const char *eg_error_errno_text(int errno_value, char *buffer, unsigned buffer_bytes)
{
    return strerror_r(errno_value, buffer, buffer_bytes);
}

void eg_panic(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "eventgate: %s:%d: %s\n", file, line, what);
    abort();
}
