/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events into a table of Amazon DynamoDB: PutItem with a condition, one item a call, or without one
 * BatchWriteItem, 25 items a call.
 *
 * BatchWriteItem refuses a call in which a key stands twice, so the second item of a key belongs to
 * another round: rounds are places (batch.h), and are sent one after the other. What comes back in
 * UnprocessedItems is tried again, and nothing else; a put is the same however often it is done.
 *
 * An entry's text is three lines: the key, the item, the condition's values.
 *
 * Threads: as in batch.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "sinks/aws/batch.h"
#include "sinks/aws/item.h"
#include "json/writer.h"

#define BATCH_ITEMS_MAX  25
#define CALL_BYTES_MAX   ((size_t)16 << 20)
#define CALL_FRAME_BYTES 8192u /* what stands around the items */
#define TABLE_BYTES_MAX  1024u /* an ARN */

enum if_exists { IF_EXISTS_DELIVERED, IF_EXISTS_REJECTED };
static const char *const if_exists_words[] = {"delivered", "rejected", NULL};

struct config {
    char *table;
    char *partition_key;
    char *sort_key;
    char *item;
    char *condition;
    struct eg_string_map names;
    char *values;
    int if_exists;
    struct eg_aws_config aws;
};

#define AT(member) offsetof(struct config, member)

static const struct eg_field fields[] = {
    {.name = "table",
     .type = EG_FIELD_STRING,
     .offset = AT(table),
     .required = true,
     .help = "Name or ARN of the table; a template."},
    {.name = "partition_key",
     .type = EG_FIELD_STRING,
     .offset = AT(partition_key),
     .required = true,
     .help = "The attribute that is the table's partition (HASH) key."},
    {.name = "sort_key",
     .type = EG_FIELD_STRING,
     .offset = AT(sort_key),
     .help = "The attribute that is its sort (RANGE) key; unset: it has none."},
    {.name = "item",
     .type = EG_FIELD_JSON,
     .offset = AT(item),
     .help = "The item: attributes, each a template, `{TYPE: template}` with a type of DynamoDB's "
             "(S, N, B, BOOL, NULL, SS, NS, BS, L, M) or other JSON; or one JSON template for all. "
             "Unset: what is delivered, a JSON object."},
    {.name = "condition",
     .type = EG_FIELD_STRING,
     .offset = AT(condition),
     .help = "ConditionExpression, as `attribute_not_exists(id)`: then each item is a call of its "
             "own."},
    {.name = "names",
     .type = EG_FIELD_STRING_MAP,
     .offset = AT(names),
     .help = "ExpressionAttributeNames of the condition: `#name` to an attribute."},
    {.name = "values",
     .type = EG_FIELD_JSON,
     .offset = AT(values),
     .help = "ExpressionAttributeValues of the condition: `:name` to a value, as in item."},
    {.name = "if_exists",
     .type = EG_FIELD_CHOICE,
     .offset = AT(if_exists),
     .default_text = "delivered",
     .choices = if_exists_words,
     .help = "What an event is whose condition is not met: it is there already, or it is refused."},
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink dynamodb",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct state {
    size_t table_text;
    struct eg_sink_item_spec *item;
    struct eg_sink_item_spec *values; /* NULL: the condition has none */
};

static const struct state *state_of(const struct eg_sink *sink)
{
    return sink->state;
}

static const struct config *config_of(const struct eg_sink *sink)
{
    return sink->config;
}

static bool is_given(const char *text)
{
    return text && text[0] != '\0';
}

/* --- entries */

/* The part of an entry's text up to the n-th line feed. */
static struct eg_span line_of(const struct eg_sink_worker *worker,
                              const struct eg_sink_entry *entry, unsigned number)
{
    struct eg_span text = eg_sink_entry_text(worker, entry);
    for (;; number--) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        if (number == 0 || !end)
            return number == 0 ? eg_span_of(text.ptr, len) : EG_SPAN_EMPTY;
        text = eg_span_of(end + 1, text.len - len - 1);
    }
}

static struct eg_span key_of(const struct eg_sink_worker *worker, const struct eg_sink_entry *entry)
{
    return line_of(worker, entry, 0);
}

static struct eg_span item_of(const struct eg_sink_worker *worker,
                              const struct eg_sink_entry *entry)
{
    return line_of(worker, entry, 1);
}

static struct eg_span values_of(const struct eg_sink_worker *worker,
                                const struct eg_sink_entry *entry)
{
    return line_of(worker, entry, 2);
}

