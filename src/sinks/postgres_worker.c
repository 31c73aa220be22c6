/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch on one connection: what can't be bound is refused before anything is sent; the rest goes
 * out in one pipeline, each event a transaction of its own, and the outcomes come back in the same
 * order. So a bad event fails alone, and the whole batch costs one round trip.
 *
 * A delivery's second attempt may find its first one stored: the server committed, and the answer
 * got lost. Where the mapping has a `seen` question it is asked first.
 *
 * `entries` holds the deliveries that were not completed; every step takes some out.
 */
#include "sinks/postgres_worker.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/template.h"
#include "json/document.h"

#define GRACE_MS 1000 /* past the last deadline of a batch nobody waits for its outcome */

static const struct eg_json_limits document_limits = {
    .max_text_bytes = EG_JSON_MAX_TEXT_BYTES,
    .max_depth = EG_JSON_MAX_DEPTH,
    .max_members = EG_JSON_MAX_COUNT,
    .max_string_bytes = EG_JSON_MAX_TEXT_BYTES,
    .allow_duplicate_keys = true, /* whether they are allowed was decided when it was accepted */
};

struct entry {
    struct eg_delivery *delivery;
    const struct eg_postgres_mapping *mapping;
};

/* A statement with its values, ready to be sent. */
struct bound {
    const struct eg_postgres_statement *statement;
    const char **texts;
};

struct eg_postgres_worker {
    const struct eg_postgres_shared *shared;
    struct eg_postgres_connection *connection;
    bool *prepared; /* by a statement's number: on this connection */
    struct eg_arena arena;
    struct eg_json_document document;
    struct eg_json_document envelope; /* for templates */
    struct entry entries[EG_POSTGRES_BATCH_EVENTS];
    size_t count;
    struct eg_delivery *delivered[EG_POSTGRES_BATCH_EVENTS]; /* committed, not yet completed */
    size_t delivered_count;
    struct bound *bound; /* of the event that is being sent */
    size_t bound_count;
    size_t bound_capacity;
    int64_t give_up_ms; /* of the batch */
};

struct eg_postgres_worker *eg_postgres_worker_new(const struct eg_postgres_shared *shared)
{
    struct eg_postgres_worker *worker = eg_calloc(1, sizeof(*worker));
    worker->shared = shared;
    worker->prepared = eg_calloc(shared->mappings.statement_count + 1, sizeof(*worker->prepared));
    eg_json_document_init(&worker->document);
    eg_json_document_init(&worker->envelope);
    return worker;
}

static void disconnect(struct eg_postgres_worker *worker)
{
    eg_postgres_connection_close(worker->connection);
    worker->connection = NULL;
    memset(worker->prepared, 0,
           worker->shared->mappings.statement_count * sizeof(*worker->prepared));
}

void eg_postgres_worker_destroy(struct eg_postgres_worker *worker)
{
    if (!worker)
        return;
    disconnect(worker);
    eg_json_document_fini(&worker->document);
    eg_json_document_fini(&worker->envelope);
    eg_arena_fini(&worker->arena);
    free(worker->prepared);
    free(worker->bound);
    free(worker);
}

/* --- completing */

static void complete_failed(struct eg_postgres_worker *worker, struct eg_delivery *delivery,
                            const struct eg_error *err)
{
    struct eg_error told = *err;
    (void)eg_error_prefix(&told, EG_POSTGRES_FAILURE);
    worker->shared->host->complete(delivery, told.retriable ? EG_RETRY : EG_REJECTED, told.message);
}

static void flush_delivered(struct eg_postgres_worker *worker)
{
    if (worker->delivered_count)
        worker->shared->host->complete_all(worker->delivered, worker->delivered_count, EG_DELIVERED,
                                           NULL);
    worker->delivered_count = 0;
}

static void note_delivered(struct eg_postgres_worker *worker, struct eg_delivery *delivery)
{
    worker->delivered[worker->delivered_count++] = delivery;
}

static void fail_all(struct eg_postgres_worker *worker, const struct eg_error *err)
{
    for (size_t i = 0; i < worker->count; i++)
        complete_failed(worker, worker->entries[i].delivery, err);
    worker->count = 0;
}

/* --- reading outcomes */

static int next_outcome(struct eg_postgres_worker *worker, uint64_t *ret_rows, struct eg_error *err)
{
    int64_t left_ms = worker->give_up_ms - eg_clock_monotonic_ms();
    int64_t timeout_ms = worker->shared->answer_timeout_ms;
    if (left_ms < timeout_ms)
        timeout_ms = left_ms > 0 ? left_ms : 1;
    /* Nobody who could be told already waits while we do. */
    if (eg_postgres_pipeline_would_wait(worker->connection))
        flush_delivered(worker);
    return eg_postgres_pipeline_next(worker->connection, timeout_ms, ret_rows, err);
}

