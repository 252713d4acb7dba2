/*
 * libtykmetrics: a lock-free metrics engine for gateways, in C.
 *
 *     tyk_registry *registry = NULL;
 *     tyk_counter *requests = NULL;
 *     tyk_bytes text = {0};
 *     tyk_options options = tyk_options_of("requests_total", "Requests served");
 *     tyk_error *error = tyk_registry_global(&registry);
 *     if (!error) error = tyk_counter_new(registry, &options, &requests);
 *     tyk_counter_add(requests, 1);                          // for each request; NULL is ignored
 *     if (!error) error = tyk_render(registry, NULL, &text); // text.data, text.len: to the scraper
 *     if (error) fprintf(stderr, "%s\n", tyk_error_message(error));
 *     tyk_error_free(&error);
 *     tyk_bytes_free(&text);
 *     tyk_counter_free(&requests);
 *     tyk_registry_free(&registry);
 *
 * The rules
 *
 * Errors      Cold functions return an error: NULL is success, anything else is freed with tyk_error_free. Codes are
 *             stable numbers (TYK_ERROR_...), messages are for people. What a function gives out (the last arguments,
 *             `out` and such) is written on success only, and a failed call changes nothing. Hot functions (they say
 *             "Hot.") return nothing and cannot fail: what they cannot do is left undone and counted (tyk_ignored).
 *             Values that cannot be counted (not finite, a negative add to a counter) are left out and counted as
 *             invalid, by family; tyk_registry_collect_engine shows that.
 *             No panic of the engine crosses into the caller: it becomes an error of code TYK_ERROR_PANIC.
 * Ownership   What a function gives out by a pointer to a pointer is the caller's, who frees it with the function of
 *             its noun: tyk_counter_free, tyk_registry_free, tyk_shard_release, ... These take the address of the
 *             pointer and write NULL there; freeing NULL does nothing. Handles, families, registries and snapshots
 *             keep what they need alive, so they may be freed in any order. Texts and lists that a function is given
 *             are copied. Texts that are given out live as long as what they are of. tyk_bytes begin as {0}.
 * NULL        No argument is NULL, unless its description says so. One that is gives an error of code
 *             TYK_ERROR_NULL_POINTER (hot functions ignore the call), never a crash.
 * Threads     Every function may be called by any thread, and one handle used by many at once. Only what is freed must
 *             not be in use elsewhere. A tyk_shard or attached memory has one writer at a time. A signal handler may
 *             call tyk_counter_add_shared and nothing else.
 * Fork        A child begins with counts of zero, at the same addresses, and with gauges and states as its parent had
 *             set them. Its registries, families and handles are valid, and it may call every function, whatever other
 *             threads were at. A fork waits for calls of other threads that are changing or reading what the engine
 *             keeps, never for a callback; a callback may fork. After a fork in a signal handler, and after _Fork, the
 *             child should only record. A server stays with the parent: in a child its handle is only freed, and the
 *             child may start one of its own.
 * Text        UTF-8. Names, help and options end in NUL and must be UTF-8. Label values have a length (tyk_str) and may
 *             hold any byte: what is not UTF-8 becomes U+FFFD.
 * Callbacks   They run on the thread that scrapes (a server has its own), on several at once if there are several
 *             scrapes, while none of the engine's locks is held. They may record, and must neither throw, longjmp nor
 *             render or snapshot the registry that calls them. What they use is to be freed in their `drop`: a scrape
 *             that has begun may call them once more after they were taken out.
 * Versions    Structures that begin with `size` are read up to that size, so that programs built with an earlier
 *             header go on working. A program that was built with another layout of the rest is ended when it is
 *             loaded, with a message (define TYK_NO_LOAD_CHECK to call tyk_abi_check yourself).
 *
 * The record path
 *
 * tyk_counter_add and its like are functions for any language. The forms that end in _inline are the same work without
 * a call, for gcc and clang (with TYK_NO_INLINE defined they are calls): a plain add to a cell of the calling thread. A
 * fiber that may go on on another thread must not be switched within one; nothing in them can be switched at. In
 * shared libraries, -DTYK_THREAD_MODEL='__attribute__((tls_model("initial-exec")))' makes them quicker still, if the
 * library is not loaded by dlopen. C++ is served by the same header.
 *
 * Made from ffi-c/src by a test; edit there.
 */

#ifndef TYKMETRICS_H
#define TYKMETRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The version of this header. Compare with tyk_version(), that of the library. */
#define TYK_VERSION "0.1.0"
#define TYK_VERSION_MAJOR 0
#define TYK_VERSION_MINOR 1
#define TYK_VERSION_PATCH 0

/* Compilers that can warn of an error that is not looked at do. */
#ifdef __GNUC__
#define TYK_MUST_USE __attribute__((warn_unused_result))
#else
#define TYK_MUST_USE
#endif

/* What went wrong. The numbers are stable. */
#define TYK_ERROR_INVALID_NAME 1
#define TYK_ERROR_INVALID_LABEL 2
#define TYK_ERROR_INVALID_BUCKETS 3
#define TYK_ERROR_INVALID_OPTION 4
#define TYK_ERROR_CONFLICT 5
#define TYK_ERROR_LABEL_COUNT 6
#define TYK_ERROR_NOT_FOUND 7
#define TYK_ERROR_INVALID_EXEMPLAR 8
#define TYK_ERROR_INVALID_TEXT 9
#define TYK_ERROR_SINK 10
#define TYK_ERROR_PLATFORM 11
#define TYK_ERROR_NULL_POINTER 12
#define TYK_ERROR_PANIC 13
#define TYK_ERROR_ABI 14
#define TYK_ERROR_DISABLED 15
#define TYK_ERROR_INVALID_CONFIG 16
#define TYK_ERROR_INVALID_ADDRESS 17
#define TYK_ERROR_ADDRESS_IN_USE 18
#define TYK_ERROR_ADDRESS_NOT_AVAILABLE 19
#define TYK_ERROR_PERMISSION_DENIED 20
#define TYK_ERROR_TLS_REQUIRED 21
#define TYK_ERROR_UNREADABLE 22
#define TYK_ERROR_INVALID_CERTIFICATE 23
#define TYK_ERROR_CERTIFICATE_EXPIRED 24
#define TYK_ERROR_KEY_MISMATCH 25
#define TYK_ERROR_UNSUPPORTED 26

