/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls to one AWS service: endpoint, credentials, signature, and what to do when a call fails.
 *
 * A client is made on the control thread for one service, region and set of credentials, and shared
 * by the workers of a sink. Each worker has a caller of its own: a connection that is kept open and
 * the memory of a call, used by one thread at a time. The control thread tends the client from the
 * sink's probe.
 *
 * A call that fails is tried again here only when it says so (max_attempts): by the rules of the
 * AWS SDKs' standard mode, within its deadline. That is for look-ups (STS, describe calls,
 * configuration from S3). A sink leaves the attempts at 1 and turns a failure into an outcome
 * (eg_aws_failure_outcome): retry, backoff and the circuit breaker live in the pipeline. Two things
 * are always mended here, each once in a call: a clock that is 4 minutes off or more (learned from
 * the Date of answers), and credentials that expired in mid-flight (renewed, then sent again).
 */
#ifndef EG_AWS_CLIENT_H
#define EG_AWS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/config.h"
#include "aws/environment.h"
#include "aws/failure.h"
#include "aws/source.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "net/client.h"

#define EG_AWS_ATTEMPTS_LOOKUP   3 /* the SDKs' number; DynamoDB's is one more */
#define EG_AWS_ATTEMPTS_DYNAMODB 4

struct eg_aws_client;
struct eg_aws_caller;

struct eg_aws_client_options {
    const struct eg_aws_config *config; /* copied */

    /* Its id, the first label of its host, its signing name: {"eventbridge", "events", NULL}. The
     * texts must outlive the client. */
    struct eg_aws_service service;

    /* What the calls are for, when that is an ARN: its region counts when the configuration names
     * none. NULL or no ARN: nothing follows from it. */
    const char *arn;

    /* For tests: what the client takes from outside. NULL: this process's own. Must outlive it, and
     * its clock, get_env and wait_ms are used by several threads. */
    struct eg_aws_host *host;
};

/*
 * Loads no credentials yet and connects nowhere. EG_ERR_CONFIG: no region, a bad endpoint, or a CA
 * bundle that can't be read. Control thread.
 */
int eg_aws_client_new(const struct eg_aws_client_options *options,
                      struct eg_aws_client **ret_client, struct eg_error *err) EG_MUST_CHECK;

/* After its callers. NULL is fine. */
void eg_aws_client_destroy(struct eg_aws_client *client);

/*
 * From a sink's probe, every few seconds, on the control thread: renews credentials that are due
 * within 15 minutes, and loads the first. -1: there are none that serve, and why.
 */
int eg_aws_client_tend(struct eg_aws_client *client, struct eg_error *err) EG_MUST_CHECK;

/* Makes what is under way, and all that follows, give up soon: for shutdown, from any thread. */
void eg_aws_client_cancel(struct eg_aws_client *client);

/* Any thread. */
const char *eg_aws_client_region(const struct eg_aws_client *client);
const char *eg_aws_client_endpoint(const struct eg_aws_client *client); /* without closing slash */

/* The endpoint was set by somebody, so it is not AWS's own: S3 buckets are then part of the path.
 */
bool eg_aws_client_has_custom_endpoint(const struct eg_aws_client *client);

struct eg_aws_client_status {
    struct eg_aws_source_status credentials;
    int64_t skew_ms;   /* what their clock is ahead of ours; 0 below 4 minutes */
    uint64_t attempts; /* sent */
    uint64_t retries;  /* of those, again */
    unsigned tokens;   /* left in the bucket that pays for retries: 500 when all is well */
};

void eg_aws_client_status(struct eg_aws_client *client, struct eg_aws_client_status *ret_status);

/* EG_ERR_CONFIG: the CA bundle can't be read. */
int eg_aws_caller_new(struct eg_aws_client *client, struct eg_aws_caller **ret_caller,
                      struct eg_error *err) EG_MUST_CHECK;
void eg_aws_caller_destroy(struct eg_aws_caller *caller); /* NULL is fine */

struct eg_aws_request {
    enum eg_aws_protocol protocol;
    const char *method;         /* NULL: POST */
    const char *operation;      /* JSON 1.x: X-Amz-Target, "AWSEvents.PutEvents" */
    struct eg_span target;      /* path and query, encoded; empty: "/" */
    struct eg_span host_prefix; /* before the endpoint's host, with its dot: "bucket."; or empty */
    const struct eg_net_header *headers; /* besides those that the client makes itself */
    size_t header_count;                 /* at most EG_AWS_REQUEST_HEADERS_MAX */
    const char *content_type;            /* NULL: by the protocol, when there is a body */
    struct eg_span body;
    bool unsigned_payload;      /* UNSIGNED-PAYLOAD where that is allowed: S3 over TLS */
    struct eg_span traceparent; /* W3C; goes out as X-Amzn-Trace-Id. Empty or bad: none */
    int64_t deadline_ms;        /* of eg_clock_monotonic_ms; 0: none */
    unsigned max_attempts;      /* 0: the configuration's */
    size_t max_response_bytes;  /* 0: 16 MiB */
};

#define EG_AWS_REQUEST_HEADERS_MAX 32

/* The caller's; valid until its next call. */
struct eg_aws_response {
    unsigned status; /* 2xx, or 304 */
    struct eg_span body;
    const struct eg_net_response *http; /* for eg_net_response_header */
};

/*
 * Makes the call; blocks. 0: the service did it, with 2xx, or 304. -1: it did not; *failure (may be
 * NULL) tells what it said, `err` the same in a sentence: EG_ERR_UNAVAILABLE and retriable when
 * eg_aws_failure_outcome is EG_RETRY, EG_ERR_TOO_LARGE, EG_ERR_PERMISSION, EG_ERR_NOT_FOUND, else
 * EG_ERR_INVALID. A batch's 200 may still hold failed entries: that is the sink's to read.
 */
int eg_aws_caller_call(struct eg_aws_caller *caller, const struct eg_aws_request *request,
                       const struct eg_aws_response **ret_response, struct eg_aws_failure *failure,
                       struct eg_error *err) EG_MUST_CHECK;

#endif
