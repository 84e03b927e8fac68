/* Many records, and answers computed in advance. */
#include "support.h"

enum { RECORDS = 500 };

static void a_record_of_a_batch_is_answered_as_any_other_and_is_on_the_record(dunlin_runtime runtime, dunlin_session session) {
    const dunlin_record record = record_of(session);
    const unsigned long before = counter(runtime, "journal.predictions");
    dunlin_answer alone, answer;
    float values[10], again[10];
    OK(dunlin_session_predict(session, record, &alone, values, 10, &error));
    for (int i = 0; i < RECORDS; i++) {
        OK(dunlin_session_predict_patiently(session, record, &answer, again, 10, &error));
        CHECK(answer.class_index == alone.class_index && memcmp(values, again, sizeof values) == 0);
    }
    OK(dunlin_runtime_flush(runtime, &error));
    CHECK(counter(runtime, "journal.predictions") - before == RECORDS + 1 && counter(runtime, "journal.dropped_full") == 0);
    OK(dunlin_record_clear(record, &error));
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_session_predict_patiently(session, record, &answer, NULL, 0, &error));
    CULPRIT("image");
    OK(dunlin_record_free(record, &error));
}

static void what_is_computed_in_advance_is_found(dunlin_runtime runtime, dunlin_session session) {
    dunlin_record records[3] = {record_of(session), record_of(session), {0}};
    dunlin_precompute_report report;
    dunlin_session later;
    dunlin_answer answer;
    OK(dunlin_record_new(session, &records[2], &error));
    OK(dunlin_session_precompute(session, records, 3, 100000, &report, &error));
    CHECK(report.records == 3 && report.kept == 1 && report.repeated == 1 && report.refused == 1 && report.bytes > 0);
    OK(dunlin_session_precompute(session, records, 1, 100000, NULL, &error));
    OK(dunlin_session_open(runtime, "digits", &later, &error));
    OK(dunlin_session_predict(later, records[0], &answer, NULL, 0, &error));
    CHECK(answer.answered_by == DUNLIN_ANSWERED_BY_CACHE);
    OK(dunlin_session_close(later, &error));

    EXPECT(DUNLIN_STATUS_INVALID_ARGUMENT, dunlin_session_precompute(session, records, 1, 10, NULL, &error));
    CODE("too_small");
    EXPECT(DUNLIN_STATUS_INVALID_ARGUMENT, dunlin_session_precompute(session, NULL, 1, 100000, NULL, &error));
    for (int i = 0; i < 3; i++) OK(dunlin_record_free(records[i], &error));
    EXPECT(DUNLIN_STATUS_CLOSED, dunlin_session_precompute(session, records, 1, 100000, NULL, &error));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const dunlin_config config = trusting();
    const dunlin_runtime runtime = opened(&config);
    const dunlin_session session = session_of(runtime, "digits-1.0.0.dunlin", "digits");
    a_record_of_a_batch_is_answered_as_any_other_and_is_on_the_record(runtime, session);
    what_is_computed_in_advance_is_found(runtime, session);
    OK(dunlin_session_close(session, &error));
    OK(dunlin_runtime_close(runtime, &error));
    return 0;
}
