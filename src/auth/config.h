/* SPDX-License-Identifier: Apache-2.0 */
/* The settings under `auth:`, and what follows from them. Immutable once parsed. */
#ifndef EG_AUTH_CONFIG_H
#define EG_AUTH_CONFIG_H

#include <stdint.h>

#include "auth/token.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/field.h"

struct eg_auth_config {
    char *public_keys_url;  /* upstream's token_public_keys_url, else its token_public_key_url */
    char *public_keys_file; /* a local file instead; exactly one of the two is set */
    char *provider_url;     /* upstream's token_provider_url: where GET /token sends people */
    char *ca_bundle;        /* upstream's ssl_ca_bundle: true, false or a path */
    struct eg_string_list algorithms;
    struct eg_string_list audience;
    struct eg_string_list issuer;
    int64_t leeway_ms;
    int64_t timeout_ms;
    int64_t refresh_interval_ms;
    int64_t cache_entries; /* 0: verified tokens are not remembered */
};

extern const struct eg_field_table eg_auth_fields;

/*
 * What the tables can't say: a known algorithm in every element of `algorithms` (the message lists
 * them), and exactly one source of keys. EG_ERR_CONFIG. On success *ret_policy borrows from config.
 */
int eg_auth_config_policy(const struct eg_auth_config *config, struct eg_auth_policy *ret_policy,
                          struct eg_error *err) EG_MUST_CHECK;

#endif
