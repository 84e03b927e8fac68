/*
 * Dunlin: an on-device ML runtime that watches itself. This is its C interface.
 *
 * HANDLES     dunlin_runtime, dunlin_session and dunlin_record are numbers in a struct, passed by value. Using one that is
 *             closed, was never given out or is {0} gives DUNLIN_STATUS_CLOSED and does nothing, so closing twice is safe.
 * ERRORS      Every call returns a dunlin_status. The last argument, a dunlin_error of the caller, may be NULL; it is
 *             overwritten by every call and then says what is wrong and what to do. Where a call fails, what its other
 *             pointers lead to is as it was, unless the call says otherwise; handles become {0}.
 * TEXTS       UTF-8 that ends in NUL, unless a length is given. What is not UTF-8 is refused.
 * OWNERSHIP   All memory is the caller's: what goes in is copied or used during the call only, what comes out is written
 *             into the caller's structs and buffers. Pointers that lead nowhere, or to less memory than was said, cannot
 *             be found out.
 * BUFFERS     `capacity` counts elements. With a NULL buffer only the number needed is told; a buffer that is too small is
 *             left alone, and the call gives DUNLIN_STATUS_BUFFER_TOO_SMALL. Texts need one byte more for their NUL.
 * THREADS     Any thread may call anything. Calls on one runtime run side by side. A session or a record is used by one
 *             call at a time: a second one gets DUNLIN_STATUS_BUSY at once, it neither waits nor races. For more
 *             parallelism open more sessions; they share the model's weights.
 * TIME        _us are microseconds, _ms milliseconds, _s seconds; moments count from the Unix epoch.
 * GROWTH      Within one DUNLIN_ABI_VERSION nothing is taken away and no struct that the library writes changes. Compare
 *             dunlin_abi_version() with it at the start.
 */


#ifndef DUNLIN_H
#define DUNLIN_H

