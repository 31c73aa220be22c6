/* SPDX-License-Identifier: Apache-2.0 */
/* What other parts may know of a postgres sink's settings. Any thread. */
#ifndef EG_SINKS_POSTGRES_H
#define EG_SINKS_POSTGRES_H

#include "postgres/config.h"

/* Where a sink of type postgres connects to; `config` is the filled struct of its table. */
const struct eg_postgres_config *eg_sink_postgres_connection(const void *config);

#endif
