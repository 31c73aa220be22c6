/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a configuration, and what is worth saying about one that works.
 *
 * Loading never stops at the first mistake: every function that reads configuration adds what it
 * finds to the caller's list, and the caller looks at the count at the end. Control thread; a list
 * belongs to one caller.
 */
#ifndef EG_CONFIG_PROBLEM_H
#define EG_CONFIG_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/compiler.h"
#include "eventgate/error.h"

/* Where something was written. Lines and columns (characters) begin at 1; line 0: the whole file.
 */
struct eg_config_place {
    const char *file; /* as it was opened; lives as long as the tree it came from */
    unsigned line;
    unsigned column;
};

struct eg_config_problem {
    char *file; /* owned copy, so that a list outlives the tree */
    unsigned line;
    unsigned column;
    char *message; /* "server.listen: ..." */
};

/* A zeroed struct is an empty list. It keeps the first EG_CONFIG_PROBLEMS_MAX and counts on. */
struct eg_config_problems {
    struct eg_config_problem *items;
    size_t count; /* of items */
    size_t dropped;
};

#define EG_CONFIG_PROBLEMS_MAX 200u

void eg_config_problems_fini(struct eg_config_problems *problems);

/* Adds one; returns -1, so that a failing function can end with it. */
int eg_config_problem_add(struct eg_config_problems *problems, struct eg_config_place place,
                          const char *format, ...) EG_PRINTF(3, 4);

/* One line each: "FILE:LINE:COLUMN: MESSAGE", then how many were dropped. In order of discovery. */
void eg_config_problems_print(const struct eg_config_problems *problems, FILE *stream);

/* The first problem (and how many more there are) as an error: EG_ERR_CONFIG. Returns -1. */
int eg_config_problems_error(const struct eg_config_problems *problems, struct eg_error *err);

enum eg_config_notice_kind {
    EG_CONFIG_NOTICE_INFO,     /* a choice that was made for the user */
    EG_CONFIG_NOTICE_WARNING,  /* something written down has no effect */
    EG_CONFIG_NOTICE_DEGRADED, /* it starts, but not as written: also a reason in /health */
};

struct eg_config_notice {
    enum eg_config_notice_kind kind;
    char *about; /* a short name for /health: "access" */
    char *text;
};

struct eg_config_notices {
    struct eg_config_notice *items;
    size_t count;
};

void eg_config_notices_fini(struct eg_config_notices *notices);
void eg_config_notice_add(struct eg_config_notices *notices, enum eg_config_notice_kind kind,
                          const char *about, const char *format, ...) EG_PRINTF(4, 5);

/* "info", "warning", "degraded". */
const char *eg_config_notice_kind_name(enum eg_config_notice_kind kind);

#endif
