/* SPDX-License-Identifier: Apache-2.0 */
/* What other parts may know of a postgres sink's settings. Any thread. */
#ifndef EG_SINKS_POSTGRES_H
#define EG_SINKS_POSTGRES_H

#include "base/compiler.h"
#include "config/problem.h"
#include "postgres/config.h"

/* Where a sink of type postgres connects to; `config` is the filled struct of its table. */
const struct eg_postgres_config *eg_sink_postgres_connection(const void *config);

/* Reads its mappings and forgets them. Adds every mistake with its place and returns -1. */
int eg_sink_postgres_check(const void *config, struct eg_config_problems *problems) EG_MUST_CHECK;

#endif
