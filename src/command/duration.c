/* SPDX-License-Identifier: Apache-2.0 */
/* A number and a unit, nothing else. */
#include "command/duration.h"

#include <string.h>

#include "base/compiler.h"
#include "base/span.h"

static const struct {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

bool eg_command_duration_ms(const char *text, int64_t *ret_ms)
{
    size_t digits = strspn(text, "0123456789");
    int64_t value;
    int64_t ms;
    if (!eg_span_to_int64(eg_span_of(text, digits), &value))
        return false;
    for (size_t i = 0; i < EG_ARRAY_COUNT(units); i++)
        if (strcmp(text + digits, units[i].name) == 0 &&
            !__builtin_mul_overflow(value, units[i].ms, &ms)) {
            *ret_ms = ms;
            return true;
        }
    return false;
}
