/* A transport that fetches from the fixture's channels. */
#ifndef CHANNEL_H
#define CHANNEL_H

#include "support.h"

/* The fixture's channels, as a server would hand them out. */
static inline int32_t fetch_file(void *context, const dunlin_fetch *wanted, dunlin_response *response) {
    static uint8_t whole[1 << 20];
    unsigned long first, last;

    (void)context;
    CHECK(strncmp(wanted->path, "/v1/", 4) == 0);
    FILE *file = fopen(fixture(wanted->path + 4), "rb");
    if (!file) {
        response->status = 404;
        return 0;
    }
    response->body_length = fread(whole, 1, sizeof whole, file);
    fclose(file);
    response->status = 200;
    response->body = whole;
    if (wanted->range) {
        CHECK(sscanf(wanted->range, "bytes=%lu-%lu", &first, &last) == 2 && last < response->body_length);
        response->status = 206;
        response->body += first;
        response->body_length = last + 1 - first;
    }
    CHECK(response->body_length <= wanted->max_bytes);
    return 0;
}

/* Follows a channel of the fixture, for `tiny` too where it is not installed. */
static inline void follow_channel(dunlin_config *config, const char *channel) {
    static const char *const models[] = {"tiny"};
    config->updates_root = (const uint8_t *)text_of(fixture("channel/root/1.json"));
    config->updates_root_length = strlen((const char *)config->updates_root);
    config->updates_channel = channel;
    config->updates_models = models;
    config->updates_model_count = 1;
}

#endif
