/* What a program was built with, for tyk_abi_check. */
#define TYK_ABI_LAYOUT                                                                                                 \
  {                                                                                                                    \
    TYK_ABI, TYK_ABI_SIZES, {                                                                                          \
      sizeof(tyk_str), sizeof(tyk_label), sizeof(tyk_bytes), sizeof(tyk_cells), sizeof(tyk_shard), sizeof(tyk_series), \
          sizeof(tyk_counter), sizeof(tyk_gauge), sizeof(tyk_up_down), sizeof(tyk_histogram), sizeof(tyk_summary),     \
          sizeof(tyk_entry), sizeof(tyk_table), sizeof(tyk_callback), sizeof(tyk_collector), sizeof(tyk_options),      \
          sizeof(tyk_registry_options), sizeof(tyk_exposition), sizeof(tyk_family_view), sizeof(tyk_series_view),      \
          sizeof(tyk_log)                                                                                              \
    }                                                                                                                  \
  }

/* A text of the caller's that ends in NUL, as a tyk_str. */
static inline tyk_str tyk_str_of(const char *text) {
  tyk_str str = {text, 0};
  if (text != NULL) {
    while (text[str.len] != '\0') {
      str.len++;
    }
  }
  return str;
}

/* A text of the caller's with its length, as a tyk_str. */
static inline tyk_str tyk_str_with(const char *data, size_t len) {
  tyk_str str = {data, len};
  return str;
}

/* A literal as a tyk_str; anything else does not compile. */
#ifdef __cplusplus
#define TYK_STR(literal) (tyk_str_with("" literal "", sizeof(literal) - 1))
#else
#define TYK_STR(literal) ((tyk_str){"" literal "", sizeof(literal) - 1})
#endif

/* Options with a name and a help text, and the defaults for the rest: for C++ and for short C. */
static inline tyk_options tyk_options_of(const char *name, const char *help) {
  tyk_options options;
  memset(&options, 0, sizeof options);
  options.size = sizeof options;
  options.name = name;
  options.help = help;
  return options;
}

#if defined(__GNUC__) && !defined(TYK_NO_LOAD_CHECK)
/* Ends the program before it starts if it was built with another layout than the library has. */
__attribute__((constructor)) static void tyk_check_at_load(void) {
  static const tyk_abi layout = TYK_ABI_LAYOUT;
  tyk_abi_require(&layout);
}
#endif

/* Under the thread sanitizer the forms without a call are calls, since it does not see how the library hands the cells of
 * a thread that ended to the next one; with TYK_INLINE defined they stay. */
#ifndef TYK_INLINE
#if !defined(__GNUC__) || defined(__SANITIZE_THREAD__)
#define TYK_NO_INLINE
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TYK_NO_INLINE
#endif
#endif
#endif

#ifdef TYK_NO_INLINE

/* As the functions of these names without the ending. */
#define tyk_counter_add_inline tyk_counter_add
#define tyk_up_down_add_inline tyk_up_down_add
#define tyk_gauge_set_inline tyk_gauge_set
#define tyk_histogram_observe_inline tyk_histogram_observe
#define tyk_summary_observe_inline tyk_summary_observe

#else

#ifndef TYK_THREAD_MODEL
#define TYK_THREAD_MODEL
#endif

/* Where the calling thread's cells are, found once. */
static __thread const tyk_cells *tyk_own_cells TYK_THREAD_MODEL;

/* As tyk_thread_cells, found by a call once for each thread and source file. */
static inline const tyk_cells *tyk_thread_cells_inline(void) {
  if (__builtin_expect(tyk_own_cells == NULL, 0)) {
    tyk_own_cells = tyk_thread_cells();
  }
  return tyk_own_cells;
}

/* The calling thread's own cell of a series, or NULL. */
static inline uint64_t *tyk_series_cell_inline(const tyk_series *series, uint32_t offset) {
  const tyk_cells *own = tyk_thread_cells_inline();
  /* Relaxed: either number that is seen is the series' own. Runs of cells lie on one side of the limit. */
  uint32_t cell = __atomic_load_n(&series->cell, __ATOMIC_RELAXED);
  return __builtin_expect(cell < own->limit, 1) ? own->cells + cell + offset : NULL;
}

