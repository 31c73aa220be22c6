/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short list under one lock, which is held while the store is asked: two threads that were
 * refused at the same moment ask once, and the second takes what the first was told.
 */
#include "app/secrets.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"

#define MAX_SECRETS 1000u

struct secret {
    char *name;
    char *region;
    bool known;
    bool expired;
    struct eg_buffer text;
    int64_t asked_ms;
    struct eg_error err; /* of the last try, when it failed */
};

struct eg_app_secrets {
    struct eg_app_secret_store store;
    struct eg_mutex mutex; /* guards what follows */
    struct secret *items;
    size_t count;
};

struct eg_app_secrets *eg_app_secrets_new(const struct eg_app_secret_store *store)
{
    struct eg_app_secrets *secrets = eg_calloc(1, sizeof(*secrets));
    secrets->store = *store;
    eg_mutex_init(&secrets->mutex);
    return secrets;
}

static void wipe(struct eg_buffer *text)
{
    if (text->len)
        explicit_bzero(text->data, text->len);
    eg_buffer_fini(text);
}

void eg_app_secrets_destroy(struct eg_app_secrets *secrets)
{
    if (!secrets)
        return;
    for (size_t i = 0; i < secrets->count; i++) {
        free(secrets->items[i].name);
        free(secrets->items[i].region);
        wipe(&secrets->items[i].text);
    }
    free(secrets->items);
    eg_mutex_fini(&secrets->mutex);
    free(secrets);
}

static struct secret *find_or_add(struct eg_app_secrets *secrets,
                                  const struct eg_config_secret *wanted)
{
    for (size_t i = 0; i < secrets->count; i++)
        if (eg_span_is(wanted->name, secrets->items[i].name) &&
            eg_span_is(wanted->region, secrets->items[i].region))
            return &secrets->items[i];
    if (secrets->count == MAX_SECRETS)
        return NULL;
    secrets->items = eg_realloc_array(secrets->items, secrets->count + 1, sizeof(*secrets->items));
    struct secret *secret = &secrets->items[secrets->count++];
    *secret = (struct secret){
        .name = eg_span_dup(wanted->name),
        .region = eg_span_dup(wanted->region),
        .expired = true,
    };
    return secret;
}

/* What is known stays when the store does not answer. */
static void ask(struct eg_app_secrets *secrets, struct secret *secret)
{
    struct eg_buffer text = EG_BUFFER_INIT;
    const struct eg_config_secret wanted = {
        .name = eg_span_text(secret->name),
        .region = eg_span_text(secret->region),
        .key = EG_SPAN_EMPTY,
    };
    secret->asked_ms = secrets->store.monotonic_ms();
    secret->expired = false;
    if (secrets->store.ask(secrets->store.context, &wanted, &text, &secret->err) != 0) {
        wipe(&text);
        return;
    }
    wipe(&secret->text);
    secret->text = text;
    secret->known = true;
}

int eg_app_secrets_read(struct eg_app_secrets *secrets, const struct eg_config_secret *wanted,
                        bool fresh, struct eg_buffer *buffer, struct eg_error *err)
{
    int ret = 0;
    eg_mutex_lock(&secrets->mutex);
    struct secret *secret = find_or_add(secrets, wanted);
    if (secret) {
        int64_t age_ms = secrets->store.monotonic_ms() - secret->asked_ms;
        bool again = (fresh || !secret->known) && age_ms >= EG_APP_SECRETS_AGAIN_MS;
        if (secret->expired || again)
            ask(secrets, secret);
    }
    if (secret && secret->known)
        eg_buffer_append_span(buffer, eg_buffer_span(&secret->text));
    else if (secret) {
        *err = secret->err;
        ret = -1;
    } else
        ret = eg_error_set(err, EG_ERR_TOO_LARGE, "more than %u secrets", MAX_SECRETS);
    eg_mutex_unlock(&secrets->mutex);
    return ret;
}

void eg_app_secrets_expire(struct eg_app_secrets *secrets)
{
    eg_mutex_lock(&secrets->mutex);
    for (size_t i = 0; i < secrets->count; i++)
        secrets->items[i].expired = true;
    eg_mutex_unlock(&secrets->mutex);
}
