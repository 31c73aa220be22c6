/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of SQS and SNS. The threads are those of batch.h. */
#include "sinks/aws/message.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"

#define ID_MAX          128 /* of a group or a deduplication id */
#define NUMBER_BYTES    16
#define FIRST_PRINTABLE 0x20
#define TYPE_STRING     "String"
#define TYPE_NUMBER     "Number"

int eg_sink_message_compile(struct eg_sink_texts *texts,
                            const struct eg_sink_message_config *config,
                            struct eg_sink_message_texts *ret_compiled, struct eg_error *err)
{
    const struct eg_string_map *map = &config->attributes;
    if (map->count > EG_SINK_ATTRIBUTES_MAX)
        return eg_error_set(err, EG_ERR_CONFIG, "attributes: %zu, the limit is %d", map->count,
                            EG_SINK_ATTRIBUTES_MAX);
    ret_compiled->names = map;
    for (size_t i = 0; i < map->count; i++) {
        if (eg_sink_texts_add(texts, map->entries[i].name, map->entries[i].value, EG_RULES_TEXT,
                              &ret_compiled->attributes[i], err) != 0)
            return eg_error_prefix(err, "attributes");
    }
    if (eg_sink_texts_add(texts, "message", config->message, EG_RULES_TEXT, &ret_compiled->message,
                          err) != 0 ||
        eg_sink_texts_add(texts, "group_id", config->group_id, EG_RULES_TEXT,
                          &ret_compiled->group_id, err) != 0)
        return -1;
    return eg_sink_texts_add(texts, "deduplication_id", config->deduplication_id, EG_RULES_TEXT,
                             &ret_compiled->deduplication_id, err);
}

bool eg_sink_message_is_fifo(struct eg_span place)
{
    static const char suffix[] = ".fifo";
    size_t len = sizeof(suffix) - 1;
    return place.len > len && memcmp(place.ptr + place.len - len, suffix, len) == 0;
}

/* U+FFFE and U+FFFF are EF BF BE and EF BF BF. */
static bool is_noncharacter(struct eg_span text, size_t at)
{
    const unsigned char *p = (const unsigned char *)text.ptr + at;
    return p[0] == 0xEF && text.len - at >= 3 && p[1] == 0xBF && p[2] >= 0xBE;
}

static bool is_refused(struct eg_span text, size_t at)
{
    unsigned char c = (unsigned char)text.ptr[at];
    if (c < FIRST_PRINTABLE)
        return c != '\t' && c != '\n' && c != '\r';
    return is_noncharacter(text, at);
}

int eg_sink_message_check(const char *what, struct eg_span text, struct eg_error *err)
{
    if (text.len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "%s is empty", what);
    for (size_t i = 0; i < text.len; i++)
        if (is_refused(text, i))
            return eg_error_set(err, EG_ERR_INVALID,
                                "%s holds a character that no message may hold, at byte %zu", what,
                                i);
    return 0;
}

int eg_sink_message_body(struct eg_sink_worker *worker, const struct eg_sink_message_texts *texts,
                         const struct eg_event *event, struct eg_sink_entry *entry,
                         struct eg_span *ret_body, struct eg_error *err)
{
    struct eg_span body = event->payload;
    struct eg_sink_piece piece = {"the message", texts->message, EG_SPAN_EMPTY, 0, SIZE_MAX};
    if (piece.text != EG_SINK_TEXT_NONE) {
        if (eg_sink_piece_render(worker, &piece, err) != 0)
            return -1;
        body = eg_buffer_span(&worker->piece);
    }
    if (eg_sink_message_check("the message", body, err) != 0)
        return -1;
    entry->size_bytes += body.len;
    *ret_body = body;
    return 0;
}

/* --- attributes */

struct putting {
    struct eg_sink_worker *worker;
    struct eg_sink_entry *entry;
    eg_sink_put_attribute put;
    size_t number;
};

static void put(struct putting *putting, struct eg_span name, const char *type,
                struct eg_span value)
{
    struct eg_sink_attribute_value attribute = {name, type, value, putting->number++};
    putting->entry->size_bytes += name.len + strlen(type) + value.len;
    putting->put(putting->worker, &attribute);
}

