/* An inline function does what the function of the same name does, to the last bit: the same values through both, and
 * through a shard and a host's own memory, lead to the same exposition in every format that shows all there is.
 *
 * Values: every bound and its neighbours, powers of two and theirs, bits drawn at random, and what is no number. */
#include <math.h>

#include "check.h"

#define DRAWN 200000

static const double bounds[] = {0.001, 0.0010000001, 0.25, 0.3, 0.5, 1, 1.0625, 1.09375, 1.1, 3, 1000};
#define BOUNDS (sizeof bounds / sizeof bounds[0])

struct set {
    tyk_registry *registry;
    tyk_histogram *plain, *cut, *compact; /* default bounds; bounds that cut cells more than once; no table */
    tyk_summary *summary;
    tyk_counter *counter;
    tyk_up_down *up_down;
    tyk_gauge *gauge;
};

static struct set set_new(void) {
    struct set set = {0};
    OK(tyk_registry_new(NULL, &set.registry));
    tyk_options of = {.size = sizeof of, .name = "plain"};
    OK(tyk_histogram_new(set.registry, &of, &set.plain));
    of.name = "summary";
    OK(tyk_summary_new(set.registry, &of, &set.summary));
    of.name = "counter_total";
    OK(tyk_counter_new(set.registry, &of, &set.counter));
    of.name = "up_down";
    OK(tyk_up_down_new(set.registry, &of, &set.up_down));
    of.name = "gauge";
    OK(tyk_gauge_new(set.registry, &of, &set.gauge));
    of.buckets = bounds;
    of.bucket_count = BOUNDS;
    of.name = "cut";
    OK(tyk_histogram_new(set.registry, &of, &set.cut));
    of.name = "compact";
    of.store = TYK_STORE_COMPACT;
    OK(tyk_histogram_new(set.registry, &of, &set.compact));
    return set;
}

static void set_free(struct set *set) {
    tyk_histogram_free(&set->plain);
    tyk_histogram_free(&set->cut);
    tyk_histogram_free(&set->compact);
    tyk_summary_free(&set->summary);
    tyk_counter_free(&set->counter);
    tyk_up_down_free(&set->up_down);
    tyk_gauge_free(&set->gauge);
    tyk_registry_free(&set->registry);
}

static struct set inlined, called, sharded;
static tyk_shard *shard;

static void record(double value) {
    int64_t steps = value > -1e15 && value < 1e15 ? (int64_t)value : 1;
    tyk_histogram_observe_inline(inlined.plain, value);
    tyk_histogram_observe(called.plain, value);
    tyk_histogram_observe_on(sharded.plain, shard, value);
    tyk_histogram_observe_inline(inlined.cut, value);
    tyk_histogram_observe(called.cut, value);
    tyk_histogram_observe_on(sharded.cut, shard, value);
    tyk_histogram_observe_inline(inlined.compact, value);
    tyk_histogram_observe(called.compact, value);
    tyk_histogram_observe_on(sharded.compact, shard, value);
    tyk_summary_observe_inline(inlined.summary, value);
    tyk_summary_observe(called.summary, value);
    tyk_summary_observe_on(sharded.summary, shard, value);
    tyk_counter_add_inline(inlined.counter, (uint64_t)llabs(steps));
    tyk_counter_add(called.counter, (uint64_t)llabs(steps));
    tyk_counter_add_on(sharded.counter, shard, (uint64_t)llabs(steps));
    tyk_up_down_add_inline(inlined.up_down, steps);
    tyk_up_down_add(called.up_down, steps);
    tyk_up_down_add_on(sharded.up_down, shard, steps);
    tyk_gauge_set_inline(inlined.gauge, value);
    tyk_gauge_set(called.gauge, value);
    tyk_gauge_set(sharded.gauge, value);
}

static void record_near(double value) {
    record(nextafter(value, -INFINITY));
    record(value);
    record(nextafter(value, INFINITY));
}

/* The document without its moments, which are 13 digits behind `created_ms`. */
static char *document(const struct set *set, const char *format) {
    tyk_exposition exposition;
    tyk_bytes bytes = {0};
    OK(tyk_exposition_of(format, &exposition));
    OK(tyk_render(set->registry, &exposition, &bytes));
    char *text = malloc(bytes.len + 1);
    CHECK(text != NULL, "out of memory");
    memcpy(text, bytes.data, bytes.len);
    text[bytes.len] = '\0';
    tyk_bytes_free(&bytes);
    static const char *const moments[] = {"created_ms\":", "seconds: ", "nanos: "};
    for (size_t kind = 0; kind < sizeof moments / sizeof moments[0]; kind++) {
        for (char *at = strstr(text, moments[kind]); at != NULL; at = strstr(at, moments[kind])) {
            char *from = at += strlen(moments[kind]);
            size_t digits = strspn(from, "0123456789");
            memmove(from, from + digits, strlen(from + digits) + 1);
        }
    }
    return text;
}

static void compare(const char *what) {
    static const char *const formats[] = {"text", "protobuf-text", "json"};
    for (size_t at = 0; at < sizeof formats / sizeof formats[0]; at++) {
        char *one = document(&inlined, formats[at]), *two = document(&called, formats[at]);
        char *three = document(&sharded, formats[at]);
        CHECK(strcmp(one, two) == 0, "%s: inline gave\n%sthe functions\n%s", what, one, two);
        CHECK(strcmp(two, three) == 0, "%s: a shard gave\n%sthe functions\n%s", what, three, two);
        free(one);
        free(two);
        free(three);
    }
}

int main(void) {
    inlined = set_new();
    called = set_new();
    sharded = set_new();
    OK(tyk_shard_open(TYK_OWNER_HOLDER, TYK_CELLS_U64, &shard));
    for (size_t at = 0; at < BOUNDS; at++) record_near(bounds[at]);
    compare("bounds");
    for (int power = -1074; power <= 1023; power++) {
        record_near(ldexp(1, power));
        record_near(-ldexp(1, power));
    }
    compare("powers of two");
    const double odd[] = {0, -0.0, NAN, INFINITY, -INFINITY};
    for (size_t at = 0; at < sizeof odd / sizeof odd[0]; at++) record(odd[at]);
    compare("what is no number");
    uint64_t seed = 1;
    for (int at = 0; at < DRAWN; at++) {
        /* xorshift64 of Marsaglia's paper, with the shifts 13, 7, 17. */
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        record(ldexp((double)(seed >> 11), -53 + (int)(seed % 24) - 12));
    }
    compare("drawn");
    tyk_shard_release(&shard);
    compare("after the shard was released");
    set_free(&inlined);
    set_free(&called);
    set_free(&sharded);
    printf("drawn %d\n", DRAWN);
    return 0;
}
