/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that this room takes from outside: environment variables, files, HTTP, programs, time. Tests
 * put their own in its place and replay what was recorded.
 *
 * One thread at a time uses a host: whoever shares one holds a lock (eg_aws_source does). The
 * functions may block, so never on a thread that answers requests.
 */
#ifndef EG_AWS_HOST_H
#define EG_AWS_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "net/client.h"

struct eg_aws_host {
    /* NULL: not set. Valid as long as the host. */
    const char *(*get_env)(void *state, const char *name);

    /* Appends a whole file. EG_ERR_NOT_FOUND: there is none; EG_ERR_TOO_LARGE; EG_ERR_IO. */
    int (*read_file)(void *state, const char *path, size_t max_bytes, struct eg_buffer *out,
                     struct eg_error *err);

    /* As eg_net_client_send. direct: past any proxy, for addresses of this machine. */
    int (*send)(void *state, const struct eg_net_request *request, bool direct,
                struct eg_net_response *response, struct eg_error *err);

    /* Runs a command line by the shell and appends what it prints; not 0 is a failure. */
    int (*run)(void *state, const char *command, size_t max_bytes, struct eg_buffer *out,
               struct eg_error *err);

    void (*wait_ms)(void *state, int64_t ms);

    const struct eg_clock *clock;
    void *state;
};

/* This process's own. The CA bundle as in eg_net_client_options. EG_ERR_CONFIG: it can't be read.
 */
int eg_aws_host_new(const char *ca_bundle, struct eg_aws_host **ret_host,
                    struct eg_error *err) EG_MUST_CHECK;
void eg_aws_host_destroy(struct eg_aws_host *host); /* NULL is fine */

/* Makes what is under way, and all that follows, give up soon: for shutdown, from any thread. */
void eg_aws_host_cancel(struct eg_aws_host *host);

/* The value, or NULL when it is not set or blank. */
const char *eg_aws_env(const struct eg_aws_host *host, const char *name);

/* Is the variable "true", in any case? */
bool eg_aws_env_is_true(const struct eg_aws_host *host, const char *name);

int64_t eg_aws_now_s(const struct eg_aws_host *host);

/*
 * Sends up to `tries` times, with waits of 50 ms and more between, as long as the answer is a 5xx
 * or 429, or there is none and again_without_answer.
 */
struct eg_aws_sending {
    unsigned tries;
    bool direct;
    bool again_without_answer;
    bool (*again)(
        const struct eg_net_response *response); /* other answers that may pass; or NULL */
};

int eg_aws_send(const struct eg_aws_host *host, const struct eg_net_request *request,
                const struct eg_aws_sending *how, struct eg_net_response *response,
                struct eg_error *err) EG_MUST_CHECK;

/* host.c's way to run a program: process.c. The command ends within timeout_ms, or is killed. */
int eg_aws_process_run(const char *command, int64_t timeout_ms, size_t max_bytes,
                       struct eg_buffer *out, struct eg_error *err) EG_MUST_CHECK;

#endif
