/* Serves the metrics of a program over HTTP on the loopback interface, and its own requests are what it measures.
 *
 * Usage: serve [--port N]   (9090 without it; 0 takes a free one, which is printed)
 *
 * A thread per connection, at most CONNECTIONS at once: a scraper that is slow keeps none of the others waiting, and the
 * rest waits in the kernel's queue. SIGTERM and SIGINT end it after the answers that are being given. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"
#include "metrics.h"

#define CONNECTIONS 8
#define QUEUE 64

static sem_t room;
static int ends[2]; /* a pipe that a signal writes to */

static void on_signal(int signal) {
    (void)signal;
    int saved = errno;
    /* If the pipe is full it has been written to. */
    if (write(ends[1], "x", 1) < 0) errno = saved;
    errno = saved;
}

/* An answer with a sentence for people. */
static struct http_answer plain(int status) {
    const char *reason = http_reason(status);
    return (struct http_answer){
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .body = (const uint8_t *)reason,
        .len = strlen(reason),
    };
}

static void answer(int connection, struct http_request *request) {
    int refused = http_read(connection, request);
    if (refused < 0) return; /* a connection without a request */
    uint64_t began = metrics_begin();
    struct metrics_page page = {0};
    struct http_answer answer;
    bool is_head = refused == 0 && strcmp(request->method, "HEAD") == 0;
    if (refused != 0) {
        answer = plain(refused);
    } else if (!is_head && strcmp(request->method, "GET") != 0) {
        answer = plain(405);
    } else if (strcmp(request->path, "/metrics") != 0) {
        answer = plain(404);
    } else if (metrics_render(request->has_accept ? request->accept : NULL,
                              request->has_accept_encoding ? request->accept_encoding : NULL, &page)) {
        answer = (struct http_answer){200, page.content_type, page.content_encoding, page.body.data, page.body.len, false};
    } else {
        answer = plain(500);
    }
    answer.head_only = is_head;
    /* Counted before it is sent, so that the client's next request sees it. */
    metrics_end(began, request->method, answer.status, answer.len);
    http_write(connection, &answer);
    metrics_page_free(&page);
}

static void *serve(void *argument) {
    int connection = (int)(intptr_t)argument;
    struct http_request *request = malloc(sizeof *request);
    if (request != NULL) answer(connection, request);
    free(request);
    http_close(connection);
    sem_post(&room);
    return NULL;
}

static void start(int connection) {
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    while (sem_wait(&room) != 0) continue; /* a signal interrupts it */
    if (pthread_create(&thread, &attributes, serve, (void *)(intptr_t)connection) != 0) {
        close(connection);
        sem_post(&room);
    }
    pthread_attr_destroy(&attributes);
}

/* A socket that listens on the loopback interface, and the port it got. */
static int listen_on(uint16_t *port) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0) return -1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, len) != 0 || listen(listener, QUEUE) != 0
        || getsockname(listener, (struct sockaddr *)&address, &len) != 0) {
        close(listener);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return listener;
}

/* Accepts connections until a signal comes. */
static void run(int listener) {
    struct pollfd waits[] = {{.fd = listener, .events = POLLIN}, {.fd = ends[0], .events = POLLIN}};
    for (;;) {
        if (poll(waits, 2, -1) < 0) continue; /* a signal interrupts it */
        if (waits[1].revents != 0) return;
        if (waits[0].revents == 0) continue;
        int connection = accept(listener, NULL, NULL);
        if (connection >= 0) {
            start(connection);
        } else if (errno == EMFILE || errno == ENFILE) {
            poll(NULL, 0, 100); /* connections end meanwhile */
        }
    }
}

/* The port that the arguments ask for; -1 for arguments that are not understood. */
static long port_of(int count, char **arguments) {
    if (count == 1) return 9090;
    if (count != 3 || strcmp(arguments[1], "--port") != 0) return -1;
    char *end;
    long port = strtol(arguments[2], &end, 10);
    return *end == '\0' && end != arguments[2] && port >= 0 && port <= 65535 ? port : -1;
}

int main(int count, char **arguments) {
    long asked = port_of(count, arguments);
    if (asked < 0) {
        fprintf(stderr, "usage: %s [--port 0-65535]\n", arguments[0]);
        return 2;
    }
    uint16_t port = (uint16_t)asked;
    struct sigaction action = {.sa_handler = on_signal};
    if (!metrics_start()) return 1;
    if (pipe(ends) != 0 || sem_init(&room, 0, CONNECTIONS) != 0 || sigaction(SIGTERM, &action, NULL) != 0
        || sigaction(SIGINT, &action, NULL) != 0) {
        perror("serve");
        return 1;
    }
    int listener = listen_on(&port);
    if (listener < 0) {
        fprintf(stderr, "127.0.0.1:%u cannot be listened on: %s\n", port, strerror(errno));
        return 1;
    }
    printf("http://127.0.0.1:%u/metrics\n", port);
    fflush(stdout);
    run(listener);
    close(listener);
    for (int at = 0; at < CONNECTIONS; at++) {
        while (sem_wait(&room) != 0) continue; /* until every answer is given */
    }
    metrics_stop();
    puts("ended");
    return 0;
}
