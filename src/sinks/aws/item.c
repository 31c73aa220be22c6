/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every item goes through one JSON document: the specification's templates are rendered into an
 * object, the object is read, and its members become attribute values of their types.
 */
#include "sinks/aws/item.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "sinks/aws/attribute.h"
#include "json/writer.h"

struct attribute {
    char *name;
    enum eg_sink_attribute_type type;
    enum eg_rules_form form;
    struct eg_rules_template *template;
};

struct key {
    char *name; /* NULL: there is none */
    size_t max_bytes;
    const char *role;
};

struct eg_sink_item_spec {
    struct eg_rules_template *whole; /* NULL: attributes, or the payload */
    struct attribute *attributes;
    size_t count;
    struct key keys[2];
};

static const struct eg_json_limits limits = {
    .max_text_bytes = (size_t)16 << 20,
    .max_depth = 128,
    .max_members = 10000,
    .max_string_bytes = (size_t)16 << 20,
};

/* --- making a specification */

void eg_sink_item_spec_destroy(struct eg_sink_item_spec *spec)
{
    if (!spec)
        return;
    for (size_t i = 0; i < spec->count; i++) {
        free(spec->attributes[i].name);
        eg_rules_template_destroy(spec->attributes[i].template);
    }
    for (size_t i = 0; i < EG_ARRAY_COUNT(spec->keys); i++)
        free(spec->keys[i].name);
    free(spec->attributes);
    eg_rules_template_destroy(spec->whole);
    free(spec);
}

static struct eg_span json_text(json_t *value)
{
    return eg_span_of(json_string_value(value), json_string_length(value));
}

static int compile(struct eg_span text, enum eg_rules_form form, struct attribute *attribute,
                   struct eg_error *err)
{
    attribute->form = form;
    return eg_rules_template_new(text, form, &attribute->template, err);
}

/* A placeholder alone is the value it stands for; with anything around it, it is text. */
static int compile_text(struct eg_span text, struct attribute *attribute, struct eg_error *err)
{
    struct eg_error unused;
    if (text.len > 0 && text.ptr[0] == '<' && compile(text, EG_RULES_JSON, attribute, &unused) == 0)
        return 0;
    return compile(text, EG_RULES_TEXT, attribute, err);
}

static int compile_json(json_t *value, struct attribute *attribute, struct eg_error *err)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    EG_ASSERT(text);
    int ret = compile(eg_span_text(text), EG_RULES_JSON, attribute, err);
    free(text);
    return ret;
}

static bool is_scalar_type(enum eg_sink_attribute_type type)
{
    return type >= EG_SINK_ATTRIBUTE_S && type <= EG_SINK_ATTRIBUTE_NULL;
}

/* {"N": ...}: the type that is named, and what stands under it. False: an object like any other. */
static bool take_typed(json_t *value, enum eg_sink_attribute_type *ret_type, json_t **ret_inner)
{
    if (!json_is_object(value) || json_object_size(value) != 1)
        return false;
    void *member = json_object_iter(value);
    if (!eg_sink_attribute_type_find(eg_span_text(json_object_iter_key(member)), ret_type))
        return false;
    *ret_inner = json_object_iter_value(member);
    return true;
}

static int compile_attribute(json_t *value, struct attribute *attribute, struct eg_error *err)
{
    json_t *inner = value;
    bool typed = take_typed(value, &attribute->type, &inner);
    if (!json_is_string(inner))
        return compile_json(inner, attribute, err);
    if (!typed)
        return compile_text(json_text(inner), attribute, err);
    enum eg_rules_form form = is_scalar_type(attribute->type) ? EG_RULES_TEXT : EG_RULES_JSON;
    return compile(json_text(inner), form, attribute, err);
}

static int compile_attributes(json_t *root, struct eg_sink_item_spec *spec, struct eg_error *err)
{
    const char *name;
    json_t *value;
    spec->attributes = eg_calloc(json_object_size(root), sizeof(*spec->attributes));
    json_object_foreach(root, name, value)
    {
        struct attribute *attribute = &spec->attributes[spec->count++];
        attribute->name = eg_strdup(name);
        if (compile_attribute(value, attribute, err) != 0)
            return eg_error_prefix(err, "%s", name);
    }
    return 0;
}

