/* Whatever a caller does wrong that can be found out is told, and nothing crashes. */
#include "support.h"
#include <math.h>

#define INVALID DUNLIN_STATUS_INVALID_ARGUMENT
#define CLOSED DUNLIN_STATUS_CLOSED

static const char not_utf8[] = "\xc3\x28";

static void every_null_is_told_by_name(dunlin_runtime runtime, dunlin_session session, dunlin_record record) {
    const dunlin_scalar label = {.kind = DUNLIN_SCALAR_TEXT, .text = NULL};
    const dunlin_tensor tensor = {NULL, NULL, 4};
    dunlin_answer answer;
    dunlin_upload upload;
    dunlin_runtime none;
    dunlin_config config = trusting();

    EXPECT(INVALID, dunlin_config_default(NULL, sizeof config, &error));
    CODE("null_pointer");
    CULPRIT("config");
    EXPECT(INVALID, dunlin_runtime_open(NULL, &none, &error));
    EXPECT(INVALID, dunlin_runtime_open(&config, NULL, &error));
    config.folder = NULL;
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CULPRIT("folder");
    config.folder = folder;
    config.keys = NULL;
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CULPRIT("keys");
    EXPECT(INVALID, dunlin_runtime_install(runtime, NULL, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_install_shipped(runtime, NULL, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_label(runtime, 1, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_label(runtime, 1LL << 32, &label, &error));
    CULPRIT("value.text");
    EXPECT(INVALID, dunlin_runtime_outcome(runtime, 1LL << 32, NULL, &label, &error));
    EXPECT(INVALID, dunlin_runtime_forget(runtime, NULL, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_next_upload(runtime, DUNLIN_LINK_UNMETERED, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_upload_body(runtime, "id", 0, NULL, 4, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_report_upload(runtime, NULL, NULL, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_report_upload(runtime, "id", NULL, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_sync(runtime, NULL, DUNLIN_LINK_UNMETERED, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_sync(runtime, &(dunlin_transport){0}, DUNLIN_LINK_UNMETERED, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_update(runtime, NULL, DUNLIN_LINK_UNMETERED, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_update(runtime, &(dunlin_transport){0}, DUNLIN_LINK_UNMETERED, NULL, &error));
    CULPRIT("transport.fetch");
    EXPECT(INVALID, dunlin_runtime_install_candidate(runtime, NULL, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_activate(runtime, NULL, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_rollback(runtime, NULL, NULL, &error));
    EXPECT(INVALID, dunlin_runtime_reject(runtime, NULL, NULL, &error));
    EXPECT(INVALID, dunlin_session_open(runtime, NULL, &session, &error));
    EXPECT(INVALID, dunlin_session_open(runtime, "digits", NULL, &error));
    CHECK(dunlin_runtime_next_upload(runtime, DUNLIN_LINK_UNMETERED, &upload, NULL) == DUNLIN_STATUS_OK);

    dunlin_session open_one = session_of(runtime, "digits-1.0.0.dunlin", "digits");
    EXPECT(INVALID, dunlin_session_describe(open_one, NULL, &error));
    EXPECT(INVALID, dunlin_session_predict(open_one, record, NULL, NULL, 0, &error));
    EXPECT(INVALID, dunlin_session_predict_for(open_one, NULL, record, &answer, NULL, 0, &error));
    EXPECT(INVALID, dunlin_session_predict_with(open_one, NULL, record, NULL, 1, &answer, NULL, 0, &error));
    EXPECT(INVALID, dunlin_session_predict_with(open_one, NULL, record, &tensor, 1, &answer, NULL, 0, &error));
    EXPECT(INVALID, dunlin_session_output(open_one, 0, NULL, &error));
    EXPECT(INVALID, dunlin_session_reason(open_one, 0, NULL, &error));
    EXPECT(INVALID, dunlin_session_fallback(open_one, 1, NULL, NULL, 0, &error));
    EXPECT(INVALID, dunlin_session_resolve(open_one, 1LL << 32, NULL, &answer, NULL, 0, &error));
    EXPECT(INVALID, dunlin_record_new(open_one, NULL, &error));
    OK(dunlin_session_close(open_one, &error));
}

static void handles_that_are_closed_or_invented_are_told(dunlin_runtime runtime) {
    const uint64_t invented[] = {0, 1, 0xdeadbeefcafef00d, UINT64_MAX, runtime.handle ^ 1, runtime.handle + (1ULL << 32)};
    dunlin_answer answer;
    dunlin_upload upload;
    dunlin_session session;
    dunlin_record record = {7};

    for (size_t i = 0; i < sizeof invented / sizeof *invented; i++) {
        const dunlin_runtime no_runtime = {invented[i]};
        const dunlin_session no_session = {invented[i]};
        const dunlin_record no_record = {invented[i]};
        EXPECT(CLOSED, dunlin_runtime_install(no_runtime, "bundle", NULL, &error));
        CODE("closed");
        CULPRIT("runtime");
        EXPECT(CLOSED, dunlin_runtime_health(no_runtime, NULL, 0, NULL, &error));
        EXPECT(CLOSED, dunlin_runtime_flush(no_runtime, &error));
        EXPECT(CLOSED, dunlin_runtime_suspend(no_runtime, &error));
        EXPECT(CLOSED, dunlin_runtime_tick(no_runtime, &error));
        EXPECT(CLOSED, dunlin_runtime_next_upload(no_runtime, DUNLIN_LINK_METERED, &upload, &error));
        EXPECT(CLOSED, dunlin_runtime_close(no_runtime, &error));
        EXPECT(CLOSED, dunlin_session_open(no_runtime, "digits", &session, &error));
        CHECK(session.handle == 0);
        EXPECT(CLOSED, dunlin_session_predict(no_session, no_record, &answer, NULL, 0, &error));
        EXPECT(CLOSED, dunlin_session_close(no_session, &error));
        EXPECT(CLOSED, dunlin_record_new(no_session, &record, &error));
        CHECK(record.handle == 0);
        EXPECT(CLOSED, dunlin_record_set_number(no_record, "age", 1, &error));
        EXPECT(CLOSED, dunlin_record_clear(no_record, &error));
        EXPECT(CLOSED, dunlin_record_free(no_record, &error));
        CHECK(dunlin_record_free(no_record, NULL) == CLOSED);
    }

    session = session_of(runtime, "digits-1.0.0.dunlin", "digits");
    record = record_of(session);
    OK(dunlin_session_close(session, &error));
    EXPECT(CLOSED, dunlin_session_close(session, &error));
    EXPECT(CLOSED, dunlin_session_predict(session, record, &answer, NULL, 0, &error));
    OK(dunlin_record_free(record, &error));
    EXPECT(CLOSED, dunlin_record_free(record, &error));
    EXPECT(CLOSED, dunlin_record_set_number(record, "age", 1, &error));
}

static void texts_and_lengths_are_checked_before_they_are_believed(dunlin_session session, dunlin_record record) {
    dunlin_answer answer;
    const dunlin_tensor lent = {"image", (const uint8_t *)digit, SIZE_MAX};
    const dunlin_tensor many = {"image", (const uint8_t *)digit, sizeof digit + 4};

    EXPECT(INVALID, dunlin_record_set_number(record, not_utf8, 1, &error));
    CODE("not_utf8");
    CULPRIT("feature");
    EXPECT(INVALID, dunlin_record_set_json(record, "{}", SIZE_MAX, &error));
    CODE("too_long");
    EXPECT(INVALID, dunlin_record_set_json(record, not_utf8, 2, &error));
    EXPECT(INVALID, dunlin_record_set_text(record, "image", "a", SIZE_MAX / 2 + 1, &error));
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_record_set_json(record, "[1]", 3, &error));
    CODE("not_an_object");
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_record_set_json(record, NULL, 0, &error));
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_record_set_text(record, "image", not_utf8, 2, &error));
    CODE("wrong_type");
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_record_set_number(record, "imago", 1, &error));
    CODE("unknown_feature");
    CULPRIT("imago");
    /* The bytes are not looked at: there are not so many. */
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_record_set_tensor(record, "image", (const uint8_t *)digit, SIZE_MAX, &error));
    CODE("wrong_elements");
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_record_set_tensor(record, "image", (const uint8_t *)digit, 8, &error));
    OK(dunlin_record_clear(record, &error));
    EXPECT(INVALID, dunlin_session_predict_with(session, NULL, record, &lent, 1, &answer, NULL, 0, &error));
    EXPECT(INVALID, dunlin_session_predict_with(session, NULL, record, &lent, SIZE_MAX / 8, &answer, NULL, 0, &error));
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_session_predict_with(session, NULL, record, &many, 1, &answer, NULL, 0, &error));
    CODE("wrong_elements");
}

static void a_set_that_failed_is_not_overlooked(dunlin_runtime runtime, dunlin_session session, dunlin_record record) {
    dunlin_answer answer;
    float broken[64];
    unsigned long refused;

    OK(dunlin_record_clear(record, &error));
    OK(dunlin_record_set_tensor(record, "image", (const uint8_t *)digit, sizeof digit, &error));
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_record_set_number(record, "brightness", 1, NULL) == DUNLIN_STATUS_RECORD
               ? dunlin_session_predict(session, record, &answer, NULL, 0, &error)
               : DUNLIN_STATUS_OK);
    CODE("unknown_feature");
    CULPRIT("brightness");
    OK(dunlin_record_clear(record, &error));
    memcpy(broken, digit, sizeof digit);
    broken[5] = NAN;
    OK(dunlin_record_set_tensor(record, "image", (const uint8_t *)broken, sizeof broken, &error));
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_session_predict(session, record, &answer, NULL, 0, &error));
    CODE("non_finite");
    CULPRIT("image");
    broken[5] = 17;
    OK(dunlin_record_set_tensor(record, "image", (const uint8_t *)broken, sizeof broken, &error));
    EXPECT(DUNLIN_STATUS_RECORD, dunlin_session_predict(session, record, &answer, NULL, 0, &error));
    CODE("out_of_domain");
    OK(dunlin_runtime_flush(runtime, &error));
    refused = counter(runtime, "journal.refused");
    CHECK(refused >= 3);
}

static void numbers_that_mean_nothing_are_refused(dunlin_runtime runtime, dunlin_session session) {
    dunlin_config config = trusting();
    dunlin_upload upload;
    dunlin_runtime none;
    char name[8];
    const dunlin_scalar strange = {.kind = 77};
    const dunlin_scalar infinite = {.kind = DUNLIN_SCALAR_NUMBER, .number = INFINITY};
    const dunlin_response response = {.status = 99999};

    EXPECT(INVALID, dunlin_config_default(&config, sizeof config - 1, &error));
    CODE("wrong_size");
    config.size = 3;
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CHECK(none.handle == 0);
    config = trusting();
    config.durability = 9;
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CULPRIT("durability");
    config = trusting();
    config.admission = "{\"license\": []}";
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CODE("not_a_policy");
    config = trusting();
    config.fallback_chain_count = 1;
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CULPRIT("fallback_chains");
    const uint32_t strange_step = 3;
    const dunlin_fallback_chain chain = {"digits", &strange_step, 1};
    config.fallback_chains = &chain;
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CULPRIT("fallback_chains.steps");
    config = trusting();
    config.updates_root = (const uint8_t *)"{}";
    config.updates_root_length = 2;
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CULPRIT("updates_channel");
    config.updates_channel = "stable";
    config.updates_over_metered = 2;
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CULPRIT("updates_over_metered");
    EXPECT(INVALID, dunlin_runtime_next_upload(runtime, 2, &upload, &error));
    EXPECT(INVALID, dunlin_runtime_label(runtime, 0, &strange, &error));
    EXPECT(INVALID, dunlin_runtime_label(runtime, -1, &(dunlin_scalar){.kind = DUNLIN_SCALAR_INTEGER}, &error));
    CODE("not_an_id");
    EXPECT(INVALID, dunlin_runtime_label(runtime, 1LL << 32, &infinite, &error));
    CODE("not_finite");
    EXPECT(INVALID, dunlin_runtime_report_upload(runtime, "id", &response, NULL, &error));
    EXPECT(INVALID, dunlin_session_class_name(session, -1, 0, name, sizeof name, NULL, &error));
    EXPECT(INVALID, dunlin_session_class_name(session, 1, 0, name, sizeof name, NULL, &error));
    EXPECT(INVALID, dunlin_session_class_name(session, 0, 10, name, sizeof name, NULL, &error));
    EXPECT(INVALID, dunlin_session_class_name(session, 0, -1, name, sizeof name, NULL, &error));
    EXPECT(DUNLIN_STATUS_BUFFER_TOO_SMALL, dunlin_session_class_name(session, 0, 3, name, 1, NULL, &error));
}

static void a_bundle_or_model_that_cannot_be_used_is_told(dunlin_runtime runtime) {
    dunlin_session session;
    dunlin_config config = trusting();
    dunlin_key key = {"mallory", "RWnonsense"};
    dunlin_runtime none;

    EXPECT(DUNLIN_STATUS_REFUSED, dunlin_runtime_install(runtime, "/no/such/bundle", NULL, &error));
    CODE("unreadable");
    EXPECT(DUNLIN_STATUS_REFUSED, dunlin_runtime_install(runtime, fixture("demo.pub"), NULL, &error));
    EXPECT(DUNLIN_STATUS_NOT_INSTALLED, dunlin_session_open(runtime, "nobody", &session, &error));
    CULPRIT("nobody");
    CHECK(session.handle == 0);
    config.keys = &key;
    EXPECT(INVALID, dunlin_runtime_open(&config, &none, &error));
    CODE("not_a_key");
    CULPRIT("mallory");
}

static void limits_beyond_every_measure_do_no_harm(void) {
    char place[4096];
    dunlin_config config = trusting();
    dunlin_answer answer;

    snprintf(place, sizeof place, "%s/limits", folder);
    config.folder = place;
    config.max_delay_ms = config.max_waiting_rows = config.max_rows = config.max_bytes = UINT64_MAX;
    config.max_age_s = config.window_rows = config.window_s = UINT64_MAX;
    config.fallback = 1;
    config.fallback_deadline_ms = config.fallback_open_for_s = UINT64_MAX;
    config.fallback_requests_a_day = config.fallback_failures = UINT32_MAX;
    const dunlin_runtime runtime = opened(&config);
    const dunlin_session session = session_of(runtime, "digits-1.0.0.dunlin", "digits");
    const dunlin_record record = record_of(session);
    OK(dunlin_session_predict(session, record, &answer, NULL, 0, &error));
    OK(dunlin_runtime_flush(runtime, &error));
    OK(dunlin_runtime_tick(runtime, &error));
    OK(dunlin_record_free(record, &error));
    OK(dunlin_runtime_close(runtime, &error));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const dunlin_config config = trusting();
    const dunlin_runtime runtime = opened(&config);
    const dunlin_session session = session_of(runtime, "digits-1.0.0.dunlin", "digits");
    const dunlin_record record = record_of(session);

    every_null_is_told_by_name(runtime, session, record);
    handles_that_are_closed_or_invented_are_told(runtime);
    texts_and_lengths_are_checked_before_they_are_believed(session, record);
    a_set_that_failed_is_not_overlooked(runtime, session, record);
    numbers_that_mean_nothing_are_refused(runtime, session);
    a_bundle_or_model_that_cannot_be_used_is_told(runtime);
    limits_beyond_every_measure_do_no_harm();

    /* Closing a runtime closes its sessions; records are freed on their own. */
    OK(dunlin_runtime_close(runtime, &error));
    EXPECT(CLOSED, dunlin_runtime_close(runtime, &error));
    EXPECT(CLOSED, dunlin_session_close(session, &error));
    OK(dunlin_record_free(record, &error));
    return 0;
}
