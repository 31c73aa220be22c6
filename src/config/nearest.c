/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the edit distance with swaps of neighbours (optimal string alignment). */
#include <string.h>

#include "config/fields.h"

#define LONGEST_WORD 48

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Both words are at most LONGEST_WORD long. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST_WORD + 1];
    const size_t a_len = strlen(a), b_len = strlen(b);
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = smaller(smaller(above[j], row[j - 1]) + 1, change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

const char *eg_config_nearest(const char *word, const char *const *candidates, size_t count)
{
    const char *best = NULL;
    size_t best_distance = 1 + strlen(word) / 3;
    if (strlen(word) > LONGEST_WORD)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        if (strlen(candidates[i]) > LONGEST_WORD)
            continue;
        size_t d = distance(word, candidates[i]);
        if (d < best_distance || (d == best_distance && !best && d <= 1)) {
            best = candidates[i];
            best_distance = d;
        }
    }
    return best;
}
