/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of problems and notices: growing arrays of owned texts. A list that is full only counts on,
 * so that a file of nonsense can't fill the memory or the screen.
 */
#include "config/problem.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

void eg_config_problems_fini(struct eg_config_problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        free(problems->items[i].file);
        free(problems->items[i].message);
    }
    free(problems->items);
    *problems = (struct eg_config_problems){0};
}

EG_PRINTF(1, 0) static char *format_text(const char *format, va_list args)
{
    char *text = NULL;
    EG_ASSERT(vasprintf(&text, format, args) >= 0);
    return text;
}

int eg_config_problem_add(struct eg_config_problems *problems, struct eg_config_place place,
                          const char *format, ...)
{
    if (problems->count == EG_CONFIG_PROBLEMS_MAX) {
        problems->dropped++;
        return -1;
    }
    va_list args;
    va_start(args, format);
    char *message = format_text(format, args);
    va_end(args);
    problems->items =
        eg_realloc_array(problems->items, problems->count + 1, sizeof(*problems->items));
    problems->items[problems->count++] = (struct eg_config_problem){
        .file = eg_strdup(place.file ? place.file : "configuration"),
        .line = place.line,
        .column = place.column,
        .message = message,
    };
    return -1;
}

static char *problem_text(const struct eg_config_problem *problem)
{
    if (problem->line == 0)
        return eg_asprintf("%s: %s", problem->file, problem->message);
    return eg_asprintf("%s:%u:%u: %s", problem->file, problem->line, problem->column,
                       problem->message);
}

void eg_config_problems_print(const struct eg_config_problems *problems, FILE *stream)
{
    for (size_t i = 0; i < problems->count; i++) {
        EG_AUTOFREE char *text = problem_text(&problems->items[i]);
        (void)fprintf(stream, "%s\n", text);
    }
    if (problems->dropped)
        (void)fprintf(stream, "and %zu more\n", problems->dropped);
}

int eg_config_problems_error(const struct eg_config_problems *problems, struct eg_error *err)
{
    EG_ASSERT(problems->count > 0);
    EG_AUTOFREE char *text = problem_text(&problems->items[0]);
    size_t others = problems->count - 1 + problems->dropped;
    if (others == 0)
        return eg_error_set(err, EG_ERR_CONFIG, "%s", text);
    return eg_error_set(err, EG_ERR_CONFIG, "%s (and %zu more: run 'eventgate check')", text,
                        others);
}

void eg_config_notices_fini(struct eg_config_notices *notices)
{
    for (size_t i = 0; i < notices->count; i++) {
        free(notices->items[i].about);
        free(notices->items[i].text);
    }
    free(notices->items);
    *notices = (struct eg_config_notices){0};
}

void eg_config_notice_add(struct eg_config_notices *notices, enum eg_config_notice_kind kind,
                          const char *about, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = format_text(format, args);
    va_end(args);
    notices->items = eg_realloc_array(notices->items, notices->count + 1, sizeof(*notices->items));
    notices->items[notices->count++] =
        (struct eg_config_notice){.kind = kind, .about = eg_strdup(about), .text = text};
}

const char *eg_config_notice_kind_name(enum eg_config_notice_kind kind)
{
    static const char *const names[] = {
        [EG_CONFIG_NOTICE_INFO] = "info",
        [EG_CONFIG_NOTICE_WARNING] = "warning",
        [EG_CONFIG_NOTICE_DEGRADED] = "degraded",
    };
    return names[kind];
}
