/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as log events of Amazon CloudWatch Logs: PutLogEvents.
 *
 * A group and a stream that are not there are made when the first call finds them missing, and the
 * call is made again. A call's log events stand in the order of their times, and within a day.
 * The place of an entry is "group\nstream": neither may hold a line feed.
 *
 * Threads: as in batch.h. Several workers may find the same thing missing: that it exists by then
 * is as good as having made it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "sinks/aws/batch.h"
#include "json/compact.h"
#include "json/writer.h"

#define ENTRIES_MAX    10000
#define CALL_BYTES_MAX ((size_t)1 << 20)
#define OVERHEAD_BYTES 26 /* of each log event */
#define SPAN_MAX_MS    (INT64_C(24) * 3600 * 1000)
#define NAME_MAX_BYTES 512
#define HOST_BYTES     256
#define BATCH_EVENTS   1000
#define TARGET         "Logs_20140328."

struct config {
    char *group;
    char *stream;
    char *message;
    bool create;
    int64_t retention_days;
    struct eg_aws_config aws;
};

static const struct eg_field fields[] = {
    {.name = "group",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, group),
     .required = true,
     .help = "The log group; a template."},
    {.name = "stream",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, stream),
     .help = "The log stream; a template. Unset: the name of this machine."},
    {.name = "message",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, message),
     .help = "The log event; a template. Unset: the event's envelope on one line."},
    {.name = "create",
     .type = EG_FIELD_BOOL,
     .offset = offsetof(struct config, create),
     .default_text = "true",
     .help = "Whether a group or a stream that is missing is made."},
    {.name = "retention_days",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct config, retention_days),
     .default_text = "0",
     .min = 0,
     .max = 3653,
     .help =
         "Retention of a group that is made here: 1, 3, 5, 7, 14, 30, 60, 90, ... as CloudWatch "
         "Logs has them; 0: it never expires."},
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink cloudwatch_logs",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

/* RetentionInDays of PutRetentionPolicy (CloudWatch Logs API Reference). */
static const int64_t retentions[] = {0,    1,    3,    5,    7,    14,   30,  60,
                                     90,   120,  150,  180,  365,  400,  545, 731,
                                     1096, 1827, 2192, 2557, 2922, 3288, 3653};

struct state {
    size_t group;
    size_t stream;
    size_t message;
    char host[HOST_BYTES];
};

static const struct state *state_of(const struct eg_sink_worker *worker)
{
    return worker->sink->state;
}

/* --- write */

/* What a name can't hold becomes '_' (CreateLogGroup, CreateLogStream). */
static void mend_name(struct eg_buffer *name, bool is_group)
{
    static const char group_marks[] = "_-/.#";
    for (size_t i = 0; i < name->len; i++) {
        unsigned char c = (unsigned char)name->data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool good = is_group ? letter || (c && strchr(group_marks, c) != NULL)
                             : c >= ' ' && c != 0x7F && c != ':' && c != '*';
        if (!good)
            name->data[i] = '_';
    }
}

static int put_name(struct eg_sink_worker *worker, const struct eg_sink_piece *name, bool is_group,
                    struct eg_sink_entry *entry, struct eg_error *err)
{
    if (eg_sink_piece_render(worker, name, err) != 0)
        return -1;
    mend_name(&worker->piece, is_group);
    eg_sink_place_append(worker, entry, eg_buffer_span(&worker->piece));
    return 0;
}

static int write_place(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                       struct eg_error *err)
{
    const struct state *state = state_of(worker);
    struct eg_sink_piece group = {"group", state->group, EG_SPAN_EMPTY, 1, NAME_MAX_BYTES};
    struct eg_sink_piece stream = {"stream", state->stream, eg_span_text(state->host), 1,
                                   NAME_MAX_BYTES};
    if (put_name(worker, &group, true, entry, err) != 0)
        return -1;
    eg_sink_place_append(worker, entry, EG_SPAN_LITERAL("\n"));
    return put_name(worker, &stream, false, entry, err);
}

static int write_entry(struct eg_sink_worker *worker, const struct eg_event *event,
                       struct eg_sink_entry *entry, struct eg_error *err)
{
    struct eg_buffer *message = &worker->piece;
    if (state_of(worker)->message != EG_SINK_TEXT_NONE) {
        struct eg_sink_piece piece = {"message", state_of(worker)->message, EG_SPAN_EMPTY, 1,
                                      SIZE_MAX};
        if (eg_sink_piece_render(worker, &piece, err) != 0)
            return -1;
    } else {
        eg_buffer_clear(message);
        eg_json_write_one_line(message, event->envelope.len > 0 ? event->envelope : event->payload);
    }
    entry->size_bytes = message->len + OVERHEAD_BYTES;
    eg_buffer_printf(&worker->texts, "{\"timestamp\":%" PRId64 ",\"message\":", entry->time_ms);
    eg_json_write_string(&worker->texts, eg_buffer_span(message));
    eg_buffer_append_char(&worker->texts, '}');
    return 0;
}

