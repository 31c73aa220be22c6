/* SPDX-License-Identifier: Apache-2.0 */
/*
 * W3C Trace Context, level 1 with the random flag of level 2. The generator of ids is a thread's
 * own, so ids cost no lock and no system call after the first.
 */
#include "telemetry/trace.h"

#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/span.h"

#define FLAG_SAMPLED     0x01u
#define FLAG_RANDOM      0x02u
#define LARGE_MEMBER_LEN 128
#define KEY_LEN          256
#define MULTI_TENANT_LEN 241
#define MULTI_SYSTEM_LEN 14
#define STATE_VALUE_LEN  256
#define VERSION_END      2
#define TRACE_ID_AT      3
#define SPAN_ID_AT       36
#define FLAGS_AT         53

static uint64_t rotate(uint64_t value, int by)
{
    return (value << by) | (value >> (64 - by));
}

/* xoshiro256** 1.0, Blackman and Vigna, public domain. */
static uint64_t next_random(void)
{
    static _Thread_local uint64_t state[4];
    if ((state[0] | state[1] | state[2] | state[3]) == 0)
        EG_ASSERT(getrandom(state, sizeof(state), 0) == (ssize_t)sizeof(state));
    uint64_t result = rotate(state[1] * 5, 7) * 9;
    uint64_t shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 45);
    return result;
}

