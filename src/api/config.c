/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of config.h. */
#include "api/config.h"

#include <stddef.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"

#define MIN_KEY_BYTES 16

static const struct eg_field publish_fields[] = {
    {.name = "topic",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_api_publish_config, topic),
     .help = "The topic that messages of POST /publish become events of. Without one there is no "
             "such resource."},
    {.name = "subject",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_api_publish_config, subject),
     .default_text = "publish",
     .help = "Who posts there without a token: what `access` must allow."},
    {.name = "token",
     .type = EG_FIELD_BOOL,
     .offset = offsetof(struct eg_api_publish_config, needs_token),
     .default_text = "false",
     .help = "Ask for a token, as POST /topics does; its subject posts then."},
    {.name = "hidden_headers",
     .type = EG_FIELD_STRING_LIST,
     .offset = offsetof(struct eg_api_publish_config, hidden_headers),
     .help = "Request headers that are not in the event; never are authorization, bearer, cookie, "
             "proxy-authorization and the header of `event_keys`."},
};

const struct eg_field_table eg_api_publish_table = {
    .name = "publish",
    .fields = publish_fields,
    .field_count = EG_ARRAY_COUNT(publish_fields),
    .struct_bytes = sizeof(struct eg_api_publish_config),
};

static const struct eg_field key_fields[] = {
    {.name = "subject",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_api_key_config, subject),
     .required = true,
     .help = "Who posts with this key: what `access` must allow."},
    {.name = "key",
     .type = EG_FIELD_SECRET,
     .offset = offsetof(struct eg_api_key_config, key),
     .required = true,
     .help = "The key, 16 characters or more."},
};

static const struct eg_field_table key_table = {
    .name = "event_keys.keys",
    .fields = key_fields,
    .field_count = EG_ARRAY_COUNT(key_fields),
    .struct_bytes = sizeof(struct eg_api_key_config),
};

static const struct eg_field keys_fields[] = {
    {.name = "header",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_api_keys_config, header),
     .default_text = "X-Api-Key",
     .help = "The request header that brings the key: that of the API destination's connection."},
    {.name = "keys",
     .type = EG_FIELD_TABLE_LIST,
     .offset = offsetof(struct eg_api_keys_config, keys),
     .table = &key_table,
     .help = "The keys that are taken; to change one, have both here for a while."},
};

const struct eg_field_table eg_api_keys_table = {
    .name = "event_keys",
    .fields = keys_fields,
    .field_count = EG_ARRAY_COUNT(keys_fields),
    .struct_bytes = sizeof(struct eg_api_keys_config),
};

int eg_api_keys_check(const struct eg_api_keys_config *config, struct eg_error *err)
{
    const struct eg_api_key_config *keys = config->keys.items;
    for (size_t i = 0; i < config->keys.count; i++)
        if (!keys[i].key || strlen(keys[i].key) < MIN_KEY_BYTES)
            return eg_error_set(err, EG_ERR_CONFIG,
                                "keys[%zu]: a key has %d characters or more, or it can be guessed",
                                i, MIN_KEY_BYTES);
    return 0;
}