static int compile_spec(json_t *root, struct eg_sink_item_spec *spec, struct eg_error *err)
{
    if (json_is_string(root))
        return eg_rules_template_new(json_text(root), EG_RULES_JSON, &spec->whole, err);
    if (json_is_object(root) && json_object_size(root) > 0)
        return compile_attributes(root, spec, err);
    return eg_error_set(err, EG_ERR_CONFIG,
                        "expected a template, or a mapping of attributes to templates");
}

static void set_key(struct key *key, const char *name, size_t max_bytes, const char *role)
{
    *key = (struct key){name && name[0] ? eg_strdup(name) : NULL, max_bytes, role};
}

int eg_sink_item_spec_new(const struct eg_sink_item_options *options,
                          struct eg_sink_item_spec **ret_spec, struct eg_error *err)
{
    int ret = 0;
    struct eg_sink_item_spec *spec = eg_calloc(1, sizeof(*spec));
    set_key(&spec->keys[0], options->partition_key, EG_SINK_PARTITION_KEY_BYTES_MAX,
            "partition key");
    set_key(&spec->keys[1], options->sort_key, EG_SINK_SORT_KEY_BYTES_MAX, "sort key");
    if (options->json) {
        json_t *root = json_loads(options->json, JSON_DECODE_ANY, NULL);
        ret = root ? compile_spec(root, spec, err)
                   : eg_error_set(err, EG_ERR_CONFIG, "not a value that can be read");
        json_decref(root);
    }
    if (ret == 0)
        *ret_spec = spec;
    else
        eg_sink_item_spec_destroy(spec);
    return ret;
}

bool eg_sink_item_spec_reads_envelope(const struct eg_sink_item_spec *spec)
{
    for (size_t i = 0; i < spec->count; i++)
        if (eg_rules_template_reads_envelope(spec->attributes[i].template))
            return true;
    return spec->whole && eg_rules_template_reads_envelope(spec->whole);
}

/* --- making an item */

void eg_sink_item_init(struct eg_sink_item *item)
{
    *item = (struct eg_sink_item){.size_bytes = 0};
    eg_json_document_init(&item->document);
}

void eg_sink_item_fini(struct eg_sink_item *item)
{
    eg_buffer_fini(&item->text);
    eg_buffer_fini(&item->key);
    eg_buffer_fini(&item->json);
    eg_buffer_fini(&item->piece);
    eg_json_document_fini(&item->document);
}

static int render_attribute(const struct attribute *attribute,
                            const struct eg_rules_template_input *input, struct eg_sink_item *item,
                            struct eg_error *err)
{
    eg_buffer_clear(&item->piece);
    if (eg_rules_template_render(attribute->template, input, &item->piece, err) != 0)
        return eg_error_prefix(err, "%s", attribute->name);
    eg_json_write_name(&item->json, attribute->name);
    if (attribute->form == EG_RULES_TEXT)
        eg_json_write_string(&item->json, eg_buffer_span(&item->piece));
    else
        eg_buffer_append_span(&item->json, eg_buffer_span(&item->piece));
    return 0;
}

static int render(const struct eg_sink_item_spec *spec, const struct eg_rules_template_input *input,
                  struct eg_sink_item *item, struct eg_error *err)
{
    eg_buffer_clear(&item->json);
    if (spec->whole)
        return eg_rules_template_render(spec->whole, input, &item->json, err);
    eg_buffer_append_char(&item->json, '{');
    for (size_t i = 0; i < spec->count; i++) {
        if (i > 0)
            eg_buffer_append_char(&item->json, ',');
        if (render_attribute(&spec->attributes[i], input, item, err) != 0)
            return -1;
    }
    eg_buffer_append_char(&item->json, '}');
    return 0;
}

static int open_document(const struct eg_sink_item_spec *spec,
                         const struct eg_rules_template_input *input, struct eg_sink_item *item,
                         struct eg_error *err)
{
    struct eg_span text = input->event ? input->event->payload : EG_SPAN_EMPTY;
    if (spec->whole || spec->count > 0) {
        if (render(spec, input, item, err) != 0)
            return -1;
        text = eg_buffer_span(&item->json);
    }
    if (eg_json_document_parse(&item->document, text, &limits, err) != 0)
        return -1;
    if (eg_json_kind(&item->document, 0) != EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_INVALID, "an item must be a JSON object");
    return 0;
}