/* The formats of an exposition. */
#define TYK_FORMAT_TEXT 0
#define TYK_FORMAT_TEXT1 1
#define TYK_FORMAT_OPENMETRICS0 2
#define TYK_FORMAT_OPENMETRICS 3
#define TYK_FORMAT_OPENMETRICS2 4
#define TYK_FORMAT_PROTOBUF 5
#define TYK_FORMAT_PROTOBUF_TEXT 6
#define TYK_FORMAT_PROTOBUF_COMPACT 7
#define TYK_FORMAT_JSON 8


// The number of the layout: raised when a structure or a function changes in a way that programs built before do not
// know.
#define TYK_ABI 1

// Sizes that a layout lists.
#define TYK_ABI_SIZES 21

// The bit of `*state` that is set while a series is listed. A series that was removed has it no more: look it up again.
#define TYK_LIVE 1

// The bit of `*state` of an overflow series, which takes the records of all label sets beyond a limit.
#define TYK_OVERFLOW 4

// Names may be any UTF-8 text.
#define TYK_NAMES_UTF8 0

// Names match [a-zA-Z_:][a-zA-Z0-9_:]*, labels the same without colons.
#define TYK_NAMES_LEGACY 1

// The family is not rendered and takes no name until tyk_registry_list.
#define TYK_UNLISTED 1

// A histogram without classic bounds: only +Inf.
#define TYK_NO_BUCKETS 2

// A summary without quantiles: only count and sum.
#define TYK_NO_QUANTILES 4

// The store that the bounds ask for.
#define TYK_STORE_DEFAULT 0

// Log-linear cells: classic buckets, native buckets and quantiles.
#define TYK_STORE_HDR 1

// The classic buckets alone, in one or two cache lines.
#define TYK_STORE_COMPACT 2

// Native buckets as fine as they can be.
#define TYK_NATIVE_DEFAULT 0

// No native buckets.
#define TYK_NATIVE_NONE 1

// Native buckets of native_schema.
#define TYK_NATIVE_SCHEMA 2

// Not said; only collectors make such families.
#define TYK_UNKNOWN 0

// Only goes up.
#define TYK_COUNTER 1

// Is set, or moved either way.
#define TYK_GAUGE 2

// A gauge that is only moved, by whole steps.
#define TYK_UP_DOWN 3

// Counts by bucket, and a sum.
#define TYK_HISTOGRAM 4

// Quantiles, a count and a sum.
#define TYK_SUMMARY 5

// Text that describes the target.
#define TYK_INFO 6

// Which of a fixed set of states hold.
#define TYK_STATE_SET 7

// Cells hold whole numbers; the sums of histograms hold doubles.
#define TYK_CELLS_U64 0

// Cells hold doubles.
#define TYK_CELLS_F64 1

// A shard's writer is an OS thread.
#define TYK_OWNER_THREAD 1

// A shard's writer is an interpreter with a global lock.
#define TYK_OWNER_INTERPRETER 2

// A shard's writer is an isolate.
#define TYK_OWNER_ISOLATE 3

// A shard's writer is a slot of a scheduler.
#define TYK_OWNER_PROCESSOR 4

// A shard's writer is whoever holds it.
#define TYK_OWNER_HOLDER 5

// The escaping that the format has by default.
#define TYK_ESCAPING_DEFAULT 0

// Names that are not of the classic kind are kept, between quotes.
#define TYK_ESCAPING_ALLOW_UTF8 1

// Every other character becomes an underscore.
#define TYK_ESCAPING_UNDERSCORES 2

// Dots become _dot_, underscores and all others two underscores.
#define TYK_ESCAPING_DOTS 3

// Other characters become their code point.
#define TYK_ESCAPING_VALUES 4

// Not packed.
#define TYK_ENCODING_IDENTITY 0

// Packed with gzip.
#define TYK_ENCODING_GZIP 1

// Packed with Zstandard.
#define TYK_ENCODING_ZSTD 2

// Both kinds of buckets, and the reader takes what it understands.
#define TYK_HISTOGRAMS_BOTH 0

// Buckets with the bounds the user chose.
#define TYK_HISTOGRAMS_CLASSIC 1

// Native buckets; the classic ones where there are none.
#define TYK_HISTOGRAMS_NATIVE 2

// Memory of a host that holds cells.
typedef struct tyk_attachment tyk_attachment;

// What was counted, as plain data.
typedef struct tyk_distribution tyk_distribution;

// What went wrong. Freed with tyk_error_free.
typedef struct tyk_error tyk_error;

// What a collector adds to. Only valid while the collector is called.
typedef struct tyk_families tyk_families;

// A metric with its series.
typedef struct tyk_family tyk_family;

// A handle on an info metric.
typedef struct tyk_info tyk_info;

// A set of metrics that are scraped together.
typedef struct tyk_registry tyk_registry;

// A server that runs. Ended and freed with tyk_server_close.
typedef struct tyk_server tyk_server;

// Everything a registry said at one moment. Not changed by what is recorded later.
typedef struct tyk_snapshot tyk_snapshot;

// A handle on a state set.
typedef struct tyk_state_set tyk_state_set;

// What a program was built with; TYK_ABI_LAYOUT fills it.
typedef struct tyk_abi {
  // TYK_ABI.
  uint32_t version;
  // How many sizes follow.
  uint32_t count;
  // The sizes of the structures that both sides know, in the order of TYK_ABI_LAYOUT.
  uint32_t sizes[TYK_ABI_SIZES];
} tyk_abi;

// Bytes that the library owns. All zero at first; freed with tyk_bytes_free. A function that fills it uses the memory it
// has again.
typedef struct tyk_bytes {
  // The first byte; NULL if there is no memory.
  uint8_t *data;
  // How many bytes there are.
  size_t len;
  // How many there is room for.
  size_t capacity;
} tyk_bytes;

// Text with a length. It need not end in NUL.
typedef struct tyk_str {
  // The first byte; may be NULL if len is 0.
  const char *data;
  // How many bytes there are.
  size_t len;
} tyk_str;

// A label: a name and a value.
typedef struct tyk_label {
  // The name.
  struct tyk_str name;
  // The value.
  struct tyk_str value;
} tyk_label;

// How a registry is set up. Zeroes are the defaults: { .size = sizeof(tyk_registry_options) }.
typedef struct tyk_registry_options {
  // sizeof(tyk_registry_options).
  size_t size;
  // TYK_NAMES_UTF8 or TYK_NAMES_LEGACY.
  uint32_t names;
  // Zero.
  uint32_t reserved;
  // The most series of all families; 0 for 2,000,000.
  uint64_t series_limit;
  // Labels that every series carries.
  const struct tyk_label *const_labels;
  // How many there are.
  size_t const_label_count;
} tyk_registry_options;

