/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key sets from text. Built once, then only read: every function here works on its own data, so any
 * thread may call any of them.
 */
#include "auth/key_set.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "auth/jwk.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/base64.h"

/* A set while it is read; `why_skipped` is about the first key that was passed over. */
struct builder {
    struct eg_auth_key keys[EG_AUTH_KEYS_MAX];
    size_t count;
    size_t skipped_count;
    struct eg_error why_skipped;
};

static void builder_fini(struct builder **builder)
{
    if (!*builder)
        return;
    for (size_t i = 0; i < (*builder)->count; i++)
        eg_auth_key_fini(&(*builder)->keys[i]);
    free(*builder);
}

static void json_cleanup(json_t **json)
{
    json_decref(*json);
}

static int add_key(struct builder *builder, struct eg_auth_key *take, struct eg_error *err)
{
    if (builder->count == EG_AUTH_KEYS_MAX) {
        eg_auth_key_fini(take);
        return eg_error_set(err, EG_ERR_INVALID, "more than %d keys", EG_AUTH_KEYS_MAX);
    }
    builder->keys[builder->count++] = *take;
    return 0;
}

static void skip_key(struct builder *builder, const struct eg_error *why)
{
    if (builder->skipped_count++ == 0)
        builder->why_skipped = *why;
}

static int add_crypto_key(struct builder *builder, struct eg_crypto_key *take, struct eg_error *err)
{
    struct eg_auth_key key = {
        .key = take,
        .algs = eg_crypto_kind_algs(eg_crypto_key_kind(take)),
    };
    return add_key(builder, &key, err);
}

/* base64 as files and servers have it: with line breaks and blanks in it. */
static bool decode_loose(const char *text, struct eg_buffer *out)
{
    EG_AUTOBUFFER struct eg_buffer dense = EG_BUFFER_INIT;
    for (; *text; text++)
        if (!strchr(" \t\r\n", *text))
            eg_buffer_append_char(&dense, *text);
    return eg_crypto_base64_decode(eg_buffer_span(&dense), out);
}

/* {"key":"<base64 DER>"} */
static int add_der(struct builder *builder, const json_t *entry, struct eg_error *err)
{
    const char *text = json_string_value(json_object_get(entry, "key"));
    EG_AUTOBUFFER struct eg_buffer der = EG_BUFFER_INIT;
    struct eg_crypto_key *key = NULL;
    if (!text)
        return eg_error_set(err, EG_ERR_INVALID, "'key' is not a string");
    if (!decode_loose(text, &der))
        return eg_error_set(err, EG_ERR_INVALID, "'key' is not base64");
    if (eg_crypto_key_from_der(eg_buffer_span(&der), &key, err) < 0)
        return eg_error_prefix(err, "'key'");
    return add_crypto_key(builder, key, err);
}

static int add_jwk(struct builder *builder, const json_t *entry, struct eg_error *err)
{
    struct eg_auth_key key;
    struct eg_error why;
    if (eg_auth_jwk_to_key(entry, &key, &why) < 0) {
        skip_key(builder, &why);
        return 0;
    }
    return add_key(builder, &key, err);
}

static int add_entry(struct builder *builder, const json_t *entry, struct eg_error *err)
{
    if (!json_is_object(entry))
        return eg_error_set(err, EG_ERR_INVALID, "not a JSON object");
    if (json_object_get(entry, "kty"))
        return add_jwk(builder, entry, err);
    if (json_object_get(entry, "key"))
        return add_der(builder, entry, err);
    struct eg_error why;
    (void)eg_error_set(&why, EG_ERR_CONFIG, "it has neither 'key' nor 'kty'");
    skip_key(builder, &why);
    return 0;
}

static int read_list(struct builder *builder, const json_t *list, struct eg_error *err)
{
    size_t i;
    json_t *entry;
    json_array_foreach(list, i, entry)
    {
        bool first_skip = builder->skipped_count == 0;
        if (add_entry(builder, entry, err) < 0)
            return eg_error_prefix(err, "keys[%zu]", i);
        if (first_skip && builder->skipped_count)
            (void)eg_error_prefix(&builder->why_skipped, "keys[%zu]", i);
    }
    return 0;
}

