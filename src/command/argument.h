/* SPDX-License-Identifier: Apache-2.0 */
/* JSON on the command line: the text itself, or the file that holds it. Main thread. */
#ifndef EG_COMMAND_ARGUMENT_H
#define EG_COMMAND_ARGUMENT_H

#include "base/buffer.h"
#include "command/command.h"

/*
 * Appends what `argument` means: itself when it begins with '{' (behind white space), else the
 * content of the file of that name, '-' being standard input. 0, or -1 when the file cannot be
 * read; then a line on stderr says so.
 */
int eg_command_argument_read(const struct eg_command *command, const char *argument,
                             struct eg_buffer *out);

#endif