// A function that makes families at every scrape, on the scraping thread and with no lock held. It may not render the
// registry it is registered with.
typedef struct tyk_collector {
  // Adds families to `into`, by tyk_families_…; `into` is only valid during the call.
  void (*collect)(void *user, struct tyk_families *into);
  // Called once, when the collector is used no more. May be NULL.
  void (*drop)(void *user);
  // Given to both.
  void *user;
} tyk_collector;

// How a metric is set up. Zeroes and NULLs are the defaults: { .size = sizeof(tyk_options), .name = "jobs_total" }.
typedef struct tyk_options {
  // sizeof(tyk_options).
  size_t size;
  // Goes before the name, with an underscore.
  const char *namespace_;
  // Goes between the namespace and the name.
  const char *subsystem;
  // The name. A counter's ends in _total.
  const char *name;
  // What it measures, for people.
  const char *help;
  // The base unit ("seconds", "bytes"); the name ends in it, and is made to if it does not.
  const char *unit;
  // The label names of a family.
  const char *const *label_names;
  // How many there are.
  size_t label_count;
  // Labels that every series carries.
  const struct tyk_label *const_labels;
  // How many there are.
  size_t const_label_count;
  // The most series; 0 for 10,000. Records of label sets beyond it go to the overflow series.
  uint32_t limit;
  // How many of the first series have a cell for each writer; 0 for the default (512; 64 for the HDR store).
  uint32_t private_series;
  // Series that nobody holds go once they have not changed for so long; 0 for never.
  uint64_t expire_after_ms;
  // TYK_UNLISTED, TYK_NO_BUCKETS, TYK_NO_QUANTILES.
  uint32_t flags;
  // Of a histogram: TYK_STORE_DEFAULT, _HDR or _COMPACT.
  uint32_t store;
  // Of a histogram: the classic bounds, rising; NULL for the default.
  const double *buckets;
  // How many there are.
  size_t bucket_count;
  // Of a histogram: TYK_NATIVE_DEFAULT, _NONE or _SCHEMA.
  uint32_t native;
  // The finest native schema, -4 to 3.
  int32_t native_schema;
  // Of a histogram or a summary: the smallest value that is told apart; both 0 for the default.
  double range_min;
  // The largest value that is told apart.
  double range_max;
  // Of a summary: its quantiles, each from 0 to 1; NULL for 0.5, 0.9, 0.95 and 0.99.
  const double *quantiles;
  // How many there are.
  size_t quantile_count;
  // Of a summary: the quantiles are of the last so long; 0 for all time.
  uint64_t window_ms;
  // Of a state set: its states.
  const char *const *states;
  // How many there are.
  size_t state_count;
} tyk_options;

// Where a series is. Read by inline functions and by hosts; never written by them. Valid as long as its handle.
typedef struct tyk_series {
  // The first of its shared cells: atomic adds only.
  uint64_t *shared;
  // Its state, to be read atomically: TYK_LIVE, TYK_OVERFLOW.
  const uint32_t *state;
  // The number of its first cell, to be read atomically: it changes once if the series turns hot.
  uint32_t cell;
  // Zero.
  uint32_t reserved;
} tyk_series;

// A handle on a counter.
typedef struct tyk_counter {
  // Where it is.
  struct tyk_series series;
} tyk_counter;

// The cells of one writer: number n is at cells[n], if n < limit.
typedef struct tyk_cells {
  // The cell of number 0.
  uint64_t *cells;
  // One past the highest number that has a cell here; 0 if there are none.
  uint32_t limit;
  // TYK_CELLS_U64 or TYK_CELLS_F64.
  uint32_t encoding;
} tyk_cells;

// Cells of a host's own writer. One writer at a time: adding to it through two threads at once loses records.
typedef struct tyk_shard {
  // Where they are.
  struct tyk_cells cells;
} tyk_shard;

// A function that a metric is read from at every scrape, on the scraping thread. It may record and render nothing of
// its own registry.
typedef struct tyk_callback {
  // Tells the value.
  double (*read)(void *user);
  // Called once, when the callback is used no more. May be NULL.
  void (*drop)(void *user);
  // Given to both.
  void *user;
} tyk_callback;

// A handle on a gauge. Its first shared cell holds the bits of a double.
typedef struct tyk_gauge {
  // Where it is.
  struct tyk_series series;
} tyk_gauge;

// A handle on a gauge of things in flight. Its cells are added to in two's complement.
typedef struct tyk_up_down {
  // Where it is.
  struct tyk_series series;
} tyk_up_down;

// One sub-bucket: its cell, or its cells if bounds cut it.
typedef struct tyk_entry {
  // The first bound within; infinite if there is none.
  double split;
  // The cell, counted from the series' first, of values up to `split`. Those above are in the cells that follow.
  uint32_t cell;
  // 0, or 1 + where the further splits start in `more`.
  uint32_t more;
} tyk_entry;

// The table of the HDR store.
//
// i = clamp(((bits of v + 2^47 - 1) >> 47) - first, 0, entry_count - 1), with a wrapping signed add and an arithmetic
// shift. The value belongs to cell entries[i].cell, plus one if v > entries[i].split; if so and entries[i].more is not
// 0, plus one for each of more[entries[i].more - 1 ...] that is below v, up to the first that is not. Its sum belongs
// to the cell with the bits 3 to 8 of that number cleared (cell & ~504). Add 1 to the former, then v to the latter,
// which holds a double; both numbers count from the series' first cell. Give what is not finite to the function.
typedef struct tyk_table {
  // The key of the first entry.
  int64_t first;
  // The entries; NULL for the compact store, for which there is only the function.
  const struct tyk_entry *entries;
  // How many there are.
  size_t entry_count;
  // Further splits, in runs that rise and end with infinity.
  const double *more;
  // How many there are.
  size_t more_count;
} tyk_table;

// A handle on a histogram.
typedef struct tyk_histogram {
  // Where it is.
  struct tyk_series series;
  // From a value to its cells.
  const struct tyk_table *table;
} tyk_histogram;

// A handle on a summary.
typedef struct tyk_summary {
  // Where it is.
  struct tyk_series series;
  // From a value to its cells.
  const struct tyk_table *table;
} tyk_summary;

