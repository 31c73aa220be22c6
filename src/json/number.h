/* SPDX-License-Identifier: Apache-2.0 */
/* What document.h does not say about numbers. Internal to json/; any thread. */
#ifndef EG_JSON_NUMBER_H
#define EG_JSON_NUMBER_H

#include "json/document.h"

/* Numbers that eg_json_number_compare finds equal have the same hash. */
uint64_t eg_json_number_hash(struct eg_span text);

#endif
