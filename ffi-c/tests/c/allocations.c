/* Counts what a record takes from the system: no memory and no mapping, once the thread has made its first.
 *
 * Linked with the static library and -Wl,--wrap for each function below, so every call of the library's comes through
 * here. That the counters count is shown by a cold function, which allocates. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <sys/mman.h>

#include "check.h"

static atomic_ulong calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
int __real_posix_memalign(void **memory, size_t alignment, size_t size);
void *__real_mmap(void *address, size_t len, int protection, int flags, int file, off_t offset);
void *__real_mmap64(void *address, size_t len, int protection, int flags, int file, off_t offset);

void *__wrap_malloc(size_t size) {
    atomic_fetch_add(&calls, 1);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    atomic_fetch_add(&calls, 1);
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size) {
    atomic_fetch_add(&calls, 1);
    return __real_realloc(memory, size);
}

int __wrap_posix_memalign(void **memory, size_t alignment, size_t size) {
    atomic_fetch_add(&calls, 1);
    return __real_posix_memalign(memory, alignment, size);
}

void *__wrap_mmap(void *address, size_t len, int protection, int flags, int file, off_t offset) {
    atomic_fetch_add(&calls, 1);
    return __real_mmap(address, len, protection, flags, file, offset);
}

void *__wrap_mmap64(void *address, size_t len, int protection, int flags, int file, off_t offset) {
    atomic_fetch_add(&calls, 1);
    return __real_mmap64(address, len, protection, flags, file, offset);
}

#define RECORDS 1000

static tyk_registry *registry;
static tyk_family *requests;
static tyk_counter *counter;
static tyk_gauge *gauge;
static tyk_up_down *up_down;
static tyk_histogram *histogram;
static tyk_summary *summary;

/* Every hot function once, and the inline ones. */
static void record(unsigned long at) {
    const tyk_str values[] = {at % 2 == 0 ? TYK_STR("even") : TYK_STR("odd"), TYK_STR("200")};
    double value = (double)(at % 100) / 64;
    tyk_counter_add(counter, 1);
    tyk_counter_add_inline(counter, 1);
    tyk_counter_add_double(counter, 0.5);
    tyk_counter_add_shared(counter, 1);
    tyk_gauge_set(gauge, value);
    tyk_gauge_add(gauge, value);
    tyk_gauge_set_max(gauge, value);
    tyk_gauge_set_min(gauge, value);
    tyk_gauge_set_now(gauge);
    tyk_up_down_add(up_down, -1);
    tyk_up_down_add_inline(up_down, 1);
    tyk_histogram_observe(histogram, value);
    tyk_histogram_observe_inline(histogram, value);
    tyk_histogram_observe_many(histogram, value, 3);
    tyk_histogram_observe_nanos(histogram, at * 1000);
    tyk_summary_observe(summary, value);
    tyk_summary_observe_inline(summary, value);
    tyk_summary_observe_nanos(summary, at * 1000);
    tyk_family_add(requests, values, 2, 1);
    tyk_record_request(TYK_STR("1"), TYK_STR("users"), TYK_STR("GET"), 200, at * 1000);
    tyk_counter_add(NULL, 1); /* ignored, and no more */
}

int main(void) {
    const char *labels[] = {"parity", "status"};
    OK(tyk_registry_new(NULL, &registry));
    tyk_options of = {.size = sizeof of, .name = "counter_total"};
    OK(tyk_counter_new(registry, &of, &counter));
    of.name = "gauge";
    OK(tyk_gauge_new(registry, &of, &gauge));
    of.name = "up_down";
    OK(tyk_up_down_new(registry, &of, &up_down));
    of.name = "histogram";
    OK(tyk_histogram_new(registry, &of, &histogram));
    of.name = "summary";
    OK(tyk_summary_new(registry, &of, &summary));
    of.name = "requests_total";
    of.label_names = labels;
    of.label_count = 2;
    OK(tyk_family_new(registry, TYK_COUNTER, &of, &requests));
    CHECK(atomic_load(&calls) > 0, "registering allocates, so nothing was counted");

    for (unsigned long at = 0; at < 200; at++) record(at); /* the thread's first: every value, both label sets */
    unsigned long before = atomic_load(&calls);
    for (unsigned long at = 0; at < RECORDS; at++) record(at % 200);
    unsigned long after = atomic_load(&calls);
    CHECK(after == before, "%d rounds of records allocated %lu times", RECORDS, after - before);

    tyk_summary_free(&summary);
    tyk_histogram_free(&histogram);
    tyk_up_down_free(&up_down);
    tyk_gauge_free(&gauge);
    tyk_counter_free(&counter);
    tyk_family_free(&requests);
    tyk_registry_free(&registry);
    printf("rounds %d, allocations %lu\n", RECORDS, after - before);
    return 0;
}