// Which bytes are wanted. All zero is plain text.
typedef struct tyk_exposition {
  // One of TYK_FORMAT_….
  uint32_t format;
  // One of TYK_ESCAPING_….
  uint32_t escaping;
  // One of TYK_ENCODING_….
  uint32_t encoding;
  // One of TYK_HISTOGRAMS_…, where a format can show both kinds of buckets.
  uint32_t histograms;
  // Not 0: adds _created series to the text formats.
  uint8_t created;
  // Not 0: shows families that have no series.
  uint8_t empty_families;
  // Not 0: native histograms are at most as fine as native_schema; else as fine as they can be.
  uint8_t native_limited;
  // Zero.
  uint8_t reserved;
  // The finest native schema, if native_limited.
  int32_t native_schema;
  // How many native buckets may be shown before they get coarser; 0 for 160.
  uint64_t native_buckets;
} tyk_exposition;

// Takes the bytes of a render, a chunk at a time; false ends it.
typedef bool (*tyk_sink)(void *user, const uint8_t *data, size_t len);

// What is true of a family. Its texts live as long as the snapshot.
typedef struct tyk_family_view {
  // The full name.
  struct tyk_str name;
  // The help text.
  struct tyk_str help;
  // The unit.
  struct tyk_str unit;
  // TYK_UNKNOWN to TYK_STATE_SET; an up_down is a TYK_GAUGE.
  uint32_t kind;
  // Zero.
  uint32_t reserved;
  // How many series it has.
  size_t series_count;
} tyk_family_view;

// The numbers of a series.
typedef struct tyk_series_view {
  // How many labels it has: its own, the constant ones, and those of an info metric.
  size_t label_count;
  // Of a summary: how many quantiles.
  size_t quantile_count;
  // How many exemplars.
  size_t exemplar_count;
  // Of a state set: how many states.
  size_t state_count;
  // When it began, Unix time in milliseconds; 0 if not known.
  uint64_t created_ms;
  // Of a counter or a gauge: the value. NaN for other kinds.
  double value;
  // Of a histogram or a summary: how many observations.
  uint64_t count;
  // Of a histogram or a summary: their sum.
  double sum;
} tyk_series_view;

// An exemplar without its labels.
typedef struct tyk_exemplar_view {
  // The observed value, or what was added.
  double value;
  // Unix time in milliseconds; 0 if not known.
  uint64_t at_ms;
  // How many labels it has.
  size_t label_count;
} tyk_exemplar_view;

// Who is told what the operator of a server should know: that anybody may ask, that certificates changed.
typedef struct tyk_log {
  // Takes a message, a text that ends in NUL and lives as long as the call. Called rarely, by the thread that calls
  // tyk_serve and by threads of the server's, which it must not keep waiting.
  void (*write)(void *user, const char *message);
  // Called once, when the log is used no more; not if tyk_serve failed. May be NULL.
  void (*drop)(void *user);
  // Given to both.
  void *user;
} tyk_log;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library, such as "1.2.3". Compare with TYK_VERSION, that of the header.
const char *tyk_version(void);

// Whether a program was built with the header of this library. For programs that load the library by themselves; the
// header calls tyk_abi_require for the others.
TYK_MUST_USE
struct tyk_error *tyk_abi_check(const struct tyk_abi *built_with);

// Ends the process with a message if it was built with another header. The header calls it when a program or a library
// that includes it is loaded, before any of its code runs.
void tyk_abi_require(const struct tyk_abi *built_with);

// Frees the memory and makes it all zero.
void tyk_bytes_free(struct tyk_bytes *bytes);

// The stable number of the error, a TYK_ERROR_…; 0 for NULL, which is success.
uint32_t tyk_error_code(const struct tyk_error *error);

// The name of its code, such as "invalid_name"; "" for NULL. Lives as long as the error.
const char *tyk_error_name(const struct tyk_error *error);

// A sentence that says what, which rule and what to do; "" for NULL. Lives as long as the error.
const char *tyk_error_message(const struct tyk_error *error);

// Frees an error and writes NULL to `*error`.
void tyk_error_free(struct tyk_error **error);

// How many calls of hot functions were ignored so far because an argument was NULL or of the wrong kind.
uint64_t tyk_ignored(void);

// A registry of its own. `options` may be NULL.
TYK_MUST_USE
struct tyk_error *tyk_registry_new(const struct tyk_registry_options *options, struct tyk_registry **out);

// The registry of the process, which all parts of a program share. It is freed like any other and lives on.
TYK_MUST_USE
struct tyk_error *tyk_registry_global(struct tyk_registry **out);

// Frees a registry and writes NULL to `*registry`. Families and handles of it go on working.
void tyk_registry_free(struct tyk_registry **registry);

// Lists a family in this registry too, beside those it is listed in. Nothing happens if it is listed already.
TYK_MUST_USE
struct tyk_error *tyk_registry_list(struct tyk_registry *registry, const struct tyk_family *family);

// Takes the family of this full name out. Handles on it keep working and are no longer rendered. `*found` says whether
// there was one.
TYK_MUST_USE
struct tyk_error *tyk_registry_unregister(struct tyk_registry *registry, const char *name, bool *found);

// How many series there are, over all families.
TYK_MUST_USE
struct tyk_error *tyk_registry_series(const struct tyk_registry *registry, uint64_t *out);

// Promotes, expires and reclaims, as the start of every scrape does: for programs that nobody scrapes.
TYK_MUST_USE
struct tyk_error *tyk_registry_upkeep(struct tyk_registry *registry);

// Adds families that a function of the host makes at every scrape. `*id` is what tyk_registry_uncollect takes.
TYK_MUST_USE
struct tyk_error *tyk_registry_collect(struct tyk_registry *registry,
                                       const struct tyk_collector *collector,
                                       uint64_t *id);

// Takes a collector out. `*found` says whether there was one of that number.
TYK_MUST_USE
struct tyk_error *tyk_registry_uncollect(struct tyk_registry *registry, uint64_t id, bool *found);

// Adds what the operating system knows of this process: CPU, memory, file descriptors, start, threads, network.
// `namespace_` goes before the names and may be NULL. `*id` is what tyk_registry_uncollect takes.
TYK_MUST_USE
struct tyk_error *tyk_registry_collect_process(struct tyk_registry *registry, const char *namespace_, uint64_t *id);

// Adds what the registry knows of itself: series by family, overflows, invalid records, scrapes, shards. `*id` is what
// tyk_registry_uncollect takes.
TYK_MUST_USE
struct tyk_error *tyk_registry_collect_engine(struct tyk_registry *registry, uint64_t *id);

// A family of this kind (TYK_COUNTER to TYK_STATE_SET), new or the one that was registered the same way before.
TYK_MUST_USE
struct tyk_error *tyk_family_new(struct tyk_registry *registry,
                                 uint32_t kind,
                                 const struct tyk_options *options,
                                 struct tyk_family **out);

