/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a post, as the client reads it. On the request's HTTP thread. */
#ifndef EG_API_PUBLISH_REPLY_H
#define EG_API_PUBLISH_REPLY_H

#include "http/request.h"
#include "pipeline/ingest.h"

/* Replies for a submission whose join is complete (or that has none). */
void eg_api_publish_reply(struct eg_http_request *request,
                          const struct eg_ingest_submission *submission);

#endif
