/* A session or record that two threads use at once serves one of them and tells the other so at once. */
#include "support.h"
#include <pthread.h>
#include <stdatomic.h>

enum { ENOUGH = 20, LIMIT = 20000 };

static dunlin_session shared_session;
static dunlin_runtime runtime;
static dunlin_record records[2], shared_record;
static atomic_int answered, busy, other;

/* Predicts until both kinds of status were seen often enough, or for too long. */
static void *predict(void *argument) {
    const dunlin_record record = *(const dunlin_record *)argument;
    dunlin_answer answer;
    for (int i = 0; i < LIMIT && (answered < ENOUGH || busy < ENOUGH); i++) {
        const dunlin_status status = dunlin_session_predict(shared_session, record, &answer, NULL, 0, NULL);
        if (status == DUNLIN_STATUS_OK && answer.class_index == 8) {
            answered++;
        } else if (status == DUNLIN_STATUS_BUSY) {
            busy++;
        } else {
            other++;
        }
    }
    return NULL;
}

static void race(dunlin_record *first, dunlin_record *second) {
    pthread_t threads[2];
    answered = busy = other = 0;
    CHECK(pthread_create(&threads[0], NULL, predict, first) == 0);
    CHECK(pthread_create(&threads[1], NULL, predict, second) == 0);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    CHECK(other == 0 && answered >= ENOUGH && busy >= ENOUGH);
}

static void *predict_alone(void *argument) {
    const dunlin_session session = *(const dunlin_session *)argument;
    const dunlin_record record = record_of(session);
    dunlin_answer answer;
    for (int i = 0; i < 50; i++) {
        if (dunlin_session_predict(session, record, &answer, NULL, 0, NULL) != DUNLIN_STATUS_OK) other++;
    }
    dunlin_record_free(record, NULL);
    return NULL;
}

static void sessions_of_their_own_do_not_meet(void) {
    pthread_t threads[2];
    dunlin_session sessions[2];
    other = 0;
    for (int i = 0; i < 2; i++) OK(dunlin_session_open(runtime, "digits", &sessions[i], &error));
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, predict_alone, &sessions[i]) == 0);
    for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
    CHECK(other == 0);
}

static atomic_bool stop;

static void *close_again_and_again(void *argument) {
    (void)argument;
    while (!stop) {
        if (dunlin_runtime_close(runtime, NULL) == DUNLIN_STATUS_OK) stop = true;
    }
    return NULL;
}

/* Whoever predicts meanwhile gets an answer, or is told that the session is closed. */
static void closing_waits_for_nobody_and_breaks_nobody(void) {
    pthread_t closer;
    dunlin_answer answer;
    dunlin_status status = DUNLIN_STATUS_OK;
    CHECK(pthread_create(&closer, NULL, close_again_and_again, NULL) == 0);
    while (!stop || status != DUNLIN_STATUS_CLOSED) {
        status = dunlin_session_predict(shared_session, records[0], &answer, NULL, 0, NULL);
        CHECK(status == DUNLIN_STATUS_OK || status == DUNLIN_STATUS_CLOSED);
    }
    pthread_join(closer, NULL);
    EXPECT(DUNLIN_STATUS_CLOSED, dunlin_runtime_flush(runtime, &error));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    dunlin_config config = trusting();
    config.durability = DUNLIN_DURABILITY_SYNC; /* predictions take long enough to meet */
    runtime = opened(&config);
    shared_session = session_of(runtime, "digits-1.0.0.dunlin", "digits");
    records[0] = record_of(shared_session);
    records[1] = record_of(shared_session);
    shared_record = record_of(shared_session);

    race(&records[0], &records[1]);
    race(&shared_record, &shared_record);
    sessions_of_their_own_do_not_meet();
    closing_waits_for_nobody_and_breaks_nobody();

    for (int i = 0; i < 2; i++) OK(dunlin_record_free(records[i], &error));
    OK(dunlin_record_free(shared_record, &error));
    return 0;
}
