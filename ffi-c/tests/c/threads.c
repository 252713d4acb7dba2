/* Records through the header's inline functions from many threads while another one scrapes.
 *
 * Held: totals are exact to the last record, whichever way it was made; no scrape shows a count that fell, nor a histogram
 * whose +Inf bucket is not its count. Threads end and others follow, so slabs change hands. Runs plain and under
 * ThreadSanitizer, which sees the inline functions and takes the library for granted. With -DRACE it counts in a plain
 * variable beside it, which the sanitizer must find: that is how the harness knows that it looks.
 *
 * Usage: threads RECORDS_PER_THREAD */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>

#include "check.h"

#define THREADS 8 /* at once: more than there are processors, so that they are interrupted in the middle */
#define ROUNDS 3
#define SIZES 16 /* whole numbers, so that sums of doubles are exact */

static tyk_registry *registry;
static tyk_counter *hits, *late; /* `late` has no private cells: every add is atomic */
static tyk_up_down *level;
static tyk_gauge *last;
static tyk_histogram *sizes, *compact;
static tyk_summary *times;
static unsigned long records;
static atomic_bool done;

/* ThreadSanitizer does not see how the library hands the cells of a thread that ended to one that begins, so where it
 * watches the inline forms all threads of a round are there until the last one has recorded. */
#if defined(__SANITIZE_THREAD__) && defined(TYK_INLINE)
static pthread_barrier_t recorded;
#define BEGIN() pthread_barrier_init(&recorded, NULL, THREADS)
#define WAIT_FOR_ALL() pthread_barrier_wait(&recorded)
#else
#define BEGIN() ((void)0)
#define WAIT_FOR_ALL() ((void)0)
#endif

#ifdef RACE
static unsigned long plain;
#endif

static void *record(void *ignored) {
    (void)ignored;
    for (unsigned long at = 0; at < records; at++) {
        double size = (double)(at % SIZES);
        tyk_counter_add_inline(hits, 1);
        tyk_counter_add(hits, 2);
        tyk_counter_add_inline(late, 1);
        tyk_up_down_add_inline(level, at % 2 == 0 ? 3 : -2);
        tyk_histogram_observe_inline(sizes, size);
        tyk_histogram_observe(sizes, size);
        tyk_histogram_observe_inline(compact, size);
        tyk_summary_observe_inline(times, size);
        tyk_gauge_set_inline(last, size);
#ifdef RACE
        plain++;
#endif
    }
    WAIT_FOR_ALL();
    return NULL;
}

/* The value of a sample, by everything that is before it in its line. */
static double sample(const char *text, const char *start) {
    const char *line = text;
    size_t len = strlen(start);
    for (; line != NULL && *line != '\0'; line = strchr(line, '\n'), line = line == NULL ? NULL : line + 1) {
        if (strncmp(line, start, len) == 0) return strtod(line + len, NULL);
    }
    CHECK(false, "`%s` is not in\n%s", start, text);
    return 0;
}

static const char *const rising[] = {"hits_total{way=\"a\"} ", "hits_total{way=\"late\"} ", "sizes_count ",
                                     "sizes_sum ", "compact_count ", "times_count ", "sizes_bucket{le=\"8\"} "};
#define RISING (sizeof rising / sizeof rising[0])

static void *scrape(void *scrapes) {
    double before[RISING] = {0};
    do {
        char *text = check_text(registry);
        for (size_t at = 0; at < RISING; at++) {
            double now = sample(text, rising[at]);
            CHECK(now >= before[at], "%s fell from %g to %g", rising[at], before[at], now);
            before[at] = now;
        }
        CHECK(sample(text, "sizes_bucket{le=\"+Inf\"} ") == sample(text, "sizes_count "), "in one scrape:\n%s", text);
        CHECK(sample(text, "compact_bucket{le=\"+Inf\"} ") == sample(text, "compact_count "), "in one scrape:\n%s", text);
        free(text);
        ++*(unsigned long *)scrapes;
    } while (!atomic_load(&done));
    return NULL;
}