/* Our own words about a failure: what a message can't hold becomes a space, nothing is refused. */
static void put_told(struct putting *putting, const char *name, struct eg_span text)
{
    struct eg_buffer *piece = &putting->worker->piece;
    eg_buffer_clear(piece);
    for (size_t i = 0; i < text.len; i++) {
        bool refused = is_refused(text, i);
        i += refused && is_noncharacter(text, i) ? 2 : 0;
        eg_buffer_append_char(piece, refused ? ' ' : text.ptr[i]);
    }
    if (piece->len > 0)
        put(putting, eg_span_text(name), TYPE_STRING, eg_buffer_span(piece));
}

static void put_failure(struct putting *putting, const struct eg_event_failure *failure)
{
    char attempts[NUMBER_BYTES];
    (void)snprintf(attempts, sizeof(attempts), "%u", failure->retry_attempts);
    put_told(putting, "RULE_ARN", failure->rule_arn);
    put_told(putting, "TARGET_ARN", failure->target_arn);
    put_told(putting, "ERROR_CODE", failure->error_code);
    put_told(putting, "ERROR_MESSAGE", failure->error_message);
    put_told(putting, "EXHAUSTED_RETRY_CONDITION", failure->exhausted_retry_condition);
    put(putting, EG_SPAN_LITERAL("RETRY_ATTEMPTS"), TYPE_NUMBER, eg_span_text(attempts));
}

static int put_configured(struct putting *putting, const struct eg_sink_message_texts *texts,
                          size_t index, struct eg_error *err)
{
    const char *name = texts->names->entries[index].name;
    struct eg_sink_piece piece = {name, texts->attributes[index], EG_SPAN_EMPTY, 0, SIZE_MAX};
    if (eg_sink_piece_render(putting->worker, &piece, err) != 0)
        return eg_error_prefix(err, "attributes");
    struct eg_span value = eg_buffer_span(&putting->worker->piece);
    if (value.len == 0)
        return 0;
    if (eg_sink_message_check(name, value, err) != 0)
        return eg_error_prefix(err, "attributes");
    put(putting, eg_span_text(name), TYPE_STRING, value);
    return 0;
}

int eg_sink_message_attributes(struct eg_sink_worker *worker,
                               const struct eg_sink_message_texts *texts,
                               const struct eg_event *event, struct eg_sink_entry *entry,
                               eg_sink_put_attribute put_one, struct eg_error *err)
{
    struct putting putting = {worker, entry, put_one, 0};
    for (size_t i = 0; i < texts->names->count; i++)
        if (put_configured(&putting, texts, i, err) != 0)
            return -1;
    if (event->failure)
        put_failure(&putting, event->failure);
    return 0;
}

/* --- FIFO */

/* Letters, digits and ASCII punctuation (SendMessage, MessageGroupId). What the event brings may be
 * in other letters, or longer: then its digest stands for it. */
static bool is_id(struct eg_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    return true;
}

static int render_id(struct eg_sink_worker *worker, const char *what, size_t text,
                     struct eg_span otherwise, struct eg_error *err)
{
    struct eg_sink_piece piece = {what, text, otherwise, 0, SIZE_MAX};
    if (eg_sink_piece_render(worker, &piece, err) != 0)
        return -1;
    eg_sink_piece_fit(worker, is_id(eg_buffer_span(&worker->piece)) ? ID_MAX : 0);
    return 0;
}

int eg_sink_message_group(struct eg_sink_worker *worker, const struct eg_sink_message_texts *texts,
                          const struct eg_event *event, bool fifo, struct eg_error *err)
{
    struct eg_span otherwise = event->key.len > 0 ? event->key : event->topic;
    return render_id(worker, "group_id", texts->group_id, fifo ? otherwise : EG_SPAN_EMPTY, err);
}

int eg_sink_message_deduplication(struct eg_sink_worker *worker,
                                  const struct eg_sink_message_texts *texts,
                                  const struct eg_event *event, bool fifo, struct eg_error *err)
{
    if (!fifo) {
        eg_buffer_clear(&worker->piece);
        return 0;
    }
    return render_id(worker, "deduplication_id", texts->deduplication_id, event->id, err);
}
