/* SPDX-License-Identifier: Apache-2.0 */
/* The book's insides, shared by book.c and the readers of rule files. Internal to rules/. */
#ifndef EG_RULES_BOOK_PRIVATE_H
#define EG_RULES_BOOK_PRIVATE_H

#include "base/arena.h"
#include "base/ref.h"
#include "config/index.h"
#include "rules/book.h"

struct eg_rules_book {
    struct eg_ref ref;
    struct eg_arena arena;       /* texts */
    struct eg_rules_rule *rules; /* enabled first */
    size_t count;
    size_t enabled_count;
    struct eg_config_index index; /* name to position */
    struct eg_rules_set *set;     /* of the enabled; its numbers are their positions */
    bool any_topic;               /* an enabled rule takes events of all topics */
};

/* Frees what a target owns; its texts are of the book. */
void eg_rules_target_fini(struct eg_rules_target *target);

#endif