/* As tyk_counter_add. */
static inline void tyk_counter_add_inline(const tyk_counter *counter, uint64_t n) {
  uint64_t *cell = __builtin_expect(counter != NULL, 1) ? tyk_series_cell_inline(&counter->series, 0) : NULL;
  if (__builtin_expect(cell == NULL, 0)) {
    tyk_counter_add(counter, n);
    return;
  }
  /* Relaxed: this thread alone writes the cell, and nothing else is published by it. */
  __atomic_store_n(cell, __atomic_load_n(cell, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

/* As tyk_up_down_add. */
static inline void tyk_up_down_add_inline(const tyk_up_down *up_down, int64_t n) {
  uint64_t *cell = __builtin_expect(up_down != NULL, 1) ? tyk_series_cell_inline(&up_down->series, 0) : NULL;
  if (__builtin_expect(cell == NULL, 0)) {
    tyk_up_down_add(up_down, n);
    return;
  }
  /* Relaxed: as above. */
  __atomic_store_n(cell, __atomic_load_n(cell, __ATOMIC_RELAXED) + (uint64_t)n, __ATOMIC_RELAXED);
}

/* As tyk_gauge_set. */
static inline void tyk_gauge_set_inline(const tyk_gauge *gauge, double v) {
  uint64_t bits;
  if (__builtin_expect(gauge == NULL, 0)) {
    tyk_gauge_set(gauge, v);
    return;
  }
  __builtin_memcpy(&bits, &v, sizeof bits);
  /* Relaxed: the value of a gauge publishes nothing else. */
  __atomic_store_n(gauge->series.shared, bits, __ATOMIC_RELAXED);
}

/* Adds to the two cells of a value that takes one look in the table; false if it takes more. */
static inline bool tyk_table_observe_inline(const tyk_table *table, const tyk_series *series, double v) {
  const tyk_entry *entry;
  uint64_t *first, *sum;
  uint64_t bits;
  uint32_t cell;
  double total;
  int64_t key;
  __builtin_memcpy(&bits, &v, sizeof bits);
  /* 2^47 - 1 rounds up, so that a power of two ends a sub-bucket, as `le` wants it. */
  key = ((int64_t)(bits + 0x7fffffffffffULL) >> 47) - table->first;
  if (__builtin_expect((uint64_t)key >= table->entry_count, 0)) {
    return false;
  }
  entry = table->entries + key;
  first = tyk_series_cell_inline(series, 0);
  if (__builtin_expect(first == NULL || entry->more != 0, 0)) {
    return false;
  }
  cell = entry->cell + (v > entry->split);
  sum = first + (cell & ~504u);
  first += cell;
  /* Relaxed, as above; the sum is released after it, so that whoever sees the sum sees the bucket too. */
  __atomic_store_n(first, __atomic_load_n(first, __ATOMIC_RELAXED) + 1, __ATOMIC_RELAXED);
  bits = __atomic_load_n(sum, __ATOMIC_RELAXED);
  __builtin_memcpy(&total, &bits, sizeof total);
  total += v;
  __builtin_memcpy(&bits, &total, sizeof bits);
  __atomic_store_n(sum, bits, __ATOMIC_RELEASE);
  return true;
}

/* As tyk_histogram_observe. */
static inline void tyk_histogram_observe_inline(const tyk_histogram *histogram, double v) {
  if (__builtin_expect(histogram == NULL || !tyk_table_observe_inline(histogram->table, &histogram->series, v), 0)) {
    tyk_histogram_observe(histogram, v);
  }
}

/* As tyk_summary_observe. */
static inline void tyk_summary_observe_inline(const tyk_summary *summary, double v) {
  if (__builtin_expect(summary == NULL || !tyk_table_observe_inline(summary->table, &summary->series, v), 0)) {
    tyk_summary_observe(summary, v);
  }
}

#endif