void eg_trace_random(void *bytes, size_t len)
{
    char *out = bytes;
    while (len > 0) {
        uint64_t word = next_random();
        size_t take = len < sizeof(word) ? len : sizeof(word);
        memcpy(out, &word, take);
        out += take;
        len -= take;
    }
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

static void make_id(uint8_t *id, size_t len)
{
    do
        eg_trace_random(id, len);
    while (is_zero(id, len));
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(const char *text, uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool has_valid_length(struct eg_span traceparent, uint8_t version)
{
    if (version == 0 || traceparent.len == EG_TRACE_PARENT_LEN)
        return traceparent.len == EG_TRACE_PARENT_LEN;
    return traceparent.ptr[EG_TRACE_PARENT_LEN] == '-';
}

bool eg_trace_parse(struct eg_span traceparent, struct eg_trace *ret_trace)
{
    const char *text = traceparent.ptr;
    struct eg_trace trace;
    uint8_t version;
    if (traceparent.len < EG_TRACE_PARENT_LEN || !parse_hex(text, &version, 1))
        return false;
    if (version == 0xFF || !has_valid_length(traceparent, version))
        return false;
    if (text[VERSION_END] != '-' || text[SPAN_ID_AT - 1] != '-' || text[FLAGS_AT - 1] != '-')
        return false;
    if (!parse_hex(text + TRACE_ID_AT, trace.trace_id, sizeof(trace.trace_id)) ||
        !parse_hex(text + SPAN_ID_AT, trace.span_id, sizeof(trace.span_id)) ||
        !parse_hex(text + FLAGS_AT, &trace.flags, 1))
        return false;
    if (is_zero(trace.trace_id, sizeof(trace.trace_id)) ||
        is_zero(trace.span_id, sizeof(trace.span_id)))
        return false;
    *ret_trace = trace;
    return true;
}

void eg_trace_start(struct eg_trace *ret_trace)
{
    make_id(ret_trace->trace_id, sizeof(ret_trace->trace_id));
    make_id(ret_trace->span_id, sizeof(ret_trace->span_id));
    ret_trace->flags = 0;
}

bool eg_trace_continue(struct eg_span traceparent, struct eg_trace *ret_trace)
{
    struct eg_trace trace;
    if (!eg_trace_parse(traceparent, &trace)) {
        eg_trace_start(ret_trace);
        return false;
    }
    make_id(trace.span_id, sizeof(trace.span_id));
    trace.flags &= FLAG_SAMPLED | FLAG_RANDOM;
    *ret_trace = trace;
    return true;
}

static char *format_hex(char *out, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 0x0F];
    }
    return out;
}

void eg_trace_format(const struct eg_trace *trace, char text[EG_TRACE_PARENT_LEN + 1])
{
    char *out = text;
    *out++ = '0';
    *out++ = '0';
    *out++ = '-';
    out = format_hex(out, trace->trace_id, sizeof(trace->trace_id));
    *out++ = '-';
    out = format_hex(out, trace->span_id, sizeof(trace->span_id));
    *out++ = '-';
    out = format_hex(out, &trace->flags, 1);
    *out = '\0';
}

/* tracestate, section 3.3.1 */

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_key_start(char c, bool digit_too)
{
    return (c >= 'a' && c <= 'z') || (digit_too && c >= '0' && c <= '9');
}

static bool is_key_part(struct eg_span part, bool digit_first)
{
    if (part.len == 0 || !is_key_start(part.ptr[0], digit_first))
        return false;
    for (size_t i = 1; i < part.len; i++)
        if (!is_key_start(part.ptr[i], true) && !is_one_of(part.ptr[i], "_-*/"))
            return false;
    return true;
}

static bool is_key(struct eg_span key)
{
    const char *at = key.len ? memchr(key.ptr, '@', key.len) : NULL;
    if (!at)
        return key.len <= KEY_LEN && is_key_part(key, false);
    struct eg_span tenant = {key.ptr, (size_t)(at - key.ptr)};
    struct eg_span system = {at + 1, key.len - tenant.len - 1};
    return tenant.len <= MULTI_TENANT_LEN && system.len <= MULTI_SYSTEM_LEN &&
           is_key_part(tenant, true) && is_key_part(system, false);
}

/* Printable ASCII without comma and equals sign, not ending in a space. */
static bool is_value(struct eg_span value)
{
    if (value.len == 0 || value.len > STATE_VALUE_LEN || value.ptr[value.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7E || is_one_of(value.ptr[i], ",="))
            return false;
    return true;
}

struct state {
    struct eg_span members[EG_TRACE_STATE_MEMBERS];
    size_t key_lens[EG_TRACE_STATE_MEMBERS];
    size_t count;
};

static struct eg_span trim_blanks(struct eg_span text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

static bool add_member(struct state *state, struct eg_span member)
{
    const char *equals = memchr(member.ptr, '=', member.len);
    if (!equals || state->count == EG_TRACE_STATE_MEMBERS)
        return false;
    struct eg_span key = {member.ptr, (size_t)(equals - member.ptr)};
    struct eg_span value = {equals + 1, member.len - key.len - 1};
    if (!is_key(key) || !is_value(value))
        return false;
    for (size_t i = 0; i < state->count; i++)
        if (eg_span_equal(key, eg_span_of(state->members[i].ptr, state->key_lens[i])))
            return false;
    state->members[state->count] = member;
    state->key_lens[state->count++] = key.len;
    return true;
}

static bool read_state(struct eg_span text, struct state *state)
{
    while (text.len > 0) {
        const char *comma = memchr(text.ptr, ',', text.len);
        size_t len = comma ? (size_t)(comma - text.ptr) : text.len;
        struct eg_span member = trim_blanks(eg_span_of(text.ptr, len));
        if (member.len > 0 && !add_member(state, member))
            return false;
        size_t step = comma ? len + 1 : len;
        text = eg_span_of(text.ptr + step, text.len - step);
    }
    return true;
}

static size_t state_len(const struct state *state)
{
    size_t len = state->count ? state->count - 1 : 0;
    for (size_t i = 0; i < state->count; i++)
        len += state->members[i].len;
    return len;
}

/* Large members go first, from the end; then whatever is last. */
static void shrink_state(struct state *state)
{
    for (size_t i = state->count; i-- > 0 && state_len(state) > EG_TRACE_STATE_LEN;) {
        if (state->members[i].len <= LARGE_MEMBER_LEN)
            continue;
        state->count--;
        memmove(&state->members[i], &state->members[i + 1],
                (state->count - i) * sizeof(state->members[0]));
    }
    while (state_len(state) > EG_TRACE_STATE_LEN)
        state->count--;
}

size_t eg_trace_state_copy(struct eg_span tracestate, char text[EG_TRACE_STATE_LEN + 1])
{
    struct state state = {.count = 0};
    if (!read_state(tracestate, &state))
        state.count = 0;
    shrink_state(&state);
    char *out = text;
    for (size_t i = 0; i < state.count; i++) {
        if (i > 0)
            *out++ = ',';
        memcpy(out, state.members[i].ptr, state.members[i].len);
        out += state.members[i].len;
    }
    *out = '\0';
    return (size_t)(out - text);
}