/* --- call */

static int by_time(const void *a, const void *b)
{
    const struct eg_sink_entry *first = *(struct eg_sink_entry *const *)a;
    const struct eg_sink_entry *second = *(struct eg_sink_entry *const *)b;
    if (first->time_ms != second->time_ms)
        return first->time_ms < second->time_ms ? -1 : 1;
    return first < second ? -1 : first > second; /* in the order in which they came */
}

static size_t arrange(struct eg_sink_entry **entries, size_t count)
{
    size_t within = 0;
    qsort((void *)entries, count, sizeof(struct eg_sink_entry *), by_time);
    while (within < count && entries[within]->time_ms - entries[0]->time_ms <= SPAN_MAX_MS)
        within++;
    return within;
}

static void split_place(struct eg_span place, struct eg_span *ret_group, struct eg_span *ret_stream)
{
    const char *feed = memchr(place.ptr, '\n', place.len);
    EG_ASSERT(feed); /* write_place has put it there */
    size_t len = (size_t)(feed - place.ptr);
    *ret_group = eg_span_of(place.ptr, len);
    *ret_stream = eg_span_of(feed + 1, place.len - len - 1);
}

/* Appends "logGroupName":... and, unless it is empty, ,"logStreamName":... */
static void write_names(struct eg_span group, struct eg_span stream, struct eg_buffer *body)
{
    eg_buffer_append_text(body, "{\"logGroupName\":");
    eg_json_write_string(body, group);
    if (stream.len == 0)
        return;
    eg_buffer_append_text(body, ",\"logStreamName\":");
    eg_json_write_string(body, stream);
}

static void write_call(const struct eg_sink_call *call, struct eg_buffer *body)
{
    struct eg_span group;
    struct eg_span stream;
    split_place(call->place, &group, &stream);
    write_names(group, stream, body);
    eg_buffer_append_text(body, ",\"logEvents\":[");
    eg_sink_call_join(call, body);
    eg_buffer_append_text(body, "]}");
}

/* --- make what is missing */

enum made {
    MADE,
    WAS_THERE,
    NO_GROUP,
    NOT_MADE,
};

static bool has_failed_with(const struct eg_sink_call *call, const char *code)
{
    return strcmp(call->failure.code, code) == 0;
}

static enum made make(struct eg_sink_call *call, const char *action, const struct eg_buffer *body)
{
    struct eg_error err;
    const struct eg_sink_host *host = call->worker->sink->host;
    if (eg_sink_call_other(call, action, eg_buffer_span(body), &err) == 0)
        return MADE;
    if (has_failed_with(call, "ResourceAlreadyExistsException"))
        return WAS_THERE;
    if (has_failed_with(call, "ResourceNotFoundException"))
        return NO_GROUP;
    host->log(host, EG_LOG_WARNING, "%s: %s", action, err.message);
    return NOT_MADE;
}

/* A retention that can't be set was logged; the events matter more. */
static bool make_group(struct eg_sink_call *call, struct eg_span group)
{
    struct eg_buffer body EG_AUTOBUFFER = EG_BUFFER_INIT;
    const struct config *config = call->worker->sink->config;
    write_names(group, EG_SPAN_EMPTY, &body);
    eg_buffer_append_char(&body, '}');
    enum made made = make(call, TARGET "CreateLogGroup", &body);
    if (made == MADE && config->retention_days > 0) {
        body.len--;
        eg_buffer_printf(&body, ",\"retentionInDays\":%" PRId64 "}", config->retention_days);
        (void)make(call, TARGET "PutRetentionPolicy", &body);
    }
    return made == MADE || made == WAS_THERE;
}

static enum made make_stream(struct eg_sink_call *call, struct eg_span group, struct eg_span stream)
{
    struct eg_buffer body EG_AUTOBUFFER = EG_BUFFER_INIT;
    write_names(group, stream, &body);
    eg_buffer_append_char(&body, '}');
    return make(call, TARGET "CreateLogStream", &body);
}

static bool repair(struct eg_sink_call *call)
{
    struct eg_span group;
    struct eg_span stream;
    const struct config *config = call->worker->sink->config;
    if (!config->create || !has_failed_with(call, "ResourceNotFoundException"))
        return false;
    split_place(call->place, &group, &stream);
    enum made made = make_stream(call, group, stream);
    if (made == NO_GROUP && make_group(call, group))
        made = make_stream(call, group, stream);
    return made == MADE || made == WAS_THERE;
}

/* --- read */

