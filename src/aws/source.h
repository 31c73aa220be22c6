/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials that stay fresh: a snapshot that any thread may take, renewed behind it.
 *
 * From 15 minutes before they expire, whoever owns the control thread renews them (`refresh_due`,
 * `refresh`), and a failure changes nothing. From 10 minutes before, `current` itself renews them
 * and the caller waits; one thread does it, the others wait for its result. What was handed out
 * stays valid as long as it is held.
 */
#ifndef EG_AWS_SOURCE_H
#define EG_AWS_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/chain.h"
#include "aws/credentials.h"
#include "aws/host.h"
#include "base/compiler.h"
#include "eventgate/error.h"

struct eg_aws_source;

struct eg_aws_source_options {
    struct eg_aws_host *host; /* this source's alone; must outlive it */
    const char *profile;      /* NULL: AWS_PROFILE, or "default" */
    const char *region;       /* for STS; NULL: as eg_aws_environment_init */

    /* A role on top, e.g. another account's. It is signed for with the credentials of `base`, a
     * source that must outlive this one, or, without it, with what the chain gives. */
    const char *role_arn;
    const char *external_id;
    const char *session_name;
    struct eg_aws_source *base;
};

/* Loads nothing yet. Texts are copied. */
struct eg_aws_source *eg_aws_source_new(const struct eg_aws_source_options *options);
void eg_aws_source_destroy(struct eg_aws_source *source); /* NULL is fine */

/*
 * A reference to the credentials in force; any thread that may wait. Renews them first when there
 * are none or they end within 10 minutes; when that fails, those that have not ended yet still
 * serve. Otherwise the error of the last try: EG_ERR_NOT_FOUND when no provider is set up. After a
 * failure the next try is 5 s later, then twice that each time, up to a minute.
 */
int eg_aws_source_current(struct eg_aws_source *source, struct eg_aws_credentials **ret_credentials,
                          struct eg_error *err) EG_MUST_CHECK;

/* Renews now, due or not; any thread that may wait, one does it at a time. */
int eg_aws_source_refresh(struct eg_aws_source *source, struct eg_error *err) EG_MUST_CHECK;

/* Wall-clock time of the next renewal in the background, INT64_MAX when there is none. */
int64_t eg_aws_source_due_us(struct eg_aws_source *source);
bool eg_aws_source_refresh_due(struct eg_aws_source *source, int64_t wall_us);

/* The service calls these expired or unknown: the next `current` renews, if they still serve. A
 * second rejection within 10 s changes nothing. */
void eg_aws_source_reject(struct eg_aws_source *source,
                          const struct eg_aws_credentials *credentials);

/* For health and metrics; any thread. */
struct eg_aws_source_status {
    bool loaded;
    int64_t expires_s; /* 0: never */
    uint64_t refreshes;
    uint64_t failures;
    char origin[EG_AWS_ORIGIN_BYTES];
    char last_error[EG_ERROR_MESSAGE_BYTES]; /* empty: the last try was good */
};

void eg_aws_source_status(struct eg_aws_source *source, struct eg_aws_source_status *ret_status);

#endif
