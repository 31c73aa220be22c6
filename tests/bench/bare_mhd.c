/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measure that the daemon is held against: libmicrohttpd alone, a pool of threads over epoll,
 * that reads the body of every request and answers 202.
 *
 *     bare_mhd PORT THREADS
 *
 * Runs until it gets a signal. A benchmark's tool: it trusts whoever talks to it.
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/bare.h"

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **request)
{
    static int seen;
    struct MHD_Response *response = context;

    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    if (!*request) {
        *request = &seen;
        return MHD_YES;
    }
    if (*upload_bytes > 0) {
        *upload_bytes = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, 202, response);
}

int main(int argc, char **argv)
{
    unsigned threads = argc > 2 ? (unsigned)atoi(argv[2]) : 2;
    struct MHD_Response *response;
    struct MHD_Daemon *daemon;
    sigset_t stop_signals;
    int signal_number;

    if (argc < 2) {
        (void)fprintf(stderr, "usage: bare_mhd PORT [THREADS]\n");
        return 2;
    }
    bare_block_stop_signals(&stop_signals);
    response = bare_make_response();
    daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG, (uint16_t)atoi(argv[1]),
                         NULL, NULL, answer, response, MHD_OPTION_THREAD_POOL_SIZE, threads,
                         MHD_OPTION_CONNECTION_LIMIT, 4096u, MHD_OPTION_END);
    if (!response || !daemon) {
        (void)fprintf(stderr, "bare_mhd: cannot start on port %s\n", argv[1]);
        return 3;
    }
    (void)sigwait(&stop_signals, &signal_number);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
