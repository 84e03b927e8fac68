/* What the C tests share: checks that say where they failed, and a runtime with the digits model. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <dunlin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What every test program is given: FIXTURES (a folder), FOLDER (an empty one). */
static const char *fixtures;
static const char *folder;
static dunlin_error error;

#define CHECK(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s (last error: %s: %s)\n", __FILE__, __LINE__, #condition,    \
                    error.code, error.message);                                                    \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* A call that uses `error` gave this status, and the error says the same. */
#define EXPECT(expected, call)                                                                    \
    do {                                                                                           \
        dunlin_status found = (call);                                                              \
        if (found != (expected) || error.status != found) {                                        \
            fprintf(stderr, "%s:%d: %s gave %d (%s: %s: %s)\n", __FILE__, __LINE__, #call,         \
                    (int)found, error.code, error.culprit, error.message);                         \
            exit(1);                                                                               \
        }                                                                                          \
        if (found != DUNLIN_STATUS_OK) CHECK(error.code[0] && error.message[0]);                   \
    } while (0)

#define OK(call) EXPECT(DUNLIN_STATUS_OK, call)
#define CODE(expected) CHECK(strcmp(error.code, expected) == 0)
#define CULPRIT(expected) CHECK(strcmp(error.culprit, expected) == 0)

static inline void begin(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s FIXTURES FOLDER\n", argv[0]);
        exit(2);
    }
    fixtures = argv[1];
    folder = argv[2];
    CHECK(dunlin_abi_version() == DUNLIN_ABI_VERSION);
}

static inline const char *fixture(const char *name) {
    static char path[4][4096];
    static unsigned next;
    char *place = path[next++ % 4];
    snprintf(place, sizeof path[0], "%s/%s", fixtures, name);
    return place;
}

/* The text of a small file. */
static inline const char *text_of(const char *path) {
    static char text[4][4096];
    static unsigned next;
    char *place = text[next++ % 4];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    place[fread(place, 1, sizeof text[0] - 1, file)] = '\0';
    fclose(file);
    return place;
}

/* A config that trusts the key of the digits model. */
static inline dunlin_config trusting(void) {
    static dunlin_key key;
    dunlin_config config;
    OK(dunlin_config_default(&config, sizeof config, &error));
    key = (dunlin_key){"demo", text_of(fixture("demo.pub"))};
    config.folder = folder;
    config.keys = &key;
    config.key_count = 1;
    return config;
}

static inline dunlin_runtime opened(const dunlin_config *config) {
    dunlin_runtime runtime;
    OK(dunlin_runtime_open(config, &runtime, &error));
    return runtime;
}

static inline dunlin_session session_of(dunlin_runtime runtime, const char *bundle, const char *model) {
    dunlin_session session;
    OK(dunlin_runtime_install_shipped(runtime, fixture(bundle), NULL, &error));
    OK(dunlin_session_open(runtime, model, &session, &error));
    return session;
}

static const float digit[64] = {
    0, 0, 7,  12, 10, 0, 0, 0, 0, 3, 16, 16, 16, 9, 1, 0, 0, 0, 8,  16, 16, 11, 1, 0,
    0, 0, 10, 16, 16, 0, 0, 0, 0, 3, 16, 14, 16, 4, 0, 0, 0, 4, 13, 0,  7,  15, 0, 0,
    0, 4, 14, 2,  2,  16, 0, 0, 0, 0, 6, 11, 10, 5, 0, 0,
};

/* A record of the digits model: an eight. */
static inline dunlin_record record_of(dunlin_session session) {
    dunlin_record record;
    OK(dunlin_record_new(session, &record, &error));
    OK(dunlin_record_set_tensor(record, "image", (const uint8_t *)digit, sizeof digit, &error));
    return record;
}

/* A cumulative counter of health; 0 where it is not there yet. */
static inline unsigned long counter(dunlin_runtime runtime, const char *name) {
    static char health[1 << 16];
    char quoted[128];
    OK(dunlin_runtime_health(runtime, health, sizeof health, NULL, &error));
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    const char *found = strstr(health, quoted);
    return found ? strtoul(found + strlen(quoted), NULL, 10) : 0;
}

#endif