// Frees a family and writes NULL to `*family`. The metric stays in its registry, and handles go on working.
void tyk_family_free(struct tyk_family **family);

// The full name. Lives as long as the family.
TYK_MUST_USE
struct tyk_error *tyk_family_name(const struct tyk_family *family, struct tyk_str *out);

// The kind, TYK_COUNTER to TYK_STATE_SET, and how many labels its series have.
TYK_MUST_USE
struct tyk_error *tyk_family_kind(const struct tyk_family *family, uint32_t *kind, size_t *label_count);

// How many series there are, the overflow series aside.
TYK_MUST_USE
struct tyk_error *tyk_family_len(const struct tyk_family *family, uint64_t *out);

// Removes every series. Handles on them keep working and are no longer rendered.
TYK_MUST_USE
struct tyk_error *tyk_family_clear(struct tyk_family *family);

// Removes the series of these label values. Handles on it keep working and are no longer rendered. `*found` says
// whether there was one.
TYK_MUST_USE
struct tyk_error *tyk_family_remove(struct tyk_family *family, const struct tyk_str *values, size_t count, bool *found);

// Removes the series that carry all of these labels, and tells how many there were.
TYK_MUST_USE
struct tyk_error *tyk_family_remove_matching(struct tyk_family *family,
                                             const struct tyk_label *labels,
                                             size_t count,
                                             uint64_t *removed);

// Looks a series of a counter, a gauge or an up_down up and adds to it; an up_down takes whole numbers. Through a cache
// of the calling thread: for label values that are only known now. Hot.
void tyk_family_add(const struct tyk_family *family, const struct tyk_str *values, size_t count, double v);

// Looks a series of a gauge up and sets it. Hot.
void tyk_family_set(const struct tyk_family *family, const struct tyk_str *values, size_t count, double v);

// Looks a series of a histogram or a summary up and records a value. Hot.
void tyk_family_observe(const struct tyk_family *family, const struct tyk_str *values, size_t count, double v);

// A counter without labels, new or the one that was registered the same way before.
TYK_MUST_USE
struct tyk_error *tyk_counter_new(struct tyk_registry *registry,
                                  const struct tyk_options *options,
                                  struct tyk_counter **out);

// The series of these label values, in the order of the family's label names; made if there is none.
TYK_MUST_USE
struct tyk_error *tyk_counter_with(const struct tyk_family *family,
                                   const struct tyk_str *values,
                                   size_t count,
                                   struct tyk_counter **out);

// The series of these label values if there is one, else NULL.
TYK_MUST_USE
struct tyk_error *tyk_counter_get(const struct tyk_family *family,
                                  const struct tyk_str *values,
                                  size_t count,
                                  struct tyk_counter **out);

// Frees a handle and writes NULL to `*counter`. The series stays.
void tyk_counter_free(struct tyk_counter **counter);

// Adds `n`. Hot.
void tyk_counter_add(const struct tyk_counter *counter, uint64_t n);

// Adds a number that need not be whole. What is negative or not finite is counted as invalid and not added. Hot.
void tyk_counter_add_double(const struct tyk_counter *counter, double v);

// Adds with one atomic instruction, whatever the thread: for signal handlers. Hot.
void tyk_counter_add_shared(const struct tyk_counter *counter, uint64_t n);

// Adds through a shard that the caller alone writes. Hot.
void tyk_counter_add_on(const struct tyk_counter *counter, const struct tyk_shard *shard, uint64_t n);

// Adds, and keeps an exemplar of it in the place of the one before. If the exemplar is not allowed the add is made all
// the same.
TYK_MUST_USE
struct tyk_error *tyk_counter_add_exemplar(const struct tyk_counter *counter,
                                           double v,
                                           const struct tyk_label *labels,
                                           size_t count);

// Reads the counter from a function at every scrape, for as long as the series exists. What the function tells should
// only grow, and is added to what was counted.
TYK_MUST_USE
struct tyk_error *tyk_counter_callback(const struct tyk_counter *counter, const struct tyk_callback *callback);

// The value now, over all threads.
TYK_MUST_USE
struct tyk_error *tyk_counter_value(const struct tyk_counter *counter, double *out);

// The sum of the whole adds, exact above 2^53.
TYK_MUST_USE
struct tyk_error *tyk_counter_whole(const struct tyk_counter *counter, uint64_t *out);

// A gauge without labels, new or the one that was registered the same way before.
TYK_MUST_USE
struct tyk_error *tyk_gauge_new(struct tyk_registry *registry,
                                const struct tyk_options *options,
                                struct tyk_gauge **out);

// The series of these label values, in the order of the family's label names; made if there is none.
TYK_MUST_USE
struct tyk_error *tyk_gauge_with(const struct tyk_family *family,
                                 const struct tyk_str *values,
                                 size_t count,
                                 struct tyk_gauge **out);

// The series of these label values if there is one, else NULL.
TYK_MUST_USE
struct tyk_error *tyk_gauge_get(const struct tyk_family *family,
                                const struct tyk_str *values,
                                size_t count,
                                struct tyk_gauge **out);

// Frees a handle and writes NULL to `*gauge`. The series stays.
void tyk_gauge_free(struct tyk_gauge **gauge);

// Sets the value. NaN and infinities are values a gauge may have. Hot.
void tyk_gauge_set(const struct tyk_gauge *gauge, double v);

// Adds `v`, which may be negative. Hot.
void tyk_gauge_add(const struct tyk_gauge *gauge, double v);

// Sets the value to `v` if that is more. Hot.
void tyk_gauge_set_max(const struct tyk_gauge *gauge, double v);

// Sets the value to `v` if that is less. Hot.
void tyk_gauge_set_min(const struct tyk_gauge *gauge, double v);

// Sets the value to the time of day, Unix time in seconds. Hot.
void tyk_gauge_set_now(const struct tyk_gauge *gauge);

// Reads the gauge from a function at every scrape, for as long as the series exists.
TYK_MUST_USE
struct tyk_error *tyk_gauge_callback(const struct tyk_gauge *gauge, const struct tyk_callback *callback);

// The value now.
TYK_MUST_USE
struct tyk_error *tyk_gauge_value(const struct tyk_gauge *gauge, double *out);

// A gauge of things in flight without labels, new or the one that was registered the same way before.
TYK_MUST_USE
struct tyk_error *tyk_up_down_new(struct tyk_registry *registry,
                                  const struct tyk_options *options,
                                  struct tyk_up_down **out);

// The series of these label values, in the order of the family's label names; made if there is none.
TYK_MUST_USE
struct tyk_error *tyk_up_down_with(const struct tyk_family *family,
                                   const struct tyk_str *values,
                                   size_t count,
                                   struct tyk_up_down **out);

