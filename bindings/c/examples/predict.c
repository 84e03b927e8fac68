/* Recognises a handwritten digit of 8 x 8 grey levels: predict FOLDER PUBLIC_KEY BUNDLE */
#include <dunlin.h>
#include <stdio.h>

static const float image[8][8] = {
    {0, 0, 7, 12, 10, 0, 0, 0},  {0, 3, 16, 16, 16, 9, 1, 0}, {0, 0, 8, 16, 16, 11, 1, 0},
    {0, 0, 10, 16, 16, 0, 0, 0}, {0, 3, 16, 14, 16, 4, 0, 0}, {0, 4, 13, 0, 7, 15, 0, 0},
    {0, 4, 14, 2, 2, 16, 0, 0},  {0, 0, 6, 11, 10, 5, 0, 0},
};

int main(int argc, char **argv) {
    dunlin_config config;
    dunlin_runtime runtime = {0};
    dunlin_session session = {0};
    dunlin_record record = {0};
    dunlin_answer answer;
    dunlin_error error;
    char digit[16];

    if (argc != 4) return 2;
    const dunlin_key key = {"ml-team", argv[2]};
    dunlin_config_default(&config, sizeof config, NULL);
    config.folder = argv[1];
    config.keys = &key;
    config.key_count = 1;

    bool failed = dunlin_runtime_open(&config, &runtime, &error) ||
        dunlin_runtime_install_shipped(runtime, argv[3], NULL, &error) ||
        dunlin_session_open(runtime, "digits", &session, &error) ||
        dunlin_record_new(session, &record, &error) ||
        dunlin_record_set_tensor(record, "image", (const uint8_t *)image, sizeof image, &error) ||
        dunlin_session_predict(session, record, &answer, NULL, 0, &error);
    if (failed) {
        fprintf(stderr, "%s\n", error.message);
    } else if (answer.answered_by == DUNLIN_ANSWERED_BY_NOBODY) {
        puts("nobody is sure");
    } else if (!dunlin_session_class_name(session, answer.class_output, answer.class_index, digit,
                                          sizeof digit, NULL, NULL)) {
        printf("%s (%.0f %%)\n", digit, 100 * answer.probability);
    }

    dunlin_record_free(record, NULL);
    return dunlin_runtime_close(runtime, NULL) != DUNLIN_STATUS_OK || failed; /* and its sessions */
}