/* How many entries before this one have its key. */
static size_t round_of(const struct eg_sink_worker *worker, struct eg_span key)
{
    size_t round = 0;
    for (size_t i = 0; i < worker->count; i++)
        if (worker->entries[i].delivery && eg_span_equal(key_of(worker, &worker->entries[i]), key))
            round++;
    return round;
}

static int write_place(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                       struct eg_error *err)
{
    const struct eg_sink_piece piece = {
        .what = "table",
        .text = state_of(worker->sink)->table_text,
        .least = 1,
        .most = TABLE_BYTES_MAX,
    };
    return eg_sink_place_render(worker, &piece, entry, err);
}

/* The round of its key is the last line of an entry's place. */
static void append_round(struct eg_sink_worker *worker, struct eg_span key,
                         struct eg_sink_entry *entry)
{
    char round[24];
    (void)snprintf(round, sizeof(round), "\n%zu", round_of(worker, key));
    eg_sink_place_append(worker, entry, eg_span_text(round));
}

static struct eg_span table_of(struct eg_span place)
{
    const char *end = memrchr(place.ptr, '\n', place.len);
    return eg_span_of(place.ptr, end ? (size_t)(end - place.ptr) : place.len);
}

static void write_text(struct eg_sink_worker *worker, const struct eg_sink_item *item,
                       const struct eg_sink_item *values, struct eg_sink_entry *entry)
{
    append_round(worker, eg_buffer_span(&item->key), entry);
    entry->text_at = worker->texts.len;
    eg_buffer_append_span(&worker->texts, eg_buffer_span(&item->key));
    eg_buffer_append_char(&worker->texts, '\n');
    eg_buffer_append_span(&worker->texts, eg_buffer_span(&item->text));
    eg_buffer_append_char(&worker->texts, '\n');
    eg_buffer_append_span(&worker->texts, eg_buffer_span(&values->text));
    entry->text_bytes = worker->texts.len - entry->text_at;
    entry->size_bytes = entry->text_bytes;
}

static int write_entry(struct eg_sink_worker *worker, const struct eg_event *event,
                       struct eg_sink_entry *entry, struct eg_error *err)
{
    const struct state *state = state_of(worker->sink);
    const struct eg_rules_template_input *input = &worker->renderer.input;
    EG_CLEANUP(eg_sink_item_fini) struct eg_sink_item item;
    EG_CLEANUP(eg_sink_item_fini) struct eg_sink_item values;
    (void)event;
    eg_sink_item_init(&item);
    eg_sink_item_init(&values);
    if (eg_sink_item_make(state->item, input, &item, err) != 0)
        return -1;
    if (state->values && eg_sink_item_make(state->values, input, &values, err) != 0)
        return eg_error_prefix(err, "values");
    write_text(worker, &item, &values, entry);
    return 0;
}

/* --- BatchWriteItem */

static void write_batch(const struct eg_sink_call *call, struct eg_buffer *body)
{
    eg_buffer_append_text(body, "{\"RequestItems\":{");
    eg_json_write_string(body, table_of(call->place));
    eg_buffer_append_text(body, ":[");
    for (size_t i = 0; i < call->count; i++) {
        eg_buffer_append_text(body,
                              i > 0 ? ",{\"PutRequest\":{\"Item\":" : "{\"PutRequest\":{\"Item\":");
        eg_buffer_append_span(body, item_of(call->worker, call->entries[i]));
        eg_buffer_append_text(body, "}}");
    }
    eg_buffer_append_text(body, "]}}");
}

/* Is the key of an entry that of an item of the answer? */
static bool has_key(const struct eg_json_document *answer, eg_json_index item,
                    const struct eg_json_document *key)
{
    eg_json_index name = 1;
    for (uint32_t i = 0; i < eg_json_count(key, 0); i++) {
        eg_json_index value = eg_json_member(answer, item, eg_json_string(key, name));
        if (value == EG_JSON_NONE || !eg_json_equal(answer, value, key, name + 1))
            return false;
        name = eg_json_next(key, name + 1);
    }
    return true;
}