static int read_json(struct builder *builder, struct eg_span text, struct eg_error *err)
{
    json_error_t json_error;
    EG_CLEANUP(json_cleanup)
    json_t *root = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &json_error);
    if (!root)
        return eg_error_set(err, EG_ERR_INVALID, "neither PEM nor JSON: line %d: %s",
                            json_error.line, json_error.text);
    if (!json_is_object(root))
        return eg_error_set(err, EG_ERR_INVALID, "not a JSON object with 'keys', 'key' or 'kty'");
    const json_t *list = json_object_get(root, "keys");
    if (json_is_array(list))
        return read_list(builder, list, err);
    if (list)
        return eg_error_set(err, EG_ERR_INVALID, "'keys' is not an array");
    return add_entry(builder, root, err);
}

static int read_pem(struct builder *builder, struct eg_span text, struct eg_error *err)
{
    do {
        struct eg_crypto_key *key = NULL;
        if (eg_crypto_key_from_pem(text, &key, &text, err) < 0 ||
            add_crypto_key(builder, key, err) < 0)
            return -1;
    } while (memmem(text.ptr, text.len, "-----BEGIN ", 11));
    return 0;
}

static void hash_text(struct eg_crypto_sha256_state *state, const void *bytes, size_t len)
{
    uint64_t prefix = len;
    eg_crypto_sha256_update(state, eg_span_of((const char *)&prefix, sizeof(prefix)));
    eg_crypto_sha256_update(state, eg_span_of(bytes, len));
}

/* Over the kid, the algorithms and the DER of each key, in order: order decides what is tried. */
static int take_fingerprint(struct eg_auth_key_set *set, struct eg_error *err)
{
    EG_CLEANUP(eg_crypto_sha256_fini) struct eg_crypto_sha256_state state;
    eg_crypto_sha256_init(&state);
    for (size_t i = 0; i < set->count; i++) {
        const struct eg_auth_key *key = &set->keys[i];
        EG_AUTOBUFFER struct eg_buffer der = EG_BUFFER_INIT;
        if (eg_crypto_key_public_der(key->key, &der, err) < 0)
            return -1;
        hash_text(&state, key->kid ? key->kid : "", key->kid ? strlen(key->kid) : 0);
        hash_text(&state, &key->algs, sizeof(key->algs));
        hash_text(&state, der.data, der.len);
    }
    eg_crypto_sha256_final(&state, set->fingerprint);
    return 0;
}

static int finish(struct builder *builder, struct eg_auth_key_set **ret_set, struct eg_error *err)
{
    if (builder->count == 0)
        return eg_error_set(err, EG_ERR_CONFIG, "no key that verifies signatures%s%s",
                            builder->skipped_count ? ": " : " in it",
                            builder->skipped_count ? builder->why_skipped.message : "");
    struct eg_auth_key_set *set = eg_malloc(sizeof(*set) + builder->count * sizeof(set->keys[0]));
    eg_ref_init(&set->refs);
    set->count = builder->count;
    set->skipped_count = builder->skipped_count;
    memcpy(set->keys, builder->keys, builder->count * sizeof(set->keys[0]));
    builder->count = 0;
    if (take_fingerprint(set, err) < 0) {
        eg_auth_key_set_unref(set);
        return -1;
    }
    *ret_set = set;
    return 0;
}

int eg_auth_key_set_parse(struct eg_span text, struct eg_auth_key_set **ret_set,
                          struct eg_error *err)
{
    text = eg_span_trim(text);
    if (text.len == 0 || text.len > EG_AUTH_KEY_SET_TEXT_BYTES)
        return eg_error_set(err, EG_ERR_INVALID,
                            text.len ? "longer than a key set may be" : "empty");
    EG_CLEANUP(builder_fini) struct builder *builder = eg_calloc(1, sizeof(*builder));
    int ret = text.ptr[0] == '{' || text.ptr[0] == '[' ? read_json(builder, text, err)
                                                       : read_pem(builder, text, err);
    if (ret < 0)
        return -1;
    return finish(builder, ret_set, err);
}

struct eg_auth_key_set *eg_auth_key_set_ref(struct eg_auth_key_set *set)
{
    eg_ref_get(&set->refs);
    return set;
}

void eg_auth_key_set_unref(struct eg_auth_key_set *set)
{
    if (!set || !eg_ref_put(&set->refs))
        return;
    for (size_t i = 0; i < set->count; i++)
        eg_auth_key_fini(&set->keys[i]);
    free(set);
}

void eg_auth_key_set_cleanup(struct eg_auth_key_set **set)
{
    eg_auth_key_set_unref(*set);
}
