/* See http.h. */
#define _POSIX_C_SOURCE 200809L
#include "http.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds on a clock that never steps. */
static int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until the connection is ready; false at the deadline. */
static bool ready(int connection, short events, int64_t deadline) {
    for (;;) {
        int64_t left = deadline - now_ms();
        if (left <= 0) return false;
        struct pollfd entry = {.fd = connection, .events = events};
        int count = poll(&entry, 1, (int)left);
        if (count > 0) return true;
        if (count == 0 || errno != EINTR) return false;
    }
}

/* Adds a field to what was sent of it before: a list may come in parts, which are joined by commas. */
static bool join(char *field, bool *has, const char *value) {
    size_t len = strlen(field), more = strlen(value), separator = *has ? 2 : 0;
    if (len + separator + more >= HTTP_FIELD_SIZE) return false;
    memcpy(field + len, ", ", separator);
    memcpy(field + len + separator, value, more + 1);
    *has = true;
    return true;
}

/* Cuts a line off, without its end. NULL if there is no whole line. */
static char *line(char **rest) {
    char *start = *rest, *end = strstr(start, "\r\n");
    if (end == NULL) return NULL;
    *end = '\0';
    *rest = end + 2;
    return start;
}

static int parse(struct http_request *request) {
    char *rest = request->head, *first = line(&rest);
    char *path = first == NULL ? NULL : strchr(first, ' ');
    char *version = path == NULL ? NULL : strchr(path + 1, ' ');
    if (version == NULL || path == first || path[1] != '/') return 400;
    *path++ = *version++ = '\0';
    if (strncmp(version, "HTTP/1.", 7) != 0) return 505;
    path[strcspn(path, "?")] = '\0';
    request->method = first;
    request->path = path;
    for (char *field = line(&rest); field != NULL && *field != '\0'; field = line(&rest)) {
        char *colon = strchr(field, ':');
        if (colon == NULL || colon == field || field[0] == ' ' || field[0] == '\t') return 400;
        *colon++ = '\0';
        colon += strspn(colon, " \t");
        bool fits = true;
        if (strcasecmp(field, "Accept") == 0) {
            fits = join(request->accept, &request->has_accept, colon);
        } else if (strcasecmp(field, "Accept-Encoding") == 0) {
            fits = join(request->accept_encoding, &request->has_accept_encoding, colon);
        }
        if (!fits) return 431;
    }
    return 0;
}

int http_read(int connection, struct http_request *request) {
    memset(request, 0, sizeof *request);
    int64_t deadline = now_ms() + HTTP_SECONDS * 1000;
    size_t len = 0;
    while (strstr(request->head, "\r\n\r\n") == NULL) {
        if (len == HTTP_REQUEST_SIZE) return 431;
        if (!ready(connection, POLLIN, deadline)) return 408;
        ssize_t count = recv(connection, request->head + len, HTTP_REQUEST_SIZE - len, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return -1;
        if (memchr(request->head + len, '\0', (size_t)count) != NULL) return 400;
        len += (size_t)count;
    }
    return parse(request);
}

static bool send_all(int connection, const void *data, size_t len, int64_t deadline) {
    const char *at = data;
    while (len > 0) {
        if (!ready(connection, POLLOUT, deadline)) return false;
        ssize_t count = send(connection, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)) continue;
        if (count < 0) return false;
        at += count;
        len -= (size_t)count;
    }
    return true;
}

const char *http_reason(int status) {
    switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 431: return "Request Header Fields Too Large";
    case 505: return "HTTP Version Not Supported";
    default: return "Internal Server Error";
    }
}

bool http_write(int connection, const struct http_answer *answer) {
    char head[512];
    int64_t deadline = now_ms() + HTTP_SECONDS * 1000;
    const char *encoding = answer->content_encoding;
    int len = snprintf(head, sizeof head,
                       "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s%s%sContent-Length: %zu\r\n"
                       "Vary: Accept, Accept-Encoding\r\n%sConnection: close\r\n\r\n",
                       answer->status, http_reason(answer->status), answer->content_type,
                       encoding == NULL ? "" : "Content-Encoding: ", encoding == NULL ? "" : encoding,
                       encoding == NULL ? "" : "\r\n", answer->len, answer->status == 405 ? "Allow: GET, HEAD\r\n" : "");
    if (len < 0 || (size_t)len >= sizeof head || !send_all(connection, head, (size_t)len, deadline)) return false;
    return answer->head_only || send_all(connection, answer->body, answer->len, deadline);
}

void http_close(int connection) {
    /* Bytes that nobody has read make the kernel reset the connection, and the answer may be lost with it. */
    char unread[4096];
    int64_t deadline = now_ms() + 1000;
    shutdown(connection, SHUT_WR);
    while (ready(connection, POLLIN, deadline) && recv(connection, unread, sizeof unread, 0) > 0) continue;
    close(connection);
}
