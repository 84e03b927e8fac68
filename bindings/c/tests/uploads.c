/* Uploads, by polling with a small buffer and by a callback. */
#include "support.h"
#include <stdatomic.h>

static void fill_a_window(dunlin_session session, dunlin_record record) {
    dunlin_answer answer;
    for (int i = 0; i < 60; i++) OK(dunlin_session_predict(session, record, &answer, NULL, 0, &error));
}

/* What the receiver answers when the summary is on its disk. */
static const char *acknowledgement(const char *id) {
    static char text[128];
    snprintf(text, sizeof text, "{\"id\": \"%s\", \"receipt\": \"accepted\"}", id);
    return text;
}

static void a_body_is_read_piece_by_piece(dunlin_runtime runtime, const dunlin_upload *upload) {
    uint8_t piece[100], whole[1 << 16];
    size_t copied = 0, total = 0;

    CHECK(upload->body_length > sizeof piece && upload->body_length <= sizeof whole);
    do {
        OK(dunlin_runtime_upload_body(runtime, upload->id, total, piece, sizeof piece, &copied, &error));
        memcpy(whole + total, piece, copied);
        total += copied;
    } while (copied > 0);
    CHECK(total == upload->body_length && whole[0] == 0x1f && whole[1] == 0x8b);
    EXPECT(DUNLIN_STATUS_INVALID_ARGUMENT,
           dunlin_runtime_upload_body(runtime, upload->id, total + 1, piece, sizeof piece, &copied, &error));
    EXPECT(DUNLIN_STATUS_INVALID_ARGUMENT,
           dunlin_runtime_upload_body(runtime, "another", 0, piece, sizeof piece, &copied, &error));
    CODE("not_the_last_upload");
}

static atomic_int told;

/* The journal's own thread may call it. */
static void hear(void *context, uint32_t level, const char *target, const char *message) {
    CHECK(context == &told && level >= DUNLIN_LOG_ERROR && level <= DUNLIN_LOG_INFO);
    CHECK(strncmp(target, "dunlin", 6) == 0);
    if (strstr(message, "not delivered")) told++;
}

static void a_log_sink_hears_until_it_is_taken_away(dunlin_runtime runtime, const char *upload_id) {
    const dunlin_log_sink sink = {&told, hear}, deaf = {&told, NULL};
    const dunlin_response response = {.status = 500};

    EXPECT(DUNLIN_STATUS_INVALID_ARGUMENT, dunlin_set_log_sink(&sink, 6, &error));
    EXPECT(DUNLIN_STATUS_INVALID_ARGUMENT, dunlin_set_log_sink(&deaf, DUNLIN_LOG_INFO, &error));
    OK(dunlin_set_log_sink(&sink, DUNLIN_LOG_INFO, &error));
    OK(dunlin_runtime_report_upload(runtime, upload_id, &response, NULL, &error));
    CHECK(told == 1);
    OK(dunlin_set_log_sink(NULL, DUNLIN_LOG_INFO, &error));
    OK(dunlin_runtime_report_upload(runtime, upload_id, &response, NULL, &error));
    CHECK(told == 1);
    OK(dunlin_runtime_resume_uploads(runtime, &error));
}

