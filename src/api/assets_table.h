/* SPDX-License-Identifier: Apache-2.0 */
/* The generated table of assets; for assets.c alone. */
#ifndef EG_API_ASSETS_TABLE_H
#define EG_API_ASSETS_TABLE_H

#include <stddef.h>

#include "api/assets.h"

extern const struct eg_api_asset eg_api_assets[];
extern const size_t eg_api_asset_count;

#endif
