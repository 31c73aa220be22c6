/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes under names that say what they check. */
#ifndef EG_BASE_COMPILER_H
#define EG_BASE_COMPILER_H

#define EG_PRINTF(format_index, args_index) \
    __attribute__((format(printf, format_index, args_index)))
#define EG_MUST_CHECK         __attribute__((warn_unused_result))
#define EG_NONNULL(...)       __attribute__((nonnull(__VA_ARGS__)))
#define EG_CLEANUP(function)  __attribute__((cleanup(function)))
#define EG_NORETURN           __attribute__((noreturn))
#define EG_COLD               __attribute__((cold)) /* what leads to a call of it is rare, too */
#define EG_LIKELY(x)          __builtin_expect(!!(x), 1)
#define EG_UNLIKELY(x)        __builtin_expect(!!(x), 0)
#define EG_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
