/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See wildcard.h. Complexity is what AWS's matcher calls so: the most prefixes of a wildcard that
 * one text can match at once, which is how many states a matcher is in. It is found by walking the
 * sets of states that any text can lead to.
 */
#include "rules/wildcard.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "rules/pattern.h"
#include "rules/table.h"

#define MOST_SETS 2000 /* walked before the search is taken as complete */

bool eg_rules_wildcard_next(struct eg_span text, size_t *at, uint16_t *ret_symbol)
{
    if (*at >= text.len)
        return false;
    unsigned char c = (unsigned char)text.ptr[(*at)++];
    if (c == '\\')
        c = (unsigned char)text.ptr[(*at)++];
    else if (c == '*') {
        *ret_symbol = EG_RULES_STAR;
        return true;
    }
    *ret_symbol = c;
    return true;
}

static const char *check_syntax(struct eg_span text, size_t *ret_stars)
{
    size_t stars = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\\') {
            i++;
            if (i == text.len || (text.ptr[i] != '*' && text.ptr[i] != '\\'))
                return "a backslash only before '*' or another backslash";
        } else if (text.ptr[i] == '*') {
            stars++;
            if (i + 1 < text.len && text.ptr[i + 1] == '*')
                return "no two '*' in a row";
        }
    }
    *ret_stars = stars;
    return NULL;
}

/* Positions in the symbols: state s has matched the first s. Few states at once, sorted. */
struct states {
    uint32_t at[EG_RULES_MAX_WILDCARD];
    uint32_t count;
};

struct search {
    const uint16_t *symbols;
    uint32_t symbol_count;
    struct states *sets;
    uint32_t set_count;
    struct eg_rules_table seen;
};

/* False: the set would be too large. */
static bool add_state(const struct search *search, struct states *set, uint32_t state)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->at[i] == state)
            return true;
    if (set->count + 1 == EG_RULES_MAX_WILDCARD)
        return false;
    set->at[set->count++] = state;
    if (state < search->symbol_count && search->symbols[state] == EG_RULES_STAR)
        return add_state(search, set, state + 1);
    return true;
}

/* What `set` becomes by a byte. A state before a star only leads to the one behind it. */
static bool advance(const struct search *search, const struct states *set, uint16_t byte,
                    struct states *ret_next)
{
    ret_next->count = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t state = set->at[i];
        if (state > 0 && search->symbols[state - 1] == EG_RULES_STAR &&
            !add_state(search, ret_next, state))
            return false;
        if (state < search->symbol_count && search->symbols[state] == byte &&
            !add_state(search, ret_next, state + 1))
            return false;
    }
    return true;
}

static int compare_states(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void remember(struct search *search, struct states *set)
{
    qsort(set->at, set->count, sizeof(set->at[0]), compare_states);
    struct eg_span key = eg_span_of((const char *)set->at, set->count * sizeof(set->at[0]));
    if (set->count == 0 || search->set_count == MOST_SETS ||
        eg_rules_table_put(&search->seen, 0, key, search->set_count) != search->set_count)
        return;
    search->sets[search->set_count++] = *set;
}

/* From every set by every byte that a state in it waits for: others lead to fewer states. */
static bool walk(struct search *search)
{
    struct states set = {.count = 0};
    if (!add_state(search, &set, 0))
        return false;
    remember(search, &set);
    for (uint32_t done = 0; done < search->set_count; done++) {
        for (uint32_t i = 0; i < search->sets[done].count; i++) {
            uint32_t state = search->sets[done].at[i];
            if (state == search->symbol_count || search->symbols[state] == EG_RULES_STAR)
                continue;
            if (!advance(search, &search->sets[done], search->symbols[state], &set))
                return false;
            remember(search, &set);
        }
    }
    return true;
}

/*
 * All states but those behind stars were reached by the same byte, so there are no more of them
 * than that byte has places. Most wildcards are known to be simple by that alone.
 */
static bool is_surely_simple(const struct search *search, size_t stars)
{
    size_t places[EG_RULES_STAR + 1] = {0};
    size_t most = 0;
    for (uint32_t i = 0; i < search->symbol_count; i++)
        if (search->symbols[i] != EG_RULES_STAR && ++places[search->symbols[i]] > most)
            most = places[search->symbols[i]];
    return stars + most < EG_RULES_MAX_WILDCARD;
}

static bool is_simple(struct eg_span text, size_t stars)
{
    struct search search = {.symbols = NULL};
    EG_AUTOFREE uint16_t *symbols = eg_calloc(text.len + 1, sizeof(*symbols));
    size_t at = 0;
    while (eg_rules_wildcard_next(text, &at, &symbols[search.symbol_count]))
        search.symbol_count++;
    search.symbols = symbols;
    if (is_surely_simple(&search, stars))
        return true;
    EG_AUTOFREE struct states *sets = eg_calloc(MOST_SETS, sizeof(*sets));
    search.sets = sets;
    bool simple = walk(&search);
    eg_rules_table_fini(&search.seen);
    return simple;
}

const char *eg_rules_wildcard_check(struct eg_span text)
{
    size_t stars;
    const char *expected = check_syntax(text, &stars);
    if (expected)
        return expected;
    if (stars >= EG_RULES_MAX_WILDCARD || (stars > 0 && !is_simple(text, stars)))
        return "a simpler text: fewer '*', or fewer repetitions behind one";
    return NULL;
}
