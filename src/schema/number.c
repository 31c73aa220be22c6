/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A decimal is digits times a power of ten, with no zero at either end of the digits. Then a is a
 * multiple of b when b's exponent is not the larger one and b's digits divide a's digits with the
 * difference of exponents as zeros behind them. More zeros than b's digits can have factors of two
 * and five change nothing, so that the work is bounded for any exponent.
 */
#include "schema/number.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"

#define LIMB_BASE     1000000000u
#define LIMB_DIGITS   9
#define LIMBS         (EG_SCHEMA_MAX_DIVISOR_DIGITS / LIMB_DIGITS + 2)
#define HUGE_EXPONENT INT64_C(1000000000000000)

struct decimal {
    const char *first; /* the first digit that is not 0; NULL: the number is 0 */
    const char *last;
    size_t digits; /* between them, the '.' not counted */
    int64_t exponent;
};

static int64_t parse_exponent(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    int64_t value = 0;
    for (; at < end; at++)
        if (value < HUGE_EXPONENT)
            value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct decimal parse(struct eg_span number)
{
    struct decimal decimal = {NULL, NULL, 0, 0};
    const char *end = number.ptr + number.len;
    const char *at = number.ptr;
    const char *point = NULL;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        if (*at == '.')
            point = at;
        if (!is_digit(*at) || *at == '0')
            continue;
        decimal.first = decimal.first ? decimal.first : at;
        decimal.last = at;
    }
    if (!decimal.first)
        return decimal;
    const char *mantissa_end = at;
    int64_t exponent = at < end ? parse_exponent(at + 1, end) : 0;
    bool spans_point = point && decimal.first < point && decimal.last > point;
    decimal.digits = (size_t)(decimal.last - decimal.first) + (spans_point ? 0 : 1);
    const char *units = point ? point : mantissa_end;
    if (decimal.last < units)
        decimal.exponent = exponent + (units - decimal.last - 1);
    else
        decimal.exponent = exponent - (decimal.last - units);
    return decimal;
}

bool eg_schema_number_is_integer(struct eg_span number)
{
    struct decimal decimal = parse(number);
    return !decimal.first || decimal.exponent >= 0;
}

bool eg_schema_number_can_divide(struct eg_span divisor)
{
    struct decimal decimal = parse(divisor);
    return decimal.first && divisor.ptr[0] != '-' && decimal.digits <= EG_SCHEMA_MAX_DIVISOR_DIGITS;
}

static uint64_t small_value(const struct decimal *decimal)
{
    uint64_t value = 0;
    for (const char *at = decimal->first; at <= decimal->last; at++)
        if (is_digit(*at))
            value = value * 10 + (uint64_t)(*at - '0');
    return value;
}

static uint64_t small_step(uint64_t rest, unsigned digit, uint64_t divisor)
{
    return (uint64_t)(((__uint128_t)rest * 10 + digit) % divisor);
}

static bool divides_small(const struct decimal *number, uint64_t divisor, int64_t zeros)
{
    EG_ASSERT(divisor > 0);
    uint64_t rest = 0;
    for (const char *at = number->first; at <= number->last; at++)
        if (is_digit(*at))
            rest = small_step(rest, (unsigned)(*at - '0'), divisor);
    for (; zeros > 0 && rest; zeros--)
        rest = small_step(rest, 0, divisor);
    return rest == 0;
}

struct limbs {
    uint32_t at[LIMBS]; /* least significant first */
};

static void limbs_push_digit(struct limbs *limbs, unsigned digit)
{
    uint64_t carry = digit;
    for (int i = 0; i < LIMBS; i++) {
        uint64_t value = (uint64_t)limbs->at[i] * 10 + carry;
        limbs->at[i] = (uint32_t)(value % LIMB_BASE);
        carry = value / LIMB_BASE;
    }
}

static bool limbs_less(const struct limbs *a, const struct limbs *b)
{
    for (int i = LIMBS - 1; i >= 0; i--)
        if (a->at[i] != b->at[i])
            return a->at[i] < b->at[i];
    return false;
}

static void limbs_subtract(struct limbs *a, const struct limbs *b)
{
    uint32_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        uint32_t take = b->at[i] + borrow;
        borrow = a->at[i] < take;
        a->at[i] = a->at[i] + (borrow ? LIMB_BASE : 0) - take;
    }
}

static void large_step(struct limbs *rest, unsigned digit, const struct limbs *divisor)
{
    limbs_push_digit(rest, digit);
    while (!limbs_less(rest, divisor))
        limbs_subtract(rest, divisor);
}

static bool divides_large(const struct decimal *number, const struct decimal *divisor,
                          int64_t zeros)
{
    struct limbs rest;
    struct limbs by;
    memset(&rest, 0, sizeof(rest));
    memset(&by, 0, sizeof(by));
    for (const char *at = divisor->first; at <= divisor->last; at++)
        if (is_digit(*at))
            limbs_push_digit(&by, (unsigned)(*at - '0'));
    for (const char *at = number->first; at <= number->last; at++)
        if (is_digit(*at))
            large_step(&rest, (unsigned)(*at - '0'), &by);
    for (; zeros > 0; zeros--)
        large_step(&rest, 0, &by);
    for (int i = 0; i < LIMBS; i++)
        if (rest.at[i])
            return false;
    return true;
}

bool eg_schema_number_is_multiple(struct eg_span number_text, struct eg_span divisor_text)
{
    struct decimal number = parse(number_text);
    struct decimal divisor = parse(divisor_text);
    if (!number.first)
        return true;
    if (number.exponent < divisor.exponent)
        return false;
    int64_t zeros = number.exponent - divisor.exponent;
    int64_t enough = (int64_t)divisor.digits * 4; /* log2(10) < 4 */
    if (zeros > enough)
        zeros = enough;
    if (divisor.digits <= 18)
        return divides_small(&number, small_value(&divisor), zeros);
    return divides_large(&number, &divisor, zeros);
}
