/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a configuration file (libFuzzer): parsed with and without substitution, written back
 * as JSON, read as an access map. The first byte chooses.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "access/map.h"
#include "base/error.h"
#include "base/span.h"
#include "config/tree.h"

#define YAML_NAME_BYTES 1024u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct eg_config_tree *tree, struct eg_config_problems *problems)
{
    EG_AUTOBUFFER struct eg_buffer json = EG_BUFFER_INIT;
    eg_config_node_to_json(tree->root, &json);
    struct eg_config_tree *again = NULL;
    int ret =
        eg_config_tree_parse(eg_buffer_span(&json), "json", EG_CONFIG_LITERAL, &again, problems);
    /* What was accepted once is written so that it is accepted again; but YAML takes a long name
       only in its explicit form, which JSON does not have. */
    EG_ASSERT(ret == 0 || json.len > YAML_NAME_BYTES);
    if (ret != 0)
        return;
    struct eg_access_builder *builder = eg_access_builder_new();
    eg_access_builder_add(builder, again->root, problems);
    eg_access_map_destroy(eg_access_builder_finish(builder));
    eg_config_tree_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct eg_config_problems problems = {0};
    struct eg_config_tree *tree = NULL;
    struct eg_span text = eg_span_of((const char *)data + 1, size - 1);
    enum eg_config_substitution how = data[0] & 1 ? EG_CONFIG_SUBSTITUTE : EG_CONFIG_LITERAL;
    int ret = eg_config_tree_parse(text, "fuzz", how, &tree, &problems);
    EG_ASSERT((ret == 0) == (problems.count == 0));
    if (ret == 0)
        use(tree, &problems);
    eg_config_tree_destroy(tree);
    eg_config_problems_fini(&problems);
    return 0;
}
