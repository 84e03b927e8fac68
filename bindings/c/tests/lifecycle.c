/* What becomes of a model's versions, step by step: lifecycles.h is made from tests/sdk/cases.json. */
#include "channel.h"

typedef struct trial_policy {
    double shadow_share, shadow_cpu;
    uint64_t min_compared;
} trial_policy;

/* Enums of -1 and NULLs are not compared, but for `active` and `stage`. */
typedef struct lifecycle_step {
    const char *act, *bundle, *record;
    unsigned times;
    bool is_metered;
    int outcome;
    const char *update_outcome, *version;
    size_t recalled;
    bool changed;
    int answered_by;
    dunlin_status status;
    const char *code, *culprit;
    const char *answers, *active, *stage;
} lifecycle_step;

typedef struct lifecycle {
    const char *name;
    bool has_chain;
    const uint32_t *chain;
    size_t chain_count;
    const char *admission, *channel;
    const lifecycle_step *steps;
} lifecycle;

#include "lifecycles.h"

static const char *current;
static size_t step_at;

#define RIGHT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) fprintf(stderr, "in %s, step %zu:\n", current, step_at);                 \
        CHECK(condition);                                                                          \
    } while (0)

static dunlin_runtime in_folder(const lifecycle *it) {
    static char place[4096];
    dunlin_config config = trusting();
    const dunlin_key keys[] = {{"trusted", text_of(fixture("trusted.pub"))}};
    const dunlin_fallback_chain chain = {"tiny", it->chain, it->chain_count};
    snprintf(place, sizeof place, "%s/%s", folder, it->name);
    config.folder = place;
    config.keys = keys;
    config.durability = DUNLIN_DURABILITY_SYNC;
    config.trial_shadow_share = trial.shadow_share;
    config.trial_shadow_cpu = trial.shadow_cpu;
    config.trial_min_compared = trial.min_compared;
    config.admission = it->admission;
    if (it->channel) follow_channel(&config, it->channel);
    if (it->has_chain) {
        config.fallback_chains = &chain;
        config.fallback_chain_count = 1;
    }
    return opened(&config);
}

static dunlin_status update(dunlin_runtime runtime, const lifecycle_step *it) {
    static char json[1 << 14];
    char quoted[64];
    dunlin_update_report report;
    const dunlin_transport transport = {.fetch = fetch_file};
    const uint32_t link = it->is_metered ? DUNLIN_LINK_METERED : DUNLIN_LINK_UNMETERED;

    OK(dunlin_runtime_update_report(runtime, json, sizeof json, NULL, &error));
    const dunlin_status status = dunlin_runtime_update(runtime, &transport, link, &report, &error);
    if (status != DUNLIN_STATUS_OK) return status;
    OK(dunlin_runtime_update_report(runtime, json, sizeof json, NULL, &error));
    snprintf(quoted, sizeof quoted, "\"outcome\":\"%s\"", it->update_outcome);
    RIGHT(strstr(json, quoted));
    snprintf(quoted, sizeof quoted, "\"version\":\"%s\"", it->version ? it->version : "");
    RIGHT(!it->version || strstr(json, quoted));
    RIGHT(report.root_version == 1 && report.channel_version == 1 && report.bytes > 0);
    RIGHT(report.recalled_count == it->recalled && report.refused_count == 0);
    RIGHT(report.installed_count == (strcmp(it->update_outcome, "candidate") == 0 || strcmp(it->update_outcome, "activated") == 0));
    RIGHT(report.waiting_count == (strcmp(it->update_outcome, "waiting") == 0));
    return status;
}

static dunlin_status predict(dunlin_session session, const lifecycle_step *it) {
    dunlin_record record;
    dunlin_answer answer;
    dunlin_status status = DUNLIN_STATUS_OK;

    OK(dunlin_record_new(session, &record, &error));
    OK(dunlin_record_set_json(record, it->record, strlen(it->record), &error));
    for (unsigned i = 0; i < it->times && status == DUNLIN_STATUS_OK; i++) {
        status = dunlin_session_predict(session, record, &answer, NULL, 0, &error);
        RIGHT(it->answered_by < 0 || (int)answer.answered_by == it->answered_by);
    }
    CHECK(dunlin_record_free(record, NULL) == DUNLIN_STATUS_OK);
    return status;
}

