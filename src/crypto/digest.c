/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 over OpenSSL's EVP. Looking an algorithm up and making a context cost more than hashing a
 * token, so the algorithm is looked up once per process and each thread keeps one context for its
 * one-shot digests, freed when the thread ends.
 */
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <string.h>

#include "base/compiler.h"
#include "base/error.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t context_key;
static EVP_MD *sha256;
static _Thread_local EVP_MD_CTX *thread_context;

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
}

static void set_up(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    EG_ASSERT(sha256);
    EG_ASSERT(pthread_key_create(&context_key, free_context) == 0);
}

static EVP_MD_CTX *new_context(void)
{
    EG_ASSERT(pthread_once(&once, set_up) == 0);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EG_ASSERT(context && EVP_DigestInit_ex2(context, sha256, NULL) == 1);
    return context;
}

static EVP_MD_CTX *thread_own_context(void)
{
    if (EG_UNLIKELY(!thread_context)) {
        thread_context = new_context();
        EG_ASSERT(pthread_setspecific(context_key, thread_context) == 0);
    }
    return thread_context;
}

void eg_crypto_sha256(struct eg_span bytes, uint8_t digest[EG_CRYPTO_SHA256_BYTES])
{
    EVP_MD_CTX *context = thread_own_context();
    int ok = EVP_DigestInit_ex2(context, NULL, NULL) &&
             EVP_DigestUpdate(context, bytes.ptr, bytes.len) &&
             EVP_DigestFinal_ex(context, digest, NULL);
    EG_ASSERT(ok);
}

void eg_crypto_sha256_hex(struct eg_span bytes, char text[EG_CRYPTO_SHA256_HEX_BYTES])
{
    uint8_t digest[EG_CRYPTO_SHA256_BYTES];
    eg_crypto_sha256(bytes, digest);
    eg_crypto_hex(digest, sizeof(digest), text);
}

void eg_crypto_sha256_init(struct eg_crypto_sha256_state *state)
{
    state->context = new_context();
}

void eg_crypto_sha256_update(struct eg_crypto_sha256_state *state, struct eg_span bytes)
{
    EG_ASSERT(EVP_DigestUpdate(state->context, bytes.ptr, bytes.len) == 1);
}

void eg_crypto_sha256_final(struct eg_crypto_sha256_state *state,
                            uint8_t digest[EG_CRYPTO_SHA256_BYTES])
{
    EG_ASSERT(EVP_DigestFinal_ex(state->context, digest, NULL) == 1);
}

void eg_crypto_sha256_fini(struct eg_crypto_sha256_state *state)
{
    EVP_MD_CTX_free(state->context);
    state->context = NULL;
}

void eg_crypto_sha1_hex(struct eg_span bytes, char text[EG_CRYPTO_SHA1_HEX_BYTES])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    EG_ASSERT(EVP_Digest(bytes.ptr, bytes.len, digest, &len, EVP_sha1(), NULL) == 1 && len == 20);
    eg_crypto_hex(digest, len, text);
}

void eg_crypto_hmac_sha256(struct eg_span key, struct eg_span bytes,
                           uint8_t mac[EG_CRYPTO_SHA256_BYTES])
{
    EG_ASSERT(key.len <= INT32_MAX);
    unsigned mac_len = 0;
    /* OpenSSL takes a NULL key as "the key of the last call". */
    const void *key_bytes = key.len ? key.ptr : "";
    const void *mac_bytes = HMAC(EVP_sha256(), key_bytes, (int)key.len,
                                 (const unsigned char *)bytes.ptr, bytes.len, mac, &mac_len);
    EG_ASSERT(mac_bytes && mac_len == EG_CRYPTO_SHA256_BYTES);
}

void eg_crypto_hex(const uint8_t *bytes, size_t len, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *text++ = digits[bytes[i] >> 4];
        *text++ = digits[bytes[i] & 15];
    }
    *text = '\0';
}

/* OpenSSL's CRYPTO_memcmp goes byte by byte, which a token of half a kilobyte on every request
 * would feel. The barrier keeps the compiler from stopping at the first difference. */
bool eg_crypto_equal(struct eg_span a, struct eg_span b)
{
    uint64_t differences = 0;
    size_t at = 0;
    if (a.len != b.len)
        return false;
    for (uint64_t x, y; a.len - at >= sizeof(x); at += sizeof(x)) {
        memcpy(&x, a.ptr + at, sizeof(x));
        memcpy(&y, b.ptr + at, sizeof(y));
        differences |= x ^ y;
        __asm__("" : "+r"(differences));
    }
    return CRYPTO_memcmp(a.ptr + at, b.ptr + at, a.len - at) == 0 && differences == 0;
}
