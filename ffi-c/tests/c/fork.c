/* Recording on both sides of a fork: each sees its own, the child begins at zero, and nobody waits for a lock that a thread
 * held which the child does not have.
 *
 * A child goes on as a program of its own: it records through the handles it has, registers, looks up, scrapes and starts
 * threads; beside threads that record, and beside threads that register, look up, remove and scrape, which hold locks at any
 * moment. A callback forks as well, in the middle of a scrape. A child that waits is ended by its alarm, which the parent
 * reports.
 *
 * Usage: fork FORKS */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define ALARM 60 /* seconds that a child may take: far above what any does that waits for nobody */

static tyk_registry *registry;
static tyk_family *busy;
static tyk_counter *beside_total;
static atomic_bool done;
static atomic_int recording; /* threads whose first record, which takes a lock, is made */

static double value_of(const tyk_counter *counter) {
    double value = -1;
    OK(tyk_counter_value(counter, &value));
    return value;
}

/* Ends the child; only here, so that what the parent registered to happen at its own end does not. */
static void child_ends(bool well) {
    fflush(stderr);
    _exit(well ? 0 : 1);
}

static void wait_for(pid_t child, const char *what) {
    int status = 0;
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "%s", what);
    CHECK(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM, "%s: the child waits for ever", what);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: the child ended with %d", what, status);
}

/* What the child sees of what the parent had recorded before. */
static void each_side_sees_its_own(void) {
    tyk_options of = {.size = sizeof of, .name = "own_total"};
    tyk_counter *counter = NULL;
    tyk_histogram *histogram = NULL;
    OK(tyk_counter_new(registry, &of, &counter));
    of.name = "own_seconds";
    OK(tyk_histogram_new(registry, &of, &histogram));
    tyk_counter_add(counter, 5);
    tyk_counter_add_inline(counter, 2);
    tyk_histogram_observe(histogram, 0.5);
    CHECK(value_of(counter) == 7, "the parent's %g", value_of(counter));

    pid_t child = fork();
    if (child == 0) {
        alarm(ALARM);
        bool well = value_of(counter) == 0;
        tyk_counter_add_inline(counter, 1);
        tyk_counter_add(counter, 2);
        tyk_histogram_observe_inline(histogram, 0.25);
        char *text = check_text(registry);
        well = well && value_of(counter) == 3 && strstr(text, "own_total 3\n") && strstr(text, "own_seconds_count 1\n");
        if (!well) fprintf(stderr, "the child has\n%s", text);
        child_ends(well);
    }
    tyk_counter_add(counter, 10);
    wait_for(child, "a child records");
    CHECK(value_of(counter) == 17, "the parent's is %g after its child's records", value_of(counter));
    tyk_counter_free(&counter);
    tyk_histogram_free(&histogram);
}

/* A thread that only records. */
static void *record(void *ignored) {
    (void)ignored;
    tyk_counter_add(beside_total, 1);
    atomic_fetch_add(&recording, 1);
    while (!atomic_load(&done)) {
        tyk_counter_add_inline(beside_total, 1);
        tyk_counter_add(beside_total, 1);
    }
    return NULL;
}

/* A thread that holds the locks of the cold path: looking up what is new, removing, registering. */
static void *churn(void *ignored) {
    (void)ignored;
    for (unsigned long at = 0; !atomic_load(&done); at++) {
        char text[24];
        int len = snprintf(text, sizeof text, "%lu", at % 1000);
        const tyk_str value = {text, (size_t)len};
        tyk_options of = {.size = sizeof of, .name = "churned_total"};
        tyk_counter *counter = NULL;
        bool found = false;
        tyk_family_add(busy, &value, 1, 1);
        if (at % 3 == 0) OK(tyk_family_remove(busy, &value, 1, &found));
        OK(tyk_counter_new(registry, &of, &counter));
        tyk_counter_free(&counter);
        if (at % 5 == 0) OK(tyk_registry_unregister(registry, "churned_total", &found));
    }
    return NULL;
}

static void *scrape(void *ignored) {
    (void)ignored;
    while (!atomic_load(&done)) free(check_text(registry));
    return NULL;
}

/* A thread of a child, and the records that the child has made with it. */
struct life {
    int records;
    bool well;
};

