/* One function for all kinds of handles, and the count of threads that hold a shard. */
#include "glue.h"
#include "_cgo_export.h"
#include <pthread.h>
#include <stdatomic.h>

static tyk_error *handle_of(uint32_t kind, const tyk_family *family, const tyk_str *values, size_t n, void **out) {
  switch (kind) {
  case TYK_COUNTER: return tyk_counter_with(family, values, n, (tyk_counter **)out);
  case TYK_GAUGE: return tyk_gauge_with(family, values, n, (tyk_gauge **)out);
  case TYK_UP_DOWN: return tyk_up_down_with(family, values, n, (tyk_up_down **)out);
  case TYK_HISTOGRAM: return tyk_histogram_with(family, values, n, (tyk_histogram **)out);
  case TYK_SUMMARY: return tyk_summary_with(family, values, n, (tyk_summary **)out);
  case TYK_INFO: return tyk_info_with(family, values, n, (tyk_info **)out);
  default: return tyk_state_set_with(family, values, n, (tyk_state_set **)out);
  }
}

tyk_go_got tyk_go_with(uint32_t kind, const tyk_family *family, const tyk_str *values, size_t n) {
  tyk_go_got got = {NULL, NULL};
  got.error = handle_of(kind, family, values, n, &got.handle);
  return got;
}

void tyk_go_free(uint32_t kind, void *handle) {
  switch (kind) {
  case TYK_COUNTER: tyk_counter_free((tyk_counter **)&handle); break;
  case TYK_GAUGE: tyk_gauge_free((tyk_gauge **)&handle); break;
  case TYK_UP_DOWN: tyk_up_down_free((tyk_up_down **)&handle); break;
  case TYK_HISTOGRAM: tyk_histogram_free((tyk_histogram **)&handle); break;
  case TYK_SUMMARY: tyk_summary_free((tyk_summary **)&handle); break;
  case TYK_INFO: tyk_info_free((tyk_info **)&handle); break;
  default: tyk_state_set_free((tyk_state_set **)&handle); break;
  }
}

tyk_error *tyk_go_value(uint32_t kind, const void *handle, double *out) {
  if (kind == TYK_COUNTER) return tyk_counter_value(handle, out);
  if (kind == TYK_GAUGE) return tyk_gauge_value(handle, out);
  int64_t whole = 0;
  tyk_error *error = tyk_up_down_value(handle, &whole);
  *out = (double)whole;
  return error;
}

tyk_error *tyk_go_distribution(uint32_t kind, const void *handle, tyk_distribution **out) {
  return kind == TYK_SUMMARY ? tyk_summary_distribution(handle, out) : tyk_histogram_distribution(handle, out);
}

/* Relaxed everywhere: a count that bounds, behind which nothing is published. */
static _Atomic int32_t adopted;
static pthread_key_t ending;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void ended(void *thread) {
  (void)thread;
  atomic_fetch_sub_explicit(&adopted, 1, memory_order_relaxed);
}

static void start(void) { pthread_key_create(&ending, ended); }

int32_t *tyk_go_adopted(void) { return (int32_t *)&adopted; }

/* Whether this thread asked for a shard in vain: it does not ask again, as each time would cost it two calls. */
static __thread int32_t refused;

static bool adopt(int32_t most) {
  pthread_once(&once, start);
  if (pthread_getspecific(ending) == NULL) {
    if (atomic_fetch_add_explicit(&adopted, 1, memory_order_relaxed) >= most) {
      atomic_fetch_sub_explicit(&adopted, 1, memory_order_relaxed);
      return false;
    }
    pthread_setspecific(ending, &adopted);
  }
  return true;
}

/* The limit of the cells that the record has opened. */
static uint32_t opened(void) {
  uint32_t limit = tyk_thread_cells()->limit;
  if (limit == 0) {
    refused = 1;
    pthread_setspecific(ending, NULL);
    ended(NULL);
    return TYK_GO_NONE;
  }
  return limit;
}

uint32_t tyk_go_first_add(uint32_t kind, const void *handle, uint64_t n, int32_t most) {
  if (!adopt(most)) return 0;
  if (kind == TYK_COUNTER) tyk_counter_add(handle, n);
  else tyk_up_down_add(handle, (int64_t)n);
  return opened();
}

uint32_t tyk_go_first_observe(uint32_t kind, const void *handle, double v, int32_t most) {
  if (!adopt(most)) return 0;
  if (kind == TYK_HISTOGRAM) tyk_histogram_observe(handle, v);
  else tyk_summary_observe(handle, v);
  return opened();
}

static intptr_t from_thread_pointer(const void *address) {
#if defined(__linux__) && defined(__x86_64__)
  const char *thread_pointer;
  __asm__("mov %%fs:0, %0" : "=r"(thread_pointer));
  return (const char *)address - thread_pointer;
#else
  (void)address;
  return 0;
#endif
}

intptr_t tyk_go_thread_offset(void) { return from_thread_pointer(tyk_thread_cells()); }
intptr_t tyk_go_refused_offset(void) { return from_thread_pointer(&refused); }

/* The scrape that Go has started on this thread, 0 if there is none: collectors are called on the thread of the scrape. */
static __thread uintptr_t scraping;

tyk_error *tyk_go_render(tyk_registry *registry, const tyk_exposition *exposition, tyk_bytes *out, uintptr_t scrape) {
  uintptr_t outer = scraping;
  scraping = scrape;
  tyk_error *error = tyk_render(registry, exposition, out);
  scraping = outer;
  return error;
}

tyk_error *tyk_go_snapshot(tyk_registry *registry, tyk_snapshot **out, uintptr_t scrape) {
  uintptr_t outer = scraping;
  scraping = scrape;
  tyk_error *error = tyk_snapshot_new(registry, out);
  scraping = outer;
  return error;
}

static void collect(void *user, tyk_families *into) { tykGoCollect((uintptr_t)user, scraping, into); }

tyk_error *tyk_go_collect(tyk_registry *registry, uintptr_t user, uint64_t *id) {
  tyk_collector collector = {.collect = collect,
                             .drop = (void (*)(void *))tykGoDrop,
                             .user = (void *)user};
  return tyk_registry_collect(registry, &collector, id);
}

tyk_error *tyk_go_callback(uint32_t kind, const void *handle, uintptr_t user) {
  tyk_callback callback = {.read = (double (*)(void *))tykGoRead, .drop = (void (*)(void *))tykGoDrop, .user = (void *)user};
  return kind == TYK_COUNTER ? tyk_counter_callback((const tyk_counter *)handle, &callback)
                             : tyk_gauge_callback((const tyk_gauge *)handle, &callback);
}

tyk_error *tyk_go_serve(tyk_registry *registry, const char *settings, uintptr_t user, tyk_server **out) {
  tyk_log log = {.write = (void (*)(void *, const char *))tykGoLog, .drop = (void (*)(void *))tykGoDrop, .user = (void *)user};
  return tyk_serve(registry, settings, &log, out);
}
