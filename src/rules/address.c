/* SPDX-License-Identifier: Apache-2.0 */
/* See address.h. inet_pton reads; what it reads more liberally than wanted is refused before. */
#include "rules/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/compiler.h"
#include "base/span.h"

#define LONGEST_TEXT 39 /* eight groups of four digits and their colons */

static bool only_of(struct eg_span text, const char *characters)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\0' || !strchr(characters, text.ptr[i]))
            return false;
    return true;
}

static void unmap(struct eg_rules_address *address)
{
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (memcmp(address->bytes, mapped, sizeof(mapped)) != 0)
        return;
    memmove(address->bytes, address->bytes + sizeof(mapped), 4);
    memset(address->bytes + 4, 0, 12);
    address->byte_count = 4;
}

bool eg_rules_address_parse(struct eg_span text, struct eg_rules_address *ret_address)
{
    if (text.len < 2 || text.len > LONGEST_TEXT)
        return false;
    /* Nearly every value leaves here: an address has a dot or a colon among its first five. */
    if (!memchr(text.ptr, '.', text.len < 5 ? text.len : 5) &&
        !memchr(text.ptr, ':', text.len < 5 ? text.len : 5))
        return false;
    bool v6 = memchr(text.ptr, ':', text.len) != NULL;
    if (!only_of(text, v6 ? "0123456789abcdefABCDEF:" : "0123456789."))
        return false;
    char copy[LONGEST_TEXT + 1];
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    struct eg_rules_address address = {.byte_count = v6 ? 16 : 4};
    if (inet_pton(v6 ? AF_INET6 : AF_INET, copy, address.bytes) != 1)
        return false;
    if (v6)
        unmap(&address);
    address.prefix_bits = (uint8_t)(address.byte_count * 8);
    *ret_address = address;
    return true;
}

void eg_rules_address_mask(struct eg_rules_address *address, unsigned prefix_bits)
{
    for (unsigned i = 0; i < address->byte_count; i++) {
        unsigned keep = prefix_bits > i * 8 ? prefix_bits - i * 8 : 0;
        if (keep < 8)
            address->bytes[i] = (unsigned char)(address->bytes[i] & (0xff00u >> keep));
    }
    address->prefix_bits = (uint8_t)prefix_bits;
}

bool eg_rules_address_parse_block(struct eg_span text, struct eg_rules_address *ret_address,
                                  const char **ret_expected)
{
    const char *slash = memchr(text.ptr, '/', text.len);
    *ret_expected = "an address, '/' and a number of bits, such as \"10.0.0.0/8\"";
    if (!slash)
        return false;
    size_t at = (size_t)(slash - text.ptr);
    struct eg_span bits_text = eg_span_of(slash + 1, text.len - at - 1);
    int64_t bits;
    if (!eg_rules_address_parse(eg_span_of(text.ptr, at), ret_address) || bits_text.len > 3 ||
        !only_of(bits_text, "0123456789") || !eg_span_to_int64(bits_text, &bits))
        return false;
    *ret_expected = ret_address->byte_count == 4 ? "at most 31 bits for an IPv4 address"
                                                 : "at most 127 bits for an IPv6 address";
    if (bits >= ret_address->byte_count * 8)
        return false;
    eg_rules_address_mask(ret_address, (unsigned)bits);
    return true;
}

struct eg_span eg_rules_address_key(const struct eg_rules_address *address, char *key)
{
    key[0] = (char)address->byte_count;
    key[1] = (char)address->prefix_bits;
    memcpy(key + 2, address->bytes, sizeof(address->bytes));
    return eg_span_of(key, EG_RULES_ADDRESS_KEY_BYTES);
}
