/* SPDX-License-Identifier: Apache-2.0 */
/* Templates (rules/template.h) for the values of SQL, as mappings want them. Any thread. */
#ifndef EG_SINKS_POSTGRES_TEMPLATES_H
#define EG_SINKS_POSTGRES_TEMPLATES_H

#include "postgres/value.h"

/* The context they are rendered from is a struct eg_rules_template_input. */
extern const struct eg_postgres_templates eg_sink_postgres_templates;

#endif
