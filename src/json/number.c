/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers kept as text: compared, hashed and converted at any length and exponent.
 *
 * A number is taken apart, without copying, into 0.d1d2d3... times ten to a power; d1 and the last
 * digit are not 0. Exponents may have any number of digits themselves, so they are compared digit
 * by digit and clamped only where that can't change the answer. No allocation; any thread.
 */
#include "json/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "json/names.h"

#define EXPONENT_CLAMP     ((int64_t)1 << 60)
#define HASH_POWER_PLAIN   ((int64_t)1 << 56) /* below EXPONENT_CLAMP / 10 */
#define DOUBLE_POWER_CLAMP 100000
#define DOUBLE_DIGITS      800 /* more than the 767 that a double's rounding can depend on */

struct number {
    struct eg_span digits; /* significant ones, the decimal point possibly among them */
    size_t digit_count;    /* 0: the value is zero */
    bool negative;
    int64_t shift;           /* power of ten without the exponent */
    struct eg_span exponent; /* digits without leading zeros */
    bool exponent_negative;
};

static const char *find_any(const char *p, const char *end, char a, char b)
{
    while (p < end && *p != a && *p != b)
        p++;
    return p;
}

/* From the first digit that is not 0 to the last; nothing for a zero. */
static void take_digits(struct number *n, const char *begin, const char *end)
{
    const char *point = find_any(begin, end, '.', '.');
    while (begin < end && (*begin == '0' || *begin == '.'))
        begin++;
    while (end > begin && (end[-1] == '0' || end[-1] == '.'))
        end--;
    n->digits = eg_span_of(begin, (size_t)(end - begin));
    n->digit_count = n->digits.len - (begin < point && point < end ? 1 : 0);
    n->shift = begin < point ? point - begin : point + 1 - begin;
}

static void take_exponent(struct number *n, const char *p, const char *end)
{
    if (p < end && (*p == '+' || *p == '-'))
        n->exponent_negative = *p++ == '-';
    while (p < end && *p == '0')
        p++;
    n->exponent = eg_span_of(p, (size_t)(end - p));
}

static struct number take_apart(struct eg_span text)
{
    struct number n = {.negative = text.len && text.ptr[0] == '-'};
    const char *end = text.ptr + text.len;
    const char *begin = text.ptr + n.negative;
    const char *mantissa_end = find_any(begin, end, 'e', 'E');
    take_digits(&n, begin, mantissa_end);
    take_exponent(&n, mantissa_end < end ? mantissa_end + 1 : end, end);
    return n;
}

/* Digit at `place`, counted from the most significant of `places`, with the exponent's sign. */
static int exponent_digit(const struct number *n, size_t place, size_t places)
{
    size_t padding = places - n->exponent.len;
    if (place < padding)
        return 0;
    int digit = n->exponent.ptr[place - padding] - '0';
    return n->exponent_negative ? -digit : digit;
}

/*
 * Exponent of a minus that of b, clamped. Once the difference is past the clamp no digit that
 * follows can bring it back.
 */
static int64_t exponent_difference(const struct number *a, const struct number *b)
{
    size_t places = a->exponent.len > b->exponent.len ? a->exponent.len : b->exponent.len;
    int64_t difference = 0;
    for (size_t i = 0; i < places; i++) {
        difference = difference * 10 + exponent_digit(a, i, places) - exponent_digit(b, i, places);
        if (difference > EXPONENT_CLAMP / 10)
            return EXPONENT_CLAMP;
        if (difference < -EXPONENT_CLAMP / 10)
            return -EXPONENT_CLAMP;
    }
    return difference;
}

/* The power of ten of 0.d1d2...; clamped, which a text's 2^31 digits can't make up for. */
static int64_t power_of(const struct number *n)
{
    static const struct number none;
    return exponent_difference(n, &none) + n->shift;
}

/* The next significant digit from *at, 0 behind the last. */
static int next_digit(const struct number *n, size_t *at)
{
    if (*at < n->digits.len && n->digits.ptr[*at] == '.')
        (*at)++;
    return *at < n->digits.len ? n->digits.ptr[(*at)++] - '0' : 0;
}

static int compare_digits(const struct number *a, const struct number *b)
{
    size_t count = a->digit_count > b->digit_count ? a->digit_count : b->digit_count;
    size_t at_a = 0;
    size_t at_b = 0;
    for (size_t i = 0; i < count; i++) {
        int difference = next_digit(a, &at_a) - next_digit(b, &at_b);
        if (difference)
            return difference;
    }
    return 0;
}

static int sign_of(const struct number *n)
{
    return n->digit_count == 0 ? 0 : n->negative ? -1 : 1;
}

int eg_json_number_compare(struct eg_span a_text, struct eg_span b_text)
{
    struct number a = take_apart(a_text);
    struct number b = take_apart(b_text);
    int sign = sign_of(&a);
    if (sign != sign_of(&b) || sign == 0)
        return sign - sign_of(&b);
    int64_t power = exponent_difference(&a, &b) + a.shift - b.shift;
    if (power)
        return power > 0 ? sign : -sign;
    return compare_digits(&a, &b) * sign;
}

