/* The parts of the conformance runner: tests/conformance/README.md says what a case is.
 *
 *   conformance.c  reads the files, runs each case twice (recording through handles, and by lookup), compares
 *   operations.c   does an operation to a registry
 *   metrics.c      registers a metric of a case, and records to it
 *   compare.c      masks moments and compares
 *
 * What a case must not have (a member or an operation that nobody knows) ends the program. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <cjson/cJSON.h>
#include <tykmetrics.h>

#include "check.h"

#define RUN_METRICS 64
#define SERIES_LABELS 16
#define LIST_ITEMS 128

/* A metric of a case: a family if it has labels, else a handle; both are kept until the case ends. */
struct metric {
    const char *id;
    uint32_t kind;
    tyk_family *family;
    void *handle;
};

/* A case that is being run. */
struct run {
    const char *name;
    tyk_registry *registry;
    struct metric metrics[RUN_METRICS];
    size_t metric_count;
    bool lookup; /* record through families where they can */
    unsigned passed_over;
};

/* A text, a number, a truth, an array of a case. */
const char *word(const cJSON *object, const char *member);
double number(const cJSON *value);
bool truth(const cJSON *object, const char *member);

/* Arrays of texts, numbers and pairs, whose texts live as long as the case. */
size_t words(const cJSON *array, const char **into, size_t room);
size_t values(const cJSON *array, tyk_str *into, size_t room);
size_t numbers(const cJSON *array, double *into, size_t room);
size_t pairs(const cJSON *array, tyk_label *into, size_t room);

/* Ends the program if an object has a member that is not in the list, which NULL ends. */
void known(const cJSON *object, const char *const *members);

/* Does one operation; what it returns is the door's error. */
tyk_error *perform(struct run *run, const cJSON *operation);

/* Registers a metric; false if C has no words for what is asked, and nothing was tried. */
bool metric_register(struct run *run, uint32_t kind, const cJSON *of, struct metric *into, tyk_error **error);

/* Records, removes or clears. */
tyk_error *metric_perform(struct run *run, struct metric *metric, const char *op, const cJSON *of);

void metric_free(struct metric *metric);

/* The text with its moments masked, to be freed with free. */
char *masked(const char *text, const char *format, bool created);

/* The lines of an expected text, each with its end, to be freed with free. */
char *lines(const cJSON *array);

/* True if a document is the expected one but for its moments. */
bool same_document(const char *got, const cJSON *expected);

#endif
