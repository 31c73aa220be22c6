/* SPDX-License-Identifier: Apache-2.0 */
/* How client.c fills a response. Not for other rooms; the thread that sends. */
#ifndef EG_NET_RESPONSE_H
#define EG_NET_RESPONSE_H

#include <stdbool.h>

#include "net/client.h"

/* Empties it, keeping its memory. */
void eg_net_response_reset(struct eg_net_response *response);

/* One line of the head, as it came. False: the head is too large. */
bool eg_net_response_add_line(struct eg_net_response *response, struct eg_span line);

/* Builds `headers` from `header_text`, once all lines are in. */
void eg_net_response_index(struct eg_net_response *response);

#endif