/* --- steps of a batch */

/* Topics without a mapping need nothing: they are delivered. */
static void take_mapped(struct eg_postgres_worker *worker, struct eg_delivery *const *batch,
                        size_t count)
{
    worker->count = 0;
    worker->give_up_ms = 0;
    for (size_t i = 0; i < count; i++) {
        const struct eg_postgres_mapping *mapping =
            eg_postgres_mapping_find(&worker->shared->mappings, batch[i]->event->topic);
        if (!mapping) {
            note_delivered(worker, batch[i]);
            continue;
        }
        worker->entries[worker->count++] = (struct entry){batch[i], mapping};
        if (batch[i]->deadline_ms > worker->give_up_ms)
            worker->give_up_ms = batch[i]->deadline_ms;
    }
    if (worker->give_up_ms < INT64_MAX - GRACE_MS)
        worker->give_up_ms += GRACE_MS;
    flush_delivered(worker);
}

static int ensure_connection(struct eg_postgres_worker *worker, struct eg_error *err)
{
    const struct eg_postgres_shared *shared = worker->shared;
    if (eg_postgres_connection_is_usable(worker->connection))
        return 0;
    disconnect(worker);
    if (eg_postgres_connection_open(&shared->provider, &shared->session, &worker->connection,
                                    err) == 0)
        return 0;
    shared->host->log(shared->host, EG_LOG_WARNING, "%s", err->message);
    return -1;
}

static int prepare(struct eg_postgres_worker *worker, const struct eg_postgres_statement *statement,
                   struct eg_error *err)
{
    uint64_t rows;
    struct eg_postgres_connection *connection = worker->connection;
    if (worker->prepared[statement->number])
        return 0;
    if (eg_postgres_pipeline_prepare(connection, statement->name, statement->sql.text,
                                     statement->types, statement->sql.count, err) != 0 ||
        eg_postgres_pipeline_commit(connection, err) != 0 || next_outcome(worker, &rows, err) != 0)
        return -1;
    worker->prepared[statement->number] = true;
    return 0;
}

static int prepare_mapping(struct eg_postgres_worker *worker,
                           const struct eg_postgres_mapping *mapping, struct eg_error *err)
{
    for (size_t i = 0; i < mapping->count; i++)
        if (prepare(worker, &mapping->statements[i], err) != 0)
            return -1;
    return mapping->seen ? prepare(worker, mapping->seen, err) : 0;
}

/* Once for each connection and statement: a round trip for each that was not there yet. */
static void prepare_entries(struct eg_postgres_worker *worker)
{
    struct eg_error err;
    size_t kept = 0;
    for (size_t i = 0; i < worker->count; i++) {
        struct entry entry = worker->entries[i];
        if (prepare_mapping(worker, entry.mapping, &err) == 0)
            worker->entries[kept++] = entry;
        else
            complete_failed(worker, entry.delivery, &err);
    }
    worker->count = kept;
}

static int bind_statement(struct eg_postgres_worker *worker,
                          const struct eg_postgres_statement *statement,
                          const struct eg_postgres_subject *subject, struct eg_error *err)
{
    size_t count = statement->sql.count;
    const char **texts = eg_arena_alloc(&worker->arena, (count + 1) * sizeof(*texts));
    for (size_t i = 0; i < count; i++)
        if (eg_postgres_parameter_bind(&statement->parameters[i], subject, &worker->arena,
                                       &texts[i], err) != 0)
            return -1;
    if (worker->bound_count == worker->bound_capacity) {
        worker->bound_capacity = worker->bound_capacity ? worker->bound_capacity * 2 : 16;
        worker->bound =
            eg_realloc_array(worker->bound, worker->bound_capacity, sizeof(*worker->bound));
    }
    worker->bound[worker->bound_count++] = (struct bound){statement, texts};
    return 0;
}

static int bind_each(struct eg_postgres_worker *worker,
                     const struct eg_postgres_statement *statement,
                     struct eg_postgres_subject *subject, struct eg_error *err)
{
    const struct eg_json_document *document = subject->document;
    eg_json_index array = eg_json_pointer(document, 0, eg_span_text(statement->each));
    if (array == EG_JSON_NONE || eg_json_kind(document, array) == EG_JSON_NULL)
        return 0;
    if (eg_json_kind(document, array) != EG_JSON_ARRAY)
        return eg_error_set(err, EG_ERR_INVALID, "'%s' is not a list", statement->each + 1);
    subject->element = array + 1;
    for (uint32_t i = 0; i < eg_json_count(document, array); i++) {
        if (bind_statement(worker, statement, subject, err) != 0)
            return eg_error_prefix(err, "%s/%u", statement->each + 1, i);
        subject->element = eg_json_next(document, subject->element);
    }
    subject->element = 0;
    return 0;
}

