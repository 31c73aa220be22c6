/* SPDX-License-Identifier: Apache-2.0 */
/* Looks up the table that tests/support/embed.py generates from assets.txt. */
#include "api/assets.h"

#include <stddef.h>

#include "api/assets_table.h"
#include "base/span.h"

const struct eg_api_asset *eg_api_asset_find(struct eg_span name)
{
    for (size_t i = 0; i < eg_api_asset_count; i++)
        if (eg_span_is(name, eg_api_assets[i].name))
            return &eg_api_assets[i];
    return NULL;
}
