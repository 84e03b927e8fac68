/* What a caller is told of an answer, and that it is remembered. */
#include "support.h"
#include <math.h>

static void the_answer_is_told_whole(dunlin_session session, dunlin_record record) {
    dunlin_answer answer;
    dunlin_output output;
    dunlin_reason reason;
    float values[10], again[10];
    char name[16];
    size_t needed = 0;

    OK(dunlin_session_predict(session, record, &answer, values, 10, &error));
    CHECK(answer.id > 0 && answer.verdict == DUNLIN_VERDICT_ACCEPT);
    CHECK(answer.answered_by == DUNLIN_ANSWERED_BY_MODEL && answer.class_index == 8 && answer.class_output == 0);
    CHECK(answer.probability > 0.5 && answer.probability == (double)values[8]);
    CHECK(answer.confidence == answer.probability && answer.distance >= 0 && !isnan(answer.distance));
    CHECK(answer.output_count == 1 && answer.values_count == 10 && answer.reason_count == 0);
    CHECK(!answer.stale && !answer.has_fallback);

    OK(dunlin_session_output(session, 0, &output, &error));
    CHECK(strcmp(output.name, "probabilities") == 0 && output.offset == 0 && output.count == 10);
    CHECK(output.class_index == 8 && output.probability == answer.probability);
    EXPECT(DUNLIN_STATUS_INVALID_ARGUMENT, dunlin_session_output(session, 1, &output, &error));
    EXPECT(DUNLIN_STATUS_INVALID_ARGUMENT, dunlin_session_reason(session, 0, &reason, &error));

    OK(dunlin_session_class_name(session, 0, 8, name, sizeof name, &needed, &error));
    CHECK(strcmp(name, "8") == 0 && needed == 2);
    OK(dunlin_session_values(session, again, 10, &needed, &error));
    CHECK(needed == 10 && memcmp(values, again, sizeof values) == 0);
}

static void a_lent_tensor_gives_the_same_answer(dunlin_session session, dunlin_record record) {
    const dunlin_tensor tensor = {"image", (const uint8_t *)digit, sizeof digit};
    float copied[10], lent[10];
    dunlin_record empty;
    dunlin_answer answer;

    OK(dunlin_session_predict(session, record, &answer, copied, 10, &error));
    OK(dunlin_record_new(session, &empty, &error));
    OK(dunlin_session_predict_with(session, NULL, empty, &tensor, 1, &answer, lent, 10, &error));
    CHECK(memcmp(copied, lent, sizeof copied) == 0);
    /* It was lent for one call. */
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_session_predict(session, empty, &answer, NULL, 0, &error));
    CODE("missing");
    CULPRIT("image");
    OK(dunlin_record_free(empty, &error));
}

static void json_and_bytes_make_the_same_record(dunlin_session session, dunlin_record record) {
    char json[1024] = "{\"image\": [";
    float bytes[10], text[10];
    dunlin_record other;
    dunlin_answer answer;

    for (int row = 0; row < 8; row++) {
        strcat(json, row ? ", [" : "[");
        for (int column = 0; column < 8; column++) {
            char number[16];
            snprintf(number, sizeof number, column ? ", %g" : "%g", (double)digit[8 * row + column]);
            strcat(json, number);
        }
        strcat(json, "]");
    }
    strcat(json, "]}");
    OK(dunlin_record_new(session, &other, &error));
    OK(dunlin_record_set_json(other, json, strlen(json), &error));
    OK(dunlin_session_predict(session, record, &answer, bytes, 10, &error));
    OK(dunlin_session_predict(session, other, &answer, text, 10, &error));
    CHECK(memcmp(bytes, text, sizeof bytes) == 0);
    OK(dunlin_record_free(other, &error));
}

static void an_abstention_has_reasons_and_nobody_may_answer(dunlin_session session) {
    float noise[64];
    dunlin_record record;
    dunlin_answer answer;
    dunlin_reason reason;

    for (int i = 0; i < 64; i++) noise[i] = (float)(i * 7 % 17);
    OK(dunlin_record_new(session, &record, &error));
    OK(dunlin_record_set_tensor(record, "image", (const uint8_t *)noise, sizeof noise, &error));
    OK(dunlin_session_predict(session, record, &answer, NULL, 0, &error));
    CHECK(answer.verdict == DUNLIN_VERDICT_ABSTAIN && answer.reason_count >= 1);
    for (size_t i = 0; i < answer.reason_count; i++) {
        OK(dunlin_session_reason(session, i, &reason, &error));
        CHECK(reason.code[0] && reason.culprit[0] && strlen(reason.message) > 20);
    }
    if (answer.answered_by == DUNLIN_ANSWERED_BY_NOBODY) {
        CHECK(answer.output_count == 0 && answer.values_count == 0 && answer.class_index == -1);
        CHECK(isnan(answer.probability));
    }
    OK(dunlin_record_free(record, &error));
}

