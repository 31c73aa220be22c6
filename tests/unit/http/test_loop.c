/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that has no time left lends connections to the helper, and gets them back. */
#include <stddef.h>

#include "support/http_fixture.h"
#include "work/schedule.h"

#define CLIENTS     4
#define CONNECTIONS 24 /* of each client */
#define WORK_US     300
#define PATIENCE_US 30000000

static struct fixture *fixture;
static atomic_bool helped;
static atomic_bool finish;

static enum eg_http_verdict handle_work(struct eg_http_request *request, void *context)
{
    char name[16] = "";
    int64_t until_us = eg_clock_monotonic_us() + WORK_US;
    (void)context;
    while (eg_clock_monotonic_us() < until_us)
        continue;
    EG_ASSERT(pthread_getname_np(pthread_self(), name, sizeof(name)) == 0);
    eg_http_reply_copy(request, 200, "text/plain", eg_span_text(name));
    return EG_HTTP_DONE;
}

static const struct eg_http_route routes[] = {
    {EG_HTTP_GET, "/work", "work", 0, NULL, handle_work, NULL},
    {EG_HTTP_POST, "/later", "later", TEST_POST, NULL, handle_later, resume_later},
};

static void tune(struct eg_http_config *config)
{
    config->threads = 0;
}

static int setup(void **state)
{
    (void)state;
    fixture = fixture_start_with(routes, EG_ARRAY_COUNT(routes), tune);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_stop(fixture);
    return 0;
}

/* True: the helper has answered. */
static bool ask_for_work(int fd)
{
    struct answer *answer = eg_malloc(sizeof(*answer));
    client_read(fd, answer, CLIENT_TIMEOUT_MS, "\r\n\r\ntest-");
    EG_ASSERT(answer_status(answer, 0) == 200);
    bool by_helper = strstr(answer->text, "\r\n\r\ntest-help") != NULL;
    free(answer);
    return by_helper;
}

static void ask_for_later(int fd)
{
    struct answer *answer = eg_malloc(sizeof(*answer));
    client_read(fd, answer, CLIENT_TIMEOUT_MS, ":202}");
    EG_ASSERT(answer_status(answer, 0) == 202);
    free(answer);
}

static void send_work(int fd)
{
    client_send(fd, "GET /work HTTP/1.1\r\nHost: test\r\n\r\n");
}

static bool waits(int connection, int round)
{
    return (connection + round) % 4 == 0;
}

static void ask_all(const int *fds, int round)
{
    for (int index = 0; index < CONNECTIONS; index++) {
        if (waits(index, round))
            client_send(fds[index],
                        "POST /later HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\n\r\na");
        else
            send_work(fds[index]);
    }
    for (int index = 0; index < CONNECTIONS; index++) {
        if (waits(index, round))
            ask_for_later(fds[index]);
        else if (ask_for_work(fds[index]))
            atomic_store(&helped, true);
    }
}

static void *keep_busy(void *context)
{
    for (int round = 0; !atomic_load(&finish); round++)
        ask_all(context, round);
    return NULL;
}

static bool all_by_the_owner(int (*fds)[CONNECTIONS])
{
    bool any_by_helper = false;
    for (int client = 0; client < CLIENTS; client++) {
        for (int index = 0; index < CONNECTIONS; index++) {
            send_work(fds[client][index]);
            any_by_helper |= ask_for_work(fds[client][index]);
            (void)usleep(2000);
        }
    }
    return !any_by_helper;
}

static void test_connections_are_lent_and_come_back(void **state)
{
    int fds[CLIENTS][CONNECTIONS];
    pthread_t clients[CLIENTS];
    int64_t until_us = eg_clock_monotonic_us() + PATIENCE_US;
    (void)state;
    if (eg_schedule_cores() < 2)
        skip(); /* one core: there is no helper */
    for (int client = 0; client < CLIENTS; client++)
        for (int index = 0; index < CONNECTIONS; index++)
            fds[client][index] = client_connect(fixture);
    for (int client = 0; client < CLIENTS; client++)
        assert_int_equal(pthread_create(&clients[client], NULL, keep_busy, fds[client]), 0);
    while (!atomic_load(&helped) && eg_clock_monotonic_us() < until_us)
        (void)usleep(10000);
    (void)usleep(300000); /* so that a second poller may follow */
    atomic_store(&finish, true);
    for (int client = 0; client < CLIENTS; client++)
        assert_int_equal(pthread_join(clients[client], NULL), 0);
    assert_true(atomic_load(&helped));

    bool returned = false;
    until_us = eg_clock_monotonic_us() + PATIENCE_US;
    while (!returned && eg_clock_monotonic_us() < until_us)
        returned = all_by_the_owner(fds);
    assert_true(returned);
    for (int client = 0; client < CLIENTS; client++)
        for (int index = 0; index < CONNECTIONS; index++)
            (void)close(fds[client][index]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections_are_lent_and_come_back),
    };
    return cmocka_run_group_tests_name("http/loop", tests, setup, teardown);
}