__extension__ typedef unsigned __int128 uint128;

static uint64_t multiply_add(uint64_t a, uint64_t b, uint64_t c, uint64_t modulus)
{
    return (uint64_t)(((uint128)a * b + c) % modulus);
}

/* Numbers of 62 bits that differ in every process; what is reduced by them can't be aimed. */
static uint64_t secret_of(uint64_t label)
{
    uint64_t drawn = eg_json_bytes_hash(eg_span_of((const char *)&label, sizeof(label)));
    return drawn >> 2 | (uint64_t)1 << 61 | 1;
}

/*
 * The power of ten: itself when it is small, which equal numbers agree on; else a remainder of its
 * whole length, so that nothing is clamped away.
 */
static uint64_t hash_power(const struct number *n)
{
    int64_t power = power_of(n);
    if (power > -HASH_POWER_PLAIN && power < HASH_POWER_PLAIN)
        return (uint64_t)power;
    uint64_t modulus = secret_of(1);
    uint64_t remainder = 0;
    for (size_t i = 0; i < n->exponent.len; i++)
        remainder = multiply_add(remainder, 10, (uint64_t)(n->exponent.ptr[i] - '0'), modulus);
    if (n->exponent_negative)
        remainder = modulus - remainder;
    uint64_t shift = (uint64_t)(n->shift < 0 ? -n->shift : n->shift) % modulus;
    return (remainder + (n->shift < 0 ? modulus - shift : shift)) % modulus;
}

/* The digits: as an integer when they fit, else their polynomial at a secret point. */
static uint64_t hash_digits(const struct number *n)
{
    uint64_t hash = 0;
    size_t at = 0;
    if (n->digit_count <= 19) {
        for (size_t i = 0; i < n->digit_count; i++)
            hash = hash * 10 + (uint64_t)next_digit(n, &at);
        return hash;
    }
    uint64_t prime = ((uint64_t)1 << 61) - 1;
    uint64_t point = secret_of(2) % prime;
    for (size_t i = 0; i < n->digit_count; i++)
        hash = multiply_add(hash, point, (uint64_t)next_digit(n, &at), prime);
    return hash;
}

uint64_t eg_json_number_hash(struct eg_span text)
{
    struct number n = take_apart(text);
    if (n.digit_count == 0)
        return 0;
    uint64_t parts[3] = {n.negative, hash_power(&n), hash_digits(&n)};
    return eg_json_bytes_hash(eg_span_of((const char *)parts, sizeof(parts)));
}

bool eg_json_int64(const struct eg_json_document *document, eg_json_index index, int64_t *ret_value)
{
    struct number n = take_apart(eg_json_text(document, index));
    int64_t power = n.digit_count ? power_of(&n) : 0;
    if (power < 0 || power > 19 || n.digit_count > (size_t)power)
        return false;
    uint64_t magnitude = 0; /* at most 19 digits: no overflow */
    size_t at = 0;
    for (int64_t i = 0; i < power; i++)
        magnitude = magnitude * 10 + (uint64_t)next_digit(&n, &at);
    if (magnitude > (uint64_t)INT64_MAX + n.negative)
        return false;
    *ret_value = (int64_t)(n.negative ? 0 - magnitude : magnitude);
    return true;
}

/* Exact when the digits fit 53 bits and the power is one that a double holds exactly. */
static bool to_double_exactly(const struct number *n, int64_t power, double *ret_value)
{
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                  1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (n->digit_count > 15 || power > 22 || power < -22)
        return false;
    uint64_t digits = 0;
    size_t at = 0;
    for (size_t i = 0; i < n->digit_count; i++)
        digits = digits * 10 + (uint64_t)next_digit(n, &at);
    double value = (double)digits;
    *ret_value = power < 0 ? value / tens[-power] : value * tens[power];
    return true;
}

/*
 * strtod on digits and an exponent, without a decimal point: the locale can't matter. Digits beyond
 * those that rounding can depend on are told by one more that is not 0.
 */
static double to_double_by_library(const struct number *n, int64_t power)
{
    char text[DOUBLE_DIGITS + 32];
    size_t count = n->digit_count < DOUBLE_DIGITS ? n->digit_count : DOUBLE_DIGITS;
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        text[i] = (char)('0' + next_digit(n, &at));
    if (count < n->digit_count) {
        text[count++] = '1';
        power += (int64_t)(n->digit_count - count);
    }
    if (power > DOUBLE_POWER_CLAMP)
        power = DOUBLE_POWER_CLAMP;
    if (power < -DOUBLE_POWER_CLAMP)
        power = -DOUBLE_POWER_CLAMP;
    (void)snprintf(text + count, sizeof(text) - count, "e%d", (int)power);
    return strtod(text, NULL);
}

double eg_json_double(const struct eg_json_document *document, eg_json_index index)
{
    struct number n = take_apart(eg_json_text(document, index));
    double value = 0;
    if (n.digit_count) {
        int64_t power = power_of(&n) - (int64_t)n.digit_count; /* of the digits as an integer */
        if (!to_double_exactly(&n, power, &value))
            value = to_double_by_library(&n, power);
    }
    return n.negative ? -value : value;
}