/* What a child does that goes on as a program of its own: register, record, look up, scrape. */
static void *live(void *of_life) {
    struct life *life = of_life;
    const tyk_str value = TYK_STR("of the child");
    tyk_options of = {.size = sizeof of, .name = "child_total"};
    tyk_counter *counter = NULL;
    OK(tyk_counter_new(registry, &of, &counter));
    tyk_counter_add_inline(counter, 1);
    tyk_family_add(busy, &value, 1, 1);
    char *text = check_text(registry), own[64], looked_up[64];
    snprintf(own, sizeof own, "\nchild_total %d\n", life->records);
    snprintf(looked_up, sizeof looked_up, "\nbusy_total{at=\"of the child\"} %d\n", life->records);
    life->well = strstr(text, own) != NULL && strstr(text, looked_up) != NULL;
    if (!life->well) fprintf(stderr, "the child has\n%s", text);
    free(text);
    tyk_counter_free(&counter);
    return NULL;
}

static pid_t by_itself(void) {
    pid_t child = fork();
    if (child == 0) alarm(ALARM);
    return child;
}

static tyk_registry *asking;
static pid_t forked;

static double fork_when_asked(void *ignored) {
    (void)ignored;
    forked = by_itself();
    return 5;
}

/* Forks in the middle of a scrape, which both processes end. */
static pid_t in_a_callback(void) {
    char *text = check_text(asking);
    CHECK(strstr(text, "\nasked 5\n") != NULL, "the scrape is\n%s", text);
    free(text);
    return forked;
}

/* Forks while the threads run that do `work` beside, and has each child do `child_does`. */
static void fork_beside(long forks, pid_t (*how)(void), void *(*work)(void *), void *(*more_work)(void *),
                        bool (*child_does)(void)) {
    pthread_t threads[2];
    atomic_store(&done, false);
    CHECK(pthread_create(&threads[0], NULL, work, NULL) == 0, "a thread starts");
    CHECK(pthread_create(&threads[1], NULL, more_work, NULL) == 0, "a thread starts");
    while (work == record && atomic_load(&recording) < 2) sched_yield();
    for (long at = 0; at < forks; at++) {
        pid_t child = how();
        if (child == 0) child_ends(child_does());
        wait_for(child, "a child of a busy program");
    }
    atomic_store(&done, true);
    CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0, "the threads end");
}

static bool lives(void) {
    struct life here = {1, false}, beside = {2, false};
    pthread_t thread;
    live(&here);
    bool began = pthread_create(&thread, NULL, live, &beside) == 0 && pthread_join(thread, NULL) == 0;
    return began && here.well && beside.well;
}

static tyk_counter *own;
static tyk_histogram *times;

/* Records through the handles that its parent made, and then lives. */
static bool records_and_lives(void) {
    for (int at = 0; at < 100; at++) {
        tyk_counter_add_inline(own, 1);
        tyk_counter_add(own, 1);
        tyk_histogram_observe_inline(times, at);
        tyk_histogram_observe(times, at);
    }
    const uint64_t *cell = tyk_series_cell_inline(&own->series, 0);
    return cell != NULL && __atomic_load_n(cell, __ATOMIC_RELAXED) == 200 && value_of(own) == 200 && lives();
}

int main(int count, char **arguments) {
    long forks = count > 1 ? strtol(arguments[1], NULL, 10) : 0;
    CHECK(forks > 0, "usage: fork FORKS");
    OK(tyk_registry_new(NULL, &registry));
    each_side_sees_its_own();

    const char *labels[] = {"at"};
    tyk_options of = {.size = sizeof of, .name = "busy_total", .label_names = labels, .label_count = 1};
    OK(tyk_family_new(registry, TYK_COUNTER, &of, &busy));
    of = (tyk_options){.size = sizeof of, .name = "beside_total"};
    OK(tyk_counter_new(registry, &of, &beside_total));
    of.name = "recorded_total";
    OK(tyk_counter_new(registry, &of, &own));
    of.name = "recorded_seconds";
    OK(tyk_histogram_new(registry, &of, &times));
    tyk_counter_add(own, 1);
    tyk_histogram_observe(times, 1);

    fork_beside(forks, by_itself, record, record, lives);
    fork_beside(forks, by_itself, churn, scrape, records_and_lives);

    tyk_gauge *gauge = NULL;
    const tyk_callback callback = {.read = fork_when_asked};
    OK(tyk_registry_new(NULL, &asking));
    of = (tyk_options){.size = sizeof of, .name = "asked"};
    OK(tyk_gauge_new(asking, &of, &gauge));
    OK(tyk_gauge_callback(gauge, &callback));
    fork_beside(forks, in_a_callback, churn, scrape, records_and_lives);
    tyk_gauge_free(&gauge);
    tyk_registry_free(&asking);

    CHECK(value_of(own) == 1, "the parent has %g of its children's", value_of(own));
    tyk_counter_free(&own);
    tyk_histogram_free(&times);
    tyk_counter_free(&beside_total);
    tyk_family_free(&busy);
    tyk_registry_free(&registry);
    printf("forks %ld\n", forks * 3);
    return 0;
}
