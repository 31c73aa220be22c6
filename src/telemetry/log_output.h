/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the log's lines go; of this room alone. One thread at a time: the log's lock is held.
 */
#ifndef EG_TELEMETRY_LOG_OUTPUT_H
#define EG_TELEMETRY_LOG_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/error.h"

enum eg_log_output_kind {
    EG_LOG_OUTPUT_FILE,   /* regular: a write is whole, or the disk is full */
    EG_LOG_OUTPUT_SOCKET, /* the journal's stream */
    EG_LOG_OUTPUT_STREAM, /* pipe or terminal */
};

struct eg_log_output {
    int fd;
    enum eg_log_output_kind kind;
    bool terminal;
    bool torn;  /* the last line went out in part: the next one starts on a new line */
    char *path; /* NULL: stderr or stdout, which are not ours to close */
};

/* Takes "stderr", "stdout" or a path. On -1 (EG_ERR_IO) *ret_output is untouched. */
int eg_log_output_open(const char *where, struct eg_log_output *ret_output,
                       struct eg_error *err) EG_MUST_CHECK;
void eg_log_output_close(struct eg_log_output *output);

/* False: not written, or not whole. Waits for a disk, and never longer than 100 ms for a reader. */
bool eg_log_output_write(struct eg_log_output *output, const char *line, size_t len);

#endif
