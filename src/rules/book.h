/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The book of rules: every rule of the configuration, its pattern in one automaton with all others,
 * its targets with what each receives. Immutable and shared by reference count: a reload loads a
 * new one aside (rules/rule_file.h) and swaps it; an event pins one until its deliveries are made.
 * Any thread may match, each with a scratch of its own (rules/set.h).
 */
#ifndef EG_RULES_BOOK_H
#define EG_RULES_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "config/problem.h"
#include "eventgate/error.h"
#include "eventgate/field.h"
#include "eventgate/span.h"
#include "rules/protect.h"
#include "rules/set.h"
#include "rules/template.h"
#include "rules/transform.h"
#include "json/document.h"

#define EG_RULES_MAX_TARGETS         100   /* of one rule */
#define EG_RULES_MAX_RULES           20000 /* of one book */
#define EG_RULES_DEFAULT_ATTEMPTS    185
#define EG_RULES_DEFAULT_MAX_AGE_MS  INT64_C(86400000)
#define EG_RULES_DEFAULT_ENRICH_INTO "enrichment"
#define EG_RULES_NO_SINK             SIZE_MAX

/* A call whose answer joins the event before the target's transform, as in EventBridge pipes. */
struct eg_rules_enrich {
    struct eg_span url;    /* HTTP POST of `input`; empty: a Lambda function */
    struct eg_span lambda; /* name or ARN of the function, invoked with `input` */
    struct eg_span region; /* of the function; empty: the daemon's */
    struct eg_string_map headers;
    const struct eg_rules_transform *input; /* what the call is given; NULL: the envelope */
    struct eg_span into;                    /* the answer becomes this member of detail */
    int64_t timeout_ms;
    bool required; /* a failed call is a failed attempt; else the event goes on without */
};

struct eg_rules_target {
    struct eg_span id;   /* AWS's Id, or "<rule>/<n>" from 1; unique in its rule */
    struct eg_span arn;  /* AWS's Arn, or "arn:eventgate:::sink/<sink>" */
    struct eg_span sink; /* the name of the sink; followed by a NUL */
    size_t sink_index;   /* in the list the book was loaded with; EG_RULES_NO_SINK without list */
    const struct eg_rules_transform *transform; /* NULL: the envelope as it is */
    const struct eg_rules_protect *protect;     /* NULL: nothing; before enrich and transform */
    const struct eg_rules_enrich *enrich;       /* NULL: none */
    const struct eg_rules_template *at;         /* not before this time (eg_rules_time_parse of the
                                                   text it renders); NULL: at once */
    int64_t delay_ms;                           /* after `at`, or after now */
    bool await;                                 /* the caller waits for this target */
    int64_t max_attempts;                       /* retries after the first, 0 to 185 */
    int64_t max_age_ms;                         /* of the event when it is tried again */
    int64_t deadline_ms;                        /* for one attempt's wait; 0: the sink's */
    struct eg_span dead_letter;                 /* a sink; empty: none */
    size_t dead_letter_index;                   /* as sink_index */
};

struct eg_rules_rule {
    struct eg_span name; /* unique in the book; followed by a NUL */
    struct eg_span arn;  /* "arn:eventgate:::rule/<name>" without one in the file */
    struct eg_span description;
    bool enabled;
    struct eg_string_list topics;          /* lower case; only events of these; empty: all */
    const struct eg_rules_target *targets; /* in the order of the file */
    size_t target_count;
    struct eg_config_place place; /* of the rule, for messages */
};

struct eg_rules_book;

struct eg_rules_book *eg_rules_book_ref(struct eg_rules_book *book);
void eg_rules_book_unref(struct eg_rules_book *take); /* NULL is fine */

/* Enabled rules first, each group in the order of the files; `index` under the count. */
size_t eg_rules_book_count(const struct eg_rules_book *book);
size_t eg_rules_book_enabled_count(const struct eg_rules_book *book);
const struct eg_rules_rule *eg_rules_book_at(const struct eg_rules_book *book, size_t index);
const struct eg_rules_rule *eg_rules_book_find(const struct eg_rules_book *book,
                                               struct eg_span name);

/* The automaton's memory. */
size_t eg_rules_book_bytes(const struct eg_rules_book *book);

/*
 * Which enabled rules match the envelope at `root`: their indexes for eg_rules_book_at, ascending.
 * Rules for other topics than `topic` are left out. Errors as eg_rules_set_match.
 */
int eg_rules_book_match(const struct eg_rules_book *book, struct eg_rules_scratch *scratch,
                        const struct eg_json_document *document, eg_json_index root,
                        struct eg_span topic, struct eg_rules_matches *ret_matches,
                        struct eg_error *err) EG_MUST_CHECK;

/*
 * Could a rule match events of this topic? False only when every enabled rule names other topics:
 * then the topic's events need no envelope for rules.
 */
bool eg_rules_book_concerns(const struct eg_rules_book *book, struct eg_span topic);

/*
 * Appends what a target receives of an envelope: protected, then transformed. Not for targets with
 * enrich, whose answer comes between the two. `scratch` is a document of the thread, used when the
 * target protects; `input` is for the envelope as it is, with rule_arn and rule_name left empty.
 */
int eg_rules_target_render(const struct eg_rules_rule *rule, const struct eg_rules_target *target,
                           const struct eg_rules_template_input *input,
                           struct eg_json_document *scratch, struct eg_buffer *out,
                           struct eg_error *err) EG_MUST_CHECK;

#endif
