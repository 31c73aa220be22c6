/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a token whose signature is good (RFC 7519 section 4.1). The rules are PyJWT's:
 * `exp <= now`, `nbf > now` and `iat > now` are refused, fractions of a second in a claim are cut
 * off, an `aud` that nobody configured is refused unless it is empty. Pure computation on the
 * caller's data.
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "auth/token.h"
#include "base/error.h"
#include "base/span.h"

#define REFUSE        EG_ERR_UNAUTHENTICATED
#define US_PER_SECOND 1000000

static void json_cleanup(json_t **json)
{
    json_decref(*json);
}

/*
 * A NumericDate in microseconds; what lies past the end of time is cut to it. *ret_us is untouched
 * when the claim is not there.
 */
static int read_date(const json_t *claims, const char *name, int64_t *ret_us, bool *ret_present,
                     struct eg_error *err)
{
    const json_t *value = json_object_get(claims, name);
    *ret_present = value != NULL;
    if (!value)
        return 0;
    if (!json_is_number(value))
        return eg_error_set(err, REFUSE, "the claim %s is not a number", name);
    double us = trunc(json_number_value(value)) * US_PER_SECOND;
    if (us >= (double)INT64_MAX)
        *ret_us = INT64_MAX;
    else if (us <= (double)INT64_MIN)
        *ret_us = INT64_MIN;
    else
        *ret_us = (int64_t)us;
    return 0;
}

static int64_t add_bounded(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return b > 0 ? INT64_MAX : INT64_MIN;
    return sum;
}

static int check_not_before(const json_t *claims, const char *name, int64_t latest_us,
                            struct eg_error *err)
{
    int64_t from_us = 0;
    bool present;
    if (read_date(claims, name, &from_us, &present, err) < 0)
        return -1;
    if (present && from_us > latest_us)
        return eg_error_set(err, REFUSE, "the claim %s is in the future", name);
    return 0;
}

static int check_dates(const json_t *claims, const struct eg_auth_policy *policy, int64_t now_us,
                       int64_t *ret_expires_us, struct eg_error *err)
{
    int64_t expires_us = EG_AUTH_NEVER_US;
    bool present;
    int64_t latest_us = add_bounded(now_us, policy->leeway_us);
    if (check_not_before(claims, "nbf", latest_us, err) < 0 ||
        check_not_before(claims, "iat", latest_us, err) < 0 ||
        read_date(claims, "exp", &expires_us, &present, err) < 0)
        return -1;
    if (present && expires_us <= add_bounded(now_us, -policy->leeway_us))
        return eg_error_set(err, REFUSE, "the token has expired");
    *ret_expires_us = expires_us;
    return 0;
}

static int check_text(const json_t *claims, const char *name, struct eg_span *ret_text,
                      struct eg_error *err)
{
    const json_t *value = json_object_get(claims, name);
    if (value && !json_is_string(value))
        return eg_error_set(err, REFUSE, "the claim %s is not a string", name);
    *ret_text =
        value ? eg_span_of(json_string_value(value), json_string_length(value)) : EG_SPAN_EMPTY;
    return 0;
}

static bool list_has(const struct eg_string_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return true;
    return false;
}

/* What Python calls false: null, false, 0, "", [] and {}. */
static bool is_empty(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_length(value) == 0;
    case JSON_ARRAY:
        return json_array_size(value) == 0;
    case JSON_OBJECT:
        return json_object_size(value) == 0;
    case JSON_INTEGER:
    case JSON_REAL:
        return fpclassify(json_number_value(value)) == FP_ZERO;
    case JSON_TRUE:
        return false;
    case JSON_FALSE:
    case JSON_NULL:
        return true;
    }
    return false;
}

/* RFC 7519 section 4.1.3: a string, or an array of strings of which one is ours. */
static int check_audience(const json_t *claims, const struct eg_string_list *audiences,
                          struct eg_error *err)
{
    const json_t *aud = json_object_get(claims, "aud");
    if (audiences->count == 0) {
        if (!aud || is_empty(aud))
            return 0;
        return eg_error_set(err, REFUSE, "it has an aud, and no audience is configured");
    }
    bool ours = json_is_string(aud) && list_has(audiences, json_string_value(aud));
    size_t i;
    json_t *item;
    json_array_foreach(aud, i, item)
    {
        if (!json_is_string(item))
            return eg_error_set(err, REFUSE, "the claim aud holds something that is no string");
        ours = ours || list_has(audiences, json_string_value(item));
    }
    return ours ? 0 : eg_error_set(err, REFUSE, "the claim aud names none of our audiences");
}

/* RFC 7519 section 4.1.1. Without a configured issuer any value of any type goes. */
static int check_issuer(const json_t *claims, const struct eg_string_list *issuers,
                        struct eg_span *ret_issuer, struct eg_error *err)
{
    const json_t *iss = json_object_get(claims, "iss");
    const char *text = json_string_value(iss);
    if (issuers->count && (!text || !list_has(issuers, text)))
        return eg_error_set(err, REFUSE, "the claim iss is none of the configured issuers");
    *ret_issuer = text ? eg_span_of(text, json_string_length(iss)) : EG_SPAN_EMPTY;
    return 0;
}

static json_t *load_claims(struct eg_span payload, struct eg_error *err)
{
    json_error_t json_error;
    /* Integers as reals: one of 30 digits in a claim we don't read is no reason to refuse. */
    json_t *claims = json_loadb(payload.ptr, payload.len,
                                JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &json_error);
    if (!json_is_object(claims)) {
        (void)eg_error_set(err, REFUSE, "the payload is not a JSON object: %s",
                           claims ? "another type" : json_error.text);
        json_decref(claims);
        return NULL;
    }
    return claims;
}

int eg_auth_token_check_claims(const struct eg_auth_token *token,
                               const struct eg_auth_policy *policy, int64_t now_us,
                               struct eg_auth_identity **ret_identity, struct eg_error *err)
{
    struct eg_span subject, issuer, token_id;
    int64_t expires_us = EG_AUTH_NEVER_US;
    EG_CLEANUP(json_cleanup) json_t *claims = load_claims(eg_buffer_span(&token->payload), err);
    if (!claims || check_dates(claims, policy, now_us, &expires_us, err) < 0 ||
        check_audience(claims, &policy->audiences, err) < 0 ||
        check_issuer(claims, &policy->issuers, &issuer, err) < 0 ||
        check_text(claims, "sub", &subject, err) < 0 ||
        check_text(claims, "jti", &token_id, err) < 0)
        return -1;
    *ret_identity = eg_auth_identity_new(subject, issuer, expires_us);
    return 0;
}
