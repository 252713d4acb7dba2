/* Builds and takes down the stage, and calls a function on it with every NULL: see stage.h. */
#include "stage.h"

#include "check.h"

bool stage_sink(void *user, const uint8_t *data, size_t len) {
    (void)user;
    return len == 0 || data != NULL;
}

static double read_gauge(void *user) {
    (void)user;
    return 1;
}

static void ignore(void *user, const char *message) {
    (void)user, (void)message;
}

static void collect_nothing(void *user, tyk_families *into) {
    (void)user;
    (void)into;
}

static tyk_options options(struct stage *stage, const char *name, uint32_t kind) {
    static const char *const names[] = {"label"};
    tyk_options options = {.size = sizeof options, .name = name, .help = "Help.", .label_names = names, .label_count = 1};
    if (kind == TYK_STATE_SET) {
        options.states = stage->states;
        options.state_count = 2;
    }
    return options;
}

static void register_all(struct stage *stage) {
    static const char *const names[STAGE_KINDS] = {NULL, "counter_total", "gauge", "up_down",
                                                   "histogram", "summary", "info", "state_set"};
    for (uint32_t kind = TYK_COUNTER; kind < STAGE_KINDS; kind++) {
        tyk_options of = options(stage, names[kind], kind);
        OK(tyk_family_new(stage->registry, kind, &of, &stage->of[kind]));
    }
    OK(tyk_counter_with(stage->of[TYK_COUNTER], stage->values, 1, &stage->counter));
    OK(tyk_gauge_with(stage->of[TYK_GAUGE], stage->values, 1, &stage->gauge));
    OK(tyk_up_down_with(stage->of[TYK_UP_DOWN], stage->values, 1, &stage->up_down));
    OK(tyk_histogram_with(stage->of[TYK_HISTOGRAM], stage->values, 1, &stage->histogram));
    OK(tyk_summary_with(stage->of[TYK_SUMMARY], stage->values, 1, &stage->summary));
    OK(tyk_info_with(stage->of[TYK_INFO], stage->values, 1, &stage->info));
    OK(tyk_state_set_with(stage->of[TYK_STATE_SET], stage->values, 1, &stage->state_set));
}

static void build(struct stage *stage) {
    *stage = (struct stage){
        .values = {TYK_STR("value")},
        .no_text = {NULL, 5},
        .labels = {{TYK_STR("label"), TYK_STR("value")}},
        .info_labels = {{TYK_STR("version"), TYK_STR("1")}},
        .states = {"on", "off"},
        .numbers = {0.25, 0.5},
        .wholes = {1, 2},
        .collector = {.collect = collect_nothing},
        .log = {.write = ignore},
        .callback = {.read = read_gauge},
        .abi = TYK_ABI_LAYOUT,
        .registry_options = {.size = sizeof(tyk_registry_options)},
    };
    OK(tyk_registry_new(NULL, &stage->registry));
    OK(tyk_registry_new(NULL, &stage->other));
    register_all(stage);
    stage->options = (tyk_options){.size = sizeof(tyk_options), .name = "fresh", .help = "Help."};
    stage->state_options = stage->options;
    stage->state_options.states = stage->states;
    stage->state_options.state_count = 2;

    OK(tyk_snapshot_new(stage->registry, &stage->before));
    OK(tyk_counter_add_exemplar(stage->counter, 1, stage->labels, 1));
    tyk_histogram_observe(stage->histogram, 0.5);
    tyk_summary_observe(stage->summary, 0.5);
    OK(tyk_info_set(stage->info, stage->labels, 0));
    OK(tyk_snapshot_new(stage->registry, &stage->snapshot));
    OK(tyk_histogram_distribution(stage->histogram, &stage->distribution));
    OK(tyk_shard_open(TYK_OWNER_THREAD, TYK_CELLS_U64, &stage->shard));
    OK(tyk_shard_attach(TYK_CELLS_U64, stage->counter->series.cell, stage->memory, 1, &stage->attachment));
    OK(tyk_registry_collect(stage->registry, &stage->collector, &stage->collector_id));
    OK(tyk_exposition_of("text", &stage->exposition));
    OK(tyk_render(stage->registry, NULL, &stage->bytes));
    stage->error = tyk_exposition_of("no format is called so", &stage->exposition);
    CHECK(stage->error != NULL, "an unknown format is refused");
}

