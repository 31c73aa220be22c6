/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue's insides; shared by build.c and catalogue.c, nobody else's business. */
#ifndef EG_TOPICS_PRIVATE_H
#define EG_TOPICS_PRIVATE_H

#include "base/ref.h"
#include "config/index.h"
#include "topics/catalogue.h"

struct eg_topics_catalogue {
    struct eg_ref ref;
    struct eg_topics_topic *topics;
    size_t count;
    struct eg_config_index index; /* name -> position */
    struct eg_access_map *access;
    void *attachment; /* of a room above; goes with the catalogue */
    void (*attachment_destroy)(void *attachment);
};

#endif
