/* SPDX-License-Identifier: Apache-2.0 */
/* See postgres_templates.h: the one template language behind the mappings' own interface. */
#include "sinks/postgres_templates.h"

#include "rules/template.h"

static int compile(struct eg_span text, bool is_json, void **ret_template, struct eg_error *err)
{
    struct eg_rules_template *template;
    if (eg_rules_template_new(text, is_json ? EG_RULES_JSON : EG_RULES_TEXT, &template, err) != 0)
        return -1;
    *ret_template = template;
    return 0;
}

static void destroy(void *template)
{
    eg_rules_template_destroy(template);
}

static bool reads_envelope(const void *template)
{
    return eg_rules_template_reads_envelope(template);
}

static int render(const void *template, const void *context, struct eg_buffer *out,
                  struct eg_error *err)
{
    return eg_rules_template_render(template, context, out, err);
}

const struct eg_postgres_templates eg_sink_postgres_templates = {compile, destroy, reads_envelope,
                                                                 render};
