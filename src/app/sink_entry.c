/* SPDX-License-Identifier: Apache-2.0 */
/* See sink_entry.h. */
#include "app/sink_entry.h"

#include "base/error.h"

int eg_app_sink_entry(const struct eg_app_settings *settings, const struct eg_config_entry *entry,
                      struct eg_pipeline_sink *ret_sink, struct eg_sink_guard **ret_guard,
                      struct eg_error *err)
{
    const struct eg_sink_common_config *common = entry->common;
    struct eg_sink_guard *guard = NULL;
    *ret_guard = NULL;
    if (eg_sink_guard_new(entry->variant->tag, entry->specific, &common->protect,
                          settings->rules.protect_key, &guard, err) != 0)
        return eg_error_prefix(err, "sink '%s': protect", entry->name);
    *ret_guard = guard;
    *ret_sink = (struct eg_pipeline_sink){
        .name = entry->name,
        .type = guard ? eg_sink_guard_type(guard) : entry->variant->tag,
        .common = entry->common,
        .config = guard ? guard : entry->specific,
    };
    return 0;
}
