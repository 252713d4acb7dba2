/* What the server tells of itself, and how it is asked: the only part that knows the library. */
#ifndef METRICS_H
#define METRICS_H

#include <stdbool.h>
#include <tykmetrics.h>

/* A scrape's answer. */
struct metrics_page {
    char content_type[256]; /* ends in NUL */
    const char *content_encoding;
    tyk_bytes body;
};

/* Registers everything; false, with a message on standard error, if that fails. */
bool metrics_start(void);
void metrics_stop(void);

/* What the client accepts; NULL for a header that it did not send. False if the page cannot be made. */
bool metrics_render(const char *accept, const char *accept_encoding, struct metrics_page *page);
void metrics_page_free(struct metrics_page *page);

/* A request begins; it ends with its status, and the bytes of its answer. */
uint64_t metrics_begin(void);
void metrics_end(uint64_t began, const char *method, int status, size_t bytes);

#endif