/* The member of rejectedLogEventsInfo, or `otherwise`. */
static size_t index_of(const struct eg_json_document *document, eg_json_index info,
                       const char *name, size_t otherwise)
{
    int64_t number = 0;
    eg_json_index value = eg_json_member(document, info, eg_span_text(name));
    if (value == EG_JSON_NONE || eg_json_kind(document, value) != EG_JSON_NUMBER ||
        !eg_json_int64(document, value, &number) || number < 0)
        return otherwise;
    return (size_t)number;
}

static void reject(struct eg_sink_call *call, size_t from, size_t to, const char *why)
{
    struct eg_sink_failure failure = {EG_SPAN_LITERAL("rejectedLogEventsInfo"), eg_span_text(why),
                                      false};
    for (size_t i = from; i < to && i < call->count; i++)
        eg_sink_call_fail(call, i, &failure);
}

static int read_answer(struct eg_sink_call *call, struct eg_error *err)
{
    const struct eg_json_document *document = &call->worker->document;
    if (eg_sink_call_parse(call, err) != 0)
        return -1;
    eg_json_index info = eg_json_member(document, 0, EG_SPAN_LITERAL("rejectedLogEventsInfo"));
    if (info == EG_JSON_NONE || eg_json_kind(document, info) != EG_JSON_OBJECT)
        return 0;
    reject(call, 0, index_of(document, info, "expiredLogEventEndIndex", 0),
           "older than the group's retention");
    reject(call, 0, index_of(document, info, "tooOldLogEventEndIndex", 0), "too old");
    reject(call, index_of(document, info, "tooNewLogEventStartIndex", call->count), call->count,
           "too far in the future");
    return 0;
}

static const struct eg_sink_service service = {
    .name = "CloudWatch Logs",
    .aws = {"cloudwatch_logs", "logs", NULL},
    .protocol = EG_AWS_JSON_1_1,
    .operation = TARGET "PutLogEvents",
    .write_place = write_place,
    .write_entry = write_entry,
    .write_call = write_call,
    .arrange = arrange,
    .repair = repair,
    .read_answer = read_answer,
};

/* --- the type */

static int check_retention(int64_t days, struct eg_error *err)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(retentions); i++)
        if (retentions[i] == days)
            return 0;
    return eg_error_set(err, EG_ERR_CONFIG,
                        "retention_days: CloudWatch Logs has no retention of %" PRId64
                        " days, but 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and more",
                        days);
}

static int compile(struct eg_sink *sink, const struct config *config, struct eg_error *err)
{
    struct state *state = sink->state;
    if (gethostname(state->host, sizeof(state->host) - 1) != 0 || !state->host[0])
        (void)strcpy(state->host, "eventgate");
    if (eg_sink_texts_add(&sink->texts, "group", config->group, EG_RULES_TEXT, &state->group,
                          err) != 0 ||
        eg_sink_texts_add(&sink->texts, "stream", config->stream, EG_RULES_TEXT, &state->stream,
                          err) != 0)
        return -1;
    return eg_sink_texts_add(&sink->texts, "message", config->message, EG_RULES_TEXT,
                             &state->message, err);
}

static int create(const struct eg_sink_host *host, const void *settings, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    const struct config *config = settings;
    struct eg_sink *sink = eg_sink_batch_new(host, &service, config, sizeof(struct state));
    sink->limits = (struct eg_sink_limits){
        .entries = ENTRIES_MAX,
        .call_bytes = CALL_BYTES_MAX,
        .entry_bytes = CALL_BYTES_MAX,
    };
    if (check_retention(config->retention_days, err) != 0 || compile(sink, config, err) != 0 ||
        eg_sink_batch_connect(sink, &config->aws, NULL, err) != 0) {
        eg_sink_batch_destroy(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

/* Without a message of its own the sink writes the envelope. */
static bool reads_envelope(const struct eg_sink *sink)
{
    const struct state *state = sink->state;
    return state->message == EG_SINK_TEXT_NONE || eg_sink_batch_reads_envelope(sink);
}

const struct eg_sink_type eg_sink_cloudwatch_logs = {
    .abi = EG_SINK_ABI,
    .name = "cloudwatch_logs",
    .help = "Writes events as log events of Amazon CloudWatch Logs.",
    .config = &table,
    .default_workers = 2,
    .max_workers = 64,
    .max_batch_events = BATCH_EVENTS,
    .max_batch_bytes = 1u << 20,
    .create = create,
    .reads_envelope = reads_envelope,
    .worker_begin = eg_sink_batch_worker_begin,
    .worker_end = eg_sink_batch_worker_end,
    .submit = eg_sink_batch_submit,
    .probe = eg_sink_batch_probe,
    .destroy = eg_sink_batch_destroy,
};
