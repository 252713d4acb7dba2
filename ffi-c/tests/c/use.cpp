// The header as a C++ program uses it: included from C++11 on without a warning, its macros and inline functions too.
#include <tykmetrics.h>

#include <cstdio>
#include <cstring>
#include <string>

static bool done(tyk_error *error) {
    if (error == nullptr) return true;
    std::fprintf(stderr, "%s: %s\n", tyk_error_name(error), tyk_error_message(error));
    tyk_error_free(&error);
    return false;
}

int main() {
    tyk_registry *registry = nullptr;
    if (!done(tyk_registry_new(nullptr, &registry))) return 1;

    const char *labels[] = {"method"};
    tyk_options options{};
    options.size = sizeof options;
    options.name = "calls_total";
    options.help = "Calls.";
    options.label_names = labels;
    options.label_count = 1;
    tyk_family *calls = nullptr;
    if (!done(tyk_family_new(registry, TYK_COUNTER, &options, &calls))) return 1;

    const tyk_str get[] = {TYK_STR("GET")};
    const std::string owned = "POST";
    const tyk_str post[] = {{owned.data(), owned.size()}};
    tyk_counter *counter = nullptr;
    if (!done(tyk_counter_with(calls, get, 1, &counter))) return 1;
    tyk_counter_add_inline(counter, 2);
    tyk_family_add(calls, post, 1, 1);

    options = tyk_options();
    options.size = sizeof options;
    options.name = "seconds";
    tyk_histogram *seconds = nullptr;
    if (!done(tyk_histogram_new(registry, &options, &seconds))) return 1;
    tyk_histogram_observe_inline(seconds, 0.5);

    std::string text;
    const tyk_sink append = [](void *user, const uint8_t *data, size_t len) {
        static_cast<std::string *>(user)->append(reinterpret_cast<const char *>(data), len);
        return true;
    };
    if (!done(tyk_render_to(registry, nullptr, append, &text))) return 1;
    std::fputs(text.c_str(), stdout);
    bool well = text.find("calls_total{method=\"GET\"} 2\n") != std::string::npos
             && text.find("calls_total{method=\"POST\"} 1\n") != std::string::npos
             && text.find("seconds_count 1\n") != std::string::npos;

    tyk_histogram_free(&seconds);
    tyk_counter_free(&counter);
    tyk_family_free(&calls);
    tyk_registry_free(&registry);
    return well ? 0 : 1;
}
