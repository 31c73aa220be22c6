/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the kernel, and identifiers made of them (RFC 9562). Any thread. */
#ifndef EG_CRYPTO_RANDOM_H
#define EG_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fit for secrets. */
void eg_crypto_random(void *bytes, size_t len);

#define EG_CRYPTO_UUID_BYTES 37 /* with the NUL */

/* Version 4: random. */
void eg_crypto_uuid_v4(char text[EG_CRYPTO_UUID_BYTES]);

/*
 * Version 7: begins with the time, so that identifiers made one after another sort that way. The
 * microseconds below the millisecond go into rand_a (RFC 9562 section 6.2, method 3).
 */
void eg_crypto_uuid_v7(int64_t wall_us, char text[EG_CRYPTO_UUID_BYTES]);

#endif
