/* A server from start to end: what it serves, what it refuses to start with, who is told, what a fork has of it.
 *
 * The client is a socket of this program's own, and curl is another one (ffi-c/tests/harness/serve.rs). With an argument the
 * program serves until its standard input ends. Usage: serve [SETTINGS] */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define ANY_PORT "{\"listen\": \"127.0.0.1:0\"}"
#define ALARM 60 /* seconds that a child may take: far above what any does that waits for nobody */

static tyk_registry *registry;
static atomic_int collections;
static atomic_bool collector_on_our_thread;
static pthread_t our_thread;

static void collect(void *user, tyk_families *into) {
    (void)user;
    size_t family = 0;
    tyk_options of = tyk_options_of("collected", "Made at a scrape");
    OK(tyk_families_add(into, TYK_GAUGE, &of, &family));
    OK(tyk_families_push(into, family, NULL, 0, 7));
    atomic_fetch_add(&collections, 1);
    if (pthread_equal(pthread_self(), our_thread)) atomic_store(&collector_on_our_thread, true);
}

/* How many threads of a server's there are. */
static int threads(void) {
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL, "/proc is there");
    int count = 0;
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL) continue;
        if (fgets(name, sizeof name, file) != NULL && strncmp(name, "tykmetrics-", 11) == 0) count++;
        fclose(file);
    }
    closedir(tasks);
    return count;
}

static int connected(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
    close(fd);
    return -1;
}

/* What is answered to a request for this path, to be freed; NULL if nobody listens. */
static char *answer(uint16_t port, const char *path) {
    int fd = connected(port);
    if (fd < 0) return NULL;
    char request[200];
    int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) != length) {
        /* It has ended since. */
        close(fd);
        return NULL;
    }
    size_t room = 1 << 20, got = 0;
    char *text = malloc(room);
    CHECK(text != NULL, "out of memory");
    for (ssize_t part; got < room - 1 && (part = read(fd, text + got, room - 1 - got)) > 0;) got += (size_t)part;
    text[got] = '\0';
    close(fd);
    return text;
}

static bool answers(uint16_t port, const char *path, const char *with) {
    char *text = answer(port, path);
    bool well = text != NULL && strncmp(text, "HTTP/1.1 200 OK\r\n", 17) == 0 && strstr(text, with) != NULL;
    if (!well) fprintf(stderr, "%s: %s\n", path, text == NULL ? "nobody listens" : text);
    free(text);
    return well;
}

static tyk_server *served(const char *settings) {
    tyk_server *server = NULL;
    OK(tyk_serve(registry, settings, NULL, &server));
    CHECK(server != NULL, "a server is given");
    return server;
}