/* Made by cbindgen from bindings/c/src/abi; to change it, change that and bless (docs/sdk-c.md). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The interface that this header describes.
#define DUNLIN_ABI_VERSION 2

// Bytes of a code, with its NUL.
#define DUNLIN_CODE_SIZE 48

// Bytes of a name, with its NUL; no name in a bundle is longer.
#define DUNLIN_NAME_SIZE 256

// Bytes of a message, with its NUL.
#define DUNLIN_MESSAGE_SIZE 512

// Rows are written within max_delay_ms, or as soon as max_waiting_rows wait; predict never waits for the disk.
#define DUNLIN_DURABILITY_BATCHED 0

// Each prediction is forced to the disk before predict returns.
#define DUNLIN_DURABILITY_SYNC 1

// May ask the cloud when the chosen class is not probable enough.
#define DUNLIN_ASK_LOW_CONFIDENCE 1

// May ask the cloud when the input lies far from the training sample.
#define DUNLIN_ASK_FAR_FROM_REFERENCE 2

// May ask the cloud when an output lies outside of its range.
#define DUNLIN_ASK_OUT_OF_RANGE 4

// May ask the cloud when an output holds NaN or infinity.
#define DUNLIN_ASK_NON_FINITE 8

// The version before the active one may answer, where the device still has it.
#define DUNLIN_FALLBACK_STEP_PREVIOUS 0

// The bundle's baseline may answer, where it has one.
#define DUNLIN_FALLBACK_STEP_BASELINE 1

// The cloud may be asked, where `fallback` is 1; beside the answer, whatever its place.
#define DUNLIN_FALLBACK_STEP_CLOUD 2

// The value is `text`.
#define DUNLIN_SCALAR_TEXT 1

// The value is `integer`.
#define DUNLIN_SCALAR_INTEGER 2

// The value is `number`.
#define DUNLIN_SCALAR_NUMBER 3

// The value is `integer`: 0 is false, anything else true.
#define DUNLIN_SCALAR_BOOLEAN 4

// A link whose bytes cost nothing.
#define DUNLIN_LINK_UNMETERED 0

// A link whose bytes cost money: a small allowance a day.
#define DUNLIN_LINK_METERED 1

// Nothing.
#define DUNLIN_LOG_OFF 0

// Something failed.
#define DUNLIN_LOG_ERROR 1

// Something is not as it should be.
#define DUNLIN_LOG_WARN 2

// Something that happens seldom.
#define DUNLIN_LOG_INFO 3

// For the developers of firmware.
#define DUNLIN_LOG_DEBUG 4

// For the developers of this library.
#define DUNLIN_LOG_TRACE 5

// How a call went.
typedef enum {
    // As asked.
    DUNLIN_STATUS_OK = 0,
    // The record is refused; `culprit` names the feature. What predict refuses is in the journal.
    DUNLIN_STATUS_RECORD = 1,
    // The bundle, or the change of who answers, is refused; what was active before stays active.
    DUNLIN_STATUS_REFUSED = 2,
    // No model of this name is installed.
    DUNLIN_STATUS_NOT_INSTALLED = 3,
    // The model cannot be loaded, or its engine failed.
    DUNLIN_STATUS_MODEL = 4,
    // The folder or a database in it cannot be used.
    DUNLIN_STATUS_STORAGE = 5,
    // A request of the cloud fallback has no answer that may be used; the answer of predict stands.
    DUNLIN_STATUS_FALLBACK = 6,
    // The handle is closed, or was never given out.
    DUNLIN_STATUS_CLOSED = 7,
    // An argument cannot be used; `culprit` names it.
    DUNLIN_STATUS_INVALID_ARGUMENT = 8,
    // Another call is using the session, the record or the runtime.
    DUNLIN_STATUS_BUSY = 9,
    // An error inside of the library, stopped at its boundary.
    DUNLIN_STATUS_INTERNAL = 10,
    // The buffer is too small; the number needed was told.
    DUNLIN_STATUS_BUFFER_TOO_SMALL = 11,
    // The update channel could not be followed to its end; the present models answer on.
    DUNLIN_STATUS_UPDATE = 12,
} dunlin_status;

// What an installation came to.
typedef enum {
    // The bundle is the active one of its model.
    DUNLIN_INSTALL_OUTCOME_ACTIVATED = 0,
    // It was already, or was the candidate.
    DUNLIN_INSTALL_OUTCOME_ALREADY_INSTALLED = 1,
    // It was already; its copy was damaged and has been replaced.
    DUNLIN_INSTALL_OUTCOME_REPAIRED = 2,
    // A later one was accepted before and stays, or this one was thrown out.
    DUNLIN_INSTALL_OUTCOME_PASSED_OVER = 3,
    // It answers for as long as the runtime is open; the folder cannot be written.
    DUNLIN_INSTALL_OUTCOME_HELD_IN_MEMORY = 4,
    // Something that this version of the interface has no word for.
    DUNLIN_INSTALL_OUTCOME_OTHER = 5,
    // The bundle is the candidate of its model: it watches, and the active one answers.
    DUNLIN_INSTALL_OUTCOME_CANDIDATE = 6,
} dunlin_install_outcome;

// Whether the active model's answer may be used.
typedef enum {
    // Nothing speaks against it.
    DUNLIN_VERDICT_ACCEPT = 0,
    // It should not be used: dunlin_session_reason says why.
    DUNLIN_VERDICT_ABSTAIN = 1,
} dunlin_verdict;

// Whose outputs the answer holds.
typedef enum {
    // The active model.
    DUNLIN_ANSWERED_BY_MODEL = 0,
    // The bundle's baseline: the model abstained.
    DUNLIN_ANSWERED_BY_BASELINE = 1,
    // A larger model elsewhere.
    DUNLIN_ANSWERED_BY_CLOUD = 2,
    // Nobody: there is no answer that could be trusted, and no outputs.
    DUNLIN_ANSWERED_BY_NOBODY = 3,
    // Somebody that this version of the interface has no word for.
    DUNLIN_ANSWERED_BY_OTHER = 4,
    // The version before the active one: the active one abstained.
    DUNLIN_ANSWERED_BY_PREVIOUS = 5,
    // The active model, some time ago: the answer was computed in advance.
    DUNLIN_ANSWERED_BY_CACHE = 6,
} dunlin_answered_by;

// What is to be done about uploads now.
typedef enum {
    // Send this and report what came of it.
    DUNLIN_NEXT_UPLOAD = 0,
    // Something waits, but not before `wait_ms` from now.
    DUNLIN_NEXT_WAIT = 1,
    // Nothing waits.
    DUNLIN_NEXT_DONE = 2,
} dunlin_next;

// What became of an upload.
typedef enum {
    // Delivered.
    DUNLIN_UPLOAD_RESULT_ACCEPTED = 0,
    // The receiver had it already.
    DUNLIN_UPLOAD_RESULT_DUPLICATE = 1,
    // Not delivered; it is sent again, not before `wait_ms`.
    DUNLIN_UPLOAD_RESULT_KEPT = 2,
    // The receiver does not want us (401, 403); nothing is sent before `wait_ms` or dunlin_runtime_resume_uploads.
    DUNLIN_UPLOAD_RESULT_PAUSED = 3,
    // Too large; it is sent again without its histograms.
    DUNLIN_UPLOAD_RESULT_SHED = 4,
    // Refused for good, counted as lost.
    DUNLIN_UPLOAD_RESULT_DROPPED = 5,
    // No such upload waits: it was reported before.
    DUNLIN_UPLOAD_RESULT_UNKNOWN = 6,
    // Something that this version of the interface has no word for.
    DUNLIN_UPLOAD_RESULT_OTHER = 7,
} dunlin_upload_result;

// A public key that signs bundles which may be trusted.
typedef struct {
    // A name for reports and messages.
    const char *name;
    // The text of a minisign .pub file, or its line that starts with RW.
    const char *public_key;
} dunlin_key;

// Who answers where a model abstains, in this order, in place of what its bundle declares.
typedef struct {
    // Name of the model.
    const char *model_id;
    // DUNLIN_FALLBACK_STEP_..., in order.
    const uint32_t *steps;
    // Steps in `steps`; with 0 of them nobody answers.
    size_t step_count;
} dunlin_fallback_chain;

// What the firmware decides. Fill it with dunlin_config_default, then set folder and keys.
typedef struct {
    // sizeof(dunlin_config); dunlin_config_default sets it, so that the struct can grow.
    size_t size;
    // A folder of the runtime's own, made if it is not there. Required.
    const char *folder;
    // The keys that are trusted; without one no bundle is.
    const dunlin_key *keys;
    // Keys in `keys`.
    size_t key_count;
    // DUNLIN_DURABILITY_BATCHED or DUNLIN_DURABILITY_SYNC.
    uint32_t durability;
    // Longest time that a row waits in memory. Batched only.
    uint64_t max_delay_ms;
    // Rows that are written at once when so many wait. Batched only.
    uint64_t max_waiting_rows;
    // Predictions that the journal keeps; the oldest go first.
    uint64_t max_rows;
    // Bytes that the journal may take.
    uint64_t max_bytes;
    // Age at which predictions go.
    uint64_t max_age_s;
    // Records after which a window of the monitor closes.
    uint64_t window_rows;
    // Time after which it closes.
    uint64_t window_s;
    // 1: a prediction may ask a larger model elsewhere. 0, the default: it never does, and the rest does not matter.
    uint32_t fallback;
    // DUNLIN_ASK_ flags: a prediction asks if all of its reasons are among them.
    uint32_t fallback_ask_on;
    // 1: asks also where the baseline answered.
    uint32_t fallback_over_baseline;
    // Names of the features that may leave, of those that the bundle lets leave; NULL for all of those.
    const char *const *fallback_features;
    // Names in `fallback_features`.
    size_t fallback_feature_count;
    // How long an answer is taken.
    uint64_t fallback_deadline_ms;
    // Requests a day.
    uint32_t fallback_requests_a_day;
    // Failures in a row after which nothing is asked for a while.
    uint32_t fallback_failures;
    // For how long.
    uint64_t fallback_open_for_s;
    // Who answers where a model abstains, for the models that are named; NULL: as their bundles declare.
    const dunlin_fallback_chain *fallback_chains;
    // Chains in `fallback_chains`.
    size_t fallback_chain_count;
    // Which bundles are admitted, as a JSON object: banned_features, banned_purposes, required_provenance, licenses,
    // max_memory_bytes; NULL: all.
    const char *admission;
    // A trial: share of the records on which both versions run.
    double trial_shadow_share;
    // CPU time that the second may take, as a share of what the first takes.
    double trial_shadow_cpu;
    // Share of the subjects for whom a candidate answers in canary.
    double trial_canary_share;
    // How often each decision on quality, abstentions or time may be false.
    double trial_alpha;
    // How much worse a new version may be and still be kept, as a difference of accuracies.
    double trial_quality_margin;
    // How much more often it may abstain, or take longer than its budget.
    double trial_behaviour_margin;
    // Records compared before each step to the next stage.
    uint64_t trial_min_compared;
    // Records compared and labelled before quality is decided on.
    uint64_t trial_min_labelled;
    // Answers with NaN or infinity for which it is thrown out.
    uint64_t trial_max_non_finite;
    // Where nothing is labelled, share of the compared records on which both must agree to go on.
    double trial_min_agreement;
    // The update channel's root that ships with the firmware: the bytes of root/N.json; NULL, the default: no updates.
    const uint8_t *updates_root;
    // Bytes of it.
    size_t updates_root_length;
    // Name of the channel, such as stable.
    const char *updates_channel;
    // 1: bundles are fetched over a metered link too.
    uint32_t updates_over_metered;
    // Largest bundle that is fetched, in bytes.
    uint64_t updates_max_bytes;
    // Names of models that the device should have, besides those installed.
    const char *const *updates_models;
    // Names in `updates_models`.
    size_t updates_model_count;
} dunlin_config;

// What is wrong and what to do. Texts that are too long are cut between characters.
typedef struct {
    // The status that the call returned.
    dunlin_status status;
    // A short name for machines, such as out_of_domain; empty when all is well.
    char code[DUNLIN_CODE_SIZE];
    // The feature, output, model, file or argument at fault; empty where it is none.
    char culprit[DUNLIN_NAME_SIZE];
    // For people. It never repeats a value of a record.
    char message[DUNLIN_MESSAGE_SIZE];
} dunlin_error;

// An open folder with its models and its journal.
typedef struct {
    // Not to be looked at.
    uint64_t handle;
} dunlin_runtime;

// A bundle that passed every check.
typedef struct {
    // What it came to.
    dunlin_install_outcome outcome;
    // Version for machines.
    uint64_t sequence;
    // Name of the model, for dunlin_session_open.
    char model_id[DUNLIN_NAME_SIZE];
    // Version for people.
    char version[DUNLIN_NAME_SIZE];
    // SHA-256 of the manifest, in hexadecimal.
    char digest[DUNLIN_NAME_SIZE];
    // Name of the key that signed it.
    char signer[DUNLIN_NAME_SIZE];
} dunlin_install_report;

// Who answers after a change by hand.
typedef struct {
    // Its version for machines.
    uint64_t sequence;
    // Name of the model.
    char model_id[DUNLIN_NAME_SIZE];
    // Version of the bundle that answers in sessions opened from now on.
    char version[DUNLIN_NAME_SIZE];
} dunlin_switch;

// The value of a label or an outcome, such as {.kind = DUNLIN_SCALAR_TEXT, .text = "seven"}.
typedef struct {
    // DUNLIN_SCALAR_..., which says what field counts.
    uint32_t kind;
    // A whole number, or a boolean.
    int64_t integer;
    // A finite number.
    double number;
    // A text, a class name for example.
    const char *text;
} dunlin_scalar;

// One caller's way to answers from one version of a model.
typedef struct {
    // Not to be looked at.
    uint64_t handle;
} dunlin_session;

// What a session runs and takes, to budget for.
typedef struct {
    // Name of the model.
    char model_id[DUNLIN_NAME_SIZE];
    // Version of the model that answers now.
    char model_version[DUNLIN_NAME_SIZE];
    // The kernels that run, such as plan/aarch64+dotprod/int8.
    char kernel_set[DUNLIN_NAME_SIZE];
    // Bytes of the arenas that this session alone owns, its baseline's included; 0 where the engine does not plan.
    size_t arena_bytes;
    // Floats of a whole answer, all outputs together.
    size_t values_count;
    // Features of a record.
    size_t feature_count;
    // Outputs of an answer.
    size_t output_count;
} dunlin_session_info;

// A record of one model version's schema. It may be used again and again, also by other sessions of that version.
typedef struct {
    // Not to be looked at.
    uint64_t handle;
} dunlin_record;

// An answer on the record.
typedef struct {
    // Names the prediction for ever: labels and outcomes refer to it.
    int64_t id;
    // The guard's verdict on the active model's answer.
    dunlin_verdict verdict;
    // Whose outputs these are.
    dunlin_answered_by answered_by;
    // The chosen class of the first classification; -1 without one.
    int32_t class_index;
    // The output that it is of; -1 without one.
    int32_t class_output;
    // Probability of that class; NaN without one.
    double probability;
    // The active model's own confidence; NaN without one.
    double confidence;
    // Distance of the record from the training sample, in robust spreads; NaN where it is not measured.
    double distance;
    // From record to answer.
    uint64_t latency_us;
    // Outputs that the answer has: those of the schema, or 0 where nobody answered.
    size_t output_count;
    // Floats of all outputs: as many as the buffer of values needs.
    size_t values_count;
    // Reasons against the answer.
    size_t reason_count;
    // The model is older than its bundle says it should be.
    bool stale;
    // The prediction asks a larger model elsewhere: see dunlin_session_fallback.
    bool has_fallback;
} dunlin_answer;

// Elements of a tensor feature that stay where they are: little-endian, row-major, of the schema's dtype.
typedef struct {
    // The feature.
    const char *feature;
    // Its elements.
    const uint8_t *bytes;
    // Bytes of them.
    size_t length;
} dunlin_tensor;

// What was computed in advance.
typedef struct {
    // Records given.
    uint64_t records;
    // Answers kept.
    uint64_t kept;
    // Records that came before.
    uint64_t repeated;
    // Answers that the guard did not accept: such a record is answered as it comes.
    uint64_t not_accepted;
    // Records that the schema refused.
    uint64_t refused;
    // Accepted answers for which there was no room any more.
    uint64_t left_out;
    // Bytes of the file, and of memory in every process that has the model loaded.
    uint64_t bytes;
} dunlin_precompute_report;

// One output of the last answer.
typedef struct {
    // Its name.
    char name[DUNLIN_NAME_SIZE];
    // Where its floats begin among the values.
    size_t offset;
    // Its floats, row-major.
    size_t count;
    // The chosen class of a classification; else -1.
    int32_t class_index;
    // Its probability; else NaN.
    double probability;
} dunlin_output;

// One reason against the last answer.
typedef struct {
    // low_confidence, far_from_reference, out_of_range or non_finite.
    char code[DUNLIN_CODE_SIZE];
    // The output or feature at fault.
    char culprit[DUNLIN_NAME_SIZE];
    // A sentence.
    char message[DUNLIN_MESSAGE_SIZE];
} dunlin_reason;

// A request to a larger model: POST the body to the service's address and this path.
typedef struct {
    // The prediction that it is for.
    int64_t id;
    // Name of the model asked.
    char model_id[DUNLIN_NAME_SIZE];
    // Path below the service's address.
    char path[DUNLIN_NAME_SIZE];
    // Value of Content-Type.
    char content_type[DUNLIN_CODE_SIZE];
    // How long an answer is taken, from the moment that predict returned.
    uint64_t deadline_ms;
    // Bytes of the body.
    size_t body_length;
} dunlin_fallback;

// What came back for a request.
typedef struct {
    // Status of HTTP; 0 where there was no whole answer. Redirects are not to be followed.
    uint32_t status;
    // Value of Retry-After as it stands, or NULL.
    const char *retry_after;
    // The body, or NULL. Of an upload's answer the first 64 KiB count.
    const uint8_t *body;
    // Bytes of it.
    size_t body_length;
} dunlin_response;

// One request: POST the body to the receiver's address and this path, with these headers.
typedef struct {
    // Whether there is one; if not, all but `wait_ms` is empty.
    dunlin_next next;
    // How long to wait, for DUNLIN_NEXT_WAIT.
    uint64_t wait_ms;
    // Names the upload; to be given back with the report.
    char id[DUNLIN_CODE_SIZE];
    // Path below the receiver's address.
    char path[DUNLIN_NAME_SIZE];
    // Value of Content-Type.
    char content_type[DUNLIN_CODE_SIZE];
    // Value of Content-Encoding.
    char content_encoding[DUNLIN_CODE_SIZE];
    // Bytes of the body: see dunlin_runtime_upload_body.
    size_t body_length;
} dunlin_upload;

// What became of an upload, and how long to wait.
typedef struct {
    // What became of it.
    dunlin_upload_result result;
    // How long to wait, where that is said.
    uint64_t wait_ms;
} dunlin_reported;

// One request, lent to a transport's `send` for the call.
typedef struct {
    // Names the upload.
    const char *id;
    // Path below the receiver's address.
    const char *path;
    // Value of Content-Type.
    const char *content_type;
    // Value of Content-Encoding.
    const char *content_encoding;
    // The body.
    const uint8_t *body;
    // Bytes of it.
    size_t body_length;
} dunlin_request;

// One request, lent to a transport's `fetch` for the call: GET the server's address and this path.
typedef struct {
    // Path below the server's address.
    const char *path;
    // Value of the header Range, or NULL.
    const char *range;
    // Longest answer that is wanted, in bytes: a longer one is no answer.
    uint64_t max_bytes;
} dunlin_fetch;

// How the firmware sends requests. Begin with {0}, so that what is not set is NULL.
typedef struct {
    // Given to `send` and `fetch` as it is.
    void *context;
    // Sends one request, without a retry, and fills the response, which starts as zeros; what that points to must last
    // until `send` is called again or dunlin_runtime_sync returns. Returns 0 where there was a whole answer. It may call
    // this library, must not close the runtime (DUNLIN_STATUS_BUSY), and must return: no longjmp, no exception.
    int32_t (*send)(void *context, const dunlin_request *request, dunlin_response *response);
    // Fetches one file of the update channel, or a part of one; otherwise as `send`. NULL: dunlin_runtime_update is refused.
    int32_t (*fetch)(void *context, const dunlin_fetch *fetch, dunlin_response *response);
} dunlin_transport;

// What a sync did.
typedef struct {
    // Requests sent.
    uint64_t attempts;
    // Uploads delivered.
    uint64_t accepted;
    // Something still waits, not to be sent before `wait_ms`.
    bool waiting;
    // How long to wait.
    uint64_t wait_ms;
    // Why the last attempt that was not delivered was not; empty where all were.
    char trouble[DUNLIN_MESSAGE_SIZE];
} dunlin_sync_report;

// What an update did: dunlin_runtime_update_report tells it of each model.
typedef struct {
    // Version of the root that is believed.
    uint64_t root_version;
    // Version of the channel.
    uint64_t channel_version;
    // Bytes of the answers, metadata included.
    uint64_t bytes;
    // Models of which a release was installed, as the candidate or the active bundle.
    size_t installed_count;
    // Models of which a release waits for another link, or a larger budget.
    size_t waiting_count;
    // Models of which a release was fetched, and is not taken here.
    size_t refused_count;
    // Bundles that were recalled and are gone.
    size_t recalled_count;
} dunlin_update_report;

// Where log records go.
typedef struct {
    // Given to `log` as it is.
    void *context;
    // Takes one record: its DUNLIN_LOG_ level, the part that speaks, and a message without any value of a user, both lent
    // for the call. Any thread may call it, several at once. It must not call this library, and must return.
    void (*log)(void *context, uint32_t level, const char *target, const char *message);
} dunlin_log_sink;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The interface that the library has: compare it with DUNLIN_ABI_VERSION.
uint32_t dunlin_abi_version(void);

// The library's version, for people: a text that is never freed.
const char *dunlin_version(void);

// Fills a config with what most devices want; `size` is sizeof(dunlin_config).
dunlin_status dunlin_config_default(dunlin_config *config, size_t size, dunlin_error *error);

// Opens a folder, making it where it is not there. A folder that cannot be read or written is no error: such a runtime
// still answers, and dunlin_runtime_health says what is wrong. Close it with dunlin_runtime_close.
dunlin_status dunlin_runtime_open(const dunlin_config *config,
                                  dunlin_runtime *runtime,
                                  dunlin_error *error);

// Deletes every prediction made for a person and tells how many there were; `forgotten` may be NULL.
dunlin_status dunlin_runtime_forget(dunlin_runtime runtime,
                                    const char *subject,
                                    uint64_t *forgotten,
                                    dunlin_error *error);

// Writes, as JSON, what works, what does not, since when, what to do, all counters, and the models installed. It may
// have grown between two calls: ask again where a buffer was too small.
dunlin_status dunlin_runtime_health(dunlin_runtime runtime,
                                    char *buffer,
                                    size_t capacity,
                                    size_t *needed,
                                    dunlin_error *error);

// Writes the open alarms as a JSON array, oldest first: what is the matter, how sure that is and what to do in words, and
// the figures. It may have grown between two calls, as health may.
dunlin_status dunlin_runtime_alarms(dunlin_runtime runtime,
                                    char *buffer,
                                    size_t capacity,
                                    size_t *needed,
                                    dunlin_error *error);

// Does what is due by the clock: closes windows whose time has come. To be called now and then, and before uploading.
dunlin_status dunlin_runtime_tick(dunlin_runtime runtime,
                                  dunlin_error *error);

// Writes everything so far and forces it to the disk.
dunlin_status dunlin_runtime_flush(dunlin_runtime runtime, dunlin_error *error);

// Writes everything and gives the folder's lock back, before the device sleeps. The next prediction takes it again.
dunlin_status dunlin_runtime_suspend(dunlin_runtime runtime,
                                     dunlin_error *error);

// Closes the sessions of a runtime, writes everything and closes the folder. DUNLIN_STATUS_BUSY while another thread is
// in a call with it or with one of its sessions: the runtime is open then, but idle sessions may be closed already.
// DUNLIN_STATUS_STORAGE where it is closed, but not everything could be written. Records are freed on their own.
dunlin_status dunlin_runtime_close(dunlin_runtime runtime,
                                   dunlin_error *error);

// Installs a bundle from outside after every check: signature, hashes, limits, sequence, and its golden set on this
// device. Sessions opened from now on answer with it. `report` may be NULL.
dunlin_status dunlin_runtime_install(dunlin_runtime runtime,
                                     const char *path,
                                     dunlin_install_report *report,
                                     dunlin_error *error);

// Installs the bundle that the firmware ships with; to be called at every start. One that is older than what was ever
// accepted is passed over. `report` may be NULL.
dunlin_status dunlin_runtime_install_shipped(dunlin_runtime runtime,
                                             const char *path,
                                             dunlin_install_report *report,
                                             dunlin_error *error);

// Installs a bundle to be tried: after every check it becomes the candidate of its model, and watches in sessions opened from
// now on; what they see decides on it. The first bundle of a model becomes the active one. `report` may be NULL.
dunlin_status dunlin_runtime_install_candidate(dunlin_runtime runtime,
                                               const char *path,
                                               dunlin_install_report *report,
                                               dunlin_error *error);

// Makes a model's candidate the active one by hand; its trial goes on with the roles exchanged. DUNLIN_STATUS_REFUSED
// (no_candidate) where there is none. `switched` may be NULL.
dunlin_status dunlin_runtime_activate(dunlin_runtime runtime,
                                      const char *model_id,
                                      dunlin_switch *switched,
                                      dunlin_error *error);

// Throws a model's active version out by hand: the previous one answers from now on, also in sessions that are open, and
// neither that sequence nor a lower one is taken again here. DUNLIN_STATUS_REFUSED (no_previous) where there is none.
// `switched` may be NULL.
dunlin_status dunlin_runtime_rollback(dunlin_runtime runtime,
                                      const char *model_id,
                                      dunlin_switch *switched,
                                      dunlin_error *error);

// Throws a model's candidate out by hand. DUNLIN_STATUS_REFUSED (no_candidate) where there is none. `switched`, which may be
// NULL, tells who answers as before.
dunlin_status dunlin_runtime_reject(dunlin_runtime runtime,
                                    const char *model_id,
                                    dunlin_switch *switched,
                                    dunlin_error *error);

// Writes how the trials stand that are on, as a JSON array: model, both versions, stage, since when, what is to become of it
// and why, and the figures. It may have grown between two calls, as health may.
dunlin_status dunlin_runtime_trials(dunlin_runtime runtime,
                                    char *buffer,
                                    size_t capacity,
                                    size_t *needed,
                                    dunlin_error *error);

// Says what was right. The last label of a prediction stands.
dunlin_status dunlin_runtime_label(dunlin_runtime runtime,
                                   int64_t prediction_id,
                                   const dunlin_scalar *value,
                                   dunlin_error *error);

// Says what came of a prediction, under a name of the firmware's choosing. The last value of a name stands.
dunlin_status dunlin_runtime_outcome(dunlin_runtime runtime,
                                     int64_t prediction_id,
                                     const char *name,
                                     const dunlin_scalar *value,
                                     dunlin_error *error);

// Opens a session of a model's active version; it finishes on that version, unless that is thrown out, or the session renewed.
// Close it with dunlin_session_close, or with its runtime.
dunlin_status dunlin_session_open(dunlin_runtime runtime,
                                  const char *model_id,
                                  dunlin_session *session,
                                  dunlin_error *error);

// Takes the version that is active now, and the trial that is on now; records and outputs stay those that the session was opened
// with. `renewed`, which may be NULL, is false where nothing has changed. DUNLIN_STATUS_MODEL (other_records) where the version
// cannot take such records: open another session then; this one goes on with what it had. To be called between records where
// a session lives for days.
dunlin_status dunlin_session_renew(dunlin_session session,
                                   bool *renewed,
                                   dunlin_error *error);

// Closes a session; DUNLIN_STATUS_BUSY, and nothing closed, while another thread is in a call with it.
dunlin_status dunlin_session_close(dunlin_session session,
                                   dunlin_error *error);

// Tells what a session runs and takes.
dunlin_status dunlin_session_describe(dunlin_session session,
                                      dunlin_session_info *info,
                                      dunlin_error *error);

// Writes the schema as JSON: features with their types, dtypes, shapes and domains, and outputs with their classes.
dunlin_status dunlin_session_schema(dunlin_session session,
                                    char *buffer,
                                    size_t capacity,
                                    size_t *needed,
                                    dunlin_error *error);

// Writes the name of a class of an output, as an answer gives them; its position where the schema names none.
dunlin_status dunlin_session_class_name(dunlin_session session,
                                        int32_t output,
                                        int32_t class_index,
                                        char *buffer,
                                        size_t capacity,
                                        size_t *needed,
                                        dunlin_error *error);

// Makes an empty record for the model of a session; it outlives the session. Free it with dunlin_record_free.
dunlin_status dunlin_record_new(dunlin_session session,
                                dunlin_record *record,
                                dunlin_error *error);

// Sets a feature of type NUMBER. As with every set: a feature that the schema does not have, or a value that it cannot
// take, is refused at once, and the record is then refused by predict until it is cleared, so that no status that is
// overlooked leads to an answer for something else. Domains are checked by predict.
dunlin_status dunlin_record_set_number(dunlin_record record,
                                       const char *feature,
                                       double value,
                                       dunlin_error *error);

// Sets a feature of type INTEGER.
dunlin_status dunlin_record_set_integer(dunlin_record record,
                                        const char *feature,
                                        int64_t value,
                                        dunlin_error *error);

// Sets a feature of type BOOLEAN: 0 is false, anything else true.
dunlin_status dunlin_record_set_boolean(dunlin_record record,
                                        const char *feature,
                                        int32_t value,
                                        dunlin_error *error);

// Sets a feature of type CATEGORY to one of its levels.
dunlin_status dunlin_record_set_category(dunlin_record record,
                                         const char *feature,
                                         const char *level,
                                         dunlin_error *error);

// Sets a feature of type TEXT to `length` bytes of UTF-8.
dunlin_status dunlin_record_set_text(dunlin_record record,
                                     const char *feature,
                                     const char *value,
                                     size_t length,
                                     dunlin_error *error);

// Sets a feature of type TENSOR by copying its elements: little-endian, row-major, of the schema's dtype. `length` are
// the bytes of all of them; a length that is not the schema's is refused before a byte is read.
// dunlin_session_predict_with does without the copy.
dunlin_status dunlin_record_set_tensor(dunlin_record record,
                                       const char *feature,
                                       const uint8_t *bytes,
                                       size_t length,
                                       dunlin_error *error);

// Replaces all values by those of one JSON object, `length` bytes of UTF-8; absent and null features become missing.
dunlin_status dunlin_record_set_json(dunlin_record record,
                                     const char *json,
                                     size_t length,
                                     dunlin_error *error);

// Takes all values out, and with them the memory of a set that failed.
dunlin_status dunlin_record_clear(dunlin_record record, dunlin_error *error);

// Frees a record.
dunlin_status dunlin_record_free(dunlin_record record, dunlin_error *error);

// Answers a record. `values` receives the floats of all outputs, one after the other, or is NULL where only the class
// counts. Where the buffer is too small the status is DUNLIN_STATUS_BUFFER_TOO_SMALL, but the prediction is made, the
// answer is filled, and dunlin_session_values gives the values.
dunlin_status dunlin_session_predict(dunlin_session session,
                                     dunlin_record record,
                                     dunlin_answer *answer,
                                     float *values,
                                     size_t capacity,
                                     dunlin_error *error);

// The same for a person, who may ask to be forgotten: the journal keeps a keyed hash of the name `subject`.
dunlin_status dunlin_session_predict_for(dunlin_session session,
                                         const char *subject,
                                         dunlin_record record,
                                         dunlin_answer *answer,
                                         float *values,
                                         size_t capacity,
                                         dunlin_error *error);

// The same with tensors that are lent for the call and not copied, in the place of those that the record may have.
// `subject` may be NULL.
dunlin_status dunlin_session_predict_with(dunlin_session session,
                                          const char *subject,
                                          dunlin_record record,
                                          const dunlin_tensor *tensors,
                                          size_t tensor_count,
                                          dunlin_answer *answer,
                                          float *values,
                                          size_t capacity,
                                          dunlin_error *error);

// Answers one record of many: where they come faster than the journal can write, dunlin_session_predict loses a row rather
// than wait, and this waits. Everything else is as there.
dunlin_status dunlin_session_predict_patiently(dunlin_session session,
                                               dunlin_record record,
                                               dunlin_answer *answer,
                                               float *values,
                                               size_t capacity,
                                               dunlin_error *error);

// Computes the answers to records that are known to come often, in a file of at most `max_bytes`, which replaces the model's
// earlier one. Sessions opened from then on answer such a record without running the model. Nothing of it is in the journal.
// DUNLIN_STATUS_INVALID_ARGUMENT (too_small) where not even one answer fits; DUNLIN_STATUS_STORAGE where the model is held in
// memory alone, or the file cannot be written. `report` may be NULL. The session is busy until it is done.
dunlin_status dunlin_session_precompute(dunlin_session session,
                                        const dunlin_record *records,
                                        size_t record_count,
                                        uint64_t max_bytes,
                                        dunlin_precompute_report *report,
                                        dunlin_error *error);

// Writes the floats of the last answer of the session, of all outputs one after the other.
dunlin_status dunlin_session_values(dunlin_session session,
                                    float *values,
                                    size_t capacity,
                                    size_t *needed,
                                    dunlin_error *error);

// Tells one output of the last answer of the session.
dunlin_status dunlin_session_output(dunlin_session session,
                                    size_t index,
                                    dunlin_output *output,
                                    dunlin_error *error);

// Tells one reason against the last answer of the session.
dunlin_status dunlin_session_reason(dunlin_session session,
                                    size_t index,
                                    dunlin_reason *reason,
                                    dunlin_error *error);

// Gives the request that a prediction of this session made, and its body; it holds only features that may leave. The
// last 16 requests are kept. A buffer that is too small still leaves `fallback` filled.
dunlin_status dunlin_session_fallback(dunlin_session session,
                                      int64_t prediction_id,
                                      dunlin_fallback *fallback,
                                      uint8_t *body,
                                      size_t capacity,
                                      dunlin_error *error);

// Takes in what came for a request: the answer is judged like the model's own, and then is the session's last answer.
// DUNLIN_STATUS_FALLBACK where it cannot be used; the answer of predict stands then. Each request is resolved once;
// for one that got no answer give a response of status 0.
dunlin_status dunlin_session_resolve(dunlin_session session,
                                     int64_t prediction_id,
                                     const dunlin_response *response,
                                     dunlin_answer *answer,
                                     float *values,
                                     size_t capacity,
                                     dunlin_error *error);

// What is to be sent now over `link` (DUNLIN_LINK_...). Each call that gives an upload counts as an attempt; it is on the
// disk before the call returns. Call dunlin_runtime_tick before, so that windows whose time has come are among it.
dunlin_status dunlin_runtime_next_upload(dunlin_runtime runtime,
                                         uint32_t link,
                                         dunlin_upload *upload,
                                         dunlin_error *error);

// Copies as much of the body of the upload that was given last as the buffer takes, from `offset`, and tells how many
// bytes that were; 0 at its end. So a small buffer is enough to send a large body.
dunlin_status dunlin_runtime_upload_body(dunlin_runtime runtime,
                                         const char *upload_id,
                                         size_t offset,
                                         uint8_t *buffer,
                                         size_t capacity,
                                         size_t *copied,
                                         dunlin_error *error);

// Says what came of an upload; `reported` may be NULL.
dunlin_status dunlin_runtime_report_upload(dunlin_runtime runtime,
                                           const char *upload_id,
                                           const dunlin_response *response,
                                           dunlin_reported *reported,
                                           dunlin_error *error);

// Forgets every wait and pause of uploads: something has changed, a token or the network.
dunlin_status dunlin_runtime_resume_uploads(dunlin_runtime runtime, dunlin_error *error);

// Closes the windows that are due and sends what waits through `transport`, until nothing may be sent for now. `report`
// may be NULL.
dunlin_status dunlin_runtime_sync(dunlin_runtime runtime,
                                  const dunlin_transport *transport,
                                  uint32_t link,
                                  dunlin_sync_report *report,
                                  dunlin_error *error);

// Follows the update channel once through `transport`: what is recalled goes, and the newest release that this device may take
// is fetched, verified and installed as a candidate, or as the active bundle where its model has none. DUNLIN_STATUS_UPDATE
// where something stood in the way: what was fetched is kept, and the next call goes on from there. DUNLIN_STATUS_BUSY while
// another update is on. Sessions answer meanwhile; renew them to let a candidate watch. `report` may be NULL.
dunlin_status dunlin_runtime_update(dunlin_runtime runtime,
                                    const dunlin_transport *transport,
                                    uint32_t link,
                                    dunlin_update_report *report,
                                    dunlin_error *error);

// Writes what the last update of this runtime that came to its end did, as a JSON object: versions of root and channel, and of
// each model its outcome, the version that this is about, why it was not taken, and what was recalled. null before the first.
dunlin_status dunlin_runtime_update_report(dunlin_runtime runtime,
                                           char *buffer,
                                           size_t capacity,
                                           size_t *needed,
                                           dunlin_error *error);

// Sends what is logged from now on, up to `max_level` (DUNLIN_LOG_...), to a sink in the place of the one before; NULL ends
// it. The sink before is not called any more once this has returned.
dunlin_status dunlin_set_log_sink(const dunlin_log_sink *sink,
                                  uint32_t max_level,
                                  dunlin_error *error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DUNLIN_H */
