/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See protect.h. The document is read into a tape; what paths find is marked beside it, and the
 * text is written again with the marked nodes changed. A part of the document without marks is
 * copied as it stands.
 */
#include "rules/protect.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "json/compact.h"
#include "json/path.h"

#define MIN_KEY_BYTES 16

/* The stronger wins when two paths find the same. */
enum action { KEEP, HASH, REDACT, DROP };

struct protected_path {
    struct eg_json_path *whole;  /* in the envelope */
    struct eg_json_path *detail; /* in the detail; NULL: it lies outside */
    enum action action;
};

struct eg_rules_protect {
    struct protected_path *paths;
    size_t count;
    char *key;
};

#define FIELD(member, field_type, field_help)                                            \
    {                                                                                    \
        .name = #member, .type = (field_type),                                           \
        .offset = offsetof(struct eg_rules_protect_config, member), .help = (field_help) \
    }

static const struct eg_field fields[] = {
    FIELD(redact, EG_FIELD_STRING_LIST,
          "Paths such as `$.detail.customer.email` whose values become `\"***\"`."),
    FIELD(hash, EG_FIELD_STRING_LIST,
          "Paths whose values become the hex of their HMAC-SHA-256 under `key`: equal values stay "
          "equal, and nobody without the key can try them out."),
    FIELD(drop, EG_FIELD_STRING_LIST, "Paths of what is left out."),
    FIELD(key, EG_FIELD_SECRET,
          "The key of `hash`, at least 16 bytes; without it `rules.protect_key`."),
};

const struct eg_field_table eg_rules_protect_table = {
    .name = "protect",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_rules_protect_config),
};

/* The same path from inside the detail: "$.detail.a" is "$.a" there. */
static int new_detail_path(struct eg_span text, struct eg_json_path **ret_path,
                           struct eg_error *err)
{
    static const char *const prefixes[] = {"$.detail", "$['detail']", "$[\"detail\"]"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(prefixes); i++) {
        size_t len = strlen(prefixes[i]);
        if (text.len <= len || memcmp(text.ptr, prefixes[i], len) != 0 ||
            (text.ptr[len] != '.' && text.ptr[len] != '['))
            continue;
        EG_AUTOFREE char *inner = eg_asprintf("$%.*s", (int)(text.len - len), text.ptr + len);
        return eg_json_path_new(eg_span_text(inner), ret_path, err);
    }
    return 0;
}

static int add_paths(struct eg_rules_protect *protect, const struct eg_string_list *list,
                     enum action action, struct eg_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        struct eg_span text = eg_span_text(list->items[i]);
        struct protected_path *path = &protect->paths[protect->count++];
        path->action = action;
        struct eg_error why;
        if (eg_json_path_new(text, &path->whole, &why) != 0 ||
            new_detail_path(text, &path->detail, &why) != 0)
            return eg_error_set(err, EG_ERR_CONFIG, "the path '%s': %s", list->items[i],
                                why.message);
        if (eg_span_is(text, "$"))
            return eg_error_set(err, EG_ERR_CONFIG, "the path '$' is the whole event");
    }
    return 0;
}

static int set_key(struct eg_rules_protect *protect, const struct eg_rules_protect_config *config,
                   const char *default_key, struct eg_error *err)
{
    const char *key = config->key ? config->key : default_key;
    if (config->hash.count == 0)
        return 0;
    if (!key)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "hash wants a key: set it here or as rules.protect_key");
    if (strlen(key) < MIN_KEY_BYTES)
        return eg_error_set(err, EG_ERR_CONFIG, "the key is shorter than %d bytes", MIN_KEY_BYTES);
    protect->key = eg_strdup(key);
    return 0;
}

int eg_rules_protect_new(const struct eg_rules_protect_config *config, const char *default_key,
                         struct eg_rules_protect **ret_protect, struct eg_error *err)
{
    size_t count = config->redact.count + config->hash.count + config->drop.count;
    if (count > EG_RULES_MAX_PROTECTED)
        return eg_error_set(err, EG_ERR_CONFIG, "there are more than %d paths",
                            EG_RULES_MAX_PROTECTED);
    if (count == 0) {
        *ret_protect = NULL;
        return 0;
    }
    struct eg_rules_protect *protect = eg_calloc(1, sizeof(*protect));
    protect->paths = eg_calloc(count, sizeof(*protect->paths));
    if (add_paths(protect, &config->hash, HASH, err) != 0 ||
        add_paths(protect, &config->redact, REDACT, err) != 0 ||
        add_paths(protect, &config->drop, DROP, err) != 0 ||
        set_key(protect, config, default_key, err) != 0) {
        eg_rules_protect_destroy(protect);
        return -1;
    }
    *ret_protect = protect;
    return 0;
}

