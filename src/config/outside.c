/* SPDX-License-Identifier: Apache-2.0 */
/* The table, and picking a member out of a secret. The table is only set while one thread runs. */
#include "config/outside.h"

#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/span.h"

static const struct eg_config_outside *outside_in_force;

void eg_config_outside_set(const struct eg_config_outside *outside)
{
    outside_in_force = outside;
}

const struct eg_config_outside *eg_config_outside_get(void)
{
    return outside_in_force;
}

static void append_value(json_t *value, struct eg_buffer *buffer)
{
    if (json_is_string(value)) {
        eg_buffer_append(buffer, json_string_value(value), json_string_length(value));
        return;
    }
    size_t len = json_dumpb(value, NULL, 0, JSON_ENCODE_ANY | JSON_COMPACT);
    char *room = eg_buffer_reserve(buffer, len);
    buffer->len += json_dumpb(value, room, len, JSON_ENCODE_ANY | JSON_COMPACT);
    buffer->data[buffer->len] = '\0';
}

int eg_config_secret_member(struct eg_span text, struct eg_span key, struct eg_buffer *buffer,
                            struct eg_error *err)
{
    json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *value = json_object_getn(root, key.ptr, key.len);
    if (value && !json_is_null(value))
        append_value(value, buffer);
    int ret = 0;
    if (!json_is_object(root))
        ret = eg_error_set(err, EG_ERR_CONFIG, "the secret is not a JSON object");
    else if (!value || json_is_null(value))
        ret = eg_error_set(err, EG_ERR_CONFIG, "the secret has no '%.*s'", EG_SPAN_ARGS(key));
    json_decref(root);
    return ret;
}

int eg_config_secret_read(const struct eg_config_secret *secret, bool fresh,
                          struct eg_buffer *buffer, struct eg_error *err)
{
    const struct eg_config_outside *outside = outside_in_force;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (!outside)
        return eg_error_set(err, EG_ERR_CONFIG, "secrets can't be read here");
    int ret = outside->secret(outside->context, secret, fresh, &text, err);
    if (ret == 0 && secret->key.len == 0)
        eg_buffer_append_span(buffer, eg_buffer_span(&text));
    else if (ret == 0)
        ret = eg_config_secret_member(eg_buffer_span(&text), secret->key, buffer, err);
    if (text.len)
        explicit_bzero(text.data, text.len);
    return ret ? eg_error_prefix(err, "secret %.*s", EG_SPAN_ARGS(secret->name)) : 0;
}