static void it_serves_until_it_is_closed(void) {
    tyk_server *server = served(ANY_PORT);
    uint16_t port = tyk_server_port(server);
    char url[100], address[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    CHECK(port != 0 && strcmp(tyk_server_url(server), url) == 0, "%s", tyk_server_url(server));
    CHECK(strcmp(tyk_server_address(server), address) == 0, "%s", tyk_server_address(server));
    CHECK(answers(port, "/metrics", "\nserved_total 3\n"), "a counter");
    CHECK(answers(port, "/metrics", "\ncollected 7\n"), "a collector of the host's");
    CHECK(atomic_load(&collections) > 0 && !atomic_load(&collector_on_our_thread), "it is asked on the server's thread");
    CHECK(answers(port, "/metrics/json", "\"served_total\""), "JSON");
    CHECK(answers(port, "/healthz", "OK"), "health");
    CHECK(threads() > 0, "it has threads of its own");
    tyk_server_close(&server);
    CHECK(server == NULL && answer(port, "/metrics") == NULL, "the port is free");
    CHECK(threads() == 0, "%d threads are left", threads());
    tyk_server_close(&server);
    tyk_server_close(NULL);
    CHECK(strcmp(tyk_server_url(NULL), "") == 0 && tyk_server_port(NULL) == 0, "no server has no address");
}

static void it_outlives_the_registry_that_was_given(void) {
    tyk_registry *own = NULL;
    tyk_counter *counter = NULL;
    tyk_server *server = NULL;
    tyk_options of = tyk_options_of("own_total", "Of a registry of its own");
    OK(tyk_registry_new(NULL, &own));
    OK(tyk_counter_new(own, &of, &counter));
    OK(tyk_serve(own, ANY_PORT, NULL, &server));
    tyk_registry_free(&own);
    tyk_counter_add(counter, 4);
    CHECK(answers(tyk_server_port(server), "/metrics", "\nown_total 4\n"), "the registry goes on");
    tyk_counter_free(&counter);
    tyk_server_close(&server);
}

static void the_environment_is_weaker_than_settings(void) {
    setenv("TYKMETRICS_LISTEN", "127.0.0.1:0", 1);
    setenv("TYKMETRICS_PATH", "/from-environment", 1);
    tyk_server *server = served(NULL);
    CHECK(answers(tyk_server_port(server), "/from-environment", "served_total 3"), "the environment is heard");
    tyk_server_close(&server);
    server = served("{\"path\": \"/from-settings\"}");
    CHECK(answers(tyk_server_port(server), "/from-settings", "served_total 3"), "settings are stronger");
    tyk_server_close(&server);
    unsetenv("TYKMETRICS_LISTEN");
    unsetenv("TYKMETRICS_PATH");
}

struct told {
    atomic_int messages, drops;
    char last[400];
};

static void tell(void *user, const char *message) {
    struct told *told = user;
    snprintf(told->last, sizeof told->last, "%s", message);
    atomic_fetch_add(&told->messages, 1);
}

static void no_more(void *user) { atomic_fetch_add(&((struct told *)user)->drops, 1); }

static void what_cannot_be_is_an_error_that_leaves_nothing(void) {
    struct told told = {0};
    const tyk_log log = {.write = tell, .drop = no_more, .user = &told}, mute = {.user = &told};
    tyk_server *server = NULL, *first = served(ANY_PORT);
    char taken[100];
    snprintf(taken, sizeof taken, "{\"listen\": \"127.0.0.1:%u\"}", tyk_server_port(first));
    /* Once it answers, its thread has its name. */
    CHECK(answers(tyk_server_port(first), "/healthz", "OK"), "the first one is there");
    const int before = threads();
    REFUSED(tyk_serve(registry, taken, &log, &server), "address_in_use");
    REFUSED(tyk_serve(registry, "{\"enabled\": false}", &log, &server), "disabled");
    REFUSED(tyk_serve(registry, "{\"lissten\": \":0\"}", &log, &server), "invalid_config");
    REFUSED(tyk_serve(registry, "no: [settings", &log, &server), "invalid_config");
    REFUSED(tyk_serve(registry, "{\"listen\": \"no.such.host.invalid:0\"}", &log, &server), "invalid_address");
    REFUSED(tyk_serve(registry, "{\"listen\": \"192.0.2.1:0\"}", &log, &server), "address_not_available");
    REFUSED(tyk_serve(registry, "{\"tls.required\": true}", &log, &server), "tls_required");
    REFUSED(tyk_serve(registry, "{\"tls.cert\": \"/nowhere/c\", \"tls.key\": \"/nowhere/k\"}", &log, &server), "unreadable");
    REFUSED(tyk_serve(registry, "\xff", &log, &server), "invalid_text");
    REFUSED(tyk_serve(registry, ANY_PORT, &mute, &server), "null_pointer");
    tyk_error *error = tyk_serve(registry, "{\"auth.bearer\": \"hush-\xe4\"}", &log, &server);
    CHECK(error != NULL && strstr(tyk_error_message(error), "hush") == NULL, "%s", tyk_error_message(error));
    tyk_error_free(&error);
    CHECK(server == NULL && threads() == before, "%d threads instead of %d", threads(), before);
    CHECK(atomic_load(&told.drops) == 0, "a log is the caller's if the call failed");
    tyk_server_close(&first);
}

static void its_log_is_told_and_given_back(void) {
    struct told told = {0};
    const tyk_log log = {.write = tell, .drop = no_more, .user = &told};
    tyk_server *server = NULL;
    OK(tyk_serve(registry, "{\"listen\": \":0\"}", &log, &server));
    CHECK(atomic_load(&told.messages) == 1 && strstr(told.last, "anybody") != NULL, "%s", told.last);
    CHECK(strncmp(tyk_server_url(server), "http://localhost:", 17) == 0, "%s", tyk_server_url(server));
    CHECK(atomic_load(&told.drops) == 0, "it is used on");
    tyk_server_close(&server);
    CHECK(atomic_load(&told.drops) == 1, "dropped %d times", atomic_load(&told.drops));
}

static void a_unix_socket_has_no_port(void) {
    char settings[300], url[200];
    snprintf(url, sizeof url, "unix:%s/tykmetrics-c-%ld.sock", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid());
    snprintf(settings, sizeof settings, "{\"listen\": \"%s\"}", url);
    tyk_server *server = served(settings);
    CHECK(tyk_server_port(server) == 0 && strcmp(tyk_server_url(server), url) == 0, "%s", tyk_server_url(server));
    CHECK(access(url + 5, F_OK) == 0, "the socket is there");
    tyk_server_close(&server);
    CHECK(access(url + 5, F_OK) != 0, "the socket is gone");
}

/* A child that gave its handle up does not keep the port, however long it lives. */
static void a_child_does_not_keep_the_port(void) {
    tyk_server *server = served(ANY_PORT);
    char again[64];
    snprintf(again, sizeof again, "{\"listen\": \"127.0.0.1:%d\"}", tyk_server_port(server));
    int closed[2], over[2];
    CHECK(pipe(closed) == 0 && pipe(over) == 0, "pipes");
    pid_t child = fork();
    if (child == 0) {
        alarm(ALARM);
        tyk_server_close(&server);
        char byte = 0;
        bool well = write(closed[1], "c", 1) == 1;
        close(over[1]);
        /* Until the parent has the port again. */
        well = read(over[0], &byte, 1) == 0 && well;
        execlp(well ? "true" : "false", "ends", (char *)NULL);
        _exit(2);
    }
    char byte = 0;
    CHECK(child > 0 && read(closed[0], &byte, 1) == 1, "a child");
    tyk_server_close(&server);
    server = served(again);
    tyk_server_close(&server);
    CHECK(close(over[0]) == 0 && close(over[1]) == 0 && close(closed[0]) == 0 && close(closed[1]) == 0, "pipes");
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d", status);
}

static void a_child_leaves_the_server_to_its_parent(void) {
    tyk_server *server = served(ANY_PORT);
    uint16_t port = tyk_server_port(server);
    pid_t child = fork();
    if (child == 0) {
        alarm(ALARM);
        tyk_server_close(&server);
        tyk_server *own = served(ANY_PORT);
        /* The child counts from zero. */
        bool well = server == NULL && answers(tyk_server_port(own), "/metrics", "\nserved_total 0\n");
        tyk_server_close(&own);
        well = well && threads() == 0;
        fflush(stderr);
        /* Another program, and no end of this one, at which what the child cannot free would be called a leak. */
        execlp(well ? "true" : "false", "ends", (char *)NULL);
        _exit(2);
    }
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "a child");
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d", status);
    CHECK(answers(port, "/metrics", "\nserved_total 3\n"), "the parent's goes on");
    tyk_server_close(&server);
}