static void polling_sends_until_somebody_acknowledges(dunlin_runtime runtime) {
    dunlin_upload upload, again;
    dunlin_reported reported;
    dunlin_response response = {.status = 503, .retry_after = "7"};

    OK(dunlin_runtime_next_upload(runtime, DUNLIN_LINK_UNMETERED, &upload, &error));
    CHECK(upload.next == DUNLIN_NEXT_UPLOAD && strcmp(upload.path, "/v1/summaries") == 0);
    CHECK(strcmp(upload.content_type, "application/cloudevents+json") == 0);
    CHECK(strcmp(upload.content_encoding, "gzip") == 0);
    a_body_is_read_piece_by_piece(runtime, &upload);
    a_log_sink_hears_until_it_is_taken_away(runtime, upload.id);

    OK(dunlin_runtime_report_upload(runtime, upload.id, &response, &reported, &error));
    CHECK(reported.result == DUNLIN_UPLOAD_RESULT_KEPT && reported.wait_ms >= 7000);
    OK(dunlin_runtime_next_upload(runtime, DUNLIN_LINK_UNMETERED, &again, &error));
    CHECK(again.next == DUNLIN_NEXT_WAIT && again.wait_ms > 5000 && again.id[0] == '\0');

    OK(dunlin_runtime_resume_uploads(runtime, &error));
    OK(dunlin_runtime_next_upload(runtime, DUNLIN_LINK_METERED, &again, &error));
    CHECK(again.next == DUNLIN_NEXT_UPLOAD && strcmp(again.id, upload.id) == 0);
    response = (dunlin_response){0}; /* no answer at all */
    OK(dunlin_runtime_report_upload(runtime, again.id, &response, &reported, &error));
    CHECK(reported.result == DUNLIN_UPLOAD_RESULT_KEPT);

    OK(dunlin_runtime_resume_uploads(runtime, &error));
    OK(dunlin_runtime_next_upload(runtime, DUNLIN_LINK_UNMETERED, &again, &error));
    const char *body = acknowledgement(again.id);
    response = (dunlin_response){.status = 200, .body = (const uint8_t *)body, .body_length = strlen(body)};
    OK(dunlin_runtime_report_upload(runtime, again.id, &response, &reported, &error));
    CHECK(reported.result == DUNLIN_UPLOAD_RESULT_ACCEPTED);
    OK(dunlin_runtime_report_upload(runtime, again.id, &response, NULL, &error));
    OK(dunlin_runtime_next_upload(runtime, DUNLIN_LINK_UNMETERED, &again, &error));
    CHECK(again.next == DUNLIN_NEXT_DONE);
}

typedef struct receiver {
    dunlin_runtime runtime;
    int calls;
    bool answers;
} receiver;

static int32_t receive(void *context, const dunlin_request *request, dunlin_response *response) {
    receiver *self = context;
    self->calls++;
    CHECK(strcmp(request->path, "/v1/summaries") == 0 && request->body_length > 0 && request->body[0] == 0x1f);
    CHECK(response->status == 0 && response->body == NULL);
    /* The library may be called from here, but the runtime is in use. */
    CHECK(dunlin_runtime_close(self->runtime, NULL) == DUNLIN_STATUS_BUSY);
    CHECK(dunlin_runtime_health(self->runtime, NULL, 0, NULL, NULL) == DUNLIN_STATUS_OK);
    if (!self->answers) return -5;
    const char *body = acknowledgement(request->id);
    *response = (dunlin_response){.status = 200, .body = (const uint8_t *)body, .body_length = strlen(body)};
    return 0;
}

static void a_callback_sends_all_that_waits(dunlin_runtime runtime) {
    receiver self = {runtime, 0, false};
    const dunlin_transport transport = {.context = &self, .send = receive};
    dunlin_sync_report report;

    OK(dunlin_runtime_sync(runtime, &transport, DUNLIN_LINK_UNMETERED, &report, &error));
    CHECK(self.calls == 1 && report.attempts == 1 && report.accepted == 0 && report.waiting && report.wait_ms > 0);
    CHECK(strstr(report.trouble, "send returned -5"));
    OK(dunlin_runtime_resume_uploads(runtime, &error));
    self.answers = true;
    OK(dunlin_runtime_sync(runtime, &transport, DUNLIN_LINK_UNMETERED, &report, &error));
    CHECK(self.calls == 2 && report.accepted == 1 && !report.waiting && report.trouble[0] == '\0');
    CHECK(counter(runtime, "outbox.accepted") == 2);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    dunlin_config config = trusting();
    config.window_rows = 50;
    const dunlin_runtime runtime = opened(&config);
    const dunlin_session session = session_of(runtime, "digits-1.0.0.dunlin", "digits");
    const dunlin_record record = record_of(session);

    fill_a_window(session, record);
    OK(dunlin_runtime_flush(runtime, &error));
    polling_sends_until_somebody_acknowledges(runtime);
    fill_a_window(session, record);
    OK(dunlin_runtime_flush(runtime, &error));
    a_callback_sends_all_that_waits(runtime);

    OK(dunlin_record_free(record, &error));
    OK(dunlin_runtime_close(runtime, &error));
    return 0;
}
