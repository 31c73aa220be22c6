/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing and trimming borrowed bytes. ASCII only where case matters: locale never enters. */
#include "base/span.h"

static unsigned char ascii_lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

bool eg_span_equal_nocase(struct eg_span a, struct eg_span b)
{
    if (a.len != b.len)
        return false;
    if (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0) /* nearly always, where they are equal */
        return true;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower((unsigned char)a.ptr[i]) != ascii_lower((unsigned char)b.ptr[i]))
            return false;
    return true;
}

bool eg_span_starts_nocase(struct eg_span span, const char *prefix)
{
    size_t at = 0;
    for (; prefix[at]; at++)
        if (at == span.len ||
            ascii_lower((unsigned char)span.ptr[at]) != ascii_lower((unsigned char)prefix[at]))
            return false;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct eg_span eg_span_trim(struct eg_span span)
{
    while (span.len && is_blank(span.ptr[0])) {
        span.ptr++;
        span.len--;
    }
    while (span.len && is_blank(span.ptr[span.len - 1]))
        span.len--;
    return span;
}

int eg_span_compare(struct eg_span a, struct eg_span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool eg_span_to_int64(struct eg_span span, int64_t *ret_value)
{
    size_t i = 0;
    bool negative = span.len && span.ptr[0] == '-';
    if (negative)
        i++;
    if (i == span.len)
        return false;
    int64_t value = 0;
    for (; i < span.len; i++) {
        if (span.ptr[i] < '0' || span.ptr[i] > '9')
            return false;
        int digit = span.ptr[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    /* Gathered as a negative number, whose range is the wider one. */
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return false;
    *ret_value = value;
    return true;
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 32);
}

uint64_t eg_span_hash(struct eg_span span)
{
    uint64_t hash = span.len;
    size_t i = 0;
    for (; span.len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, span.ptr + i, sizeof(word));
        hash = mix(hash, word);
    }
    uint64_t rest = 0;
    for (; i < span.len; i++)
        rest = rest << 8 | (unsigned char)span.ptr[i];
    return mix(hash, rest);
}
