/* Metrics of conformance cases: their registration and their recording, by handle and by lookup. See conformance.h. */
#include <errno.h>

#include "conformance.h"

/* A number of a case that C takes as zero for "the default": it cannot ask for zero itself. */
static bool sayable(const cJSON *of, const char *member) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(of, member);
    return value == NULL || number(value) != 0;
}

static const char *part(const cJSON *of, const char *member) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(of, member);
    return value == NULL ? NULL : word(of, member);
}

/* What the pointers of the options lead to. */
struct lists {
    const char *labels[LIST_ITEMS], *states[LIST_ITEMS];
    tyk_label constant[SERIES_LABELS];
    double buckets[LIST_ITEMS], quantiles[LIST_ITEMS];
};

static void shape(tyk_options *options, const cJSON *of, struct lists *lists) {
    const cJSON *buckets = cJSON_GetObjectItemCaseSensitive(of, "buckets");
    if (cJSON_IsNull(buckets)) {
        options->flags |= TYK_NO_BUCKETS;
    } else if (buckets != NULL) {
        options->buckets = lists->buckets; /* not NULL, so that no bounds are a mistake */
        options->bucket_count = numbers(buckets, lists->buckets, LIST_ITEMS);
    }
    const char *store = part(of, "store");
    if (store != NULL) {
        options->store = strcmp(store, "hdr") == 0 ? 1 : strcmp(store, "compact") == 0 ? 2 : 0;
        CHECK(options->store != 0, "no store is called %s", store);
    }
    const cJSON *native = cJSON_GetObjectItemCaseSensitive(of, "native");
    if (native != NULL) {
        options->native = cJSON_IsNull(native) ? 1 : 2;
        options->native_schema = cJSON_IsNull(native) ? 0 : (int32_t)number(native);
    }
    const cJSON *range = cJSON_GetObjectItemCaseSensitive(of, "range");
    if (range != NULL) {
        options->range_min = number(cJSON_GetArrayItem(range, 0));
        options->range_max = number(cJSON_GetArrayItem(range, 1));
        CHECK(options->range_min != 0 || options->range_max != 0, "a range of zeroes asks C for the default");
    }
    const cJSON *quantiles = cJSON_GetObjectItemCaseSensitive(of, "quantiles");
    if (quantiles != NULL) {
        options->quantiles = lists->quantiles;
        options->quantile_count = numbers(quantiles, lists->quantiles, LIST_ITEMS);
        if (options->quantile_count == 0) options->flags |= TYK_NO_QUANTILES;
    }
}

static tyk_options options_of(const cJSON *of, struct lists *lists) {
    tyk_options options = {.size = sizeof options,
                           .namespace_ = part(of, "namespace"),
                           .subsystem = part(of, "subsystem"),
                           .name = word(of, "name"),
                           .help = part(of, "help"),
                           .unit = part(of, "unit")};
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(of, "labels");
    if (list != NULL) {
        options.label_names = lists->labels;
        options.label_count = words(list, lists->labels, LIST_ITEMS);
    }
    list = cJSON_GetObjectItemCaseSensitive(of, "const_labels");
    if (list != NULL) {
        options.const_labels = lists->constant;
        options.const_label_count = pairs(list, lists->constant, SERIES_LABELS);
    }
    list = cJSON_GetObjectItemCaseSensitive(of, "states");
    if (list != NULL) {
        options.states = lists->states;
        options.state_count = words(list, lists->states, LIST_ITEMS);
    }
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(of, "limit");
    if (value != NULL) options.limit = (uint32_t)number(value);
    value = cJSON_GetObjectItemCaseSensitive(of, "expire_after");
    if (value != NULL) options.expire_after_ms = (uint64_t)(number(value) * 1000);
    value = cJSON_GetObjectItemCaseSensitive(of, "window");
    if (value != NULL) options.window_ms = (uint64_t)(number(value) * 1000);
    shape(&options, of, lists);
    return options;
}

