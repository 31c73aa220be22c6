/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the AWS services that take batches have in common: EventBridge, SQS, SNS, Kinesis, Firehose
 * and CloudWatch Logs are each a small file with a `struct eg_sink_service` over this frame.
 *
 * A worker's submit goes through four steps, and completes each delivery exactly once in one of
 * them:
 *   write    each delivery's entry is rendered and measured by the service's own rule; what can't
 *            be an entry is rejected here, what is too large for any call is EG_TOO_LARGE;
 *   gather   entries for the same place (queue, stream, bus) share a call, up to the service's
 *            limits of count and bytes, in the order in which they came;
 *   call     eg_aws_client signs, sends and tries again; a call that fails as a whole fails all its
 *            entries. One that the service refuses for what is in it goes out again in halves, so
 *            that a bad entry fails alone;
 *   read     the answer names the entries that failed, and why: what passes is EG_RETRY.
 *
 * Threads: an eg_sink is made on the control thread and constant while workers run; each worker has
 * an eg_sink_worker of its own, with its connection, buffers and the scratch that templates need.
 */
#ifndef EG_SINKS_AWS_BATCH_H
#define EG_SINKS_AWS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/client.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"
#include "sinks/aws/texts.h"
#include "json/document.h"

/* One delivery's part of a call. Offsets are into the worker's `texts`, which may move. */
struct eg_sink_entry {
    struct eg_delivery *delivery; /* NULL: completed */
    size_t text_at;               /* what the service wrote for it */
    size_t text_bytes;
    size_t place_at; /* where it goes, in the service's own words: equal places share a call */
    size_t place_bytes;
    size_t size_bytes; /* as the service measures it */
    int64_t time_ms;   /* since 1970: when it was received */
};

/* A call that is made, or was answered. */
struct eg_sink_call {
    struct eg_sink_worker *worker;
    struct eg_sink_entry **entries; /* as they stand in the call */
    size_t count;
    struct eg_span place; /* of all of them */
    struct eg_span answer;
    struct eg_aws_failure failure; /* why it failed as a whole */
};

struct eg_sink_limits {
    size_t entries;     /* in a call */
    size_t call_bytes;  /* of a call, by the service's measure */
    size_t entry_bytes; /* of one entry */
};

struct eg_sink_service {
    const char *name; /* begins every failure: "SQS" */
    struct eg_aws_service aws;
    enum eg_aws_protocol protocol;
    const char *operation; /* X-Amz-Target: "AmazonSQS.SendMessageBatch"; Query: NULL */

    /* Appends the place to worker->texts (eg_sink_place_render). NULL: there is only one. */
    int (*write_place)(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                       struct eg_error *err);

    /*
     * Appends the entry to worker->texts and fills its size. -1: the event can't be one; with
     * EG_ERR_TOO_LARGE it is too large.
     */
    int (*write_entry)(struct eg_sink_worker *worker, const struct eg_event *event,
                       struct eg_sink_entry *entry, struct eg_error *err);

    /* Appends the call's body. */
    void (*write_call)(const struct eg_sink_call *call, struct eg_buffer *body);

    /*
     * Reads an answer of 200: eg_sink_call_fail for each entry that it says has failed. -1: it
     * can't be understood.
     */
    int (*read_answer)(struct eg_sink_call *call, struct eg_error *err);

    /* Puts the entries in the order that a call wants, and says how many of them, from the first,
     * may share it. NULL: all, as they came. */
    size_t (*arrange)(struct eg_sink_entry **entries, size_t count);

    /* After a call that failed as a whole: true when what was missing has been made, and the call
     * is worth another try. NULL: never. */
    bool (*repair)(struct eg_sink_call *call);

    /* A failed entry's text; NULL: "<name>: <code>: <message>". */
    void (*describe)(struct eg_span code, struct eg_span message, struct eg_buffer *out);
};

struct eg_sink {
    const struct eg_sink_host *host;
    const struct eg_sink_service *service;
    const void *config; /* the struct of the service's table */
    struct eg_sink_limits limits;
    struct eg_sink_texts texts; /* the compiled templates */
    struct eg_aws_client
        *client; /* NULL: the sink is not configured; events are taken and no more */
    void *state; /* the service's own; freed with free() */
};

struct eg_sink_worker {
    struct eg_sink *sink;
    struct eg_aws_caller *caller;
    struct eg_sink_renderer renderer;
    struct eg_buffer texts; /* all that the batch's entries consist of */
    struct eg_buffer piece; /* scratch of write_entry */
    struct eg_buffer body;
    struct eg_json_document document; /* scratch: a detail, an answer */
    struct eg_sink_entry *entries;
    size_t count;
    size_t capacity;
    struct eg_sink_entry **gathered; /* `capacity` of them: what goes to one place */
    struct eg_delivery **delivered;  /* `capacity` of them */
    size_t delivered_count;
};

