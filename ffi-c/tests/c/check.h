/* What the C programs of the harness check with: a condition, a call that must succeed, a call that must be refused.
 *
 * Each ends the program with status 1 and says where and why. Nothing here knows what a program is about. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tykmetrics.h>

#define CHECK(condition, ...)                                                          \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: not so: %s: ", __FILE__, __LINE__, #condition);    \
            fprintf(stderr, __VA_ARGS__);                                              \
            fputc('\n', stderr);                                                       \
            exit(1);                                                                   \
        }                                                                              \
    } while (0)

/* A cold call that must succeed. */
#define OK(call) check_success((call), #call, __FILE__, __LINE__)

/* A cold call that must be refused with the error of this name. */
#define REFUSED(call, name) check_refusal((call), (name), #call, __FILE__, __LINE__)

static inline void check_success(tyk_error *error, const char *call, const char *file, int line) {
    if (error != NULL) {
        fprintf(stderr, "%s:%d: %s failed: %s: %s\n", file, line, call, tyk_error_name(error), tyk_error_message(error));
        tyk_error_free(&error);
        exit(1);
    }
}

static inline void check_refusal(tyk_error *error, const char *name, const char *call, const char *file, int line) {
    if (error == NULL) {
        fprintf(stderr, "%s:%d: %s should be refused with %s, and was done\n", file, line, call, name);
        exit(1);
    }
    if (strcmp(tyk_error_name(error), name) != 0) {
        fprintf(stderr, "%s:%d: %s should be refused with %s, not with %s: %s\n", file, line, call, name,
                tyk_error_name(error), tyk_error_message(error));
        exit(1);
    }
    if (tyk_error_code(error) == 0 || tyk_error_message(error)[0] == '\0') {
        fprintf(stderr, "%s:%d: %s was refused without a number or a word\n", file, line, call);
        exit(1);
    }
    tyk_error_free(&error);
}

/* A registry's text, ended by NUL; the caller frees it with free. */
static inline char *check_text(const tyk_registry *registry) {
    tyk_bytes bytes = {0};
    OK(tyk_render(registry, NULL, &bytes));
    char *text = malloc(bytes.len + 1);
    CHECK(text != NULL, "out of memory");
    if (bytes.len > 0) memcpy(text, bytes.data, bytes.len);
    text[bytes.len] = '\0';
    tyk_bytes_free(&bytes);
    return text;
}

#endif
