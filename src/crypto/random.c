/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Randomness straight from the kernel. Identifiers are made several per request, so each thread
 * draws the bytes for many at a time; bytes for secrets are never taken from that stock.
 */
#include "crypto/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"

#define STOCK_BYTES 1024

static _Thread_local uint8_t stock[STOCK_BYTES];
static _Thread_local size_t stock_left;

void eg_crypto_random(void *bytes, size_t len)
{
    uint8_t *to = bytes;
    while (len) {
        ssize_t got = getrandom(to, len, 0);
        /* Fails only where the kernel has no generator; more than 256 bytes may be interrupted. */
        EG_ASSERT(got > 0 || errno == EINTR);
        if (got > 0) {
            to += got;
            len -= (size_t)got;
        }
    }
}

static void draw(uint8_t *bytes, size_t len)
{
    if (stock_left < len) {
        eg_crypto_random(stock, sizeof(stock));
        stock_left = sizeof(stock);
    }
    stock_left -= len;
    memcpy(bytes, stock + stock_left, len);
}

static void print_uuid(const uint8_t uuid[16], char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *text++ = '-';
        *text++ = digits[uuid[i] >> 4];
        *text++ = digits[uuid[i] & 15];
    }
    *text = '\0';
}

static void set_version(uint8_t uuid[16], unsigned version)
{
    uuid[6] = (uint8_t)((uuid[6] & 0x0F) | version << 4);
    uuid[8] = (uint8_t)((uuid[8] & 0x3F) | 0x80);
}

void eg_crypto_uuid_v4(char text[EG_CRYPTO_UUID_BYTES])
{
    uint8_t uuid[16];
    draw(uuid, sizeof(uuid));
    set_version(uuid, 4);
    print_uuid(uuid, text);
}

void eg_crypto_uuid_v7(int64_t wall_us, char text[EG_CRYPTO_UUID_BYTES])
{
    uint8_t uuid[16];
    uint64_t ms = (uint64_t)(wall_us / 1000);
    /* 1000 microseconds spread over the 4096 values of rand_a. */
    unsigned fraction = (unsigned)(wall_us % 1000) * 4096u / 1000u;
    for (unsigned i = 0; i < 6; i++)
        uuid[i] = (uint8_t)(ms >> (40 - 8 * i));
    uuid[6] = (uint8_t)(fraction >> 8);
    uuid[7] = (uint8_t)fraction;
    draw(uuid + 8, 8);
    set_version(uuid, 7);
    print_uuid(uuid, text);
}
