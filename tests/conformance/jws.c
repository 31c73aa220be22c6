/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token reader against Wycheproof's JSON Web Signature vectors (C2SP/wycheproof, Apache-2.0).
 * Each case has a public JWK or JWKS and the parts of a token; what must come out is the verdict on
 * the signature alone, with every algorithm allowed that the key allows.
 *
 * The folder comes from EVENTGATE_VECTORS, by default ../shared/vectors seen from the project's
 * root; without it the run says so and passes.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/key_set.h"
#include "auth/token.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "base/span.h"

#define VECTOR_COUNT 361 /* as of the file's last update, to say how much a skipped run skips */

/* Where our verdict is meant to differ from the file's. */
static const struct {
    int id;
    const char *reason;
} policy_differences[] = {
    {346, "the JWK says alg PS256, the token PS384: a key is used for what it says it is for "
          "(RFC 7517 section 4.4), as the file itself expects in cases 332 to 340"},
    {350, "the same with key_ops in place of use"},
};

static const char *policy_reason(int id)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(policy_differences); i++)
        if (policy_differences[i].id == id)
            return policy_differences[i].reason;
    return NULL;
}

static bool is_valid(const char *jwk, struct eg_span token_text)
{
    EG_AUTOKEYSET struct eg_auth_key_set *keys = NULL;
    EG_AUTOTOKEN struct eg_auth_token token = {0};
    struct eg_error err;
    return eg_auth_key_set_parse(eg_span_text(jwk), &keys, &err) == 0 &&
           eg_auth_token_parse(token_text, EG_CRYPTO_ALG_ALL, &token, &err) == 0 &&
           eg_auth_token_check_signature(&token, keys, &err) == 0;
}

static bool judge_case(const json_t *test)
{
    EG_AUTOBUFFER struct eg_buffer token = EG_BUFFER_INIT;
    size_t i;
    json_t *part;
    json_array_foreach(json_object_get(test, "jws_parts"), i, part)
    {
        if (i)
            eg_buffer_append_char(&token, '.');
        eg_buffer_append_text(&token, json_string_value(part));
    }
    char *jwk = json_dumps(json_object_get(test, "public_jwk"), JSON_COMPACT);
    bool valid = is_valid(jwk ? jwk : "", eg_buffer_span(&token));
    free(jwk);
    return valid;
}

struct tally {
    unsigned agreed;
    unsigned by_policy;
    unsigned wrong;
};

static void run_case(const json_t *test, struct tally *tally)
{
    int id = (int)json_integer_value(json_object_get(test, "tcId"));
    const char *want = json_string_value(json_object_get(test, "result"));
    const char *got = judge_case(test) ? "valid" : "invalid";
    const char *reason = policy_reason(id);
    if (want && strcmp(want, got) == 0) {
        tally->agreed++;
    } else if (reason) {
        tally->by_policy++;
        (void)printf("jws: case %d differs by policy: %s\n", id, reason);
    } else {
        tally->wrong++;
        (void)printf("jws: case %d (%s) is %s, should be %s\n", id,
                     json_string_value(json_object_get(test, "comment")), got, want ? want : "?");
    }
}

int main(void)
{
    const char *folder = getenv("EVENTGATE_VECTORS");
    EG_AUTOBUFFER struct eg_buffer path = EG_BUFFER_INIT;
    eg_buffer_printf(&path, "%s/jws/jws.json", folder ? folder : "../shared/vectors");
    json_t *file = json_load_file(path.data, 0, NULL);
    const json_t *tests = json_object_get(file, "tests");
    if (!json_is_array(tests)) {
        (void)printf("jws: skipped, %d cases: no %s\n", VECTOR_COUNT, path.data);
        json_decref(file);
        return 0;
    }
    struct tally tally = {0};
    size_t i;
    json_t *test;
    json_array_foreach(tests, i, test) run_case(test, &tally);
    (void)printf("jws: %u of %zu agree, %u differ by policy\n", tally.agreed,
                 json_array_size(tests), tally.by_policy);
    json_decref(file);
    return tally.wrong || !tally.agreed ? 1 : 0;
}
