/* The golden cases and installs that every SDK runs: cases.h is made from tests/sdk/cases.json. */
#include "support.h"
#include <math.h>

typedef struct expected_key {
    const char *name, *file;
} expected_key;

/* A value set by name; `text` is also the bytes of a tensor. */
typedef struct given_value {
    const char *kind, *feature;
    double number;
    int64_t integer;
    const char *text;
    size_t length;
} given_value;

typedef struct expected_output {
    const char *name;
    const double *values;
    size_t count;
} expected_output;

typedef struct expected_reason {
    const char *code, *culprit;
} expected_reason;

typedef struct expected_number {
    bool compared, there;
    double value;
} expected_number;

/* Lists end with an element of zeros; an enum of -1 is not compared. */
typedef struct golden_case {
    const char *name, *model, *bundle, *json;
    const given_value *given;
    dunlin_status status;
    const char *code, *feature;
    int verdict, answered_by;
    bool compare_class;
    const char *class_name;
    expected_number probability, confidence, distance;
    const expected_output *outputs;
    bool compare_outputs;
    const expected_reason *reasons;
    double tolerance;
} golden_case;

typedef struct install_case {
    const char *name;
    const char *const *before;
    const char *bundle;
    bool shipped;
    dunlin_status status;
    const char *code, *feature;
    int outcome;
    const char *model_id, *version, *signer;
    uint64_t sequence;
    const char *active;
} install_case;

#include "cases.h"

static const char *current = "";

#define RIGHT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) fprintf(stderr, "in %s:\n", current);                                    \
        CHECK(condition);                                                                          \
    } while (0)

static void set(dunlin_record record, const given_value *given) {
    const uint8_t *bytes = (const uint8_t *)given->text;
    /* A set that fails is remembered by the record, and told by predict. */
    if (strcmp(given->kind, "number") == 0) {
        dunlin_record_set_number(record, given->feature, given->number, NULL);
    } else if (strcmp(given->kind, "integer") == 0) {
        dunlin_record_set_integer(record, given->feature, given->integer, NULL);
    } else if (strcmp(given->kind, "boolean") == 0) {
        dunlin_record_set_boolean(record, given->feature, (int32_t)given->integer, NULL);
    } else if (strcmp(given->kind, "category") == 0) {
        dunlin_record_set_category(record, given->feature, given->text, NULL);
    } else if (strcmp(given->kind, "text") == 0) {
        dunlin_record_set_text(record, given->feature, given->text, given->length, NULL);
    } else {
        RIGHT(strcmp(given->kind, "tensor") == 0);
        dunlin_record_set_tensor(record, given->feature, bytes, given->length, NULL);
    }
}

static void is_near(const expected_number *expected, double found, double tolerance) {
    if (!expected->compared) return;
    RIGHT(expected->there ? fabs(found - expected->value) <= tolerance : isnan(found));
}

static void the_outputs_are_right(const golden_case *it, dunlin_session session, const dunlin_answer *answer, const float *values) {
    size_t count = 0;
    for (const expected_output *expected = it->outputs; expected->name; expected++, count++) {
        dunlin_output output = {.count = 0};
        for (size_t i = 0; i < answer->output_count && strcmp(output.name, expected->name) != 0; i++)
            OK(dunlin_session_output(session, i, &output, &error));
        RIGHT(strcmp(output.name, expected->name) == 0 && output.count == expected->count);
        for (size_t i = 0; i < expected->count; i++)
            RIGHT(fabs((double)values[output.offset + i] - expected->values[i]) <= it->tolerance);
    }
    RIGHT(answer->output_count == count);
}

static void the_reasons_are_right(const golden_case *it, dunlin_session session, const dunlin_answer *answer) {
    size_t count = 0;
    for (const expected_reason *expected = it->reasons; expected->code; expected++, count++) {
        dunlin_reason reason;
        RIGHT(dunlin_session_reason(session, count, &reason, &error) == DUNLIN_STATUS_OK);
        RIGHT(strcmp(reason.code, expected->code) == 0 && strcmp(reason.culprit, expected->culprit) == 0);
    }
    RIGHT(answer->reason_count == count);
}