static void take_down(struct stage *stage) {
    tyk_error_free(&stage->error);
    tyk_bytes_free(&stage->bytes);
    tyk_server_close(&stage->server);
    tyk_server_close(&stage->made_server);
    tyk_attachment_release(&stage->attachment);
    tyk_attachment_release(&stage->made_attachment);
    tyk_shard_release(&stage->shard);
    tyk_shard_release(&stage->made_shard);
    tyk_snapshot_free(&stage->before);
    tyk_snapshot_free(&stage->snapshot);
    tyk_snapshot_free(&stage->made_snapshot);
    tyk_distribution_free(&stage->distribution);
    tyk_distribution_free(&stage->made_distribution);
    tyk_counter_free(&stage->counter);
    tyk_counter_free(&stage->made_counter);
    tyk_gauge_free(&stage->gauge);
    tyk_gauge_free(&stage->made_gauge);
    tyk_up_down_free(&stage->up_down);
    tyk_up_down_free(&stage->made_up_down);
    tyk_histogram_free(&stage->histogram);
    tyk_histogram_free(&stage->made_histogram);
    tyk_summary_free(&stage->summary);
    tyk_summary_free(&stage->made_summary);
    tyk_info_free(&stage->info);
    tyk_info_free(&stage->made_info);
    tyk_state_set_free(&stage->state_set);
    tyk_state_set_free(&stage->made_state_set);
    for (int kind = 0; kind < STAGE_KINDS; kind++) tyk_family_free(&stage->of[kind]);
    tyk_family_free(&stage->made_family);
    tyk_registry_free(&stage->made_registry);
    tyk_registry_free(&stage->other);
    tyk_registry_free(&stage->registry);
}

/* True if something was given to the caller. */
static bool anything_made(const struct stage *stage) {
    return stage->made_registry != NULL || stage->made_family != NULL || stage->made_counter != NULL
        || stage->made_gauge != NULL || stage->made_up_down != NULL || stage->made_histogram != NULL
        || stage->made_summary != NULL || stage->made_info != NULL || stage->made_state_set != NULL
        || stage->made_distribution != NULL || stage->made_snapshot != NULL || stage->made_shard != NULL
        || stage->made_attachment != NULL || stage->made_server != NULL;
}

void stage_judge(const struct function *function, unsigned nulls, tyk_error *error) {
    unsigned wrong = nulls & ~function->optional;
    if (wrong == 0) {
        check_success(error, function->name, "nulls", (int)nulls);
    } else {
        check_refusal(error, "null_pointer", function->name, "nulls", (int)nulls);
    }
}

void stage_read(const char *text) {
    /* No compiler may leave out what reading it could find. */
    volatile size_t length = text == NULL ? 0 : strlen(text);
    (void)length;
}

struct inside {
    const struct function *function;
    struct stage *stage;
    unsigned nulls;
    unsigned calls;
};

static void call_in_collector(void *user, tyk_families *into) {
    struct inside *inside = user;
    struct stage *stage = inside->stage;
    tyk_options of = options(stage, "pushed_total", TYK_COUNTER);
    OK(tyk_families_add(into, TYK_COUNTER, &of, &stage->pushed_counter));
    /* A series that a start and exemplars can be given to. */
    of = options(stage, "pushed_more_total", TYK_COUNTER);
    OK(tyk_families_add(into, TYK_COUNTER, &of, &stage->pushed_more));
    OK(tyk_families_push(into, stage->pushed_more, stage->values, of.label_count, 1));
    of = options(stage, "pushed_histogram", TYK_HISTOGRAM);
    of.buckets = stage->numbers;
    of.bucket_count = 1;
    OK(tyk_families_add(into, TYK_HISTOGRAM, &of, &stage->pushed_histogram));
    of = options(stage, "pushed_summary", TYK_SUMMARY);
    OK(tyk_families_add(into, TYK_SUMMARY, &of, &stage->pushed_summary));
    stage->families = into;
    inside->function->call(stage, inside->nulls);
    inside->calls++;
}

static void try_with(const struct function *function, unsigned nulls) {
    struct stage *stage = malloc(sizeof *stage);
    CHECK(stage != NULL, "out of memory");
    build(stage);
    /* Only for those that need one: it has threads. */
    if (strncmp(function->name, "tyk_server_", 11) == 0) {
        OK(tyk_serve(stage->registry, "{\"listen\": \"127.0.0.1:0\"}", &stage->log, &stage->server));
    }
    if (function->in_collector) {
        struct inside inside = {function, stage, nulls, 0};
        tyk_collector collector = {.collect = call_in_collector, .user = &inside};
        uint64_t id = 0;
        bool found = false;
        OK(tyk_registry_collect(stage->other, &collector, &id));
        OK(tyk_render(stage->other, NULL, &stage->bytes));
        CHECK(inside.calls == 1, "the collector is called once a scrape");
        OK(tyk_registry_uncollect(stage->other, id, &found));
        CHECK(found, "the collector is known");
    } else {
        function->call(stage, nulls);
    }
    bool refused = (nulls & ~function->optional) != 0;
    CHECK(!refused || !anything_made(stage), "%s gave something though it was refused", function->name);
    take_down(stage);
    free(stage);
}

unsigned stage_try(const struct function *function) {
    unsigned calls = 1, all = (1u << function->pointers) - 1;
    try_with(function, 0);
    for (unsigned pointer = 0; pointer < function->pointers; pointer++) {
        try_with(function, 1u << pointer);
        calls++;
    }
    if (function->pointers > 1) {
        try_with(function, all);
        calls++;
    }
    return calls;
}