/* What a service's create begins with. The sink has no client yet: eg_sink_batch_connect. */
struct eg_sink *eg_sink_batch_new(const struct eg_sink_host *host,
                                  const struct eg_sink_service *service, const void *config,
                                  size_t state_bytes) EG_MUST_CHECK;

/* Makes the client, last in create. `arn` may say the region; NULL: it doesn't. EG_ERR_CONFIG as
 * eg_aws_client_new. */
int eg_sink_batch_connect(struct eg_sink *sink, const struct eg_aws_config *config, const char *arn,
                          struct eg_error *err) EG_MUST_CHECK;

/* The functions of their struct eg_sink_type. */
bool eg_sink_batch_reads_envelope(const struct eg_sink *sink);
int eg_sink_batch_worker_begin(struct eg_sink *sink, unsigned index, void **ret_worker,
                               struct eg_error *err);
void eg_sink_batch_worker_end(struct eg_sink *sink, void *worker);
void eg_sink_batch_submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                          size_t count);
int eg_sink_batch_probe(struct eg_sink *sink, struct eg_error *err);
void eg_sink_batch_destroy(struct eg_sink *sink); /* NULL is fine */

/* For write_entry. */

/* A setting on its way into an entry. */
struct eg_sink_piece {
    const char *what;         /* for messages: "DetailType" */
    size_t text;              /* index of the setting, or EG_SINK_TEXT_NONE */
    struct eg_span otherwise; /* what it is when the setting is unset */
    size_t least;             /* bytes; not within: EG_ERR_INVALID */
    size_t most;
};

/* Renders it into worker->piece, which is cleared first. */
int eg_sink_piece_render(struct eg_sink_worker *worker, const struct eg_sink_piece *piece,
                         struct eg_error *err) EG_MUST_CHECK;

/* An id that is longer than `most` bytes is replaced by its SHA-256 in hex. */
void eg_sink_piece_fit(struct eg_sink_worker *worker, size_t most);

/* Appends ,"name":"piece" to worker->texts; nothing for an empty piece. */
void eg_sink_piece_put(struct eg_sink_worker *worker, const char *name);

/* Renders a piece and appends it to the entry's place. Before the entry's text is written. */
int eg_sink_place_render(struct eg_sink_worker *worker, const struct eg_sink_piece *piece,
                         struct eg_sink_entry *entry, struct eg_error *err) EG_MUST_CHECK;
void eg_sink_place_append(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                          struct eg_span place);
struct eg_span eg_sink_entry_place(const struct eg_sink_worker *worker,
                                   const struct eg_sink_entry *entry);

/* For write_call. */

struct eg_span eg_sink_entry_text(const struct eg_sink_worker *worker,
                                  const struct eg_sink_entry *entry);

/* Appends the entries' texts with commas between them. */
void eg_sink_call_join(const struct eg_sink_call *call, struct eg_buffer *body);

/* For repair: another operation of the service; its failure stands in call->failure. */
int eg_sink_call_other(struct eg_sink_call *call, const char *operation, struct eg_span body,
                       struct eg_error *err) EG_MUST_CHECK;

/* For read_answer. */

/* Reads the answer's JSON into worker->document; -1: it is no JSON object. */
int eg_sink_call_parse(struct eg_sink_call *call, struct eg_error *err) EG_MUST_CHECK;

/* The text of a member; empty when there is none. */
struct eg_span eg_sink_answer_text(const struct eg_json_document *document, eg_json_index object,
                                   const char *name);

struct eg_sink_failure {
    struct eg_span code;
    struct eg_span message;
    bool retriable;
};

/* Completes an entry of the call, unless it was. */
void eg_sink_call_complete(struct eg_sink_call *call, size_t index, enum eg_outcome outcome,
                           const char *message);

/* The same as the service describes the failure. */
void eg_sink_call_fail(struct eg_sink_call *call, size_t index,
                       const struct eg_sink_failure *failure);

/* The same for the entry whose number in the batch (eg_sink_entry_number) is in decimal `id`. -1:
 * the call has no such entry. */
int eg_sink_call_fail_id(struct eg_sink_call *call, struct eg_span id,
                         const struct eg_sink_failure *failure, struct eg_error *err) EG_MUST_CHECK;

/* -1 unless the answer was about as many entries as were sent. */
int eg_sink_call_check_answered(const struct eg_sink_call *call, size_t answered,
                                struct eg_error *err) EG_MUST_CHECK;

/*
 * The answers of EventBridge, Kinesis and Firehose: an array in the order of the call, in which an
 * element with an ErrorCode is a failed entry.
 */
int eg_sink_call_read_positions(struct eg_sink_call *call, const char *array,
                                struct eg_error *err) EG_MUST_CHECK;

/* Does an entry that failed with this code have a chance later? */
bool eg_sink_code_passes(struct eg_span code);

#endif