bool metric_register(struct run *run, uint32_t kind, const cJSON *of, struct metric *into, tyk_error **error) {
    if (!sayable(of, "limit") || !sayable(of, "expire_after") || !sayable(of, "window")) return false;
    struct lists lists;
    tyk_options options = options_of(of, &lists);
    tyk_registry *registry = run->registry;
    if (cJSON_HasObjectItem(of, "labels")) {
        *error = tyk_family_new(registry, kind, &options, &into->family);
        return true;
    }
    switch (kind) {
    case TYK_COUNTER: *error = tyk_counter_new(registry, &options, (tyk_counter **)&into->handle); break;
    case TYK_GAUGE: *error = tyk_gauge_new(registry, &options, (tyk_gauge **)&into->handle); break;
    case TYK_UP_DOWN: *error = tyk_up_down_new(registry, &options, (tyk_up_down **)&into->handle); break;
    case TYK_HISTOGRAM: *error = tyk_histogram_new(registry, &options, (tyk_histogram **)&into->handle); break;
    case TYK_SUMMARY: *error = tyk_summary_new(registry, &options, (tyk_summary **)&into->handle); break;
    case TYK_INFO: *error = tyk_info_new(registry, &options, (tyk_info **)&into->handle); break;
    case TYK_STATE_SET: *error = tyk_state_set_new(registry, &options, (tyk_state_set **)&into->handle); break;
    default: CHECK(false, "no kind has the number %u", kind);
    }
    return true;
}

static tyk_error *with(const struct metric *metric, const tyk_str *labels, size_t count, void **handle) {
    const tyk_family *family = metric->family;
    switch (metric->kind) {
    case TYK_COUNTER: return tyk_counter_with(family, labels, count, (tyk_counter **)handle);
    case TYK_GAUGE: return tyk_gauge_with(family, labels, count, (tyk_gauge **)handle);
    case TYK_UP_DOWN: return tyk_up_down_with(family, labels, count, (tyk_up_down **)handle);
    case TYK_HISTOGRAM: return tyk_histogram_with(family, labels, count, (tyk_histogram **)handle);
    case TYK_SUMMARY: return tyk_summary_with(family, labels, count, (tyk_summary **)handle);
    case TYK_INFO: return tyk_info_with(family, labels, count, (tyk_info **)handle);
    default: return tyk_state_set_with(family, labels, count, (tyk_state_set **)handle);
    }
}

static void handle_free(uint32_t kind, void **handle) {
    switch (kind) {
    case TYK_COUNTER: tyk_counter_free((tyk_counter **)handle); break;
    case TYK_GAUGE: tyk_gauge_free((tyk_gauge **)handle); break;
    case TYK_UP_DOWN: tyk_up_down_free((tyk_up_down **)handle); break;
    case TYK_HISTOGRAM: tyk_histogram_free((tyk_histogram **)handle); break;
    case TYK_SUMMARY: tyk_summary_free((tyk_summary **)handle); break;
    case TYK_INFO: tyk_info_free((tyk_info **)handle); break;
    default: tyk_state_set_free((tyk_state_set **)handle); break;
    }
}

void metric_free(struct metric *metric) {
    handle_free(metric->kind, &metric->handle);
    tyk_family_free(&metric->family);
}

static bool is(const char *op, const char *name) {
    return strcmp(op, name) == 0;
}

/* A whole number of a case; above 2^53 it is written as a text. */
static uint64_t whole(const cJSON *value) {
    if (cJSON_IsNumber(value)) return (uint64_t)value->valuedouble;
    errno = 0;
    char *end;
    uint64_t read = strtoull(value->valuestring, &end, 10);
    CHECK(errno == 0 && *end == '\0', "%s should be a whole number", value->valuestring);
    return read;
}

static int64_t integer(const cJSON *value) {
    if (cJSON_IsNumber(value)) return (int64_t)value->valuedouble;
    errno = 0;
    char *end;
    int64_t read = strtoll(value->valuestring, &end, 10);
    CHECK(errno == 0 && *end == '\0', "%s should be a whole number", value->valuestring);
    return read;
}