// The series of these label values if there is one, else NULL.
TYK_MUST_USE
struct tyk_error *tyk_up_down_get(const struct tyk_family *family,
                                  const struct tyk_str *values,
                                  size_t count,
                                  struct tyk_up_down **out);

// Frees a handle and writes NULL to `*up_down`. The series stays.
void tyk_up_down_free(struct tyk_up_down **up_down);

// Adds `n`, which may be negative. Hot.
void tyk_up_down_add(const struct tyk_up_down *up_down, int64_t n);

// Adds through a shard that the caller alone writes. Hot.
void tyk_up_down_add_on(const struct tyk_up_down *up_down, const struct tyk_shard *shard, int64_t n);

// The value now, over all threads.
TYK_MUST_USE
struct tyk_error *tyk_up_down_value(const struct tyk_up_down *up_down, int64_t *out);

// A histogram without labels, new or the one that was registered the same way before.
TYK_MUST_USE
struct tyk_error *tyk_histogram_new(struct tyk_registry *registry,
                                    const struct tyk_options *options,
                                    struct tyk_histogram **out);

// The series of these label values, in the order of the family's label names; made if there is none.
TYK_MUST_USE
struct tyk_error *tyk_histogram_with(const struct tyk_family *family,
                                     const struct tyk_str *values,
                                     size_t count,
                                     struct tyk_histogram **out);

// The series of these label values if there is one, else NULL.
TYK_MUST_USE
struct tyk_error *tyk_histogram_get(const struct tyk_family *family,
                                    const struct tyk_str *values,
                                    size_t count,
                                    struct tyk_histogram **out);

// Frees a handle and writes NULL to `*histogram`. The series stays.
void tyk_histogram_free(struct tyk_histogram **histogram);

// Records a value. What is not finite is counted as invalid and not recorded. Hot.
void tyk_histogram_observe(const struct tyk_histogram *histogram, double v);

// Records a duration in seconds, given in nanoseconds. Hot.
void tyk_histogram_observe_nanos(const struct tyk_histogram *histogram, uint64_t nanos);

// Records a value through a shard that the caller alone writes. Hot.
void tyk_histogram_observe_on(const struct tyk_histogram *histogram, const struct tyk_shard *shard, double v);

// Records a value that was seen `n` times. Hot.
void tyk_histogram_observe_many(const struct tyk_histogram *histogram, double v, uint64_t n);

// Records a value, and keeps an exemplar of it in the place of the last one in its bucket. If the exemplar is not
// allowed the value is recorded all the same.
TYK_MUST_USE
struct tyk_error *tyk_histogram_observe_exemplar(const struct tyk_histogram *histogram,
                                                 double v,
                                                 const struct tyk_label *labels,
                                                 size_t count);

// What was recorded so far, of all time and over all threads.
TYK_MUST_USE
struct tyk_error *tyk_histogram_distribution(const struct tyk_histogram *histogram, struct tyk_distribution **out);

// A summary without labels, new or the one that was registered the same way before.
TYK_MUST_USE
struct tyk_error *tyk_summary_new(struct tyk_registry *registry,
                                  const struct tyk_options *options,
                                  struct tyk_summary **out);

// The series of these label values, in the order of the family's label names; made if there is none.
TYK_MUST_USE
struct tyk_error *tyk_summary_with(const struct tyk_family *family,
                                   const struct tyk_str *values,
                                   size_t count,
                                   struct tyk_summary **out);

// The series of these label values if there is one, else NULL.
TYK_MUST_USE
struct tyk_error *tyk_summary_get(const struct tyk_family *family,
                                  const struct tyk_str *values,
                                  size_t count,
                                  struct tyk_summary **out);

// Frees a handle and writes NULL to `*summary`. The series stays.
void tyk_summary_free(struct tyk_summary **summary);

// Records a value. What is not finite is counted as invalid and not recorded. Hot.
void tyk_summary_observe(const struct tyk_summary *summary, double v);

// Records a duration in seconds, given in nanoseconds. Hot.
void tyk_summary_observe_nanos(const struct tyk_summary *summary, uint64_t nanos);

// Records a value through a shard that the caller alone writes. Hot.
void tyk_summary_observe_on(const struct tyk_summary *summary, const struct tyk_shard *shard, double v);

// What was recorded so far, of all time and over all threads.
TYK_MUST_USE
struct tyk_error *tyk_summary_distribution(const struct tyk_summary *summary, struct tyk_distribution **out);

// An info metric without labels, new or the one that was registered the same way before.
TYK_MUST_USE
struct tyk_error *tyk_info_new(struct tyk_registry *registry, const struct tyk_options *options, struct tyk_info **out);

// The series of these label values, in the order of the family's label names; made if there is none.
TYK_MUST_USE
struct tyk_error *tyk_info_with(const struct tyk_family *family,
                                const struct tyk_str *values,
                                size_t count,
                                struct tyk_info **out);

// The series of these label values if there is one, else NULL.
TYK_MUST_USE
struct tyk_error *tyk_info_get(const struct tyk_family *family,
                               const struct tyk_str *values,
                               size_t count,
                               struct tyk_info **out);

// Frees a handle and writes NULL to `*info`. The series stays.
void tyk_info_free(struct tyk_info **info);

// Replaces the labels. Not hot: it locks and allocates.
TYK_MUST_USE
struct tyk_error *tyk_info_set(const struct tyk_info *info, const struct tyk_label *labels, size_t count);

// A state set without labels, new or the one that was registered the same way before.
TYK_MUST_USE
struct tyk_error *tyk_state_set_new(struct tyk_registry *registry,
                                    const struct tyk_options *options,
                                    struct tyk_state_set **out);

// The series of these label values, in the order of the family's label names; made if there is none.
TYK_MUST_USE
struct tyk_error *tyk_state_set_with(const struct tyk_family *family,
                                     const struct tyk_str *values,
                                     size_t count,
                                     struct tyk_state_set **out);

// The series of these label values if there is one, else NULL.
TYK_MUST_USE
struct tyk_error *tyk_state_set_get(const struct tyk_family *family,
                                    const struct tyk_str *values,
                                    size_t count,
                                    struct tyk_state_set **out);

// Frees a handle and writes NULL to `*state_set`. The series stays.
void tyk_state_set_free(struct tyk_state_set **state_set);

// Makes `state` the one that holds, and no other.
TYK_MUST_USE
struct tyk_error *tyk_state_set_enter(const struct tyk_state_set *state_set, const char *state);

