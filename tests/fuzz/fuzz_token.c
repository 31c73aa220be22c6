/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token reader and the key set reader on any bytes, for libFuzzer or a driver that replays
 * files. The first byte says which: even, a token against a fixed key set; odd, a key set.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "auth/key_set.h"
#include "auth/token.h"
#include "base/error.h"
#include "base/span.h"
#include "crypto/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* RFC 8037 appendix A.2 and RFC 7517 appendix A.1. */
static const char fixed_keys[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                                 "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"
                                 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"1\","
                                 "\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
                                 "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}";

static const struct eg_auth_policy policy = {.algs = EG_CRYPTO_ALG_ALL};

static void read_token(struct eg_span text)
{
    static struct eg_auth_key_set *keys;
    struct eg_error err;
    if (!keys)
        EG_ASSERT(eg_auth_key_set_parse(eg_span_text(fixed_keys), &keys, &err) == 0);
    EG_AUTOTOKEN struct eg_auth_token token = {0};
    if (eg_auth_token_parse(text, policy.algs, &token, &err) < 0)
        return;
    /* The claims are read even though no fuzzer can make a signature. */
    EG_AUTOIDENTITY struct eg_auth_identity *identity = NULL;
    (void)!eg_auth_token_check_signature(&token, keys, &err);
    if (eg_auth_token_check_claims(&token, &policy, INT64_C(1800000000000000), &identity, &err) ==
        0)
        EG_ASSERT(memchr(identity->subject.ptr, '\0', identity->subject.len) == NULL);
}

static void read_keys(struct eg_span text)
{
    EG_AUTOKEYSET struct eg_auth_key_set *keys = NULL;
    struct eg_error err = {.message = ""};
    if (eg_auth_key_set_parse(text, &keys, &err) == 0)
        EG_ASSERT(keys->count > 0 && keys->keys[0].algs != 0);
    else
        EG_ASSERT(err.message[0] != '\0');
}

static void decode(struct eg_span text)
{
    EG_AUTOBUFFER struct eg_buffer bytes = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer back = EG_BUFFER_INIT;
    if (!eg_crypto_base64url_decode(text, &bytes))
        return;
    /* Every value has one spelling. */
    eg_crypto_base64url_encode(eg_buffer_span(&bytes), &back);
    EG_ASSERT(eg_span_equal(eg_buffer_span(&back), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct eg_span text = eg_span_of((const char *)data + 1, size - 1);
    decode(text);
    if (data[0] % 2)
        read_keys(text);
    else
        read_token(text);
    return 0;
}