static bool fail_item(struct eg_sink_call *call, const struct eg_json_document *answer,
                      eg_json_index item, struct eg_json_document *key)
{
    static const struct eg_sink_failure unprocessed = {
        .code = {"UnprocessedItems", sizeof("UnprocessedItems") - 1},
        .message = {"the table has no capacity left for it now",
                    sizeof("the table has no capacity left for it now") - 1},
        .retriable = true,
    };
    struct eg_error err;
    for (size_t i = 0; i < call->count; i++) {
        struct eg_span text = key_of(call->worker, call->entries[i]);
        if (!call->entries[i]->delivery || eg_json_document_parse(key, text, NULL, &err) != 0 ||
            !has_key(answer, item, key))
            continue;
        eg_sink_call_fail(call, i, &unprocessed);
        return true;
    }
    return false;
}

/* Every write request that came back; -1: one of them is none of ours. */
static int fail_items(struct eg_sink_call *call, eg_json_index requests, struct eg_error *err)
{
    const struct eg_json_document *answer = &call->worker->document;
    struct eg_json_document key;
    int ret = 0;
    eg_json_document_init(&key);
    eg_json_index at = requests + 1;
    for (uint32_t i = 0; ret == 0 && i < eg_json_count(answer, requests); i++) {
        eg_json_index item = eg_json_pointer(answer, at, EG_SPAN_LITERAL("/PutRequest/Item"));
        if (item == EG_JSON_NONE || !fail_item(call, answer, item, &key))
            ret = eg_error_set_retriable(err, EG_ERR_INVALID,
                                         "an unprocessed item is none of those that were sent");
        at = eg_json_next(answer, at);
    }
    eg_json_document_fini(&key);
    return ret;
}

static int read_batch(struct eg_sink_call *call, struct eg_error *err)
{
    if (eg_sink_call_parse(call, err) != 0)
        return -1;
    const struct eg_json_document *answer = &call->worker->document;
    eg_json_index tables = eg_json_member(answer, 0, EG_SPAN_LITERAL("UnprocessedItems"));
    if (tables == EG_JSON_NONE || eg_json_kind(answer, tables) != EG_JSON_OBJECT)
        return 0;
    eg_json_index name = tables + 1;
    for (uint32_t i = 0; i < eg_json_count(answer, tables); i++) {
        if (eg_json_kind(answer, name + 1) == EG_JSON_ARRAY && fail_items(call, name + 1, err) != 0)
            return -1;
        name = eg_json_next(answer, name + 1);
    }
    return 0;
}

/* --- PutItem */

static void append_names(const struct config *config, struct eg_buffer *body)
{
    if (config->names.count == 0)
        return;
    eg_buffer_append_text(body, ",\"ExpressionAttributeNames\":{");
    for (size_t i = 0; i < config->names.count; i++) {
        if (i > 0)
            eg_buffer_append_char(body, ',');
        eg_json_write_name(body, config->names.entries[i].name);
        eg_json_write_text(body, config->names.entries[i].value);
    }
    eg_buffer_append_char(body, '}');
}

static void write_put(const struct eg_sink_call *call, struct eg_buffer *body)
{
    const struct config *config = config_of(call->worker->sink);
    struct eg_span values = values_of(call->worker, call->entries[0]);
    eg_buffer_append_text(body, "{\"TableName\":");
    eg_json_write_string(body, table_of(call->place));
    eg_buffer_append_text(body, ",\"Item\":");
    eg_buffer_append_span(body, item_of(call->worker, call->entries[0]));
    eg_buffer_append_text(body, ",\"ConditionExpression\":");
    eg_json_write_text(body, config->condition);
    append_names(config, body);
    if (values.len > 0) {
        eg_buffer_append_text(body, ",\"ExpressionAttributeValues\":");
        eg_buffer_append_span(body, values);
    }
    eg_buffer_append_char(body, '}');
}

static int read_put(struct eg_sink_call *call, struct eg_error *err)
{
    return eg_sink_call_parse(call, err);
}

/* Errors of DynamoDB that are not what their status says. */
static const struct {
    const char *code;
    bool passes;
} codes[] = {
    {"TransactionConflictException", true},
    {"ReplicatedWriteConflictException", true},
    {"ItemCollectionSizeLimitExceededException", false},
};

static void complete_all(struct eg_sink_call *call, enum eg_outcome outcome, const char *message)
{
    for (size_t i = 0; i < call->count; i++)
        eg_sink_call_complete(call, i, outcome, message);
}

