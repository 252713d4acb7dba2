/* Runs every conformance case of the files it is given through the C ABI: see conformance.h.
 *
 * Usage: conformance errors.json FILE... */
#include "conformance.h"

static unsigned cases, operations, passed_over, comparisons, wrong;
static cJSON *error_table;

static cJSON *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL, "%s cannot be read", path);
    CHECK(fseek(file, 0, SEEK_END) == 0, "%s", path);
    long size = ftell(file);
    CHECK(size > 0 && fseek(file, 0, SEEK_SET) == 0, "%s is empty", path);
    char *text = malloc((size_t)size + 1);
    CHECK(text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size, "%s", path);
    text[size] = '\0';
    fclose(file);
    cJSON *read = cJSON_Parse(text);
    free(text);
    CHECK(cJSON_IsArray(read), "%s is no JSON array", path);
    return read;
}

/* The door's error has the name, and the number, of the table. */
static void judge(const struct run *run, const cJSON *operation, tyk_error *error) {
    const cJSON *expected = cJSON_GetObjectItemCaseSensitive(operation, "error");
    if (error == NULL && expected == NULL) return;
    char *place = cJSON_PrintUnformatted(operation);
    CHECK(error != NULL, "%s: %s should fail", run->name, place);
    CHECK(expected != NULL, "%s: %s: %s", run->name, place, tyk_error_message(error));
    const char *name = tyk_error_name(error);
    CHECK(strcmp(name, expected->valuestring) == 0, "%s: %s: %s: %s", run->name, place, name, tyk_error_message(error));
    CHECK(tyk_error_message(error)[0] != '\0', "%s: %s fails without a word", run->name, place);
    double code = 0;
    const cJSON *entry;
    cJSON_ArrayForEach(entry, error_table) {
        if (strcmp(word(entry, "name"), name) == 0) code = number(cJSON_GetObjectItemCaseSensitive(entry, "number"));
    }
    CHECK(code == tyk_error_code(error), "%s has the code %u in C", name, tyk_error_code(error));
    tyk_error_free(&error);
    cJSON_free(place);
}

static tyk_registry *registry_of(const cJSON *of) {
    static const char *const members[] = {"names", "const_labels", "series_limit", NULL};
    known(of, members);
    tyk_registry_options options = {.size = sizeof options};
    tyk_label labels[SERIES_LABELS];
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(of, "names");
    const cJSON *limit = cJSON_GetObjectItemCaseSensitive(of, "series_limit");
    const cJSON *constant = cJSON_GetObjectItemCaseSensitive(of, "const_labels");
    if (names != NULL) options.names = strcmp(names->valuestring, "legacy") == 0;
    if (limit != NULL) options.series_limit = (uint64_t)number(limit);
    if (constant != NULL) {
        options.const_labels = labels;
        options.const_label_count = pairs(constant, labels, SERIES_LABELS);
    }
    tyk_registry *registry = NULL;
    OK(tyk_registry_new(of == NULL ? NULL : &options, &registry));
    return registry;
}

static tyk_exposition exposition_of(const cJSON *of, const char *format) {
    static const char *const members[] = {"escaping", "created", "empty_families", NULL};
    static const char *const schemes[] = {"", "allow-utf-8", "underscores", "dots", "values"};
    known(of, members);
    tyk_exposition exposition;
    OK(tyk_exposition_of(format, &exposition));
    const cJSON *escaping = cJSON_GetObjectItemCaseSensitive(of, "escaping");
    const char *scheme = escaping == NULL ? "underscores" : escaping->valuestring;
    exposition.escaping = 0;
    for (uint32_t number = 1; number < 5; number++) {
        if (strcmp(scheme, schemes[number]) == 0) exposition.escaping = number;
    }
    CHECK(exposition.escaping != 0, "no scheme is called %s", scheme);
    exposition.created = truth(of, "created");
    exposition.empty_families = truth(of, "empty_families");
    return exposition;
}

/* Renders in a format and compares; says what differs. */
static void compare(const struct run *run, const cJSON *exposition_is, const cJSON *expected) {
    tyk_exposition exposition = exposition_of(exposition_is, expected->string);
    tyk_bytes bytes = {0};
    OK(tyk_render(run->registry, &exposition, &bytes));
    char *got = malloc(bytes.len + 1);
    CHECK(got != NULL, "out of memory");
    if (bytes.len > 0) memcpy(got, bytes.data, bytes.len);
    got[bytes.len] = '\0';
    tyk_bytes_free(&bytes);
    bool same;
    if (cJSON_IsArray(expected)) {
        char *shown = masked(got, expected->string, exposition.created), *wanted = lines(expected);
        same = strcmp(shown, wanted) == 0;
        free(wanted);
        free(got);
        got = shown;
    } else {
        same = same_document(got, expected);
    }
    comparisons++;
    if (!same) {
        wrong++;
        fprintf(stderr, "%s in %s (lookup: %d) gave\n%s\n", run->name, expected->string, run->lookup, got);
    }
    free(got);
}

static void run_case(const cJSON *of, bool lookup) {
    static const char *const members[] = {"name", "why", "registry", "exposition", "operations", "expect", NULL};
    known(of, members);
    struct run run = {.name = word(of, "name"), .lookup = lookup};
    run.registry = registry_of(cJSON_GetObjectItemCaseSensitive(of, "registry"));
    const cJSON *item, *all = cJSON_GetObjectItemCaseSensitive(of, "operations");
    CHECK(cJSON_IsArray(all), "%s has no operations", run.name);
    cJSON_ArrayForEach(item, all) {
        unsigned before = run.passed_over;
        tyk_error *error = perform(&run, item);
        if (run.passed_over == before) judge(&run, item, error);
        operations++;
    }
    const cJSON *expect = cJSON_GetObjectItemCaseSensitive(of, "expect");
    CHECK(cJSON_IsObject(expect) && expect->child != NULL, "%s expects nothing", run.name);
    cJSON_ArrayForEach(item, expect) {
        compare(&run, cJSON_GetObjectItemCaseSensitive(of, "exposition"), item);
    }
    for (size_t at = 0; at < run.metric_count; at++) metric_free(&run.metrics[at]);
    tyk_registry_free(&run.registry);
    passed_over += run.passed_over;
}

int main(int count, char **paths) {
    CHECK(count > 2, "usage: conformance errors.json FILE...");
    error_table = read_file(paths[1]);
    for (int at = 2; at < count; at++) {
        cJSON *file = read_file(paths[at]);
        const cJSON *of;
        cJSON_ArrayForEach(of, file) {
            run_case(of, false);
            run_case(of, true);
            cases++;
        }
        cJSON_Delete(file);
    }
    cJSON_Delete(error_table);
    CHECK(cases > 0 && comparisons > 0, "no case ran");
    printf("cases %u, operations %u, passed over %u, comparisons %u, wrong %u\n", cases, operations, passed_over,
           comparisons, wrong);
    return wrong == 0 ? 0 : 1;
}
