/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of resources that are there only when configured: POST /publish, and the keys that
 * POST /events/{topic} takes instead of a token. Filled by the loader; constants after. Any thread.
 */
#ifndef EG_API_CONFIG_H
#define EG_API_CONFIG_H

#include <stdbool.h>

#include "eventgate/error.h"
#include "eventgate/field.h"

/* Section `publish`. */
struct eg_api_publish_config {
    char *topic;   /* where the messages go; NULL: there is no POST /publish */
    char *subject; /* who posts, for the access map, when no token is asked for */
    bool needs_token;
    struct eg_string_list hidden_headers; /* of the request, not to be in the event */
};

/* One entry of `event_keys.keys`. */
struct eg_api_key_config {
    char *subject; /* who posts with this key, for the access map */
    char *key;     /* secret */
};

/* Section `event_keys`. */
struct eg_api_keys_config {
    char *header;              /* lower or upper case as it likes */
    struct eg_table_list keys; /* of struct eg_api_key_config */
};

extern const struct eg_field_table eg_api_publish_table;
extern const struct eg_field_table eg_api_keys_table;

/* What no table can say: keys that are too short to be a secret. EG_ERR_CONFIG names the entry. */
int eg_api_keys_check(const struct eg_api_keys_config *config, struct eg_error *err);

#endif
