/* SPDX-License-Identifier: Apache-2.0 */
/* What the bare servers of the benchmark share: the reply, and the signals that end them. */
#ifndef EG_TESTS_BENCH_BARE_H
#define EG_TESTS_BENCH_BARE_H

#include <microhttpd.h>
#include <signal.h>

/* The caller's; NULL without memory. */
static inline struct MHD_Response *bare_make_response(void)
{
    static char body[] = "{\"success\":true,\"statusCode\":202}";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof(body) - 1, body, MHD_RESPMEM_PERSISTENT);
    if (response)
        (void)MHD_add_response_header(response, "Content-Type", "application/json");
    return response;
}

/* Before the first thread: all of them inherit it. Then sigwait. */
static inline void bare_block_stop_signals(sigset_t *ret_signals)
{
    (void)sigemptyset(ret_signals);
    (void)sigaddset(ret_signals, SIGINT);
    (void)sigaddset(ret_signals, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, ret_signals, NULL);
}

#endif
