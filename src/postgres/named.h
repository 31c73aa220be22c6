/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL with named parameters: `:name` becomes $1, $2, ... in the order of first use; the same name
 * is the same number. Names are [A-Za-z_][A-Za-z0-9_]*. Left alone: casts (::type), slices of
 * arrays with digits (a[1:2]), and all that stands in strings, quoted names, dollar quotes and
 * comments (PostgreSQL 15 documentation, section 4.1). Any thread.
 */
#ifndef EG_POSTGRES_NAMED_H
#define EG_POSTGRES_NAMED_H

#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

#define EG_POSTGRES_MAX_PARAMETERS 256u

struct eg_postgres_sql {
    char *text;   /* with $n */
    char **names; /* names[0] is $1 */
    size_t count;
};

/* EG_ERR_CONFIG: an unfinished string or comment, a $1 of the author's own, too many names. */
int eg_postgres_sql_parse(struct eg_span source, struct eg_postgres_sql *ret_sql,
                          struct eg_error *err) EG_MUST_CHECK;
void eg_postgres_sql_fini(struct eg_postgres_sql *sql);

#endif
