/* What a record costs a C program: a bare loop, the inline forms and the functions, in turn. Compiled and run by the
 * group "c" of the benchmark (src/c.rs), once with each library. Prints a line for each: name, best and median
 * nanoseconds. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <tykmetrics.h>

enum { VALUES = 4096, MOST_ROUNDS = 201 };

static tyk_counter *counter;
static tyk_histogram *histogram;
static double values[VALUES];
static uint64_t bare_cell;

/* Between two operations the compiler must assume that memory has changed, as in the Rust benchmark. */
#define FENCE() __asm__ volatile("" ::: "memory")

static void bare(long n) {
  for (long i = 0; i < n; i++) {
    FENCE();
    __atomic_store_n(&bare_cell, __atomic_load_n(&bare_cell, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
  }
}

static void counter_inline(long n) {
  for (long i = 0; i < n; i++) {
    FENCE();
    tyk_counter_add_inline(counter, 1);
  }
}

static void counter_call(long n) {
  for (long i = 0; i < n; i++) {
    FENCE();
    tyk_counter_add(counter, 1);
  }
}

static void histogram_inline(long n) {
  for (long i = 0; i < n; i++) {
    FENCE();
    tyk_histogram_observe_inline(histogram, values[i % VALUES]);
  }
}

static void histogram_call(long n) {
  for (long i = 0; i < n; i++) {
    FENCE();
    tyk_histogram_observe(histogram, values[i % VALUES]);
  }
}

static const struct {
  const char *name;
  void (*run)(long);
} jobs[] = {
    {"bare", bare},
    {"counter_inline", counter_inline},
    {"counter_call", counter_call},
    {"histogram_inline", histogram_inline},
    {"histogram_call", histogram_call},
};
enum { JOBS = sizeof jobs / sizeof jobs[0] };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int rising(const void *one, const void *other) {
  double a = *(const double *)one, b = *(const double *)other;
  return (a > b) - (a < b);
}

static void check(tyk_error *error) {
  if (error != NULL) {
    fprintf(stderr, "%s\n", tyk_error_message(error));
    exit(1);
  }
}

int main(int argc, char **argv) {
  static double rounds[JOBS][MOST_ROUNDS];
  int count = argc > 1 ? atoi(argv[1]) : 35;
  /* About 5 ms a round, as the other groups have. */
  const long operations = 2000000;
  tyk_registry *registry;
  tyk_options counts = {.size = sizeof counts, .name = "requests_total"};
  tyk_options times = {.size = sizeof times, .name = "request_seconds"};
  double least, recorded;
  if (count < 1 || count > MOST_ROUNDS) {
    fprintf(stderr, "usage: %s ROUNDS (1 to %d)\n", argv[0], MOST_ROUNDS);
    return 2;
  }
  check(tyk_registry_new(NULL, &registry));
  check(tyk_counter_new(registry, &counts, &counter));
  check(tyk_histogram_new(registry, &times, &histogram));
  /* Latencies of 0.1 ms to 10 s in no order: a step of the multiplicative generator of Lehmer (MINSTD). */
  uint64_t state = 1;
  for (int i = 0; i < VALUES; i++) {
    state = state * 48271 % 2147483647;
    values[i] = 0.0001 * (double)(1 + state % 100000);
  }
  for (int round = 0; round < count; round++) {
    for (int job = 0; job < JOBS; job++) {
      double start = now();
      jobs[job].run(operations);
      rounds[job][round] = (now() - start) / (double)operations;
    }
  }
  check(tyk_counter_value(counter, &recorded));
  if (recorded != 2.0 * count * operations) {
    fprintf(stderr, "%.0f adds were counted, not %.0f\n", recorded, 2.0 * count * operations);
    return 1;
  }
  for (int job = 0; job < JOBS; job++) {
    qsort(rounds[job], (size_t)count, sizeof(double), rising);
    least = rounds[job][0];
    printf("%s %.4f %.4f\n", jobs[job].name, least, rounds[job][count / 2]);
  }
  return 0;
}
