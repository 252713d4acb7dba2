/* Everything that a caller can get wrong and that the library can see: each mistake gives its own error and changes nothing.
 *
 * Numbers and names of the codes are those of tests/conformance/errors.json; NULL as such is the matter of stage.c. */
#include <math.h>

#include "check.h"

static tyk_registry *registry;
static tyk_family *requests; /* a counter of method and status */
static tyk_counter *ok;
static char *before;

/* A refusal, after which the registry tells what it told before. */
#define WRONG(call, name)                                                                   \
    do {                                                                                    \
        REFUSED(call, name);                                                                \
        char *now = check_text(registry);                                                   \
        CHECK(strcmp(before, now) == 0, "%s changed\n%sto\n%s", #call, before, now);        \
        free(now);                                                                          \
    } while (0)

static tyk_options named(const char *name) {
    return (tyk_options){.size = sizeof(tyk_options), .name = name, .help = "Help."};
}

static void names_and_texts(void) {
    tyk_counter *counter = NULL;
    tyk_options of = named("");
    WRONG(tyk_counter_new(registry, &of, &counter), "invalid_name");
    of = named(NULL); /* a member that is NULL is an empty text */
    WRONG(tyk_counter_new(registry, &of, &counter), "invalid_name");
    of = named("caf\xe9_total");
    WRONG(tyk_counter_new(registry, &of, &counter), "invalid_text");
    of = named("fine_total");
    of.help = "\xff";
    WRONG(tyk_counter_new(registry, &of, &counter), "invalid_text");
    of = named("fine_total");
    of.namespace_ = "\xff";
    WRONG(tyk_counter_new(registry, &of, &counter), "invalid_text");
    const char *labels[] = {"a", "a"};
    of = named("fine_total");
    of.label_names = labels;
    of.label_count = 2;
    tyk_family *family = NULL;
    WRONG(tyk_family_new(registry, TYK_COUNTER, &of, &family), "invalid_label");
    labels[1] = "__reserved";
    WRONG(tyk_family_new(registry, TYK_COUNTER, &of, &family), "invalid_label");
    labels[1] = "\xc3";
    WRONG(tyk_family_new(registry, TYK_COUNTER, &of, &family), "invalid_text");
    labels[1] = NULL;
    WRONG(tyk_family_new(registry, TYK_COUNTER, &of, &family), "null_pointer");
    of.label_names = NULL;
    WRONG(tyk_family_new(registry, TYK_COUNTER, &of, &family), "null_pointer");
    const tyk_label bad[] = {{TYK_STR("\xff"), TYK_STR("x")}}, none[] = {{{NULL, 3}, TYK_STR("x")}};
    of = named("fine_total");
    of.const_labels = bad;
    of.const_label_count = 1;
    WRONG(tyk_counter_new(registry, &of, &counter), "invalid_text");
    of.const_labels = none;
    WRONG(tyk_counter_new(registry, &of, &counter), "null_pointer");
    CHECK(counter == NULL && family == NULL, "what is refused gives nothing");

    tyk_registry *legacy = NULL;
    tyk_registry_options options = {.size = sizeof options, .names = 1};
    OK(tyk_registry_new(&options, &legacy));
    of = named("dots.are.new");
    REFUSED(tyk_counter_new(legacy, &of, &counter), "invalid_name");
    tyk_registry_free(&legacy);
    options.names = 9;
    REFUSED(tyk_registry_new(&options, &legacy), "invalid_option");
    CHECK(legacy == NULL, "what is refused gives nothing");
}

static void options(void) {
    tyk_histogram *histogram = NULL;
    const double falling[] = {2, 1}, nan[] = {1, NAN};
    tyk_options of = named("fine");
    of.buckets = falling;
    WRONG(tyk_histogram_new(registry, &of, &histogram), "invalid_buckets"); /* none of them */
    of.bucket_count = 2;
    WRONG(tyk_histogram_new(registry, &of, &histogram), "invalid_buckets");
    of.buckets = nan;
    WRONG(tyk_histogram_new(registry, &of, &histogram), "invalid_buckets");
    of.buckets = NULL;
    WRONG(tyk_histogram_new(registry, &of, &histogram), "null_pointer");
    of = named("fine");
    of.store = 9;
    WRONG(tyk_histogram_new(registry, &of, &histogram), "invalid_option");
    of = named("fine");
    of.native = 9;
    WRONG(tyk_histogram_new(registry, &of, &histogram), "invalid_option");
    of = named("fine");
    of.flags = 1u << 30;
    WRONG(tyk_histogram_new(registry, &of, &histogram), "invalid_option");
    of = named("fine");
    of.size = 0;
    WRONG(tyk_histogram_new(registry, &of, &histogram), "abi");
    of.size = sizeof of + 8;
    WRONG(tyk_histogram_new(registry, &of, &histogram), "abi");
    tyk_registry_options options = {.size = sizeof options + 1};
    tyk_registry *none = NULL;
    REFUSED(tyk_registry_new(&options, &none), "abi");
    CHECK(histogram == NULL && none == NULL, "what is refused gives nothing");

    double bounds[4] = {0};
    REFUSED(tyk_buckets_linear(0, 0, 4, bounds), "invalid_buckets");
    REFUSED(tyk_buckets_exponential(1, 1, 4, bounds), "invalid_buckets");
    REFUSED(tyk_buckets_exponential_range(2, 1, 4, bounds), "invalid_buckets");
    REFUSED(tyk_buckets_linear(0, 1, SIZE_MAX, bounds), "invalid_buckets");
    CHECK(bounds[0] == 0 && bounds[3] == 0, "what is refused writes nothing");
    tyk_shard *shard = NULL;
    REFUSED(tyk_shard_open(99, TYK_CELLS_U64, &shard), "invalid_option");
    REFUSED(tyk_shard_open(TYK_OWNER_THREAD, 99, &shard), "invalid_option");
    CHECK(shard == NULL, "what is refused gives nothing");
}

static void kinds_and_labels(void) {
    const tyk_str two[] = {TYK_STR("GET"), TYK_STR("200")}, hollow[] = {TYK_STR("GET"), {NULL, 3}};
    tyk_gauge *gauge = NULL;
    tyk_counter *counter = NULL;
    tyk_family *family = NULL;
    bool found = false;
    tyk_options of = named("requests_total");
    WRONG(tyk_gauge_new(registry, &of, &gauge), "conflict");
    WRONG(tyk_gauge_with(requests, two, 2, &gauge), "conflict");
    WRONG(tyk_counter_with(requests, two, 1, &counter), "label_count");
    WRONG(tyk_counter_get(requests, two, 1, &counter), "label_count");
    WRONG(tyk_counter_with(requests, hollow, 2, &counter), "null_pointer");
    WRONG(tyk_family_remove(requests, two, 1, &found), "label_count");
    of = named("fine");
    WRONG(tyk_family_new(registry, 99, &of, &family), "invalid_option");
    WRONG(tyk_family_new(registry, TYK_UNKNOWN, &of, &family), "invalid_option");
    const char *labels[] = {"a"};
    of.label_names = labels;
    of.label_count = 1;
    WRONG(tyk_counter_new(registry, &of, &counter), "invalid_option");
    CHECK(gauge == NULL && counter == NULL && family == NULL, "what is refused gives nothing");

    tyk_counter *there = ok; /* anything but NULL */
    const tyk_str other[] = {TYK_STR("PUT"), TYK_STR("201")};
    OK(tyk_counter_get(requests, other, 2, &there));
    CHECK(there == NULL, "a series that is not there is NULL, and not made");

    tyk_registry *second = NULL;
    OK(tyk_registry_new(NULL, &second));
    of = named("requests_total");
    OK(tyk_gauge_new(second, &of, &gauge));
    REFUSED(tyk_registry_list(second, requests), "conflict");
    OK(tyk_registry_list(registry, requests)); /* it is listed already */
    tyk_gauge_free(&gauge);
    tyk_registry_free(&second);
}

static void exemplars(void) {
    char text[200];
    memset(text, 'x', sizeof text);
    const tyk_label large[] = {{TYK_STR("trace_id"), {text, sizeof text}}}, twice[] = {{TYK_STR("a"), TYK_STR("1")},
                                                                                   {TYK_STR("a"), TYK_STR("2")}};
    double value = 0;
    OK(tyk_counter_value(ok, &value));
    REFUSED(tyk_counter_add_exemplar(ok, 1, large, 1), "invalid_exemplar");
    REFUSED(tyk_counter_add_exemplar(ok, 1, twice, 2), "invalid_exemplar");
    double now = 0;
    OK(tyk_counter_value(ok, &now));
    CHECK(now == value + 2, "an exemplar that is refused does not cost the record: %g after %g", now, value);
    free(before);
    before = check_text(registry);
}

static void reading(void) {
    tyk_exposition exposition = {0};
    tyk_bytes bytes = {0};
    REFUSED(tyk_exposition_of("xml", &exposition), "invalid_text");
    REFUSED(tyk_exposition_of("\xff", &exposition), "invalid_text");
    exposition.format = 99;
    WRONG(tyk_render(registry, &exposition, &bytes), "invalid_option");
    exposition = (tyk_exposition){.escaping = 99};
    WRONG(tyk_render(registry, &exposition, &bytes), "invalid_option");
    exposition = (tyk_exposition){.encoding = 99};
    WRONG(tyk_render(registry, &exposition, &bytes), "invalid_option");
    exposition = (tyk_exposition){.histograms = 99};
    WRONG(tyk_render(registry, &exposition, &bytes), "invalid_option");
    CHECK(bytes.data == NULL && bytes.len == 0, "what is refused writes nothing");
    OK(tyk_negotiate("\xff/;;q=\x01", "\xff", &exposition)); /* a client may send anything, and gets text */
    CHECK(exposition.format == 0, "it is %u", exposition.format);

    tyk_snapshot *snapshot = NULL;
    tyk_label label;
    tyk_series_view series;
    tyk_family_view family;
    tyk_distribution *distribution = NULL;
    double value = 0;
    OK(tyk_snapshot_new(registry, &snapshot));
    REFUSED(tyk_snapshot_value(snapshot, "nothing", NULL, 0, &value), "not_found");
    REFUSED(tyk_snapshot_family(snapshot, 99, &family), "not_found");
    REFUSED(tyk_snapshot_series(snapshot, 0, 99, &series), "not_found");
    REFUSED(tyk_snapshot_label(snapshot, 0, 0, 99, &label), "not_found");
    REFUSED(tyk_snapshot_distribution(snapshot, 0, 0, &distribution), "not_found"); /* a counter has none */
    tyk_snapshot_free(&snapshot);
    bool found = true;
    OK(tyk_registry_unregister(registry, "nothing", &found));
    CHECK(!found, "there is nothing of that name");
}

static unsigned chunks;

static bool refuse(void *user, const uint8_t *data, size_t len) {
    (void)user, (void)data, (void)len;
    chunks++;
    return false;
}

static void sinks(void) {
    WRONG(tyk_render_to(registry, NULL, refuse, NULL), "sink");
    CHECK(chunks == 1, "a sink that refused was asked %u times", chunks);
}

/* What a hot function cannot use is ignored, and counted where it can be told of. */
static void hot(void) {
    const tyk_str one[] = {TYK_STR("GET")}, two[] = {TYK_STR("GET"), TYK_STR("200")}, hollow[] = {{NULL, 3}, {NULL, 3}};
    uint64_t ignored = tyk_ignored();
    tyk_family_add(requests, one, 1, 1);
    tyk_family_add(requests, two, 0, 1);
    tyk_family_add(requests, hollow, 2, 1);
    tyk_family_set(requests, two, 2, 1);     /* a counter is not set */
    tyk_family_observe(requests, two, 2, 1); /* nor observes it */
    tyk_counter_add(NULL, 1);
    CHECK(tyk_ignored() == ignored + 6, "%llu of 6 were counted", (unsigned long long)(tyk_ignored() - ignored));
    tyk_family_add(requests, two, 2, -1);
    tyk_family_add(requests, two, 2, NAN);
    tyk_family_add(requests, two, 2, INFINITY);
    tyk_counter_add_double(ok, -1);
    tyk_counter_add_double(ok, NAN);
    char *now = check_text(registry);
    CHECK(strcmp(before, now) == 0, "it changed\n%sto\n%s", before, now);
    free(now);
}

int main(void) {
    const char *labels[] = {"method", "status"};
    const tyk_str get[] = {TYK_STR("GET"), TYK_STR("200")};
    tyk_options of = named("requests_total");
    of.label_names = labels;
    of.label_count = 2;
    OK(tyk_registry_new(NULL, &registry));
    OK(tyk_family_new(registry, TYK_COUNTER, &of, &requests));
    OK(tyk_counter_with(requests, get, 2, &ok));
    tyk_counter_add(ok, 3);
    before = check_text(registry);
    names_and_texts();
    options();
    kinds_and_labels();
    exemplars();
    reading();
    sinks();
    hot();
    free(before);
    tyk_counter_free(&ok);
    tyk_family_free(&requests);
    tyk_registry_free(&registry);
    puts("every mistake has its error");
    return 0;
}