static void a_small_buffer_loses_nothing(dunlin_runtime runtime, dunlin_session session, dunlin_record record) {
    float few[9] = {-1, -1, -1, -1, -1, -1, -1, -1, -1};
    float values[10];
    dunlin_answer answer;
    unsigned long before;

    OK(dunlin_runtime_flush(runtime, &error));
    before = counter(runtime, "journal.predictions");
    EXPECT(DUNLIN_STATUS_BUFFER_TOO_SMALL, dunlin_session_predict(session, record, &answer, few, 9, &error));
    CHECK(answer.class_index == 8 && answer.values_count == 10 && few[0] == -1);
    OK(dunlin_session_values(session, values, 10, NULL, &error));
    CHECK((double)values[8] == answer.probability);
    OK(dunlin_runtime_flush(runtime, &error));
    CHECK(counter(runtime, "journal.predictions") == before + 1);
}

static void labels_outcomes_and_people_are_remembered(dunlin_runtime runtime, dunlin_session session, dunlin_record record) {
    dunlin_answer answer;
    uint64_t forgotten = 99;
    const dunlin_scalar text = {.kind = DUNLIN_SCALAR_TEXT, .text = "8"};
    const dunlin_scalar whole = {.kind = DUNLIN_SCALAR_INTEGER, .integer = -3};
    const dunlin_scalar real = {.kind = DUNLIN_SCALAR_NUMBER, .number = 0.5};
    const dunlin_scalar yes = {.kind = DUNLIN_SCALAR_BOOLEAN, .integer = 1};

    OK(dunlin_session_predict_for(session, "anna", record, &answer, NULL, 0, &error));
    OK(dunlin_runtime_label(runtime, answer.id, &text, &error));
    OK(dunlin_runtime_outcome(runtime, answer.id, "waited", &real, &error));
    OK(dunlin_runtime_outcome(runtime, answer.id, "kept", &yes, &error));
    OK(dunlin_runtime_outcome(runtime, answer.id, "score", &whole, &error));
    OK(dunlin_runtime_flush(runtime, &error));
    CHECK(counter(runtime, "journal.labels") == 1 && counter(runtime, "journal.outcomes") == 3);
    OK(dunlin_runtime_forget(runtime, "bela", &forgotten, &error));
    CHECK(forgotten == 0);
    OK(dunlin_runtime_forget(runtime, "anna", &forgotten, &error));
    CHECK(forgotten == 1);
}

static void a_session_says_what_it_takes(dunlin_session session) {
    dunlin_session_info info;
    char schema[8192];
    size_t needed = 0;

    OK(dunlin_session_describe(session, &info, &error));
    CHECK(strcmp(info.model_id, "digits") == 0 && strcmp(info.model_version, "1.0.0") == 0);
    CHECK(strncmp(info.kernel_set, "plan/", 5) == 0 && info.arena_bytes > 0);
    CHECK(info.values_count == 10 && info.feature_count == 1 && info.output_count == 1);
    OK(dunlin_session_schema(session, NULL, 0, &needed, &error));
    CHECK(needed > 100 && needed < sizeof schema);
    OK(dunlin_session_schema(session, schema, needed, NULL, &error));
    CHECK(strlen(schema) + 1 == needed && strstr(schema, "\"image\"") && strstr(schema, "\"TENSOR\""));
}

static void the_runtime_says_how_it_is_and_sleeps(dunlin_runtime runtime, dunlin_session session, dunlin_record record) {
    char health[1 << 14], alarms[1 << 12];
    size_t needed = 0;
    dunlin_answer answer;

    OK(dunlin_runtime_health(runtime, health, sizeof health, &needed, &error));
    CHECK(strlen(health) + 1 == needed && strstr(health, "\"journal\":{\"status\":\"ok\"}"));
    EXPECT(DUNLIN_STATUS_BUFFER_TOO_SMALL, dunlin_runtime_health(runtime, health, 10, &needed, &error));
    OK(dunlin_runtime_alarms(runtime, alarms, sizeof alarms, &needed, &error));
    CHECK(strcmp(alarms, "[]") == 0 && needed == 3);
    OK(dunlin_runtime_tick(runtime, &error));
    OK(dunlin_runtime_suspend(runtime, &error));
    OK(dunlin_session_predict(session, record, &answer, NULL, 0, &error));
    OK(dunlin_runtime_flush(runtime, &error));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const dunlin_config config = trusting();
    dunlin_install_report report;
    const dunlin_runtime runtime = opened(&config);
    OK(dunlin_runtime_install(runtime, fixture("digits-1.0.0.dunlin"), &report, &error));
    CHECK(report.outcome == DUNLIN_INSTALL_OUTCOME_ACTIVATED && report.sequence == 1);
    CHECK(strcmp(report.model_id, "digits") == 0 && strcmp(report.version, "1.0.0") == 0);
    CHECK(strcmp(report.signer, "demo") == 0 && strlen(report.digest) == 64);
    const dunlin_session session = session_of(runtime, "digits-1.0.0.dunlin", "digits");
    const dunlin_record record = record_of(session);

    the_answer_is_told_whole(session, record);
    a_lent_tensor_gives_the_same_answer(session, record);
    json_and_bytes_make_the_same_record(session, record);
    an_abstention_has_reasons_and_nobody_may_answer(session);
    a_small_buffer_loses_nothing(runtime, session, record);
    labels_outcomes_and_people_are_remembered(runtime, session, record);
    a_session_says_what_it_takes(session);
    the_runtime_says_how_it_is_and_sleeps(runtime, session, record);

    OK(dunlin_record_free(record, &error));
    OK(dunlin_session_close(session, &error));
    OK(dunlin_runtime_close(runtime, &error));
    return 0;
}
