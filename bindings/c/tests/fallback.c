/* Asking a larger model elsewhere: what leaves, and what is taken for an answer. */
#include "support.h"

static const char unsure[] =
    "{\"n\": 0.25, \"i\": 3, \"b\": true, \"c\": \"green\", \"t\": \"secret\", \"f\": [[0.25, 0.5], [0.75, 1.0]], \"u\": [1, 2, 3],"
    " \"h\": [0.5, -0.25], \"s\": [-3, 5], \"w\": [-7], \"l\": [40], \"m\": [true, false]}";

static dunlin_answer asked(dunlin_session session, dunlin_record record) {
    dunlin_answer answer;
    OK(dunlin_session_predict(session, record, &answer, NULL, 0, &error));
    CHECK(answer.verdict == DUNLIN_VERDICT_ABSTAIN && answer.answered_by == DUNLIN_ANSWERED_BY_NOBODY);
    CHECK(answer.has_fallback);
    return answer;
}

/* An answer of the Open Inference Protocol: three outputs of one float each. */
static dunlin_response response_with(double side) {
    static char body[512];
    snprintf(body, sizeof body,
             "{\"model_name\": \"every\", \"outputs\": ["
             "{\"name\": \"sum\", \"datatype\": \"FP32\", \"shape\": [1, 1], \"data\": [3.5]},"
             "{\"name\": \"side\", \"datatype\": \"FP32\", \"shape\": [1, 1], \"data\": [%g]},"
             "{\"name\": \"inverse\", \"datatype\": \"FP32\", \"shape\": [1, 1], \"data\": [0.5]}]}",
             side);
    return (dunlin_response){.status = 200, .body = (const uint8_t *)body, .body_length = strlen(body)};
}

static void only_what_may_leave_is_in_the_request(dunlin_session session, dunlin_record record) {
    const dunlin_answer answer = asked(session, record);
    dunlin_fallback request;
    char body[1024] = {0};

    OK(dunlin_session_fallback(session, answer.id, &request, NULL, 0, &error));
    CHECK(request.id == answer.id && strcmp(request.model_id, "every") == 0);
    CHECK(strcmp(request.path, "/v2/models/every/infer") == 0 && request.deadline_ms == 5000);
    CHECK(strcmp(request.content_type, "application/json") == 0 && request.body_length < sizeof body);
    EXPECT(DUNLIN_STATUS_BUFFER_TOO_SMALL,
           dunlin_session_fallback(session, answer.id, &request, (uint8_t *)body, request.body_length - 1, &error));
    CHECK(body[0] == '\0');
    OK(dunlin_session_fallback(session, answer.id, &request, (uint8_t *)body, sizeof body, &error));
    CHECK(strstr(body, "\"n\"") && strstr(body, "green") && !strstr(body, "\"t\"") && !strstr(body, "secret"));
    EXPECT(DUNLIN_STATUS_FALLBACK, dunlin_session_fallback(session, answer.id + 1, &request, NULL, 0, &error));
    CODE("not_waiting");
}

static void an_answer_is_taken_in_once(dunlin_session session, dunlin_record record) {
    const dunlin_answer answer = asked(session, record);
    const dunlin_response came = response_with(0.9);
    dunlin_answer resolved;
    float values[3];
    char name[8];

    OK(dunlin_session_resolve(session, answer.id, &came, &resolved, values, 3, &error));
    CHECK(resolved.id == answer.id && resolved.answered_by == DUNLIN_ANSWERED_BY_CLOUD);
    CHECK(resolved.verdict == DUNLIN_VERDICT_ACCEPT && resolved.values_count == 3 && values[0] == 3.5f);
    CHECK(resolved.class_output == 1 && resolved.class_index == 1 && resolved.confidence > 0.89);
    OK(dunlin_session_class_name(session, resolved.class_output, resolved.class_index, name, sizeof name, NULL, &error));
    CHECK(strcmp(name, "yes") == 0);
    EXPECT(DUNLIN_STATUS_FALLBACK, dunlin_session_resolve(session, answer.id, &came, &resolved, NULL, 0, &error));
    CODE("not_waiting");
}

static void what_is_no_answer_is_told(dunlin_session session, dunlin_record record) {
    const char *portal = "<html>log in</html>";
    const struct {
        dunlin_response response;
        const char *code;
    } refused[] = {
        {{.status = 0}, "no_answer"},
        {{.status = 200, .body = (const uint8_t *)portal, .body_length = strlen(portal)}, "not_the_protocol"},
        {{.status = 401}, "unwelcome"},
        {response_with(0.5), "not_accepted"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        dunlin_answer answer = asked(session, record);
        EXPECT(DUNLIN_STATUS_FALLBACK,
               dunlin_session_resolve(session, answer.id, &refused[i].response, &answer, NULL, 0, &error));
        CODE(refused[i].code);
    }
}

static void old_requests_make_room_for_new_ones(dunlin_session session, dunlin_record record) {
    const dunlin_answer first = asked(session, record);
    dunlin_fallback request;
    for (int i = 0; i < 15; i++) asked(session, record);
    OK(dunlin_session_fallback(session, first.id, &request, NULL, 0, &error));
    asked(session, record);
    EXPECT(DUNLIN_STATUS_FALLBACK, dunlin_session_fallback(session, first.id, &request, NULL, 0, &error));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    dunlin_config config = trusting();
    const dunlin_key key = {"trusted", text_of(fixture("trusted.pub"))};
    /* The bundle keeps t here whatever this says. */
    const char *const features[] = {"n", "i", "b", "c", "t", "f", "u", "h", "s", "w", "l", "m"};
    config.keys = &key;
    config.fallback = 1;
    config.fallback_features = features;
    config.fallback_feature_count = sizeof features / sizeof *features;
    config.fallback_failures = 100;
    const dunlin_runtime runtime = opened(&config);
    const dunlin_session session = session_of(runtime, "every-1.0.0.dunlin", "every");
    dunlin_record record;
    OK(dunlin_record_new(session, &record, &error));
    OK(dunlin_record_set_json(record, unsure, strlen(unsure), &error));

    only_what_may_leave_is_in_the_request(session, record);
    an_answer_is_taken_in_once(session, record);
    what_is_no_answer_is_told(session, record);
    old_requests_make_room_for_new_ones(session, record);

    OK(dunlin_record_free(record, &error));
    OK(dunlin_runtime_close(runtime, &error));
    return 0;
}
