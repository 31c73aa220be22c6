/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `eventgate token` share: one file per verb. Main thread. */
#ifndef EG_COMMAND_TOKEN_H
#define EG_COMMAND_TOKEN_H

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"

/* argv[0] is the verb; each returns an eg_exit. */
int eg_token_issue(int argc, char **argv);
int eg_token_keygen(int argc, char **argv);
int eg_token_verify(int argc, char **argv);

/* Prints "eventgate token: <message>" to stderr and returns EG_EXIT_TROUBLE. */
int eg_token_trouble(const struct eg_error *err);

/* Appends what is left of an open file, at most `max` bytes. `name` is for the message. */
int eg_token_read_fd(int fd, const char *name, size_t max, struct eg_buffer *out,
                     struct eg_error *err) EG_MUST_CHECK;
int eg_token_read_file(const char *path, struct eg_buffer *out, struct eg_error *err) EG_MUST_CHECK;

/* For EG_AUTOSECRET: wipes the bytes before it frees them. */
void eg_token_secret_cleanup(struct eg_buffer *buffer);
#define EG_AUTOSECRET EG_CLEANUP(eg_token_secret_cleanup)

#endif