static dunlin_status act(dunlin_runtime runtime, dunlin_session session, const lifecycle_step *it) {
    dunlin_install_report report;
    dunlin_switch switched;
    bool changed = false;
    dunlin_status status;

    if (strcmp(it->act, "predict") == 0) return predict(session, it);
    if (strcmp(it->act, "update") == 0) return update(runtime, it);
    if (strcmp(it->act, "renew") == 0) {
        status = dunlin_session_renew(session, &changed, &error);
        RIGHT(changed == it->changed);
        return status;
    }
    if (strncmp(it->act, "install", strlen("install")) == 0) {
        status = strcmp(it->act, "install") == 0 ? dunlin_runtime_install(runtime, fixture(it->bundle), &report, &error)
            : strcmp(it->act, "install_shipped") == 0
            ? dunlin_runtime_install_shipped(runtime, fixture(it->bundle), &report, &error)
            : dunlin_runtime_install_candidate(runtime, fixture(it->bundle), &report, &error);
        RIGHT(status != DUNLIN_STATUS_OK || (int)report.outcome == it->outcome);
        return status;
    }
    status = strcmp(it->act, "activate") == 0 ? dunlin_runtime_activate(runtime, "tiny", &switched, &error)
        : strcmp(it->act, "rollback") == 0    ? dunlin_runtime_rollback(runtime, "tiny", &switched, &error)
                                              : dunlin_runtime_reject(runtime, "tiny", &switched, &error);
    RIGHT(status != DUNLIN_STATUS_OK || (it->version && strcmp(switched.version, it->version) == 0));
    return status;
}

static void the_version_is(dunlin_session session, const char *expected) {
    dunlin_session_info info;
    OK(dunlin_session_describe(session, &info, &error));
    RIGHT(strcmp(info.model_version, expected) == 0);
}

static void the_stage_is(dunlin_runtime runtime, const char *expected) {
    static char trials[1 << 16], quoted[64];
    OK(dunlin_runtime_trials(runtime, trials, sizeof trials, NULL, &error));
    snprintf(quoted, sizeof quoted, "\"stage\":\"%s\"", expected ? expected : "");
    RIGHT(expected ? strstr(trials, quoted) != NULL : strcmp(trials, "[]") == 0);
}

static void run(const lifecycle *it) {
    dunlin_session session = {0}, now;

    current = it->name;
    const dunlin_runtime runtime = in_folder(it);
    step_at = 0;
    for (const lifecycle_step *step = it->steps; step->act; step++, step_at++) {
        const dunlin_status status = act(runtime, session, step);
        RIGHT(status == step->status);
        if (step->code) RIGHT(strcmp(error.code, step->code) == 0);
        if (step->active) {
            OK(dunlin_session_open(runtime, "tiny", &now, &error));
            the_version_is(now, step->active);
            if (session.handle == 0) session = now;
            else OK(dunlin_session_close(now, &error));
        } else {
            EXPECT(DUNLIN_STATUS_NOT_INSTALLED, dunlin_session_open(runtime, "tiny", &now, &error));
        }
        the_stage_is(runtime, step->stage);
        if (step->answers) the_version_is(session, step->answers);
    }
    OK(dunlin_runtime_close(runtime, &error));
    EXPECT(DUNLIN_STATUS_CLOSED, dunlin_runtime_trials(runtime, NULL, 0, NULL, &error));
    EXPECT(DUNLIN_STATUS_CLOSED, dunlin_runtime_activate(runtime, "tiny", NULL, &error));
    EXPECT(DUNLIN_STATUS_CLOSED, dunlin_session_renew(session, NULL, &error));
    EXPECT(DUNLIN_STATUS_CLOSED, dunlin_runtime_update_report(runtime, NULL, 0, NULL, &error));
    const dunlin_transport transport = {.fetch = fetch_file};
    EXPECT(DUNLIN_STATUS_CLOSED, dunlin_runtime_update(runtime, &transport, DUNLIN_LINK_UNMETERED, NULL, &error));
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const size_t count = sizeof lifecycles / sizeof *lifecycles;
    for (size_t i = 0; i < count; i++) run(&lifecycles[i]);
    printf("%zu lifecycles\n", count);
    return 0;
}
