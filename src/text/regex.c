/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles and runs with PCRE2 and its JIT.
 *
 * How work is bounded. PCRE2's own match limit counts anew at each place a search starts from and
 * does not see the length of a scan, so a long subject could still cost a quadratic time. So each
 * expression is compiled twice: `quick` for short subjects under a small match limit, `counted`
 * with callouts wherever work can pile up, each of which charges a step and the bytes scanned since
 * the last one. A subject that is long, or that the quick form gave up on, is judged by the counted
 * form.
 *
 * Threads: expressions are read-only once compiled. Match data, JIT stack and the step count belong
 * to the thread, made at its first match and freed when it ends.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "text/regex.h"

#include <pcre2.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "text/regex_translate.h"
#include "text/utf8.h"

#define QUICK_SUBJECT_BYTES 1024u
#define QUICK_MATCH_LIMIT   4096u
#define STEPS               UINT64_C(5000000)
#define STEPS_PER_BYTE      64u
#define JIT_STACK_BYTES     ((size_t)8 << 20)
#define HEAP_LIMIT_KIB      (8u << 10)
#define DEPTH_LIMIT         100000u

struct eg_regex {
    pcre2_code *quick;
    pcre2_code *counted;
    size_t step_cost;       /* of a callout, beside the bytes scanned: what it can't see */
    bool has_backreference; /* one item may compare as much as the whole subject */
    bool quick_jit;
    bool counted_jit;
};

struct steps {
    uint64_t left;
    size_t last; /* where the last item stood */
    size_t each; /* what a callout costs beside the bytes scanned */
};

struct thread_state {
    pcre2_match_data *match;
    pcre2_match_context *quick;
    pcre2_match_context *counted;
    pcre2_jit_stack *stack;
    struct steps steps;
};

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static __thread struct thread_state *current;

static void thread_state_destroy(void *argument)
{
    struct thread_state *state = argument;
    current = NULL;
    pcre2_match_data_free(state->match);
    pcre2_match_context_free(state->quick);
    pcre2_match_context_free(state->counted);
    pcre2_jit_stack_free(state->stack);
    free(state);
}

static void key_create(void)
{
    int rc = pthread_key_create(&key, thread_state_destroy);
    EG_ASSERT(rc == 0);
}

static int count_step(pcre2_callout_block *block, void *data)
{
    struct steps *steps = data;
    size_t at = block->current_position;
    uint64_t cost = steps->each + (at > steps->last ? at - steps->last : 0);
    steps->last = at;
    if (cost > steps->left)
        return PCRE2_ERROR_CALLOUT;
    steps->left -= cost;
    return 0;
}

static struct thread_state *thread_state_new(void)
{
    struct thread_state *state = eg_calloc(1, sizeof(*state));
    state->match = pcre2_match_data_create(EG_REGEX_MAX_GROUP + 1, NULL);
    state->quick = pcre2_match_context_create(NULL);
    state->counted = pcre2_match_context_create(NULL);
    state->stack = pcre2_jit_stack_create((size_t)32 << 10, JIT_STACK_BYTES, NULL);
    EG_ASSERT(state->match && state->quick && state->counted && state->stack);
    (void)pcre2_set_match_limit(state->quick, QUICK_MATCH_LIMIT);
    (void)pcre2_set_match_limit(state->counted, UINT32_MAX);
    pcre2_match_context *contexts[] = {state->quick, state->counted};
    for (size_t i = 0; i < EG_ARRAY_COUNT(contexts); i++) {
        (void)pcre2_set_depth_limit(contexts[i], DEPTH_LIMIT);
        (void)pcre2_set_heap_limit(contexts[i], HEAP_LIMIT_KIB);
        pcre2_jit_stack_assign(contexts[i], NULL, state->stack);
    }
    (void)pcre2_set_callout(state->counted, count_step, &state->steps);
    return state;
}

static struct thread_state *thread_state_get(void)
{
    if (EG_LIKELY(current != NULL))
        return current;
    (void)pthread_once(&key_once, key_create);
    current = thread_state_new();
    int rc = pthread_setspecific(key, current);
    EG_ASSERT(rc == 0);
    return current;
}

static uint32_t compile_options(enum eg_regex_dialect dialect)
{
    const uint32_t both = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C;
    if (dialect == EG_REGEX_ECMA)
        return both | PCRE2_DOLLAR_ENDONLY | PCRE2_MATCH_UNSET_BACKREF;
    return both | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_ALT_CIRCUMFLEX;
}

static void free_context(pcre2_compile_context **context)
{
    pcre2_compile_context_free(*context);
}

/* Writes PCRE2's error code to *ret_reason when it refuses. */
static int compile_translation(const struct eg_regex_translator *translator, pcre2_code **ret_code,
                               int *ret_reason, struct eg_error *err)
{
    EG_CLEANUP(free_context) pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    EG_ASSERT(context != NULL);
    (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    (void)pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALLOW_SURROGATE_ESCAPES);
    struct eg_span text = eg_buffer_span(&translator->out);
    int code;
    size_t offset;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)text.ptr, text.len, compile_options(translator->dialect), &code,
                      &offset, context);
    *ret_reason = code;
    if (!compiled) {
        PCRE2_UCHAR reason[160];
        if (pcre2_get_error_message(code, reason, sizeof(reason)) < 0)
            reason[0] = '\0';
        return eg_error_set(err, EG_ERR_INVALID, "%s at offset %zu", (const char *)reason,
                            eg_regex_translator_origin(translator, offset));
    }
    *ret_code = compiled;
    return 0;
}

