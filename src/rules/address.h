/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses as the patterns see them. Internal to rules/; any thread, no allocation. */
#ifndef EG_RULES_ADDRESS_H
#define EG_RULES_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "eventgate/span.h"

/* An address or, with fewer prefix bits than it has, a block of them. */
struct eg_rules_address {
    unsigned char bytes[16]; /* 4 of them for IPv4; past the prefix all 0 */
    uint8_t byte_count;
    uint8_t prefix_bits;
};

/*
 * Does the text look like an address? IPv4 has four decimal numbers without leading zeros, IPv6 is
 * as in RFC 4291 without a dotted tail. An IPv4-mapped address (::ffff:a00:1) is the IPv4 one.
 */
bool eg_rules_address_parse(struct eg_span text, struct eg_rules_address *ret_address);

/* "address/bits", host bits allowed, bits below 32 or 128. False: *ret_expected says what it wants.
 */
bool eg_rules_address_parse_block(struct eg_span text, struct eg_rules_address *ret_address,
                                  const char **ret_expected);

/* Clears what is past the first `prefix_bits`. */
void eg_rules_address_mask(struct eg_rules_address *address, unsigned prefix_bits);

/* The bytes under which a block is found in a table: family, prefix and address. */
#define EG_RULES_ADDRESS_KEY_BYTES 18
struct eg_span eg_rules_address_key(const struct eg_rules_address *address, char *key);

#endif