/* Reads the event and binds all that it will send, or with `seen` the question. */
static int bind_entry(struct eg_postgres_worker *worker, const struct entry *entry, bool seen,
                      struct eg_error *err)
{
    const struct eg_event *event = entry->delivery->event;
    const struct eg_postgres_mapping *mapping = entry->mapping;
    struct eg_rules_template_input input = {.event = event};
    struct eg_postgres_subject subject = {event, &worker->document, 0, &input};
    worker->bound_count = 0;
    eg_arena_reset(&worker->arena);
    if (eg_json_document_parse(&worker->document, event->payload, &document_limits, err) != 0)
        return -1;
    if (worker->shared->mappings.reads_envelope &&
        eg_rules_envelope_open(&worker->envelope, event, &input, err) != 0)
        return -1;
    if (seen)
        return bind_statement(worker, mapping->seen, &subject, err);
    for (size_t i = 0; i < mapping->count; i++) {
        const struct eg_postgres_statement *statement = &mapping->statements[i];
        int ret = statement->each ? bind_each(worker, statement, &subject, err)
                                  : bind_statement(worker, statement, &subject, err);
        if (ret != 0)
            return -1;
    }
    return 0;
}

static int send_bound(struct eg_postgres_worker *worker, struct eg_error *err)
{
    for (size_t i = 0; i < worker->bound_count; i++) {
        const struct bound *bound = &worker->bound[i];
        struct eg_postgres_values values = {bound->texts, bound->statement->types,
                                            bound->statement->sql.count};
        if (eg_postgres_pipeline_execute(worker->connection, bound->statement->name, &values,
                                         err) != 0)
            return -1;
    }
    return eg_postgres_pipeline_commit(worker->connection, err);
}

/* Sends the entry's transaction; what can't be is completed. True: an outcome will come. */
static bool send_entry(struct eg_postgres_worker *worker, const struct entry *entry, bool seen)
{
    struct eg_error err;
    if (bind_entry(worker, entry, seen, &err) == 0 && send_bound(worker, &err) == 0)
        return true;
    complete_failed(worker, entry->delivery, &err);
    return false;
}

static bool needs_question(const struct entry *entry)
{
    return entry->delivery->attempt > 1 && entry->mapping->seen;
}

/* Asks about those whose first attempt has an outcome that nobody knows; takes out what is there.
 */
static void drop_stored(struct eg_postgres_worker *worker)
{
    struct eg_error err;
    uint64_t rows;
    bool asked[EG_POSTGRES_BATCH_EVENTS];
    size_t kept = 0;
    for (size_t i = 0; i < worker->count; i++) {
        struct entry entry = worker->entries[i];
        bool question = needs_question(&entry);
        if (question && !send_entry(worker, &entry, true))
            continue;
        asked[kept] = question;
        worker->entries[kept++] = entry;
    }
    size_t count = kept;
    kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct entry entry = worker->entries[i];
        if (asked[i] && next_outcome(worker, &rows, &err) != 0)
            complete_failed(worker, entry.delivery, &err);
        else if (asked[i] && rows > 0)
            note_delivered(worker, entry.delivery);
        else
            worker->entries[kept++] = entry;
    }
    worker->count = kept;
}

static void write_entries(struct eg_postgres_worker *worker)
{
    struct eg_error err;
    uint64_t rows;
    size_t sent = 0;
    for (size_t i = 0; i < worker->count; i++)
        if (send_entry(worker, &worker->entries[i], false))
            worker->entries[sent++] = worker->entries[i];
    worker->count = sent;
    for (size_t i = 0; i < worker->count; i++) {
        if (next_outcome(worker, &rows, &err) == 0)
            note_delivered(worker, worker->entries[i].delivery);
        else
            complete_failed(worker, worker->entries[i].delivery, &err);
    }
    worker->count = 0;
}

void eg_postgres_worker_submit(struct eg_postgres_worker *worker, struct eg_delivery *const *batch,
                               size_t count)
{
    struct eg_error err;
    EG_ASSERT(count <= EG_POSTGRES_BATCH_EVENTS);
    take_mapped(worker, batch, count);
    if (worker->count == 0)
        return;
    if (ensure_connection(worker, &err) != 0 ||
        eg_postgres_pipeline_begin(worker->connection, &err) != 0) {
        fail_all(worker, &err);
        return;
    }
    prepare_entries(worker);
    drop_stored(worker);
    write_entries(worker);
    flush_delivered(worker);
    eg_postgres_pipeline_end(worker->connection);
    if (!eg_postgres_connection_is_usable(worker->connection))
        disconnect(worker);
}
