/* SPDX-License-Identifier: Apache-2.0 */
/* What the map is made of; shared by build.c and map.c, nobody else's business. */
#ifndef EG_ACCESS_RULES_H
#define EG_ACCESS_RULES_H

#include <stddef.h>

#include "base/arena.h"
#include "config/index.h"
#include "eventgate/span.h"
#include "text/regex.h"

/* One restricted field: its value must match one of the patterns. */
struct eg_access_rule {
    struct eg_span field;
    struct eg_regex **patterns;
    size_t pattern_count;
};

struct eg_access_subject {
    struct eg_span name; /* as configured */
    struct eg_access_rule *rules;
    size_t rule_count;
};

struct eg_access_topic {
    struct eg_span name;
    struct eg_access_subject *subjects;
    size_t subject_count;
    struct eg_config_index index; /* folded name -> position in subjects */
    size_t longest_folded;        /* bytes: a longer subject can't be there */
};

struct eg_access_map {
    struct eg_arena arena; /* names and arrays */
    struct eg_access_topic *topics;
    size_t topic_count;
    struct eg_config_index index;
};

#endif
