/* A program whose metrics are served by libtykmetrics itself, until Ctrl-C or a TERM signal:
 *
 *     cc serve.c $(pkg-config --cflags --libs tykmetrics) -o serve && TYKMETRICS_LISTEN=127.0.0.1:9090 ./serve
 *
 * What it is told comes from the environment (docs/configuration.md). */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <tykmetrics.h>

int main(void) {
    tyk_registry *registry = NULL;
    tyk_counter *starts = NULL;
    tyk_server *server = NULL;
    uint64_t process = 0;
    int got = 0;

    /* Before the server's threads are there, which begin with what is blocked here: signals wait for sigwait. */
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);

    tyk_options options = tyk_options_of("example_starts_total", "How often this was started");
    tyk_error *error = tyk_registry_global(&registry);
    if (!error) error = tyk_registry_collect_process(registry, NULL, &process);
    if (!error) error = tyk_counter_new(registry, &options, &starts);
    tyk_counter_add(starts, 1);
    if (!error) error = tyk_serve(registry, NULL, NULL, &server);
    if (!error) {
        printf("%s/metrics\n", tyk_server_url(server));
        fflush(stdout);
        sigwait(&ends, &got);
        tyk_server_close(&server);
        puts("ended");
    } else {
        fprintf(stderr, "%s: %s\n", tyk_error_name(error), tyk_error_message(error));
    }
    int status = error == NULL ? 0 : 1;
    tyk_error_free(&error);
    tyk_counter_free(&starts);
    tyk_registry_free(&registry);
    return status;
}