static void register_all(void) {
    const char *labels[] = {"way"};
    const double bounds[] = {1, 8, 12};
    const tyk_str a = TYK_STR("a"), second = TYK_STR("late");
    tyk_family *family = NULL;
    OK(tyk_registry_new(NULL, &registry));
    tyk_options of_hits = {.size = sizeof of_hits, .name = "hits_total", .label_names = labels, .label_count = 1,
                           .private_series = 1};
    OK(tyk_family_new(registry, TYK_COUNTER, &of_hits, &family));
    OK(tyk_counter_with(family, &a, 1, &hits));
    OK(tyk_counter_with(family, &second, 1, &late));
    tyk_family_free(&family);
    tyk_options of = {.size = sizeof of, .name = "level"};
    OK(tyk_up_down_new(registry, &of, &level));
    of.name = "last";
    OK(tyk_gauge_new(registry, &of, &last));
    of.name = "times";
    OK(tyk_summary_new(registry, &of, &times));
    of.buckets = bounds;
    of.bucket_count = sizeof bounds / sizeof bounds[0];
    of.name = "sizes";
    OK(tyk_histogram_new(registry, &of, &sizes));
    of.name = "compact";
    of.store = TYK_STORE_COMPACT;
    OK(tyk_histogram_new(registry, &of, &compact));
}

int main(int count, char **arguments) {
    records = count > 1 ? strtoul(arguments[1], NULL, 10) : 0;
    CHECK(records > 0 && records % (2 * SIZES) == 0, "usage: threads RECORDS, a multiple of %d", 2 * SIZES);
    register_all();
    BEGIN();
    unsigned long scrapes = 0;
    pthread_t scraper, threads[THREADS];
    CHECK(pthread_create(&scraper, NULL, scrape, &scrapes) == 0, "a thread starts");
    for (int round = 0; round < ROUNDS; round++) {
        for (int at = 0; at < THREADS; at++) CHECK(pthread_create(&threads[at], NULL, record, NULL) == 0, "a thread starts");
        for (int at = 0; at < THREADS; at++) CHECK(pthread_join(threads[at], NULL) == 0, "a thread ends");
    }
    atomic_store(&done, true);
    CHECK(pthread_join(scraper, NULL) == 0, "the scraper ends");

    uint64_t all = records * THREADS * ROUNDS, whole = 0;
    int64_t at_end = 0;
    OK(tyk_counter_whole(hits, &whole));
    CHECK(whole == all * 3, "%llu hits of %llu", (unsigned long long)whole, (unsigned long long)all * 3);
    OK(tyk_counter_whole(late, &whole));
    CHECK(whole == all, "%llu late hits of %llu", (unsigned long long)whole, (unsigned long long)all);
    OK(tyk_up_down_value(level, &at_end));
    CHECK(at_end == (int64_t)all / 2, "the level is %lld", (long long)at_end);
    char *text = check_text(registry);
    double sum = (double)all * (SIZES - 1) / 2;
    CHECK(sample(text, "sizes_count ") == (double)all * 2, "\n%s", text);
    CHECK(sample(text, "sizes_sum ") == sum * 2, "\n%s", text);
    CHECK(sample(text, "sizes_bucket{le=\"1\"} ") == (double)all * 2 * 2 / SIZES, "\n%s", text);
    CHECK(sample(text, "sizes_bucket{le=\"8\"} ") == (double)all * 2 * 9 / SIZES, "\n%s", text);
    CHECK(sample(text, "sizes_bucket{le=\"12\"} ") == (double)all * 2 * 13 / SIZES, "\n%s", text);
    CHECK(sample(text, "compact_bucket{le=\"8\"} ") == (double)all * 9 / SIZES, "\n%s", text);
    CHECK(sample(text, "compact_sum ") == sum, "\n%s", text);
    CHECK(sample(text, "last ") == SIZES - 1, "\n%s", text);
    CHECK(sample(text, "times_count ") == (double)all && sample(text, "times_sum ") == sum, "\n%s", text);
    free(text);

    tyk_counter_free(&hits);
    tyk_counter_free(&late);
    tyk_up_down_free(&level);
    tyk_gauge_free(&last);
    tyk_histogram_free(&sizes);
    tyk_histogram_free(&compact);
    tyk_summary_free(&times);
    tyk_registry_free(&registry);
    printf("records %llu, scrapes %lu\n", (unsigned long long)all * 9, scrapes);
    return 0;
}