/* Records through a handle. Ends the program for what the kind does not know. */
static tyk_error *record(uint32_t kind, void *on, const char *op, const cJSON *of) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(of, "value");
    const cJSON *exemplar = cJSON_GetObjectItemCaseSensitive(of, "exemplar");
    tyk_label labels[SERIES_LABELS];
    size_t count = exemplar == NULL ? 0 : pairs(exemplar, labels, SERIES_LABELS);
    switch (kind) {
    case TYK_COUNTER:
        if (is(op, "add") && exemplar != NULL) return tyk_counter_add_exemplar(on, number(value), labels, count);
        if (is(op, "inc")) return tyk_counter_add(on, 1), NULL;
        if (is(op, "add")) return tyk_counter_add(on, whole(value)), NULL;
        if (is(op, "add_f64")) return tyk_counter_add_double(on, number(value)), NULL;
        break;
    case TYK_GAUGE:
        if (is(op, "inc")) return tyk_gauge_add(on, 1), NULL;
        if (is(op, "dec")) return tyk_gauge_add(on, -1), NULL;
        if (is(op, "add")) return tyk_gauge_add(on, number(value)), NULL;
        if (is(op, "sub")) return tyk_gauge_add(on, -number(value)), NULL;
        if (is(op, "set")) return tyk_gauge_set(on, number(value)), NULL;
        if (is(op, "set_max")) return tyk_gauge_set_max(on, number(value)), NULL;
        if (is(op, "set_min")) return tyk_gauge_set_min(on, number(value)), NULL;
        break;
    case TYK_UP_DOWN:
        if (is(op, "inc")) return tyk_up_down_add(on, 1), NULL;
        if (is(op, "dec")) return tyk_up_down_add(on, -1), NULL;
        if (is(op, "add")) return tyk_up_down_add(on, integer(value)), NULL;
        break;
    case TYK_HISTOGRAM:
        if (is(op, "observe") && exemplar != NULL) {
            return tyk_histogram_observe_exemplar(on, number(value), labels, count);
        }
        if (is(op, "observe")) return tyk_histogram_observe(on, number(value)), NULL;
        break;
    case TYK_SUMMARY:
        if (is(op, "observe")) return tyk_summary_observe(on, number(value)), NULL;
        break;
    case TYK_INFO:
        if (is(op, "info")) return tyk_info_set(on, labels, pairs(value, labels, SERIES_LABELS));
        break;
    default:
        if (is(op, "state")) return tyk_state_set_enter(on, word(of, "value"));
        if (is(op, "set_state")) return tyk_state_set_set(on, word(of, "value"), truth(of, "holds"));
    }
    CHECK(false, "a metric of kind %u does not know %s", kind, op);
    return NULL;
}

/* Records through the family; false for what only a handle can do, or can tell the error of. */
static bool look_up(const struct metric *metric, const tyk_str *labels, size_t count, const char *op, const cJSON *of) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(of, "value");
    bool large = cJSON_IsString(value) && metric->kind != TYK_GAUGE && is(op, "add"); /* not exact as a double */
    if (cJSON_HasObjectItem(of, "error") || cJSON_HasObjectItem(of, "exemplar") || large) return false;
    bool adds = metric->kind == TYK_COUNTER || metric->kind == TYK_GAUGE || metric->kind == TYK_UP_DOWN;
    bool observes = metric->kind == TYK_HISTOGRAM || metric->kind == TYK_SUMMARY;
    if (adds && is(op, "inc")) return tyk_family_add(metric->family, labels, count, 1), true;
    if (adds && is(op, "dec")) return tyk_family_add(metric->family, labels, count, -1), true;
    if (adds && (is(op, "add") || is(op, "add_f64"))) {
        return tyk_family_add(metric->family, labels, count, number(value)), true;
    }
    if (metric->kind == TYK_GAUGE && is(op, "set")) {
        return tyk_family_set(metric->family, labels, count, number(value)), true;
    }
    if (observes && is(op, "observe")) return tyk_family_observe(metric->family, labels, count, number(value)), true;
    return false;
}

tyk_error *metric_perform(struct run *run, struct metric *metric, const char *op, const cJSON *of) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(of, "labels");
    tyk_str labels[LIST_ITEMS];
    size_t count = list == NULL ? 0 : values(list, labels, LIST_ITEMS);
    if (is(op, "clear")) return tyk_family_clear(metric->family);
    if (is(op, "remove")) {
        bool found = false;
        tyk_error *error = tyk_family_remove(metric->family, labels, count, &found);
        CHECK(error != NULL || found == truth(of, "found"), "%s: remove gave found %d", run->name, found);
        return error;
    }
    if (metric->family == NULL) {
        CHECK(list == NULL, "%s: a metric without labels takes none", run->name);
        return is(op, "touch") ? NULL : record(metric->kind, metric->handle, op, of);
    }
    CHECK(list != NULL, "%s: a metric with labels takes some", run->name);
    if (run->lookup && look_up(metric, labels, count, op, of)) return NULL;
    void *handle = NULL;
    tyk_error *error = with(metric, labels, count, &handle);
    if (error == NULL && !is(op, "touch")) error = record(metric->kind, handle, op, of);
    handle_free(metric->kind, &handle);
    return error;
}
