/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two locks: `refreshing` is held for the whole of a renewal, which may take seconds, and guards
 * the host; `mutex` guards the snapshot and what is known about it, for moments, and nothing else
 * is taken under it. A source with a base takes the base's locks while it holds `refreshing`, never
 * the other way round.
 */
#include "aws/source.h"

#include <stdlib.h>
#include <string.h>

#include "aws/provider.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"

#define BACKGROUND_S   (15 * 60)
#define BLOCK_S        (10 * 60)
#define RETRY_FIRST_US INT64_C(5000000)
#define RETRY_LAST_US  INT64_C(60000000)
#define REJECT_AGAIN_US \
    INT64_C(10000000) /* a provider that repeats itself is not asked on and on */

struct eg_aws_source {
    struct eg_aws_host *host;
    char *profile;
    char *region;
    char *role_arn; /* NULL: no role on top */
    char *external_id;
    char *session_name;
    struct eg_aws_source *base;

    struct eg_mutex refreshing;

    struct eg_mutex mutex;
    struct eg_aws_credentials *current;
    int64_t reject_at_us; /* monotonic: a rejection before it changes nothing */
    bool rejected;        /* `current` serves no more, though it may not have ended */
    int64_t retry_at_us;  /* monotonic: no try before it; 0: the last one was good */
    int64_t retry_us;     /* the next wait after a failure */
    uint64_t refreshes;
    uint64_t failures;
    struct eg_error last_error;
};

static char *copy_text(const char *text)
{
    return text && *text ? eg_strdup(text) : NULL;
}

struct eg_aws_source *eg_aws_source_new(const struct eg_aws_source_options *options)
{
    struct eg_aws_source *source = eg_calloc(1, sizeof(*source));
    source->host = options->host;
    source->profile = copy_text(options->profile);
    source->region = copy_text(options->region);
    source->role_arn = copy_text(options->role_arn);
    source->external_id = copy_text(options->external_id);
    source->session_name = copy_text(options->session_name);
    source->base = options->base;
    source->retry_us = RETRY_FIRST_US;
    eg_mutex_init(&source->refreshing);
    eg_mutex_init(&source->mutex);
    return source;
}

void eg_aws_source_destroy(struct eg_aws_source *source)
{
    if (!source)
        return;
    eg_aws_credentials_unref(source->current);
    eg_mutex_fini(&source->refreshing);
    eg_mutex_fini(&source->mutex);
    free(source->profile);
    free(source->region);
    free(source->role_arn);
    free(source->external_id);
    free(source->session_name);
    free(source);
}

static int64_t monotonic_us(const struct eg_aws_source *source)
{
    return source->host->clock->monotonic_us(source->host->clock->state);
}

/* What the role is signed for with, or all that is asked for. */
static int find_base(struct eg_aws_source *source, const struct eg_aws_environment *environment,
                     struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    return source->base ? eg_aws_source_current(source->base, ret_credentials, err)
                        : eg_aws_chain_find(environment, NULL, ret_credentials, err);
}

static int find(struct eg_aws_source *source, struct eg_aws_credentials **ret_credentials,
                struct eg_error *err)
{
    EG_AUTOAWSENVIRONMENT struct eg_aws_environment environment = {0};
    EG_AUTOCREDENTIALS struct eg_aws_credentials *base = NULL;
    if (eg_aws_environment_init(&environment, source->host, source->profile, source->region, err) <
        0)
        return -1;
    if (!source->role_arn)
        return find_base(source, &environment, ret_credentials, err);
    if (find_base(source, &environment, &base, err) < 0)
        return -1;
    struct eg_aws_role role = {
        .role_arn = eg_span_text(source->role_arn),
        .external_id = eg_span_text(source->external_id),
        .session_name = eg_span_text(source->session_name),
    };
    return eg_aws_assume_role(&environment, &role, base, ret_credentials, err);
}

static void take_over(struct eg_aws_source *source, struct eg_aws_credentials *take)
{
    eg_mutex_lock(&source->mutex);
    struct eg_aws_credentials *old = source->current;
    source->current = take;
    source->rejected = false;
    source->retry_at_us = 0;
    source->retry_us = RETRY_FIRST_US;
    source->refreshes++;
    source->last_error = (struct eg_error){0};
    eg_mutex_unlock(&source->mutex);
    eg_aws_credentials_unref(old);
}

static void note_failure(struct eg_aws_source *source, const struct eg_error *err)
{
    int64_t now_us = monotonic_us(source);
    eg_mutex_lock(&source->mutex);
    source->failures++;
    source->last_error = *err;
    source->retry_at_us = now_us + source->retry_us;
    source->retry_us = source->retry_us * 2 < RETRY_LAST_US ? source->retry_us * 2 : RETRY_LAST_US;
    eg_mutex_unlock(&source->mutex);
}