// Says of one state whether it holds; the others stay as they are.
TYK_MUST_USE
struct tyk_error *tyk_state_set_set(const struct tyk_state_set *state_set, const char *state, bool holds);

// Whether a state holds; false if there is none of that name.
TYK_MUST_USE
struct tyk_error *tyk_state_set_holds(const struct tyk_state_set *state_set, const char *state, bool *out);

// Frees a distribution and writes NULL to `*distribution`.
void tyk_distribution_free(struct tyk_distribution **distribution);

// How many observations there are.
TYK_MUST_USE
struct tyk_error *tyk_distribution_count(const struct tyk_distribution *distribution, uint64_t *out);

// The sum of the observed values.
TYK_MUST_USE
struct tyk_error *tyk_distribution_sum(const struct tyk_distribution *distribution, double *out);

// The quantile `q`, from 0 to 1, within 1.6 %; NaN if nothing was observed.
TYK_MUST_USE
struct tyk_error *tyk_distribution_quantile(const struct tyk_distribution *distribution, double q, double *out);

// The finite classic bounds, and for each the number of observations that are at most that. Writes as many as there
// is room for, and how many there are to `*count`. With no room, `bounds` and `counts` may be NULL.
TYK_MUST_USE
struct tyk_error *tyk_distribution_cumulative(const struct tyk_distribution *distribution,
                                              double *bounds,
                                              uint64_t *counts,
                                              size_t capacity,
                                              size_t *count);

// HdrHistogram's V2 encoding of the counts, with values as whole multiples of `1 / scale` (1e9: nanoseconds of
// seconds) to `digits` significant digits, 1 to 5.
TYK_MUST_USE
struct tyk_error *tyk_distribution_encode(const struct tyk_distribution *distribution,
                                          double scale,
                                          uint8_t digits,
                                          struct tyk_bytes *out);

// `count` bounds from `start`, each `width` above the one before.
TYK_MUST_USE
struct tyk_error *tyk_buckets_linear(double start, double width, size_t count, double *out);

// `count` bounds from `start`, each `factor` times the one before.
TYK_MUST_USE
struct tyk_error *tyk_buckets_exponential(double start, double factor, size_t count, double *out);

// `count` bounds from `min` to `max`, at the same ratio from one to the next.
TYK_MUST_USE
struct tyk_error *tyk_buckets_exponential_range(double min, double max, size_t count, double *out);

// Where the calling thread's own cells are. The address stays the same and may be read by this thread as long as it
// lives. Its limit is 0 until the thread's first record, and again once the thread is ending: let a function record
// then. Numbers below the limit may be added to plainly, by this thread alone.
const struct tyk_cells *tyk_thread_cells(void);

// Opens cells for a writer of the host's own, or adopts those that a writer before left, counts in place. An error of
// code TYK_ERROR_PLATFORM if there are as many as a process may have: record by the functions then.
TYK_MUST_USE
struct tyk_error *tyk_shard_open(uint32_t owner, uint32_t encoding, struct tyk_shard **out);

// Gives a shard back, counts in place, and writes NULL to `*shard`. Its cells may not be written any more.
void tyk_shard_release(struct tyk_shard **shard);

// Lets the host's own memory hold the cells of the numbers from `first` to `first + count`: what is in there is part of
// every scrape until the attachment is released. The memory is zeroed, aligned to 8 bytes, stays valid until then, and
// is written by one writer at a time in whole 8-byte stores, not before this returns. If a host before left counts for
// the same numbers, the memory begins with them. In a forked child memory from before the fork does not count: attach
// other memory there.
TYK_MUST_USE
struct tyk_error *tyk_shard_attach(uint32_t encoding,
                                   uint32_t first,
                                   uint64_t *memory,
                                   uint32_t count,
                                   struct tyk_attachment **out);

// Keeps a copy of the counts, lets the memory go, and writes NULL to `*attachment`.
void tyk_attachment_release(struct tyk_attachment **attachment);

// The exposition of a format by name: "text", "text1", "openmetrics", "openmetrics0", "openmetrics2", "protobuf",
// "protobuf-text", "protobuf-compact", "json".
TYK_MUST_USE
struct tyk_error *tyk_exposition_of(const char *format, struct tyk_exposition *out);

// What a client asks for: the values of its headers Accept and Accept-Encoding, each NULL if there is none. What is not
// understood does not count; at the worst it is plain text.
TYK_MUST_USE
struct tyk_error *tyk_negotiate(const char *accept, const char *accept_encoding, struct tyk_exposition *out);

// The value of the header Content-Type for an exposition; NULL is plain text. It does not end in NUL.
TYK_MUST_USE
struct tyk_error *tyk_exposition_content_type(const struct tyk_exposition *exposition, struct tyk_bytes *out);

// The value of the header Content-Encoding for an exposition; NULL if it is not packed.
const char *tyk_exposition_content_encoding(const struct tyk_exposition *exposition);

// Everything the registry holds now, as bytes. `exposition` may be NULL, for plain text. Memory that `*out` has is used
// again, which is quicker than new memory; on an error `*out` is empty.
TYK_MUST_USE
struct tyk_error *tyk_render(const struct tyk_registry *registry,
                             const struct tyk_exposition *exposition,
                             struct tyk_bytes *out);

// As tyk_render, in chunks of up to about 64 KiB that `sink` is given as they are made: memory stays bounded whatever
// the number of series. An error of code TYK_ERROR_SINK if `sink` returned false.
TYK_MUST_USE
struct tyk_error *tyk_render_to(const struct tyk_registry *registry,
                                const struct tyk_exposition *exposition,
                                tyk_sink sink,
                                void *user);

// Takes a snapshot of a registry.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_new(const struct tyk_registry *registry, struct tyk_snapshot **out);

// Frees a snapshot and writes NULL to `*snapshot`.
void tyk_snapshot_free(struct tyk_snapshot **snapshot);

// What came between two snapshots of a registry: the difference of what only grows, the later value of what does not.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_delta(const struct tyk_snapshot *now,
                                     const struct tyk_snapshot *before,
                                     struct tyk_snapshot **out);

// A snapshot as bytes, as tyk_render has it of a registry.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_render(const struct tyk_snapshot *snapshot,
                                      const struct tyk_exposition *exposition,
                                      struct tyk_bytes *out);

// The number of the first counter or gauge of this name that carries all of these labels. An error of code
// TYK_ERROR_NOT_FOUND if there is none.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_value(const struct tyk_snapshot *snapshot,
                                     const char *name,
                                     const struct tyk_label *labels,
                                     size_t count,
                                     double *out);

