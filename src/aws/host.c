/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host that a daemon has: its environment, its disk, and two HTTP clients, of which one knows
 * no proxy. The clients are made at once, so that a bad CA bundle is found at start.
 */
#include "aws/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/random.h"

#define PROCESS_TIMEOUT_MS 60000
#define FIRST_WAIT_MS      50

struct system_state {
    struct eg_net_client *client;
    struct eg_net_client *direct_client;
    atomic_bool cancelled;
};

static const char *system_get_env(void *state, const char *name)
{
    (void)state;
    return getenv(name);
}

static int read_all(int fd, const char *path, size_t max_bytes, struct eg_buffer *out,
                    struct eg_error *err)
{
    for (size_t total = 0;;) {
        char text[128];
        ssize_t got = read(fd, eg_buffer_reserve(out, 4096), 4096);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return eg_error_set(err, EG_ERR_IO, "failed to read `%s`: %s (os error %d)", path,
                                eg_error_errno_text(errno, text, sizeof(text)), errno);
        if (got == 0)
            return 0;
        total += (size_t)got;
        if (total > max_bytes)
            return eg_error_set(err, EG_ERR_TOO_LARGE, "`%s` is longer than %zu bytes", path,
                                max_bytes);
        out->len += (size_t)got;
        out->data[out->len] = '\0';
    }
}

static int system_read_file(void *state, const char *path, size_t max_bytes, struct eg_buffer *out,
                            struct eg_error *err)
{
    (void)state;
    char text[128];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return eg_error_set(err, errno == ENOENT ? EG_ERR_NOT_FOUND : EG_ERR_IO,
                            "failed to read `%s`: %s (os error %d)", path,
                            eg_error_errno_text(errno, text, sizeof(text)), errno);
    int ret = read_all(fd, path, max_bytes, out, err);
    (void)close(fd);
    return ret;
}

static int system_send(void *state, const struct eg_net_request *request, bool direct,
                       struct eg_net_response *response, struct eg_error *err)
{
    struct system_state *system = state;
    struct eg_net_request own = *request;
    own.cancelled = &system->cancelled;
    return eg_net_client_send(direct ? system->direct_client : system->client, &own, response, err);
}

static int system_run(void *state, const char *command, size_t max_bytes, struct eg_buffer *out,
                      struct eg_error *err)
{
    (void)state;
    return eg_aws_process_run(command, PROCESS_TIMEOUT_MS, max_bytes, out, err);
}

static void system_wait_ms(void *state, int64_t ms)
{
    (void)state;
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        continue;
}

int eg_aws_host_new(const char *ca_bundle, struct eg_aws_host **ret_host, struct eg_error *err)
{
    struct system_state *system = eg_calloc(1, sizeof(*system));
    struct eg_aws_host *host = eg_calloc(1, sizeof(*host));
    struct eg_net_client_options options = {.ca_bundle = ca_bundle};
    struct eg_net_client_options direct_options = {.ca_bundle = ca_bundle, .ignore_proxy = true};
    *host = (struct eg_aws_host){
        .get_env = system_get_env,
        .read_file = system_read_file,
        .send = system_send,
        .run = system_run,
        .wait_ms = system_wait_ms,
        .clock = &eg_clock_system,
        .state = system,
    };
    if (eg_net_client_new(&options, &system->client, err) < 0 ||
        eg_net_client_new(&direct_options, &system->direct_client, err) < 0) {
        eg_aws_host_destroy(host);
        return -1;
    }
    *ret_host = host;
    return 0;
}

void eg_aws_host_destroy(struct eg_aws_host *host)
{
    if (!host)
        return;
    struct system_state *system = host->state;
    eg_net_client_destroy(system->client);
    eg_net_client_destroy(system->direct_client);
    free(system);
    free(host);
}

void eg_aws_host_cancel(struct eg_aws_host *host)
{
    struct system_state *system = host->state;
    atomic_store(&system->cancelled, true);
}

const char *eg_aws_env(const struct eg_aws_host *host, const char *name)
{
    const char *value = host->get_env(host->state, name);
    return value && eg_span_trim(eg_span_text(value)).len ? value : NULL;
}

bool eg_aws_env_is_true(const struct eg_aws_host *host, const char *name)
{
    const char *value = eg_aws_env(host, name);
    return value && strcasecmp(value, "true") == 0;
}

int64_t eg_aws_now_s(const struct eg_aws_host *host)
{
    return host->clock->wall_us(host->clock->state) / 1000000;
}

/* 50 ms, 100 ms, 200 ms ..., of which a random half is left out. */
static void wait_before_retry(const struct eg_aws_host *host, unsigned retry)
{
    unsigned char random;
    int64_t longest_ms = (int64_t)FIRST_WAIT_MS << retry;
    eg_crypto_random(&random, sizeof(random));
    host->wait_ms(host->state, longest_ms / 2 + longest_ms / 2 * random / 255);
}

int eg_aws_send(const struct eg_aws_host *host, const struct eg_net_request *request,
                const struct eg_aws_sending *how, struct eg_net_response *response,
                struct eg_error *err)
{
    for (unsigned attempt = 0;; attempt++) {
        int ret = host->send(host->state, request, how->direct, response, err);
        bool again = ret < 0 ? how->again_without_answer && err->retriable
                             : response->status >= 500 || response->status == 429 ||
                                   (how->again && how->again(response));
        if (!again || attempt + 1 >= how->tries)
            return ret;
        wait_before_retry(host, attempt);
    }
}
