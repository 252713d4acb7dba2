/* What is allowed and looks as if it were not: freeing twice, handles that outlive their registry, memory used again,
 * text that is no UTF-8, callbacks that come and go. Runs under AddressSanitizer and valgrind, which see what it cannot. */
#include <math.h>

#include "check.h"

static tyk_options named(const char *name) {
    return (tyk_options){.size = sizeof(tyk_options), .name = name, .help = "Help."};
}

static void handles_outlive_their_registry(void) {
    tyk_registry *registry = NULL;
    tyk_family *family = NULL;
    tyk_counter *counter = NULL;
    tyk_histogram *histogram = NULL;
    tyk_snapshot *snapshot = NULL;
    const char *labels[] = {"a"};
    const tyk_str value = TYK_STR("b");
    double now = 0;
    OK(tyk_registry_new(NULL, &registry));
    tyk_options of = named("h");
    OK(tyk_histogram_new(registry, &of, &histogram));
    of = named("c_total");
    of.label_names = labels;
    of.label_count = 1;
    OK(tyk_family_new(registry, TYK_COUNTER, &of, &family));
    OK(tyk_counter_with(family, &value, 1, &counter));
    OK(tyk_snapshot_new(registry, &snapshot));
    tyk_registry_free(&registry);
    CHECK(registry == NULL, "a freed pointer is NULL");
    tyk_registry_free(&registry);
    tyk_family_add(family, &value, 1, 1);
    tyk_family_free(&family);
    tyk_counter_add(counter, 1);
    tyk_counter_add_inline(counter, 1);
    tyk_histogram_observe_inline(histogram, 1);
    OK(tyk_counter_value(counter, &now));
    CHECK(now == 3, "%g", now);
    const tyk_label is = {TYK_STR("a"), TYK_STR("b")};
    OK(tyk_snapshot_value(snapshot, "c_total", &is, 1, &now));
    CHECK(now == 0, "a snapshot stays as it was taken: %g", now);
    tyk_snapshot_free(&snapshot);
    tyk_counter_free(&counter);
    tyk_histogram_free(&histogram);
    tyk_counter_free(&counter);
    tyk_histogram_free(&histogram);
}

static void texts_are_copied(void) {
    tyk_registry *registry = NULL;
    tyk_family *family = NULL;
    char name[] = "copied_total", help[] = "Copied.", label[] = "a", text[] = "b";
    const char *labels[] = {label};
    const tyk_str value = {text, 1}, odd = TYK_STR("\xff|\xe2\x98\x83");
    OK(tyk_registry_new(NULL, &registry));
    tyk_options of = named(name);
    of.help = help;
    of.label_names = labels;
    of.label_count = 1;
    OK(tyk_family_new(registry, TYK_COUNTER, &of, &family));
    tyk_family_add(family, &value, 1, 1);
    tyk_family_add(family, &odd, 1, 1);
    name[0] = help[0] = label[0] = text[0] = 'X';
    labels[0] = NULL;
    char *now = check_text(registry);
    const char *expected = "# HELP copied_total Copied.\n# TYPE copied_total counter\ncopied_total{a=\"b\"} 1\n"
                           "copied_total{a=\"\xef\xbf\xbd|\xe2\x98\x83\"} 1\n";
    CHECK(strcmp(now, expected) == 0, "\n%s", now);
    free(now);
    tyk_family_free(&family);
    tyk_registry_free(&registry);
}

static void memory_is_used_again(void) {
    tyk_registry *registry = NULL;
    tyk_gauge *gauge = NULL;
    tyk_bytes bytes = {0};
    OK(tyk_registry_new(NULL, &registry));
    tyk_options of = named("g");
    OK(tyk_gauge_new(registry, &of, &gauge));
    OK(tyk_render(registry, NULL, &bytes));
    const uint8_t *data = bytes.data;
    size_t len = bytes.len, capacity = bytes.capacity;
    OK(tyk_render(registry, NULL, &bytes));
    CHECK(bytes.data == data && bytes.len == len && bytes.capacity == capacity, "the memory is used again");
    tyk_bytes_free(&bytes);
    CHECK(bytes.data == NULL && bytes.len == 0 && bytes.capacity == 0, "it is as it began");
    tyk_bytes_free(&bytes);
    tyk_gauge_free(&gauge);
    tyk_registry_free(&registry);
}

struct source {
    double value;
    unsigned reads, drops;
};

static double read_source(void *user) {
    struct source *source = user;
    source->reads++;
    return source->value;
}

static void drop_source(void *user) {
    ((struct source *)user)->drops++;
}

static void collect_source(void *user, tyk_families *into) {
    struct source *source = user;
    source->reads++;
    size_t family = 0;
    const char *labels[] = {"disk"};
    const tyk_str sda = TYK_STR("sda");
    tyk_options of = named("disk_free_bytes");
    of.label_names = labels;
    of.label_count = 1;
    OK(tyk_families_add(into, TYK_GAUGE, &of, &family));
    OK(tyk_families_push(into, family, &sda, 1, source->value));
    REFUSED(tyk_families_push(into, family, &sda, 0, 1), "label_count");
    REFUSED(tyk_families_push(into, family + 1, &sda, 1, 1), "not_found");
}

static void callbacks_are_dropped_once(void) {
    tyk_registry *registry = NULL;
    tyk_gauge *gauge = NULL;
    struct source first = {.value = 4}, second = {.value = 5}, disk = {.value = 6};
    OK(tyk_registry_new(NULL, &registry));
    tyk_options of = named("g");
    OK(tyk_gauge_new(registry, &of, &gauge));
    const tyk_callback callback = {read_source, drop_source, &first}, other = {read_source, drop_source, &second};
    tyk_callback nothing = {NULL, drop_source, &first};
    REFUSED(tyk_gauge_callback(gauge, &nothing), "null_pointer");
    OK(tyk_gauge_callback(gauge, &callback));
    char *text = check_text(registry);
    CHECK(strstr(text, "\ng 4\n") != NULL && first.reads == 1, "%u reads\n%s", first.reads, text);
    free(text);
    OK(tyk_gauge_callback(gauge, &other));
    free(check_text(registry));
    CHECK(first.drops == 1 && second.drops == 0 && second.reads > 0, "replaced: %u and %u drops", first.drops, second.drops);

    const tyk_collector collector = {collect_source, drop_source, &disk};
    const tyk_collector hollow = {NULL, drop_source, &disk};
    uint64_t id = 0;
    bool found = false;
    REFUSED(tyk_registry_collect(registry, &hollow, &id), "null_pointer");
    CHECK(disk.drops == 0, "what was not taken is not dropped");
    OK(tyk_registry_collect(registry, &collector, &id));
    text = check_text(registry);
    CHECK(strstr(text, "\ndisk_free_bytes{disk=\"sda\"} 6\n") != NULL && disk.reads == 1, "\n%s", text);
    free(text);
    OK(tyk_registry_uncollect(registry, id, &found));
    CHECK(found && disk.drops == 1, "%u drops", disk.drops);
    OK(tyk_registry_uncollect(registry, id, &found));
    CHECK(!found && disk.drops == 1, "%u drops", disk.drops);

    tyk_gauge_free(&gauge);
    tyk_registry_free(&registry);
    CHECK(first.drops == 1 && second.drops == 1, "in the end: %u and %u drops", first.drops, second.drops);
}

int main(void) {
    handles_outlive_their_registry();
    texts_are_copied();
    memory_is_used_again();
    callbacks_are_dropped_once();
    puts("everything lives as long as it should");
    return 0;
}
