/* Recording on both sides of a fork: each sees its own, the child begins at zero, and nobody waits for a lock that a thread
 * held which the child does not have.
 *
 * The forks happen while other threads register, record and scrape, so that the locks of the cold path are held at any
 * moment. A child that waits is ended by its alarm, which the parent reports.
 *
 * Usage: fork FORKS */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define ALARM 60 /* seconds that a child may take: far above what any does that waits for nobody */

static tyk_registry *registry;
static tyk_family *busy;
static atomic_bool done;

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

/* Keeps the locks of the cold path busy: registering, looking up what is new, removing. */
static void *churn(void *ignored) {
    (void)ignored;
    for (unsigned long at = 0; !atomic_load(&done); at++) {
        char text[24];
        int len = snprintf(text, sizeof text, "%lu", at % 1000);
        const tyk_str value = {text, (size_t)len};
        bool found = false;
        tyk_family_add(busy, &value, 1, 1);
        if (at % 3 == 0) OK(tyk_family_remove(busy, &value, 1, &found));
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

int main(int count, char **arguments) {
    long forks = count > 1 ? strtol(arguments[1], NULL, 10) : 0;
    CHECK(forks > 0, "usage: fork FORKS");
    OK(tyk_registry_new(NULL, &registry));
    each_side_sees_its_own();

    const char *labels[] = {"at"};
    tyk_options of = {.size = sizeof of, .name = "busy_total", .label_names = labels, .label_count = 1};
    OK(tyk_family_new(registry, TYK_COUNTER, &of, &busy));
    pthread_t churner, scraper;
    CHECK(pthread_create(&churner, NULL, churn, NULL) == 0, "a thread starts");
    CHECK(pthread_create(&scraper, NULL, scrape, NULL) == 0, "a thread starts");
    for (long at = 0; at < forks; at++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(ALARM);
            struct life here = {1, false}, beside = {2, false};
            pthread_t thread;
            live(&here);
            bool began = pthread_create(&thread, NULL, live, &beside) == 0 && pthread_join(thread, NULL) == 0;
            child_ends(began && here.well && beside.well);
        }
        wait_for(child, "a child of a busy program");
    }
    atomic_store(&done, true);
    CHECK(pthread_join(churner, NULL) == 0 && pthread_join(scraper, NULL) == 0, "the threads end");
    tyk_family_free(&busy);
    tyk_registry_free(&registry);
    printf("forks %ld\n", forks);
    return 0;
}