static void the_answer_is_right(const golden_case *it, dunlin_session session, const dunlin_answer *answer, const float *values) {
    char name[DUNLIN_NAME_SIZE];
    RIGHT(it->verdict < 0 || (int)answer->verdict == it->verdict);
    RIGHT(it->answered_by < 0 || (int)answer->answered_by == it->answered_by);
    if (it->compare_class && it->class_name) {
        OK(dunlin_session_class_name(session, answer->class_output, answer->class_index, name, sizeof name, NULL, &error));
        RIGHT(strcmp(name, it->class_name) == 0);
    } else if (it->compare_class) {
        RIGHT(answer->class_index == -1);
    }
    is_near(&it->probability, answer->probability, it->tolerance);
    is_near(&it->confidence, answer->confidence, it->tolerance);
    is_near(&it->distance, answer->distance, it->tolerance);
    if (it->compare_outputs) the_outputs_are_right(it, session, answer, values);
    the_reasons_are_right(it, session, answer);
}

static void answer_case(const golden_case *it, dunlin_session session) {
    dunlin_record record;
    dunlin_answer answer;
    float values[64];

    current = it->name;
    OK(dunlin_record_new(session, &record, &error));
    if (it->json) dunlin_record_set_json(record, it->json, strlen(it->json), NULL);
    for (const given_value *given = it->given; given->kind; given++) set(record, given);
    RIGHT(dunlin_session_predict(session, record, &answer, values, 64, &error) == it->status);
    if (it->status == DUNLIN_STATUS_OK) {
        the_answer_is_right(it, session, &answer, values);
    } else {
        RIGHT(strcmp(error.code, it->code) == 0);
        RIGHT(strcmp(error.culprit, it->feature ? it->feature : "") == 0);
    }
    OK(dunlin_record_free(record, &error));
}

static dunlin_runtime in_folder(const char *name) {
    static char place[4096];
    static dunlin_key keys[8];
    dunlin_config config = trusting();
    snprintf(place, sizeof place, "%s/%s", folder, name);
    config.folder = place;
    config.keys = keys;
    config.key_count = 0;
    for (const expected_key *key = key_files; key->name; key++)
        keys[config.key_count++] = (dunlin_key){key->name, text_of(fixture(key->file))};
    return opened(&config);
}

static void install(const install_case *it) {
    dunlin_install_report report;
    dunlin_session session;
    dunlin_session_info info;

    current = it->name;
    const dunlin_runtime runtime = in_folder(it->name);
    for (const char *const *before = it->before; *before; before++)
        OK(dunlin_runtime_install_shipped(runtime, fixture(*before), NULL, &error));
    const dunlin_status status = it->shipped
        ? dunlin_runtime_install_shipped(runtime, fixture(it->bundle), &report, &error)
        : dunlin_runtime_install(runtime, fixture(it->bundle), &report, &error);
    RIGHT(status == it->status);
    if (status == DUNLIN_STATUS_OK) {
        RIGHT((int)report.outcome == it->outcome && report.sequence == it->sequence);
        RIGHT(strcmp(report.model_id, it->model_id) == 0 && strcmp(report.version, it->version) == 0);
        RIGHT(strcmp(report.signer, it->signer) == 0);
    } else {
        RIGHT(strcmp(error.code, it->code) == 0);
    }
    if (it->active) {
        OK(dunlin_session_open(runtime, "tiny", &session, &error));
        OK(dunlin_session_describe(session, &info, &error));
        RIGHT(strcmp(info.model_version, it->active) == 0);
    } else {
        EXPECT(DUNLIN_STATUS_NOT_INSTALLED, dunlin_session_open(runtime, "tiny", &session, &error));
    }
    OK(dunlin_runtime_close(runtime, &error));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const dunlin_runtime runtime = in_folder("cases");
    const size_t case_count = sizeof cases / sizeof *cases, install_count = sizeof installs / sizeof *installs;
    for (size_t i = 0; i < case_count; i++) {
        const dunlin_session session = session_of(runtime, cases[i].bundle, cases[i].model);
        answer_case(&cases[i], session);
        OK(dunlin_session_close(session, &error));
    }
    OK(dunlin_runtime_close(runtime, &error));
    for (size_t i = 0; i < install_count; i++) install(&installs[i]);
    printf("%zu cases and %zu installs\n", case_count, install_count);
    return 0;
}
