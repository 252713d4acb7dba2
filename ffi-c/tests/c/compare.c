/* What cases expect, compared with what came: see conformance.h. Moments are masked as tests/conformance/README.md says. */
#include <ctype.h>

#include "conformance.h"

/* A text that grows. */
struct text {
    char *data;
    size_t len, room;
};

static void append(struct text *text, const char *data, size_t len) {
    if (text->len + len + 1 > text->room) {
        text->room = (text->len + len + 1) * 2;
        text->data = realloc(text->data, text->room);
        CHECK(text->data != NULL, "out of memory");
    }
    memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}

/* True for digits with points between them, longer than a year: seconds since 1970. */
static bool is_moment(const char *word, size_t len) {
    for (size_t at = 0; at < len; at++) {
        if (!isdigit((unsigned char)word[at]) && word[at] != '.') return false;
    }
    return len > 4;
}

static bool contains(const char *line, size_t len, const char *what) {
    size_t size = strlen(what);
    for (size_t at = 0; at + size <= len; at++) {
        if (memcmp(line + at, what, size) == 0) return true;
    }
    return false;
}

static bool is_timed(const char *line, size_t len, const char *last, const char *format, bool created) {
    if (strcmp(format, "protobuf-text") == 0) {
        while (len > 0 && *line == ' ') line++, len--;
        return (len > 9 && memcmp(line, "seconds: ", 9) == 0) || (len > 7 && memcmp(line, "nanos: ", 7) == 0);
    }
    size_t name = 0;
    while (name < len && line[name] != '{' && line[name] != ' ') name++;
    bool ends = name >= 8 && memcmp(line + name - 8, "_created", 8) == 0;
    bool exemplar = contains(line, len, " # {") && is_moment(last, (size_t)(line + len - last));
    return exemplar || (created && ends && line[0] != '#');
}

char *masked(const char *text, const char *format, bool created) {
    struct text out = {0};
    append(&out, "", 0);
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        size_t len = end == NULL ? strlen(text) : (size_t)(end - text);
        size_t last = len; /* where the last word begins */
        while (last > 0 && text[last - 1] != ' ') last--;
        if (last > 0 && is_timed(text, len, text + last, format, created)) {
            append(&out, text, last);
            append(&out, "<time>", 6);
        } else {
            append(&out, text, len);
        }
        append(&out, "\n", end == NULL ? 0 : 1);
        text += end == NULL ? len : len + 1;
    }
    return out.data;
}

char *lines(const cJSON *array) {
    struct text out = {0};
    append(&out, "", 0);
    const cJSON *line;
    cJSON_ArrayForEach(line, array) {
        CHECK(cJSON_IsString(line), "a line is a text");
        append(&out, line->valuestring, strlen(line->valuestring));
        append(&out, "\n", 1);
    }
    return out.data;
}

static void mask(cJSON *value) {
    cJSON *item = value->child, *next;
    for (; item != NULL; item = next) {
        next = item->next;
        bool moment = item->string != NULL && cJSON_IsNumber(item)
                   && (strcmp(item->string, "created_ms") == 0 || strcmp(item->string, "at_ms") == 0);
        if (moment) {
            cJSON *time = cJSON_CreateString("<time>");
            CHECK(cJSON_ReplaceItemInObjectCaseSensitive(value, item->string, time), "a member is replaced");
        } else {
            mask(item);
        }
    }
}

bool same_document(const char *got, const cJSON *expected) {
    cJSON *read = cJSON_Parse(got);
    CHECK(read != NULL, "this is no JSON: %s", got);
    mask(read);
    bool same = cJSON_Compare(read, expected, true);
    cJSON_Delete(read);
    return same;
}
