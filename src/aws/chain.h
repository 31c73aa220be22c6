/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain: environment variables, profile, web identity, container, instance metadata. The first
 * that is set up answers. A profile named by the caller comes before the environment variables.
 * The thread that owns the environment; it may block for seconds.
 */
#ifndef EG_AWS_CHAIN_H
#define EG_AWS_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/credentials.h"
#include "aws/environment.h"
#include "base/compiler.h"

#define EG_AWS_CHAIN_LENGTH 5

/* What was asked, in order; for people. */
struct eg_aws_attempt {
    const char *provider;
    struct eg_error err; /* code NONE: it answered */
};

struct eg_aws_report {
    struct eg_aws_attempt attempts[EG_AWS_CHAIN_LENGTH];
    size_t count;
};

/*
 * EG_ERR_NOT_FOUND: none is set up. Any other error: one is, and it failed; those behind it were
 * not asked. `report` may be NULL; it is filled in any case.
 */
int eg_aws_chain_find(const struct eg_aws_environment *environment, struct eg_aws_report *report,
                      struct eg_aws_credentials **ret_credentials,
                      struct eg_error *err) EG_MUST_CHECK;

#endif