/* Scrapes until it is told to end. */
static void *scrape(void *user) {
    uint16_t port = *(const uint16_t *)user;
    long whole = 0;
    for (char *text; (text = answer(port, "/metrics")) != NULL; free(text)) {
        /* One that had come in before the end is whole; one that had not is nothing. */
        if (*text == '\0') continue;
        CHECK(strncmp(text, "HTTP/1.1 200 OK\r\n", 17) == 0 || strncmp(text, "HTTP/1.1 503 ", 13) == 0, "%s", text);
        if (text[9] == '2') {
            CHECK(strstr(text, "served_total 3\n") != NULL, "a part of a scrape: %s", text);
            whole++;
        }
    }
    return (void *)whole;
}

static void a_server_that_is_scraped_ends_well(void) {
    for (int round = 0; round < 5; round++) {
        tyk_server *server = served(ANY_PORT);
        uint16_t port = tyk_server_port(server);
        pthread_t clients[4];
        for (int i = 0; i < 4; i++) CHECK(pthread_create(&clients[i], NULL, scrape, &port) == 0, "a thread");
        usleep(50000);
        tyk_server_close(&server);
        long whole = 0;
        for (int i = 0; i < 4; i++) {
            void *of = NULL;
            pthread_join(clients[i], &of);
            whole += (long)of;
        }
        CHECK(whole > 0 && threads() == 0, "%ld scrapes, %d threads", whole, threads());
    }
}

/* A client that goes away while it is written to: the signal that would end this program must not come. */
static void clients_that_do_not_wait_end_nobody(void) {
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
                                  "GET /metrics/json HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
    tyk_server *server = served(ANY_PORT);
    for (int i = 0; i < 300; i++) {
        int fd = connected(tyk_server_port(server));
        CHECK(fd >= 0, "the server listens");
        (void)!send(fd, request, sizeof request - 1, MSG_NOSIGNAL);
        if (i % 2 == 0) usleep(300);
        close(fd);
    }
    /* Scrapes that nobody waits for any more take their places until they notice. */
    for (char *text; (text = answer(tyk_server_port(server), "/metrics")) != NULL;) {
        bool busy = strncmp(text, "HTTP/1.1 503 ", 13) == 0;
        free(text);
        if (!busy) break;
        usleep(10000);
    }
    CHECK(answers(tyk_server_port(server), "/metrics", "\nserved_total 3\n"), "it goes on");
    sigset_t blocked;
    pthread_sigmask(SIG_BLOCK, NULL, &blocked);
    CHECK(!sigismember(&blocked, SIGPIPE), "the signals of the host's own threads are as they were");
    tyk_server_close(&server);
}

int main(int count, char **arguments) {
    our_thread = pthread_self();
    tyk_counter *counter = NULL;
    tyk_options of = tyk_options_of("served_total", "Served");
    const tyk_collector collector = {.collect = collect};
    uint64_t id = 0;
    OK(tyk_registry_new(NULL, &registry));
    OK(tyk_counter_new(registry, &of, &counter));
    OK(tyk_registry_collect(registry, &collector, &id));
    tyk_counter_add(counter, 3);
    if (count > 1) {
        tyk_server *server = served(arguments[1]);
        printf("%s\n", tyk_server_url(server));
        fflush(stdout);
        while (getchar() != EOF) continue;
        tyk_server_close(&server);
    } else {
        it_serves_until_it_is_closed();
        it_outlives_the_registry_that_was_given();
        the_environment_is_weaker_than_settings();
        what_cannot_be_is_an_error_that_leaves_nothing();
        its_log_is_told_and_given_back();
        a_unix_socket_has_no_port();
        a_child_leaves_the_server_to_its_parent();
    a_child_does_not_keep_the_port();
        a_server_that_is_scraped_ends_well();
        clients_that_do_not_wait_end_nobody();
        puts("served");
    }
    tyk_counter_free(&counter);
    tyk_registry_free(&registry);
    return 0;
}
