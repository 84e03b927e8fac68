/* Following the update channel: the lines of docs/sdk-c.md, and callbacks that fetch badly or not at all. */
#include "channel.h"

/* snippet begins */
/* Once a day, say, while the radio is on anyway. */
static dunlin_status follow(dunlin_runtime runtime, dunlin_session session, const dunlin_transport *transport) {
    dunlin_update_report report;
    dunlin_error why;
    dunlin_status status = dunlin_runtime_update(runtime, transport, DUNLIN_LINK_UNMETERED, &report, &why);

    if (status != DUNLIN_STATUS_OK) {
        fprintf(stderr, "%s: %s\n", why.code, why.message); /* the present models answer on */
        return status;
    }
    printf("%zu new, %zu wait, %zu recalled\n", report.installed_count, report.waiting_count, report.recalled_count);
    return dunlin_session_renew(session, NULL, &why); /* from now on the candidate watches */
}
/* snippet ends */

/* What a callback does before it fails or hands out a file. */
typedef struct behaviour {
    dunlin_runtime runtime;
    int32_t code;
    uint32_t status;
    bool too_long, closes;
    unsigned calls;
} behaviour;

static int32_t behave(void *context, const dunlin_fetch *wanted, dunlin_response *response) {
    static uint8_t long_body[1 << 18];
    behaviour *self = context;

    self->calls++;
    CHECK(wanted->max_bytes > 0 && response->status == 0 && response->body == NULL);
    if (self->closes) CHECK(dunlin_runtime_close(self->runtime, NULL) == DUNLIN_STATUS_BUSY);
    if (self->code) return self->code;
    if (self->status) {
        response->status = self->status;
        return 0;
    }
    if (self->too_long) {
        *response = (dunlin_response){.status = 200, .body = long_body, .body_length = sizeof long_body};
        return 0;
    }
    return fetch_file(context, wanted, response);
}

static void a_callback_that_gives_no_answer_changes_nothing(dunlin_runtime runtime) {
    const struct {
        behaviour does;
        const char *code, *word;
    } bad[] = {
        {{.code = 7}, "no_answer", "fetch returned 7"},
        {{.too_long = true}, "no_answer", "262144"},
        {{.status = 503}, "status", "503"},
        {{.status = 99999}, "no_answer", "99999"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        behaviour self = bad[i].does;
        const dunlin_transport transport = {.context = &self, .fetch = behave};
        EXPECT(DUNLIN_STATUS_UPDATE, dunlin_runtime_update(runtime, &transport, DUNLIN_LINK_UNMETERED, NULL, &error));
        CODE(bad[i].code);
        CHECK(strstr(error.message, bad[i].word) && strncmp(error.culprit, "/v1/channel/", 12) == 0 && self.calls == 1);
    }
}

int main(int argc, char **argv) {
    dunlin_session_info info;
    char report[4096];

    begin(argc, argv);
    dunlin_config config = trusting();
    const dunlin_key key = {"trusted", text_of(fixture("trusted.pub"))};
    config.keys = &key;
    follow_channel(&config, "stable");
    const dunlin_runtime runtime = opened(&config);
    const dunlin_session session = session_of(runtime, "tiny-1.0.0.dunlin", "tiny");
    a_callback_that_gives_no_answer_changes_nothing(runtime);
    OK(dunlin_runtime_update_report(runtime, report, sizeof report, NULL, &error));
    CHECK(strcmp(report, "null") == 0);

    behaviour self = {.runtime = runtime, .closes = true};
    const dunlin_transport transport = {.context = &self, .fetch = behave};
    CHECK(follow(runtime, session, &transport) == DUNLIN_STATUS_OK && self.calls > 3);
    OK(dunlin_runtime_update_report(runtime, report, sizeof report, NULL, &error));
    CHECK(strstr(report, "\"outcome\":\"candidate\"") && strstr(report, "\"channel_version\":1"));
    OK(dunlin_runtime_activate(runtime, "tiny", NULL, &error));
    OK(dunlin_session_renew(session, NULL, &error));
    OK(dunlin_session_describe(session, &info, &error));
    CHECK(strcmp(info.model_version, "1.1.0") == 0);
    OK(dunlin_runtime_close(runtime, &error));
    return 0;
}
