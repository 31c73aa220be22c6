/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a value that was recognised tells. Each place of recognition is an "accept". It leads to the
 * conditions that it fulfils, which are noted at once. An anything-but works the other way round:
 * it knows the accepts that make it fail and is only asked when a rule comes down to it, so that a
 * value which thousands of rules exclude costs no more than any other. Internal to rules/.
 */
#ifndef EG_RULES_MARKS_H
#define EG_RULES_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Marks that name an anything-but, or for it an accept, have this bit; conditions don't. */
#define EG_RULES_MARK_BUT 0x80000000u

struct eg_rules_mark_pair {
    uint32_t accept;
    uint32_t mark;
};

/* A zeroed struct is empty. */
struct eg_rules_marks {
    uint32_t accept_count;
    uint32_t *begins;     /* by accept, one more at the end; after freezing */
    uint32_t *marks;      /* conditions */
    uint32_t *but_begins; /* by anything-but, one more at the end */
    uint32_t *but_accepts;
    bool *fails_buts;                 /* by accept */
    struct eg_rules_mark_pair *pairs; /* until then */
    size_t pair_count;
    size_t pair_capacity;
};

void eg_rules_marks_fini(struct eg_rules_marks *marks);

/* A new accept without marks. */
uint32_t eg_rules_marks_accept(struct eg_rules_marks *marks);

/* Adds a mark to *accept, which is made when it is EG_RULES_NONE. */
void eg_rules_marks_add(struct eg_rules_marks *marks, uint32_t *accept, uint32_t mark);

/* No adding after this. Anything-buts are numbered below `but_count`. */
void eg_rules_marks_freeze(struct eg_rules_marks *marks, uint32_t but_count);

size_t eg_rules_marks_bytes(const struct eg_rules_marks *marks);

#endif
