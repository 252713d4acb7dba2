/* What a program was built with, for tyk_abi_check. */
#define TYK_ABI_LAYOUT                                                                                                 \
  {                                                                                                                    \
    TYK_ABI, {                                                                                                         \
      sizeof(tyk_str), sizeof(tyk_label), sizeof(tyk_bytes), sizeof(tyk_cells), sizeof(tyk_shard), sizeof(tyk_series), \
          sizeof(tyk_counter), sizeof(tyk_histogram), sizeof(tyk_entry), sizeof(tyk_table), sizeof(tyk_options),       \
          sizeof(tyk_registry_options), sizeof(tyk_exposition), sizeof(tyk_family_view), sizeof(tyk_series_view)       \
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

/* A literal as a tyk_str. */
#ifdef __cplusplus
#define TYK_STR(literal) (tyk_str_of(literal))
#else
#define TYK_STR(literal) ((tyk_str){(literal), sizeof(literal) - 1})
#endif

#if defined(__GNUC__) && !defined(TYK_NO_LOAD_CHECK)
__attribute__((constructor)) static void tyk_check_at_load(void) {
  static const tyk_abi layout = TYK_ABI_LAYOUT;
  tyk_abi_require(&layout);
}
#endif

#if defined(__GNUC__) && !defined(TYK_NO_INLINE)

#ifndef TYK_THREAD_MODEL
#define TYK_THREAD_MODEL
#endif

/* Where the calling thread's cells are, found once. */
static __thread const tyk_cells *tyk_own_cells TYK_THREAD_MODEL;

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
