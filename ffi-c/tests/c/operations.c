/* Does what an operation of a conformance case says: see conformance.h. Also reads the values that cases are written in. */
#include <math.h>

#include "conformance.h"

const char *word(const cJSON *object, const char *member) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, member);
    CHECK(cJSON_IsString(value), "a text \"%s\" is needed", member);
    return value->valuestring;
}

double number(const cJSON *value) {
    if (cJSON_IsNumber(value)) return value->valuedouble;
    CHECK(cJSON_IsString(value), "a number is needed");
    char *end;
    double read = strtod(value->valuestring, &end); /* knows NaN, +Inf and -Inf */
    CHECK(*end == '\0' && end != value->valuestring, "%s should be a number", value->valuestring);
    return read;
}

bool truth(const cJSON *object, const char *member) {
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, member));
}

static size_t items(const cJSON *array, size_t room) {
    CHECK(cJSON_IsArray(array), "an array is needed");
    size_t count = (size_t)cJSON_GetArraySize(array);
    CHECK(count <= room, "%zu items are more than the runner has room for", count);
    return count;
}

size_t words(const cJSON *array, const char **into, size_t room) {
    size_t count = items(array, room), at = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        CHECK(cJSON_IsString(item), "an array of texts is needed");
        into[at++] = item->valuestring;
    }
    return count;
}

size_t values(const cJSON *array, tyk_str *into, size_t room) {
    const char *texts[LIST_ITEMS];
    CHECK(room <= LIST_ITEMS, "there is room for %d", LIST_ITEMS);
    size_t count = words(array, texts, room);
    for (size_t at = 0; at < count; at++) into[at] = (tyk_str){texts[at], strlen(texts[at])};
    return count;
}

size_t numbers(const cJSON *array, double *into, size_t room) {
    size_t count = items(array, room), at = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) into[at++] = number(item);
    return count;
}

size_t pairs(const cJSON *array, tyk_label *into, size_t room) {
    size_t count = items(array, room), at = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        tyk_str pair[2];
        CHECK(values(item, pair, 2) == 2, "a pair has two texts");
        into[at++] = (tyk_label){pair[0], pair[1]};
    }
    return count;
}

void known(const cJSON *object, const char *const *members) {
    const cJSON *member;
    cJSON_ArrayForEach(member, object) {
        bool found = false;
        for (size_t at = 0; members[at] != NULL && !found; at++) found = strcmp(members[at], member->string) == 0;
        CHECK(found, "there is no member \"%s\"", member->string);
    }
}

static const struct {
    const char *op;
    uint32_t kind; /* of a registration */
    const char *const members[12];
} operations[] = {
    {"counter", TYK_COUNTER, {NULL}},
    {"gauge", TYK_GAUGE, {NULL}},
    {"up_down", TYK_UP_DOWN, {NULL}},
    {"histogram", TYK_HISTOGRAM, {"buckets", "store", "native", "range", NULL}},
    {"summary", TYK_SUMMARY, {"quantiles", "window", "range", NULL}},
    {"info", TYK_INFO, {"on", "value", NULL}},
    {"state_set", TYK_STATE_SET, {"states", NULL}},
    {"touch", 0, {"on", "labels", NULL}},
    {"inc", 0, {"on", "labels", NULL}},
    {"dec", 0, {"on", "labels", NULL}},
    {"add", 0, {"on", "labels", "value", "exemplar", NULL}},
    {"add_f64", 0, {"on", "labels", "value", NULL}},
    {"sub", 0, {"on", "labels", "value", NULL}},
    {"set", 0, {"on", "labels", "value", NULL}},
    {"set_max", 0, {"on", "labels", "value", NULL}},
    {"set_min", 0, {"on", "labels", "value", NULL}},
    {"observe", 0, {"on", "labels", "value", "exemplar", NULL}},
    {"state", 0, {"on", "labels", "value", NULL}},
    {"set_state", 0, {"on", "labels", "value", "holds", NULL}},
    {"remove", 0, {"on", "labels", "found", NULL}},
    {"clear", 0, {"on", NULL}},
    {"unregister", 0, {"name", "found", NULL}},
    {"render", 0, {"format", NULL}},
};

static const char *const registration[] = {"id", "name", "help", "namespace", "subsystem", "unit", "labels",
                                           "const_labels", "limit", "expire_after", NULL};

static bool contains(const char *const *members, const char *member) {
    for (size_t at = 0; members[at] != NULL; at++) {
        if (strcmp(members[at], member) == 0) return true;
    }
    return false;
}

/* The kind that an operation registers, after its members were checked; 0 for one that registers nothing. */
static uint32_t check_members(const struct run *run, const cJSON *operation, const char *op) {
    for (size_t at = 0; at < sizeof operations / sizeof operations[0]; at++) {
        if (strcmp(operations[at].op, op) != 0) continue;
        bool registers = cJSON_HasObjectItem(operation, "id");
        const cJSON *member;
        cJSON_ArrayForEach(member, operation) {
            const char *name = member->string;
            bool found = strcmp(name, "op") == 0 || strcmp(name, "error") == 0 || contains(operations[at].members, name)
                      || (registers && contains(registration, name))
                      || (!registers && operations[at].kind == TYK_INFO && strcmp(name, "labels") == 0);
            CHECK(found, "%s: %s has no member \"%s\"", run->name, op, name);
        }
        return registers ? operations[at].kind : 0;
    }
    CHECK(false, "%s: this runner does not know the operation \"%s\"", run->name, op);
    return 0;
}

static tyk_error *unregister(struct run *run, const cJSON *operation) {
    bool found = false;
    tyk_error *error = tyk_registry_unregister(run->registry, word(operation, "name"), &found);
    CHECK(error != NULL || found == truth(operation, "found"), "%s: unregister gave found %d", run->name, found);
    return error;
}

static tyk_error *render(struct run *run, const cJSON *operation) {
    tyk_exposition exposition;
    tyk_error *error = tyk_exposition_of(word(operation, "format"), &exposition);
    if (error != NULL) return error;
    tyk_bytes bytes = {0};
    error = tyk_render(run->registry, &exposition, &bytes);
    tyk_bytes_free(&bytes);
    return error;
}

/* The newest metric of this id. */
static struct metric *find(struct run *run, const char *id) {
    for (size_t at = run->metric_count; at > 0; at--) {
        if (strcmp(run->metrics[at - 1].id, id) == 0) return &run->metrics[at - 1];
    }
    CHECK(false, "%s: no metric is called %s", run->name, id);
    return NULL;
}

tyk_error *perform(struct run *run, const cJSON *operation) {
    const char *op = word(operation, "op");
    uint32_t kind = check_members(run, operation, op);
    if (strcmp(op, "unregister") == 0) return unregister(run, operation);
    if (strcmp(op, "render") == 0) return render(run, operation);
    if (kind == 0) return metric_perform(run, find(run, word(operation, "on")), op, operation);
    struct metric metric = {.id = word(operation, "id"), .kind = kind};
    tyk_error *error = NULL;
    if (!metric_register(run, kind, operation, &metric, &error)) {
        run->passed_over++;
        return NULL;
    }
    if (error == NULL) {
        CHECK(run->metric_count < RUN_METRICS, "%s: too many metrics", run->name);
        run->metrics[run->metric_count++] = metric;
    }
    return error;
}
