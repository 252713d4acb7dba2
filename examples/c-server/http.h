/* As much of HTTP/1.1 as an endpoint for scrapes needs: one bounded request, one answer, and the connection is closed.
 *
 * Knows nothing of metrics. Every wait ends at the request's deadline, so no client holds a connection for long. */
#ifndef HTTP_H
#define HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_REQUEST_SIZE 8192 /* what other servers take for a request's head */
#define HTTP_FIELD_SIZE 1024   /* longer than the Accept header of any scraper */
#define HTTP_SECONDS 5         /* for the whole request, and again for the whole answer */

struct http_request {
    char head[HTTP_REQUEST_SIZE + 1];
    const char *method; /* within head */
    const char *path;   /* within head, without its query */
    char accept[HTTP_FIELD_SIZE];
    char accept_encoding[HTTP_FIELD_SIZE];
    bool has_accept, has_accept_encoding;
};

struct http_answer {
    int status;
    const char *content_type;     /* ends in NUL */
    const char *content_encoding; /* NULL for none */
    const uint8_t *body;
    size_t len;
    bool head_only; /* everything but the body, as HEAD asks */
};

/* Reads a request. Gives 0, or the status to answer with; -1 if the client is gone. */
int http_read(int connection, struct http_request *request);

/* Sends an answer; false if the client did not take it. */
bool http_write(int connection, const struct http_answer *answer);

/* Closes a connection so that the client gets the answer, even if it is still sending. */
void http_close(int connection);

/* The words that go with a status. */
const char *http_reason(int status);

#endif
