/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an AWS service says when it does not do what it was asked: its code, whether trying again
 * can help, and what that means for a delivery. Pure functions over an answer that is bounded
 * already; any thread.
 */
#ifndef EG_AWS_FAILURE_H
#define EG_AWS_FAILURE_H

#include <stdbool.h>

#include "eventgate/error.h"
#include "eventgate/sink.h"
#include "eventgate/span.h"
#include "net/client.h"

enum eg_aws_protocol {
    EG_AWS_JSON_1_0,  /* POST /, X-Amz-Target, application/x-amz-json-1.0 */
    EG_AWS_JSON_1_1,  /* the same with 1.1 */
    EG_AWS_QUERY,     /* POST /, a form with Action and Version; answers in XML */
    EG_AWS_REST_JSON, /* method and path say what; JSON both ways */
    EG_AWS_REST_XML,  /* the same in XML: S3 */
};

struct eg_aws_failure {
    unsigned status;   /* 0: there was no answer, or none that could be used */
    char code[128];    /* "ThrottlingException"; "": the answer names none. Without a status, ours:
                          "InvalidRequest" (not sent), "AnswerTooLarge" */
    char message[256]; /* cut; may be "" */
    char request_id[128]; /* for AWS support; may be "" */
    bool retriable;       /* the same call may work later */
    bool throttled;       /* the service wants less of it: implies retriable */
    bool skewed;          /* our clock and theirs are too far apart */
    bool credentials;     /* the credentials have expired or are not known */
    bool permission;      /* they may not do this */
};

/*
 * Reads an answer that is no success. The code: the header x-amzn-errortype, `__type` or `code` of
 * a JSON body, Error/Code of an XML body (what follows '#' and what comes before ':'), and for the
 * awsQueryCompatible services the header x-amzn-query-error.
 */
void eg_aws_failure_read(const struct eg_net_response *response,
                         struct eg_aws_failure *ret_failure);

/* The classes of a code (retriable, throttled, ...), for entries of batches as well as for calls.
 */
bool eg_aws_code_is_throttling(struct eg_span code);
bool eg_aws_code_is_transient(struct eg_span code);

/* Fills err with what failed and returns -1: code, message, request id; retriable as it is. */
int eg_aws_failure_error(const struct eg_aws_failure *failure, struct eg_error *err);

/*
 * What a failed call means for the deliveries in it. No answer, throttling, 5xx, the clock and the
 * credentials: EG_RETRY. 413 and codes of its kind: EG_TOO_LARGE. All else (no permission, what was
 * named is not there, the request is wrong): EG_REJECTED.
 */
enum eg_outcome eg_aws_failure_outcome(const struct eg_aws_failure *failure);

#endif
