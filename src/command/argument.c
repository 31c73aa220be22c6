/* SPDX-License-Identifier: Apache-2.0 */
/* See argument.h. */
#include "command/argument.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

#define MOST_BYTES (64u << 20)

static void close_input(FILE **file)
{
    if (*file && *file != stdin)
        (void)fclose(*file);
}

int eg_command_argument_read(const struct eg_command *command, const char *argument,
                             struct eg_buffer *out)
{
    if (argument[strspn(argument, " \t\r\n")] == '{') {
        eg_buffer_append_text(out, argument);
        return 0;
    }
    EG_CLEANUP(close_input)
    FILE *file = strcmp(argument, "-") == 0 ? stdin : fopen(argument, "rb");
    if (!file) {
        (void)fprintf(stderr, "eventgate %s: cannot open '%s': %s\n", command->name, argument,
                      strerror(errno));
        return -1;
    }
    for (size_t got = 1; got > 0 && out->len <= MOST_BYTES;) {
        got = fread(eg_buffer_reserve(out, 65536), 1, 65536, file);
        out->len += got;
    }
    out->data[out->len] = '\0';
    if (!ferror(file) && out->len <= MOST_BYTES)
        return 0;
    (void)fprintf(stderr, "eventgate %s: cannot read '%s', or it is larger than %u bytes\n",
                  command->name, argument, MOST_BYTES);
    return -1;
}
