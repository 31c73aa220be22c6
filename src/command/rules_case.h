/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases of `eventgate rules test`: an event, and which targets receive what of it. They stand
 * beside the rules in *.test.yaml, and in a folder tests/ there in *.yaml. Main thread.
 */
#ifndef EG_COMMAND_RULES_CASE_H
#define EG_COMMAND_RULES_CASE_H

#include <stddef.h>

#include "base/compiler.h"
#include "config/problem.h"
#include "rules/book.h"

struct eg_command_case_count {
    size_t passed;
    size_t failed;
};

/*
 * Runs every case of the folder and prints a line each, PASS or FAIL, with what was missing and
 * what was too much. 0, or -1 when a file of cases is not understood: problems were added.
 */
int eg_command_cases_run(const char *folder, const struct eg_rules_book *book,
                         struct eg_command_case_count *ret_count,
                         struct eg_config_problems *problems) EG_MUST_CHECK;

#endif
