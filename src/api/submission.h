/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the resources that take events share: from a post to a submission, the wait for its sinks,
 * and the reply. On the request's HTTP thread.
 */
#ifndef EG_API_SUBMISSION_H
#define EG_API_SUBMISSION_H

#include "api/api.h"
#include "http/request.h"
#include "http/route.h"
#include "pipeline/ingest.h"

/* Answers the request, once every sink has. `state` as given to eg_api_submit. */
typedef void (*eg_api_submission_reply)(struct eg_http_request *request,
                                        const struct eg_ingest_submission *submission,
                                        const void *state);

/* Submits; a handler returns what this returns. `state` lives as long as the request. */
enum eg_http_verdict eg_api_submit(struct eg_http_request *request, const struct eg_api *api,
                                   const struct eg_ingest_post *post, eg_api_submission_reply reply,
                                   const void *state);

/* The `resume` of these resources' routes. */
void eg_api_submit_resume(struct eg_http_request *request, void *context);

/* Refuses a post, and says so in the log when it is for load. */
void eg_api_submit_refuse(struct eg_http_request *request, const struct eg_error *err);

/* Fills what every post takes from the headers: token, correlation, trace, idempotency. */
int eg_api_post_from_headers(struct eg_http_request *request, struct eg_ingest_post *post,
                             struct eg_error *err) EG_MUST_CHECK;

#endif
