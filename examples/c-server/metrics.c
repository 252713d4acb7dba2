/* See metrics.h. */
#define _POSIX_C_SOURCE 200809L
#include "metrics.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static tyk_registry *registry;
static tyk_family *requests;
static tyk_up_down *in_flight;
static tyk_histogram *durations, *sizes;

/* Says what went wrong, if anything did. */
static bool failed(tyk_error *error) {
    if (error == NULL) return false;
    fprintf(stderr, "metrics: %s: %s\n", tyk_error_name(error), tyk_error_message(error));
    tyk_error_free(&error);
    return true;
}

bool metrics_start(void) {
    static const char *const labels[] = {"method", "status"};
    static const double kilobytes[] = {1024, 4096, 16384, 65536, 262144, 1048576};
    tyk_options of_requests = {.size = sizeof of_requests,
                               .namespace_ = "server",
                               .name = "requests_total",
                               .help = "Requests answered",
                               .label_names = labels,
                               .label_count = 2};
    tyk_options of_in_flight = {.size = sizeof of_in_flight,
                                .namespace_ = "server",
                                .name = "requests_in_flight",
                                .help = "Requests being answered"};
    tyk_options of_durations = {.size = sizeof of_durations,
                                .namespace_ = "server",
                                .name = "request_duration",
                                .unit = "seconds",
                                .help = "Time to answer"};
    tyk_options of_sizes = {.size = sizeof of_sizes,
                            .namespace_ = "server",
                            .name = "response_size",
                            .unit = "bytes",
                            .help = "Bytes of an answer's body",
                            .buckets = kilobytes,
                            .bucket_count = sizeof kilobytes / sizeof kilobytes[0]};
    uint64_t process, engine; /* what it would take to be rid of them again */
    return !failed(tyk_registry_new(NULL, &registry))
        && !failed(tyk_family_new(registry, TYK_COUNTER, &of_requests, &requests))
        && !failed(tyk_up_down_new(registry, &of_in_flight, &in_flight))
        && !failed(tyk_histogram_new(registry, &of_durations, &durations))
        && !failed(tyk_histogram_new(registry, &of_sizes, &sizes))
        && !failed(tyk_registry_collect_process(registry, NULL, &process))
        && !failed(tyk_registry_collect_engine(registry, &engine));
}

void metrics_stop(void) {
    tyk_histogram_free(&sizes);
    tyk_histogram_free(&durations);
    tyk_up_down_free(&in_flight);
    tyk_family_free(&requests);
    tyk_registry_free(&registry);
}

bool metrics_render(const char *accept, const char *accept_encoding, struct metrics_page *page) {
    tyk_exposition exposition;
    tyk_bytes content_type = {0};
    memset(page, 0, sizeof *page);
    bool made = !failed(tyk_negotiate(accept, accept_encoding, &exposition))
             && !failed(tyk_exposition_content_type(&exposition, &content_type))
             && content_type.len < sizeof page->content_type
             && !failed(tyk_render(registry, &exposition, &page->body));
    if (made) {
        memcpy(page->content_type, content_type.data, content_type.len);
        page->content_encoding = tyk_exposition_content_encoding(&exposition);
    }
    tyk_bytes_free(&content_type);
    return made;
}

void metrics_page_free(struct metrics_page *page) {
    tyk_bytes_free(&page->body);
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t metrics_begin(void) {
    tyk_up_down_add(in_flight, 1);
    return now_ns();
}

void metrics_end(uint64_t began, const char *method, int status, size_t bytes) {
    char text[12];
    int len = snprintf(text, sizeof text, "%d", status);
    /* A client may send any word for a method, and must not make a series of each. */
    bool known = method != NULL && (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0);
    if (!known) method = "other";
    const tyk_str values[] = {{method, strlen(method)}, {text, (size_t)len}};
    tyk_family_add(requests, values, 2, 1);
    tyk_histogram_observe(sizes, (double)bytes);
    tyk_histogram_observe_nanos(durations, now_ns() - began);
    tyk_up_down_add(in_flight, -1);
}
