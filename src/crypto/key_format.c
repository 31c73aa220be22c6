/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DER and PEM, in and out. Texts come from files and from the network, so they are bounded before
 * OpenSSL sees them; private bytes are wiped when they are freed.
 */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/error.h"
#include "crypto/key_internal.h"

#define TEXT_BYTES_MAX (1024 * 1024)

int eg_crypto_key_from_der(struct eg_span der, struct eg_crypto_key **ret_key, struct eg_error *err)
{
    if (der.len == 0 || der.len > TEXT_BYTES_MAX)
        return eg_error_set(err, EG_ERR_INVALID, "%zu bytes are no DER public key", der.len);
    const unsigned char *at = (const unsigned char *)der.ptr;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, (long)der.len);
    if (!pkey)
        return eg_crypto_fail(err, EG_ERR_INVALID,
                              "not a DER SubjectPublicKeyInfo of a kind we know");
    if ((const char *)at != der.ptr + der.len) {
        EVP_PKEY_free(pkey);
        return eg_error_set(err, EG_ERR_INVALID, "bytes after the DER public key");
    }
    return eg_crypto_key_wrap(pkey, false, ret_key, err);
}

/* One block between BEGIN and END, decoded. */
struct pem_block {
    char *name;
    char *header;
    unsigned char *data;
    long data_len;
};

static void pem_block_fini(struct pem_block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->data, block->data ? (size_t)block->data_len : 0);
    *block = (struct pem_block){0};
}

static EVP_PKEY *decode_spki(const unsigned char **at, long len)
{
    return d2i_PUBKEY(NULL, at, len);
}

static EVP_PKEY *decode_private(const unsigned char **at, long len)
{
    return d2i_AutoPrivateKey(NULL, at, len);
}

struct pem_kind {
    const char *name;
    bool is_private;
    EVP_PKEY *(*decode)(const unsigned char **at, long len);
};

static const struct pem_kind pem_kinds[] = {
    {"PUBLIC KEY", false, decode_spki},
    {"PRIVATE KEY", true, decode_private},
    {"RSA PRIVATE KEY", true, decode_private},
    {"EC PRIVATE KEY", true, decode_private},
};

static const struct pem_kind *find_pem_kind(const char *name)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(pem_kinds); i++)
        if (strcmp(pem_kinds[i].name, name) == 0)
            return &pem_kinds[i];
    return NULL;
}

static int decode_block(const struct pem_kind *kind, const struct pem_block *block,
                        struct eg_crypto_key **ret_key, struct eg_error *err)
{
    if (block->header[0])
        return eg_error_set(err, EG_ERR_INVALID,
                            "the PEM key is encrypted; write it unencrypted into a file that only "
                            "its owner can read");
    const unsigned char *at = block->data;
    EVP_PKEY *pkey = kind->decode(&at, block->data_len);
    if (!pkey)
        return eg_crypto_fail(err, EG_ERR_INVALID, "the PEM block holds no key of a kind we know");
    return eg_crypto_key_wrap(pkey, kind->is_private, ret_key, err);
}

/* Blocks of other kinds, such as EC PARAMETERS, are passed over. */
static int read_first_key(BIO *bio, struct eg_crypto_key **ret_key, struct eg_error *err)
{
    for (;;) {
        EG_CLEANUP(pem_block_fini) struct pem_block block = {0};
        if (PEM_read_bio(bio, &block.name, &block.header, &block.data, &block.data_len) != 1)
            return eg_crypto_fail(err, EG_ERR_INVALID, "no PEM key in the text");
        if (strcmp(block.name, "ENCRYPTED PRIVATE KEY") == 0)
            return eg_error_set(err, EG_ERR_INVALID,
                                "the PEM key is encrypted; write it unencrypted into a file that "
                                "only its owner can read");
        const struct pem_kind *kind = find_pem_kind(block.name);
        if (kind)
            return decode_block(kind, &block, ret_key, err);
    }
}

int eg_crypto_key_from_pem(struct eg_span pem, struct eg_crypto_key **ret_key,
                           struct eg_span *ret_rest, struct eg_error *err)
{
    if (pem.len == 0 || pem.len > TEXT_BYTES_MAX)
        return eg_error_set(err, EG_ERR_INVALID, "%zu bytes are no PEM text", pem.len);
    EG_CLEANUP(eg_crypto_bio_cleanup) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EG_ASSERT(bio);
    if (read_first_key(bio, ret_key, err) < 0)
        return -1;
    if (ret_rest) {
        size_t left = BIO_ctrl_pending(bio);
        *ret_rest = (struct eg_span){pem.ptr + pem.len - left, left};
    }
    return 0;
}

/* Moves what was written to a memory BIO to the end of `out`. */
static int take_bio(BIO *bio, int written, struct eg_buffer *out, struct eg_error *err)
{
    if (written != 1)
        return eg_crypto_fail(err, EG_ERR_INTERNAL, "writing a key failed");
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    EG_ASSERT(len >= 0);
    eg_buffer_append(out, bytes, (size_t)len);
    return 0;
}

int eg_crypto_key_public_der(const struct eg_crypto_key *key, struct eg_buffer *out,
                             struct eg_error *err)
{
    EG_CLEANUP(eg_crypto_bio_cleanup) BIO *bio = BIO_new(BIO_s_mem());
    EG_ASSERT(bio);
    return take_bio(bio, i2d_PUBKEY_bio(bio, key->pkey), out, err);
}

int eg_crypto_key_public_pem(const struct eg_crypto_key *key, struct eg_buffer *out,
                             struct eg_error *err)
{
    EG_CLEANUP(eg_crypto_bio_cleanup) BIO *bio = BIO_new(BIO_s_mem());
    EG_ASSERT(bio);
    return take_bio(bio, PEM_write_bio_PUBKEY(bio, key->pkey), out, err);
}

int eg_crypto_key_private_pem(const struct eg_crypto_key *key, struct eg_buffer *out,
                              struct eg_error *err)
{
    if (!key->is_private)
        return eg_error_set(err, EG_ERR_INVALID, "a public key has no private half to write");
    EG_CLEANUP(eg_crypto_bio_cleanup) BIO *bio = BIO_new(BIO_s_secmem());
    EG_ASSERT(bio);
    int written = PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL);
    return take_bio(bio, written, out, err);
}