/* Nothing is ever repaired: what is known better here is completed. */
static bool look_at_failure(struct eg_sink_call *call)
{
    const struct config *config = config_of(call->worker->sink);
    struct eg_span code = eg_span_text(call->failure.code);
    if (eg_span_is(code, "ConditionalCheckFailedException")) {
        bool fine = config->if_exists == IF_EXISTS_DELIVERED;
        complete_all(call, fine ? EG_DELIVERED : EG_REJECTED,
                     "DynamoDB: the condition is not met: the item is there already");
        return false;
    }
    for (size_t i = 0; i < EG_ARRAY_COUNT(codes); i++) {
        if (!eg_span_is(code, codes[i].code))
            continue;
        EG_AUTOFREE char *message = eg_asprintf("DynamoDB: %s", call->failure.code);
        complete_all(call, codes[i].passes ? EG_RETRY : EG_REJECTED, message);
    }
    return false;
}

#define SERVICE                              \
    {                                        \
        .id = "dynamodb", .host = "dynamodb" \
    }

static const struct eg_sink_service batch_write = {
    .name = "DynamoDB",
    .aws = SERVICE,
    .protocol = EG_AWS_JSON_1_0,
    .operation = "DynamoDB_20120810.BatchWriteItem",
    .write_place = write_place,
    .write_entry = write_entry,
    .write_call = write_batch,
    .read_answer = read_batch,
    .repair = look_at_failure,
};

static const struct eg_sink_service put_item = {
    .name = "DynamoDB",
    .aws = SERVICE,
    .protocol = EG_AWS_JSON_1_0,
    .operation = "DynamoDB_20120810.PutItem",
    .write_place = write_place,
    .write_entry = write_entry,
    .write_call = write_put,
    .read_answer = read_put,
    .repair = look_at_failure,
};

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    struct state *state = sink->state;
    eg_sink_item_spec_destroy(state->item);
    eg_sink_item_spec_destroy(state->values);
    eg_sink_batch_destroy(sink);
}

static int compile(struct eg_sink *sink, struct eg_error *err)
{
    const struct config *config = sink->config;
    struct state *state = sink->state;
    const struct eg_sink_item_options item = {config->item, config->partition_key,
                                              config->sort_key};
    const struct eg_sink_item_options values = {config->values, NULL, NULL};
    if (!is_given(config->table) || !is_given(config->partition_key))
        return eg_error_set(err, EG_ERR_CONFIG, "table and partition_key must not be empty");
    if (!is_given(config->condition) && (config->names.count > 0 || config->values))
        return eg_error_set(err, EG_ERR_CONFIG, "names and values belong to a condition");
    if (eg_sink_texts_add(&sink->texts, "table", config->table, EG_RULES_TEXT, &state->table_text,
                          err) != 0)
        return -1;
    if (eg_sink_item_spec_new(&item, &state->item, err) != 0)
        return eg_error_prefix(err, "item");
    if (config->values && eg_sink_item_spec_new(&values, &state->values, err) != 0)
        return eg_error_prefix(err, "values");
    if (eg_sink_item_spec_reads_envelope(state->item) ||
        (state->values && eg_sink_item_spec_reads_envelope(state->values)))
        sink->texts.reads_envelope = true;
    return 0;
}

static int create(const struct eg_sink_host *host, const void *settings, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    const struct config *config = settings;
    bool single = is_given(config->condition);
    struct eg_sink *sink =
        eg_sink_batch_new(host, single ? &put_item : &batch_write, config, sizeof(struct state));
    sink->limits = (struct eg_sink_limits){
        .entries = single ? 1 : BATCH_ITEMS_MAX,
        .call_bytes = CALL_BYTES_MAX - CALL_FRAME_BYTES,
        .entry_bytes = CALL_BYTES_MAX - CALL_FRAME_BYTES,
    };
    if (compile(sink, err) != 0 ||
        eg_sink_batch_connect(sink, &config->aws, config->table, err) != 0) {
        destroy(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

const struct eg_sink_type eg_sink_dynamodb = {
    .abi = EG_SINK_ABI,
    .name = "dynamodb",
    .help = "Puts events as items into a table of Amazon DynamoDB.",
    .config = &table,
    .default_workers = 4,
    .max_workers = 64,
    .max_batch_events = 4 * BATCH_ITEMS_MAX,
    .max_batch_bytes = 8u << 20,
    .create = create,
    .reads_envelope = eg_sink_batch_reads_envelope,
    .worker_begin = eg_sink_batch_worker_begin,
    .worker_end = eg_sink_batch_worker_end,
    .submit = eg_sink_batch_submit,
    .probe = eg_sink_batch_probe,
    .destroy = destroy,
};