static int compile_form(struct eg_span pattern, enum eg_regex_dialect dialect, bool counted,
                        struct eg_regex *regex, struct eg_error *err)
{
    EG_CLEANUP(eg_regex_translator_fini) struct eg_regex_translator translator;
    int reason;
    if (eg_regex_translate(&translator, pattern, dialect, counted, err) ||
        compile_translation(&translator, counted ? &regex->counted : &regex->quick, &reason, err))
        return -1;
    regex->has_backreference = translator.has_backreference;
    regex->step_cost = 1 + pattern.len / 64 + translator.longest_run / 16;
    return 0;
}

/* Without JIT (a system that forbids writable code) the interpreter runs under the same limits. */
static bool compile_jit(pcre2_code *code)
{
    return pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0;
}

int eg_regex_compile(struct eg_span pattern, enum eg_regex_dialect dialect,
                     struct eg_regex **ret_regex, struct eg_error *err)
{
    struct eg_regex *regex = eg_calloc(1, sizeof(*regex));
    if (compile_form(pattern, dialect, false, regex, err) ||
        compile_form(pattern, dialect, true, regex, err)) {
        eg_regex_destroy(regex);
        return -1;
    }
    regex->quick_jit = compile_jit(regex->quick);
    regex->counted_jit = compile_jit(regex->counted);
    *ret_regex = regex;
    return 0;
}

void eg_regex_destroy(struct eg_regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->quick);
    pcre2_code_free(regex->counted);
    free(regex);
}

int eg_regex_check(struct eg_span pattern, enum eg_regex_dialect dialect, struct eg_error *err)
{
    EG_CLEANUP(eg_regex_translator_fini) struct eg_regex_translator translator;
    if (eg_regex_translate(&translator, pattern, dialect, false, err))
        return -1;
    pcre2_code *code = NULL;
    int reason;
    struct eg_error refused;
    int rc = compile_translation(&translator, &code, &reason, &refused);
    pcre2_code_free(code);
    if (rc == 0 || (dialect == EG_REGEX_ECMA && reason == PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH))
        return 0;
    return eg_error_set(err, refused.code, "%s", refused.message);
}

static enum eg_regex_result run(const pcre2_code *code, bool jit, struct eg_span subject,
                                struct thread_state *state, pcre2_match_context *context)
{
    PCRE2_SPTR text = (PCRE2_SPTR)(subject.len ? subject.ptr : "");
    int rc =
        jit ? pcre2_jit_match(code, text, subject.len, 0, 0, state->match, context)
            : pcre2_match(code, text, subject.len, 0, PCRE2_NO_UTF_CHECK, state->match, context);
    if (rc >= 0)
        return EG_REGEX_MATCH;
    return rc == PCRE2_ERROR_NOMATCH ? EG_REGEX_NO_MATCH : EG_REGEX_LIMIT;
}

enum eg_regex_result eg_regex_match(const struct eg_regex *regex, struct eg_span subject)
{
    if (!eg_utf8_valid(subject))
        return EG_REGEX_NO_MATCH;
    struct thread_state *state = thread_state_get();
    if (subject.len <= QUICK_SUBJECT_BYTES) {
        enum eg_regex_result result =
            run(regex->quick, regex->quick_jit, subject, state, state->quick);
        if (EG_LIKELY(result != EG_REGEX_LIMIT))
            return result;
    }
    state->steps = (struct steps){
        .left = STEPS + (uint64_t)subject.len * STEPS_PER_BYTE,
        .each = regex->step_cost + (regex->has_backreference ? subject.len : 0),
    };
    return run(regex->counted, regex->counted_jit, subject, state, state->counted);
}

unsigned eg_regex_group_count(const struct eg_regex *regex)
{
    uint32_t count = 0;
    int rc = pcre2_pattern_info(regex->quick, PCRE2_INFO_CAPTURECOUNT, &count);
    EG_ASSERT(rc == 0);
    return count;
}

enum eg_regex_result eg_regex_capture(const struct eg_regex *regex, struct eg_span subject,
                                      unsigned group, struct eg_span *ret_found)
{
    EG_ASSERT(group <= EG_REGEX_MAX_GROUP);
    enum eg_regex_result result = eg_regex_match(regex, subject);
    if (result != EG_REGEX_MATCH)
        return result;
    *ret_found = (struct eg_span){NULL, 0};
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(thread_state_get()->match);
    const PCRE2_SIZE begin = offsets[2 * group];
    const PCRE2_SIZE end = offsets[2 * group + 1];
    if (group <= eg_regex_group_count(regex) && begin != PCRE2_UNSET && begin <= end)
        *ret_found = eg_span_of(subject.ptr + begin, end - begin);
    return result;
}
