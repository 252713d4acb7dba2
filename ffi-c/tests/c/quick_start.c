/* The first program of a newcomer, as the README shows it: register, record, render, and what a mistake looks like. */
#include <stdio.h>

#include <tykmetrics.h>

/* Says what went wrong, if anything did. */
static bool failed(tyk_error *error) {
    if (error == NULL) return false;
    fprintf(stderr, "%s: %s\n", tyk_error_name(error), tyk_error_message(error));
    tyk_error_free(&error);
    return true;
}

int main(void) {
    tyk_registry *registry = NULL;
    if (failed(tyk_registry_new(NULL, &registry))) return 1; /* or tyk_registry_global */

    /* Once, at the start: a family with labels, and a histogram without. Members that are not named take their defaults. */
    const char *labels[] = {"method", "status"};
    tyk_options of_requests = {.size = sizeof of_requests,
                               .name = "http_requests_total",
                               .help = "Requests answered",
                               .label_names = labels,
                               .label_count = 2,
                               .limit = 1000};
    tyk_options of_latency = {.size = sizeof of_latency,
                              .name = "http_request_duration_seconds",
                              .help = "Time to answer",
                              .flags = TYK_NO_BUCKETS};
    tyk_family *requests = NULL;
    tyk_histogram *latency = NULL;
    if (failed(tyk_family_new(registry, TYK_COUNTER, &of_requests, &requests))) return 1;
    if (failed(tyk_histogram_new(registry, &of_latency, &latency))) return 1;

    /* Where a route is set up: a handle on one series, to keep. */
    const tyk_str get_ok[] = {TYK_STR("GET"), TYK_STR("200")};
    tyk_counter *ok = NULL;
    if (failed(tyk_counter_with(requests, get_ok, 2, &ok))) return 1;

    /* For each request. These return nothing and cannot fail. */
    tyk_counter_add(ok, 1);
    tyk_histogram_observe(latency, 0.012); /* seconds */
    const tyk_str post_error[] = {TYK_STR("POST"), TYK_STR("500")};
    tyk_family_add(requests, post_error, 2, 1); /* a lookup, where the labels are only known now */

    /* For a scrape: what the client accepts. */
    tyk_exposition exposition;
    tyk_bytes content_type = {0}, body = {0};
    if (failed(tyk_negotiate("text/plain;version=0.0.4", NULL, &exposition))) return 1;
    if (failed(tyk_exposition_content_type(&exposition, &content_type))) return 1;
    if (failed(tyk_render(registry, &exposition, &body))) return 1;
    printf("Content-Type: %.*s\n\n", (int)content_type.len, (const char *)content_type.data);
    printf("%.*s", (int)body.len, (const char *)body.data);

    /* A mistake is an error that says what, why and the way out; nothing has changed. */
    tyk_counter *wrong = NULL;
    if (!failed(tyk_counter_with(requests, get_ok, 1, &wrong))) return 1;

    tyk_bytes_free(&body);
    tyk_bytes_free(&content_type);
    tyk_counter_free(&ok);
    tyk_histogram_free(&latency);
    tyk_family_free(&requests);
    tyk_registry_free(&registry);
    return 0;
}
