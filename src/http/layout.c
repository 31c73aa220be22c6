/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries on a socket pair whether the libmicrohttpd at hand parses heads in place (head.h): a good
 * request must pass the layout check and a folded one must not. Control thread, at start.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/span.h"
#include "http/head.h"

#define TURNS 8

struct trial {
    const struct eg_http_limits *limits;
    struct eg_http_connection connection;
    struct eg_span target;
    bool called;
    bool passed;
};

static void *note_target(void *context, const char *uri, struct MHD_Connection *raw)
{
    struct trial *trial = context;
    (void)raw;
    trial->target = eg_span_text(uri);
    return trial;
}

static enum MHD_Result read_head(void *context, struct MHD_Connection *raw, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_bytes, void **request)
{
    struct trial *trial = context;
    struct eg_http_request probe = {.connection = &trial->connection, .target = trial->target};
    struct eg_http_raw_head head = {raw, url, method, version, true};
    (void)upload;
    (void)upload_bytes;
    (void)request;
    trial->called = true;
    trial->passed = eg_http_head_read(&probe, &head, trial->limits, NULL) == 0;
    eg_arena_fini(&probe.arena);
    return MHD_NO;
}

static bool run_trial(struct trial *trial, struct eg_span request)
{
    int pair[2];
    struct sockaddr_storage nobody = {.ss_family = AF_UNIX};
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, read_head, trial,
                         MHD_OPTION_URI_LOG_CALLBACK, note_target, trial, MHD_OPTION_END);
    if (!daemon)
        return false;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0) {
        bool sent = write(pair[0], request.ptr, request.len) == (ssize_t)request.len;
        /* The library owns pair[1] from here, also when it refuses. */
        if (MHD_add_connection(daemon, pair[1], (struct sockaddr *)&nobody,
                               sizeof(nobody.ss_family)) == MHD_YES)
            for (int turn = 0; sent && turn < TURNS && !trial->called; turn++)
                (void)MHD_run(daemon);
        (void)close(pair[0]);
    }
    MHD_stop_daemon(daemon);
    return trial->called;
}

bool eg_http_head_layout_works(void)
{
    static const struct eg_http_limits limits = {.max_header_bytes = 4096, .max_header_count = 16};
    struct trial good = {.limits = &limits};
    struct trial folded = {.limits = &limits};
    return run_trial(&good,
                     EG_SPAN_LITERAL("GET /a?b=c%20d HTTP/1.1\r\nHost: x\r\nA:  b\r\n\r\n")) &&
           good.passed &&
           run_trial(&folded,
                     EG_SPAN_LITERAL("GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n")) &&
           !folded.passed;
}