static enum eg_sink_attribute_type type_of(const struct eg_sink_item_spec *spec, size_t index)
{
    return spec->count > 0 ? spec->attributes[index].type : EG_SINK_ATTRIBUTE_AUTO;
}

static const struct key *find_key(const struct eg_sink_item_spec *spec, struct eg_span name)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(spec->keys); i++)
        if (spec->keys[i].name && eg_span_is(name, spec->keys[i].name))
            return &spec->keys[i];
    return NULL;
}

/* `value` is {"S":"..."} and the like, of `bytes` as DynamoDB counts them. */
static int add_key(const struct key *key, struct eg_span value, size_t bytes,
                   struct eg_sink_item *item, struct eg_error *err)
{
    char type = value.ptr[2];
    if (value.ptr[3] != '"' || !strchr("SNB", type))
        return eg_error_set(err, EG_ERR_INVALID, "the %s '%s' must be a string, a number or binary",
                            key->role, key->name);
    if (bytes == 0)
        return eg_error_set(err, EG_ERR_INVALID, "the %s '%s' is empty", key->role, key->name);
    if (type != 'N' && bytes > key->max_bytes)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "the %s '%s' has %zu bytes, DynamoDB takes %zu",
                            key->role, key->name, bytes, key->max_bytes);
    eg_buffer_append_char(&item->key, item->key.len ? ',' : '{');
    eg_json_write_name(&item->key, key->name);
    eg_buffer_append_span(&item->key, value);
    return 0;
}

static int add_attribute(const struct eg_sink_item_spec *spec, size_t index, eg_json_index name_at,
                         struct eg_sink_item *item, struct eg_error *err)
{
    struct eg_span name = eg_json_string(&item->document, name_at);
    size_t before = item->size_bytes;
    eg_buffer_append_char(&item->text, index > 0 ? ',' : '{');
    eg_json_write_string(&item->text, name);
    eg_buffer_append_char(&item->text, ':');
    size_t value_at = item->text.len;
    if (eg_sink_attribute_write(&item->document, name_at + 1, type_of(spec, index), &item->text,
                                &item->size_bytes, err) != 0)
        return eg_error_prefix(err, "%.*s", EG_SPAN_ARGS(name));
    const struct key *key = find_key(spec, name);
    size_t bytes = item->size_bytes - before;
    item->size_bytes += name.len;
    struct eg_span value = eg_span_of(item->text.data + value_at, item->text.len - value_at);
    return key ? add_key(key, value, bytes, item, err) : 0;
}

static int check_keys(const struct eg_sink_item_spec *spec, const struct eg_sink_item *item,
                      struct eg_error *err)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(spec->keys); i++) {
        const struct key *key = &spec->keys[i];
        if (key->name &&
            eg_json_member(&item->document, 0, eg_span_text(key->name)) == EG_JSON_NONE)
            return eg_error_set(err, EG_ERR_INVALID, "the item has no %s '%s'", key->role,
                                key->name);
    }
    return 0;
}

int eg_sink_item_make(const struct eg_sink_item_spec *spec,
                      const struct eg_rules_template_input *input, struct eg_sink_item *item,
                      struct eg_error *err)
{
    eg_buffer_clear(&item->text);
    eg_buffer_clear(&item->key);
    item->size_bytes = 0;
    if (open_document(spec, input, item, err) != 0 || check_keys(spec, item, err) != 0)
        return -1;
    eg_json_index name_at = 1;
    for (uint32_t i = 0; i < eg_json_count(&item->document, 0); i++) {
        if (add_attribute(spec, i, name_at, item, err) != 0)
            return -1;
        name_at = eg_json_next(&item->document, name_at + 1);
    }
    eg_buffer_append_text(&item->text, item->text.len ? "}" : "{}");
    if (item->key.len)
        eg_buffer_append_char(&item->key, '}');
    if (item->size_bytes > EG_SINK_ITEM_BYTES_MAX)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "the item has %zu bytes, DynamoDB takes %zu",
                            item->size_bytes, EG_SINK_ITEM_BYTES_MAX);
    return 0;
}