// The sum over the counters or gauges of this name that carry all of these labels; 0 if there are none.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_sum(const struct tyk_snapshot *snapshot,
                                   const char *name,
                                   const struct tyk_label *labels,
                                   size_t count,
                                   double *out);

// How many families there are.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_len(const struct tyk_snapshot *snapshot, size_t *out);

// A family, by its place.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_family(const struct tyk_snapshot *snapshot, size_t family, struct tyk_family_view *out);

// A series, by the places of its family and its own.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_series(const struct tyk_snapshot *snapshot,
                                      size_t family,
                                      size_t series,
                                      struct tyk_series_view *out);

// A label of a series. Its texts live as long as the snapshot.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_label(const struct tyk_snapshot *snapshot,
                                     size_t family,
                                     size_t series,
                                     size_t at,
                                     struct tyk_label *out);

// A quantile of a summary, and the value at it.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_quantile(const struct tyk_snapshot *snapshot,
                                        size_t family,
                                        size_t series,
                                        size_t at,
                                        double *quantile,
                                        double *value);

// A state of a state set, and whether it holds. The text lives as long as the snapshot.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_state(const struct tyk_snapshot *snapshot,
                                     size_t family,
                                     size_t series,
                                     size_t at,
                                     struct tyk_str *state,
                                     bool *holds);

// An exemplar of a series.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_exemplar(const struct tyk_snapshot *snapshot,
                                        size_t family,
                                        size_t series,
                                        size_t at,
                                        struct tyk_exemplar_view *out);

// A label of an exemplar. Its texts live as long as the snapshot.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_exemplar_label(const struct tyk_snapshot *snapshot,
                                              size_t family,
                                              size_t series,
                                              size_t exemplar,
                                              size_t at,
                                              struct tyk_label *out);

// What a histogram of the snapshot counted. An error of code TYK_ERROR_NOT_FOUND if the series is no histogram.
TYK_MUST_USE
struct tyk_error *tyk_snapshot_distribution(const struct tyk_snapshot *snapshot,
                                            size_t family,
                                            size_t series,
                                            struct tyk_distribution **out);

// Adds a family: TYK_UNKNOWN, TYK_COUNTER, TYK_GAUGE, TYK_HISTOGRAM (with the classic bounds of the options) or
// TYK_SUMMARY. `*family` is its number for the pushes of this call.
TYK_MUST_USE
struct tyk_error *tyk_families_add(struct tyk_families *families,
                                   uint32_t kind,
                                   const struct tyk_options *options,
                                   size_t *family);

// Adds a series with one value to a family that is not a histogram or a summary.
TYK_MUST_USE
struct tyk_error *tyk_families_push(struct tyk_families *families,
                                    size_t family,
                                    const struct tyk_str *values,
                                    size_t count,
                                    double value);

// Adds a series to a histogram. `counts` are those of each bucket by itself, the one of +Inf last: one more than there
// are bounds.
TYK_MUST_USE
struct tyk_error *tyk_families_push_histogram(struct tyk_families *families,
                                              size_t family,
                                              const struct tyk_str *values,
                                              size_t count,
                                              const uint64_t *counts,
                                              size_t count_count,
                                              double sum);

// Adds a series to a summary: `at[i]` is the value at quantiles[i].
TYK_MUST_USE
struct tyk_error *tyk_families_push_summary(struct tyk_families *families,
                                            size_t family,
                                            const struct tyk_str *values,
                                            size_t count,
                                            const double *quantiles,
                                            const double *at,
                                            size_t quantile_count,
                                            uint64_t observations,
                                            double sum);

// Says when the series that was pushed last to a family began, Unix time in milliseconds.
TYK_MUST_USE
struct tyk_error *tyk_families_began(struct tyk_families *families, size_t family, uint64_t at_ms);

// Gives the series that was pushed last to a family an exemplar; `at_ms` is Unix time in milliseconds, or 0.
TYK_MUST_USE
struct tyk_error *tyk_families_exemplar(struct tyk_families *families,
                                        size_t family,
                                        const struct tyk_label *labels,
                                        size_t count,
                                        double value,
                                        uint64_t at_ms);

// Starts a server by which the registry is scraped over HTTP: at /metrics by the format that a client accepts, with a
// page for people at / and the other routes of server/README.md. It runs on threads of its own, on which callbacks and
// collectors of the registry are called. The registry may be freed meanwhile.
//
// It is told what to do by the environment and, stronger, by `settings`: a JSON object with the keys of
// docs/configuration.md, such as {"listen": "127.0.0.1:0", "tls.required": true}, or NULL. Without either it listens at
// 127.0.0.1:9090. `log` is told what the operator should know; NULL is standard error. Everything that can be wrong (a
// setting, a certificate, a port in use) is an error, after which nothing is left behind; code TYK_ERROR_DISABLED says
// that the settings want no server. A library that was built without the server says TYK_ERROR_UNSUPPORTED.
TYK_MUST_USE
struct tyk_error *tyk_serve(const struct tyk_registry *registry,
                            const char *settings,
                            const struct tyk_log *log,
                            struct tyk_server **out);

// Where people and programs find the server: "http://127.0.0.1:9090", "https://localhost:9090", "unix:/run/metrics.sock".
// "" for NULL. Lives as long as the server.
const char *tyk_server_url(const struct tyk_server *server);

// The address that it listens at: "127.0.0.1:9090", "[::]:9090", "unix:/run/metrics.sock". "" for NULL. Lives as long
// as the server.
const char *tyk_server_address(const struct tyk_server *server);

// The port that it listens at, which the system chose if port 0 was asked for; 0 for a Unix socket and for NULL.
uint16_t tyk_server_port(const struct tyk_server *server);

// Ends a server, frees it, and writes NULL to `*server`; NULL is no server, and nothing happens. The port is free at
// once. Scrapes that run may finish for as long as `shutdown_grace` says (5 seconds), and this waits for them; a
// collector that hangs costs a second more. On a thread of the server's (in its log, in a collector) it does not wait.
void tyk_server_close(struct tyk_server **server);

// Counts a request: tyk_gateway_gateway_requests_total {api_id, api_name, method, status_code},
// tyk_gateway_gateway_request_duration_seconds {api_id, api_name, method}, and for a status of 400 and above
// tyk_gateway_gateway_request_errors_total {api_id, api_name, method, error_type}. Hot.
void tyk_record_request(struct tyk_str api_id,
                        struct tyk_str api_name,
                        struct tyk_str method,
                        uint32_t status_code,
                        uint64_t nanos);

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

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* TYKMETRICS_H */