void eg_rules_protect_destroy(struct eg_rules_protect *protect)
{
    if (!protect)
        return;
    for (size_t i = 0; i < protect->count; i++) {
        eg_json_path_destroy(protect->paths[i].whole);
        eg_json_path_destroy(protect->paths[i].detail);
    }
    if (protect->key)
        explicit_bzero(protect->key, strlen(protect->key));
    free(protect->key);
    free(protect->paths);
    free(protect);
}

struct apply {
    const struct eg_rules_protect *protect;
    const struct eg_json_document *document;
    struct eg_buffer *out;
    unsigned char *actions; /* enum action of each node */
    uint32_t *marks;        /* how many marked nodes come before each; one more than nodes */
    enum action marking;
};

static bool mark(void *context, eg_json_index index)
{
    struct apply *apply = context;
    if (apply->actions[index] < (unsigned char)apply->marking)
        apply->actions[index] = (unsigned char)apply->marking;
    return true;
}

static void mark_all(struct apply *apply, enum eg_rules_view view)
{
    for (size_t i = 0; i < apply->protect->count; i++) {
        const struct protected_path *path = &apply->protect->paths[i];
        const struct eg_json_path *seen =
            view == EG_RULES_VIEW_ENVELOPE ? path->whole : path->detail;
        apply->marking = path->action;
        if (seen)
            (void)eg_json_path_each(seen, apply->document, 0, mark, apply);
    }
    apply->marks[0] = 0;
    for (uint32_t i = 0; i < apply->document->node_count; i++)
        apply->marks[i + 1] = apply->marks[i] + (apply->actions[i] != KEEP);
}

static void write_hash(struct apply *apply, eg_json_index index)
{
    uint8_t mac[EG_CRYPTO_SHA256_BYTES];
    char hex[2 * EG_CRYPTO_SHA256_BYTES + 1];
    EG_AUTOBUFFER struct eg_buffer json = EG_BUFFER_INIT;
    struct eg_span value;
    if (eg_json_kind(apply->document, index) == EG_JSON_STRING) {
        value = eg_json_string(apply->document, index);
    } else {
        eg_json_write_one_line(&json, eg_json_text(apply->document, index));
        value = eg_buffer_span(&json);
    }
    eg_crypto_hmac_sha256(eg_span_text(apply->protect->key), value, mac);
    eg_crypto_hex(mac, sizeof(mac), hex);
    eg_buffer_printf(apply->out, "\"%s\"", hex);
}

static void write_node(struct apply *apply, eg_json_index index);

/* An object's members or an array's elements, without the dropped ones. */
static void write_children(struct apply *apply, eg_json_index container)
{
    const struct eg_json_document *document = apply->document;
    const bool is_object = eg_json_kind(document, container) == EG_JSON_OBJECT;
    const eg_json_index end = eg_json_next(document, container);
    bool any = false;
    eg_buffer_append_char(apply->out, is_object ? '{' : '[');
    for (eg_json_index at = container + 1; at < end;) {
        eg_json_index value = at + is_object;
        if (apply->actions[value] != DROP) {
            if (any)
                eg_buffer_append_char(apply->out, ',');
            any = true;
            if (is_object) {
                eg_buffer_append_span(apply->out, eg_json_text(document, at));
                eg_buffer_append_char(apply->out, ':');
            }
            write_node(apply, value);
        }
        at = eg_json_next(document, value);
    }
    eg_buffer_append_char(apply->out, is_object ? '}' : ']');
}

/* Recursion is bounded by the reader's limit on depth. */
static void write_node(struct apply *apply, eg_json_index index)
{
    switch ((enum action)apply->actions[index]) {
    case REDACT:
        eg_buffer_append_text(apply->out, "\"***\"");
        return;
    case HASH:
        write_hash(apply, index);
        return;
    default:
        break;
    }
    if (apply->marks[eg_json_next(apply->document, index)] == apply->marks[index])
        eg_buffer_append_span(apply->out, eg_json_text(apply->document, index));
    else
        write_children(apply, index);
}

int eg_rules_protect_apply(const struct eg_rules_protect *protect, enum eg_rules_view view,
                           struct eg_span json, struct eg_json_document *scratch,
                           struct eg_buffer *out, struct eg_error *err)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = limits.max_string_bytes = json.len;
    limits.max_members = EG_JSON_MAX_COUNT;
    limits.max_depth = EG_JSON_MAX_DEPTH;
    if (eg_json_document_parse(scratch, json, &limits, err) != 0)
        return eg_error_prefix(err, "what is to be protected can't be read");
    const size_t count = scratch->node_count;
    struct apply apply = {
        .protect = protect,
        .document = scratch,
        .out = out,
        .actions = eg_calloc(count, sizeof(*apply.actions)),
        .marks = eg_calloc(count + 1, sizeof(*apply.marks)),
    };
    mark_all(&apply, view);
    write_node(&apply, 0);
    free(apply.actions);
    free(apply.marks);
    return 0;
}
