/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a value that was recognised tells: places of recognition ("accepts") to lists of marks.
 * A mark is a condition that holds, or an anything-but that fails. Internal to rules/.
 */
#ifndef EG_RULES_MARKS_H
#define EG_RULES_MARKS_H

#include <stddef.h>
#include <stdint.h>

/* Marks of anything-buts have this bit, those of conditions don't. */
#define EG_RULES_MARK_BUT 0x80000000u

struct eg_rules_mark_pair {
    uint32_t accept;
    uint32_t mark;
};

/* A zeroed struct is empty. */
struct eg_rules_marks {
    uint32_t accept_count;
    uint32_t *begins; /* by accept, one more at the end; after freezing */
    uint32_t *marks;
    struct eg_rules_mark_pair *pairs; /* until then */
    size_t pair_count;
    size_t pair_capacity;
};

void eg_rules_marks_fini(struct eg_rules_marks *marks);

/* A new accept without marks. */
uint32_t eg_rules_marks_accept(struct eg_rules_marks *marks);

/* Adds a mark to *accept, which is made when it is EG_RULES_NONE. */
void eg_rules_marks_add(struct eg_rules_marks *marks, uint32_t *accept, uint32_t mark);

/* No adding after this. */
void eg_rules_marks_freeze(struct eg_rules_marks *marks);

size_t eg_rules_marks_bytes(const struct eg_rules_marks *marks);

#endif