/* Under `refreshing`. */
static int refresh_locked(struct eg_aws_source *source, struct eg_error *err)
{
    struct eg_aws_credentials *found = NULL;
    if (find(source, &found, err) < 0) {
        note_failure(source, err);
        return -1;
    }
    take_over(source, found);
    return 0;
}

int eg_aws_source_refresh(struct eg_aws_source *source, struct eg_error *err)
{
    eg_mutex_lock(&source->refreshing);
    int ret = refresh_locked(source, err);
    eg_mutex_unlock(&source->refreshing);
    return ret;
}

/* What the snapshot is good for at this moment. */
enum state {
    STATE_FRESH,  /* use it */
    STATE_STALE,  /* use it only when there is no better */
    STATE_ABSENT, /* there is none, or it has ended */
};

struct look {
    enum state state;
    bool may_try;                    /* no wait after a failure is on */
    struct eg_aws_credentials *held; /* a reference, unless ABSENT */
    struct eg_error last_error;
};

static enum state judge(const struct eg_aws_source *source, int64_t now_s)
{
    const struct eg_aws_credentials *current = source->current;
    if (!current || source->rejected || (current->expires_s && current->expires_s <= now_s))
        return STATE_ABSENT;
    if (current->expires_s && current->expires_s - now_s <= BLOCK_S)
        return STATE_STALE;
    return STATE_FRESH;
}

static struct look look_at(struct eg_aws_source *source)
{
    struct look look = {0};
    int64_t now_s = eg_aws_now_s(source->host);
    int64_t now_us = monotonic_us(source);
    eg_mutex_lock(&source->mutex);
    look.state = judge(source, now_s);
    look.may_try = now_us >= source->retry_at_us;
    look.last_error = source->last_error;
    if (look.state != STATE_ABSENT)
        look.held = eg_aws_credentials_ref(source->current);
    eg_mutex_unlock(&source->mutex);
    return look;
}

/* Waits for a renewal under way, and makes one if it brought nothing. */
static struct look renew(struct eg_aws_source *source)
{
    struct eg_error err;
    eg_mutex_lock(&source->refreshing);
    struct look look = look_at(source);
    if (look.state != STATE_FRESH && look.may_try) {
        /* The look that follows sees whether it went well. */
        (void)refresh_locked(source, &err);
        eg_aws_credentials_unref(look.held);
        look = look_at(source);
    }
    eg_mutex_unlock(&source->refreshing);
    return look;
}

int eg_aws_source_current(struct eg_aws_source *source, struct eg_aws_credentials **ret_credentials,
                          struct eg_error *err)
{
    struct look look = look_at(source);
    if (look.state != STATE_FRESH && look.may_try) {
        eg_aws_credentials_unref(look.held);
        look = renew(source);
    }
    if (look.held) {
        *ret_credentials = look.held;
        return 0;
    }
    if (look.last_error.code != EG_ERR_NONE) {
        *err = look.last_error;
        return -1;
    }
    return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE,
                                  "the AWS credentials that were found have already expired");
}

int64_t eg_aws_source_due_us(struct eg_aws_source *source)
{
    int64_t wait_us = -monotonic_us(source);
    int64_t wall_us = source->host->clock->wall_us(source->host->clock->state);
    eg_mutex_lock(&source->mutex);
    const struct eg_aws_credentials *current = source->current;
    int64_t due_us = INT64_MAX;
    wait_us += source->retry_at_us;
    if (!current || source->rejected)
        due_us = wall_us;
    else if (current->expires_s)
        due_us = (current->expires_s - BACKGROUND_S) * 1000000;
    if (source->retry_at_us && due_us != INT64_MAX && due_us < wall_us + wait_us)
        due_us = wall_us + wait_us;
    eg_mutex_unlock(&source->mutex);
    return due_us;
}

bool eg_aws_source_refresh_due(struct eg_aws_source *source, int64_t wall_us)
{
    return wall_us >= eg_aws_source_due_us(source);
}

void eg_aws_source_reject(struct eg_aws_source *source,
                          const struct eg_aws_credentials *credentials)
{
    int64_t now_us = monotonic_us(source);
    eg_mutex_lock(&source->mutex);
    if (source->current == credentials && now_us >= source->reject_at_us) {
        source->rejected = true;
        source->reject_at_us = now_us + REJECT_AGAIN_US;
    }
    eg_mutex_unlock(&source->mutex);
}

void eg_aws_source_status(struct eg_aws_source *source, struct eg_aws_source_status *ret_status)
{
    *ret_status = (struct eg_aws_source_status){0};
    eg_mutex_lock(&source->mutex);
    if (source->current) {
        ret_status->loaded = true;
        ret_status->expires_s = source->current->expires_s;
        memcpy(ret_status->origin, source->current->origin, sizeof(ret_status->origin));
    }
    ret_status->refreshes = source->refreshes;
    ret_status->failures = source->failures;
    memcpy(ret_status->last_error, source->last_error.message, sizeof(ret_status->last_error));
    eg_mutex_unlock(&source->mutex);
}
