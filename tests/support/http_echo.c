/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP room alone, behind the routes of http_routes.h: for the raw-socket tests and for
 * measuring what the room costs.
 *
 *     http_echo [HOST:]PORT [THREADS [GATHER_US]]
 *
 * Prints its address, then runs until it gets a signal, and drains.
 */
#include <signal.h>

#include "config/fields.h"
#include "support/http_routes.h"

static struct test_context context;

static void print_log(const char *message, void *unused)
{
    (void)unused;
    (void)fprintf(stderr, "%s\n", message);
}

static void await_signal(void)
{
    sigset_t signals;
    int number;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)sigwait(&signals, &number);
}

static int serve(const struct eg_http_config *config)
{
    struct eg_http_server_options options = {
        .name = "echo",
        .config = config,
        .routes = test_routes,
        .route_count = EG_ARRAY_COUNT(test_routes),
        .context = &context,
        .log = print_log,
    };
    struct eg_http_server *server;
    struct eg_error err;
    if (eg_http_server_new(&options, &server, &err) < 0 || eg_http_server_start(server, &err) < 0) {
        (void)fprintf(stderr, "http_echo: %s\n", err.message);
        return 3;
    }
    (void)printf("%s\n", eg_http_server_address(server, 0));
    (void)fflush(stdout);
    await_signal();
    eg_http_server_stop(server, 2000);
    eg_http_server_destroy(server);
    return 0;
}

static void set_listen(struct eg_http_config *config, const char *address)
{
    free(config->listen.items[0]);
    config->listen.items[0] =
        strchr(address, ':') ? eg_strdup(address) : eg_asprintf("127.0.0.1:%s", address);
}

int main(int argc, char **argv)
{
    struct eg_http_config config;
    sigset_t signals;
    if (argc < 2) {
        (void)fprintf(stderr, "usage: http_echo [HOST:]PORT [THREADS [GATHER_US]]\n");
        return 2;
    }
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    eg_config_fields_default(&eg_http_server_fields, &config);
    set_listen(&config, argv[1]);
    config.threads = argc > 2 ? atoi(argv[2]) : 0;
    later_start(&context.later, argc > 3 ? atoi(argv[3]) : 500);
    int result = serve(&config);
    later_stop(&context.later);
    eg_config_fields_fini(&eg_http_server_fields, &config);
    return result;
}
