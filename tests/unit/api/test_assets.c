/* SPDX-License-Identifier: Apache-2.0 */
/* The files in the binary are the files of the repository. */
#include "api/assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buffer.h"
#include "base/span.h"

static void the_specification_is_the_file(void **state)
{
    (void)state;
    const struct eg_api_asset *asset = eg_api_asset_find(EG_SPAN_LITERAL("api"));
    assert_non_null(asset);
    assert_string_equal(asset->media_type, "application/yaml");
    assert_false(asset->gzip);
    FILE *file = fopen("src/api/openapi.yaml", "r");
    assert_non_null(file);
    EG_AUTOBUFFER struct eg_buffer have = EG_BUFFER_INIT;
    char *room = eg_buffer_reserve(&have, asset->bytes.len + 1);
    have.len = fread(room, 1, asset->bytes.len + 1, file);
    (void)fclose(file);
    assert_int_equal(have.len, asset->bytes.len);
    assert_memory_equal(have.data, asset->bytes.ptr, have.len);
}

static void there_is_a_page_with_or_without_swagger_ui(void **state)
{
    (void)state;
    const struct eg_api_asset *page = eg_api_asset_find(EG_SPAN_LITERAL("docs"));
    assert_non_null(page);
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    eg_buffer_append_span(&text, page->bytes);
    bool with = eg_api_asset_find(EG_SPAN_LITERAL("swagger-ui-bundle.js")) != NULL;
    assert_non_null(strstr(text.data, with ? "./docs/swagger-ui-bundle.js" : "make swagger"));
    assert_null(strstr(text.data, "http"));
}

static void compressed_files_inflate(void **state)
{
    (void)state;
    const struct eg_api_asset *asset = eg_api_asset_find(EG_SPAN_LITERAL("swagger-ui.css"));
    if (!asset) {
        print_message("built without Swagger UI: run make swagger\n");
        skip();
    }
    assert_true(asset->gzip);
    static char text[1 << 20];
    EG_AUTOBUFFER struct eg_buffer packed = EG_BUFFER_INIT;
    eg_buffer_append_span(&packed, asset->bytes);
    z_stream stream = {.next_in = (Bytef *)packed.data,
                       .avail_in = (uInt)packed.len,
                       .next_out = (Bytef *)text,
                       .avail_out = sizeof(text) - 1};
    assert_int_equal(inflateInit2(&stream, 16 + MAX_WBITS), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(inflateEnd(&stream), Z_OK);
    assert_non_null(strstr(text, ".swagger-ui"));
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    assert_null(eg_api_asset_find(EG_SPAN_LITERAL("")));
    assert_null(eg_api_asset_find(EG_SPAN_LITERAL("../api")));
    assert_null(eg_api_asset_find(EG_SPAN_LITERAL("ap")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_specification_is_the_file),
        cmocka_unit_test(there_is_a_page_with_or_without_swagger_ui),
        cmocka_unit_test(compressed_files_inflate),
        cmocka_unit_test(what_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests_name("api/assets", tests, NULL, NULL);
}
