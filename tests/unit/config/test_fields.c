/* SPDX-License-Identifier: Apache-2.0 */
/* Field tables: every type, every kind of mistake, defaults, dump and documentation. */
#include "config/fields.h"

#include "unit/config/loading.h"

struct inner {
    int64_t port;
    char *name;
};

struct outer {
    char *text;
    char *secret;
    bool flag;
    int64_t number;
    int64_t wait_ms;
    int64_t size_bytes;
    int color;
    struct eg_string_list list;
    struct eg_string_map map;
    struct inner inner;
    struct eg_table_list inners;
    char *json;
    char *path;
};

static const struct eg_field inner_fields[] = {
    {.name = "port",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct inner, port),
     .default_text = "80",
     .min = 1,
     .max = 65535,
     .help = "The port."},
    {.name = "name",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct inner, name),
     .required = true,
     .help = "Its name."},
};
static const struct eg_field_table inner_table = {"inner", inner_fields, 2, sizeof(struct inner)};

static const char *const colors[] = {"red", "green", NULL};

#define FIELD(member, kind) .name = #member, .type = kind, .offset = offsetof(struct outer, member)
static const struct eg_field outer_fields[] = {
    {FIELD(text, EG_FIELD_STRING), .default_text = "hello", .help = "A text | with a bar."},
    {FIELD(secret, EG_FIELD_SECRET)},
    {FIELD(flag, EG_FIELD_BOOL), .default_text = "true"},
    {FIELD(number, EG_FIELD_INT), .default_text = "-5"},
    {FIELD(wait_ms, EG_FIELD_DURATION), .default_text = "90s", .min = 10, .max = 3600000},
    {FIELD(size_bytes, EG_FIELD_SIZE), .default_text = "64KiB", .min = 1, .max = INT64_MAX},
    {FIELD(color, EG_FIELD_CHOICE), .default_text = "green", .choices = colors},
    {FIELD(list, EG_FIELD_STRING_LIST), .default_text = "[a, b]"},
    {FIELD(map, EG_FIELD_STRING_MAP)},
    {FIELD(inners, EG_FIELD_TABLE_LIST), .table = &inner_table},
    {FIELD(json, EG_FIELD_JSON)},
    {FIELD(path, EG_FIELD_PATH), .default_text = "var/x"},
};
static const struct eg_field_table outer_table = {
    "outer", outer_fields, sizeof(outer_fields) / sizeof(outer_fields[0]), sizeof(struct outer)};

static int fill(const char *yaml, struct outer *outer, struct eg_config_problems *problems)
{
    struct eg_config_tree *tree = parse_fine(yaml, EG_CONFIG_SUBSTITUTE);
    struct eg_config_part part = {&outer_table, outer};
    struct eg_config_scope scope = {"outer", "/etc/eg", {"t.yaml", 1, 1}};
    int ret = eg_config_fields_fill(&part, 1, tree->root, &scope, problems);
    eg_config_tree_destroy(tree);
    return ret;
}

static void defaults_fill_what_is_not_named(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct outer outer;
    assert_int_equal(fill("", &outer, &problems), 0);
    assert_string_equal(outer.text, "hello");
    assert_null(outer.secret);
    assert_true(outer.flag);
    assert_int_equal(outer.number, -5);
    assert_int_equal(outer.wait_ms, 90000);
    assert_int_equal(outer.size_bytes, 65536);
    assert_int_equal(outer.color, 1);
    assert_int_equal(outer.list.count, 2);
    assert_string_equal(outer.list.items[1], "b");
    assert_int_equal(outer.map.count, 0);
    assert_string_equal(outer.path, "var/x");
    eg_config_fields_fini(&outer_table, &outer);
    assert_null(outer.text);
}

static void every_type_is_read(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct outer outer;
    assert_int_equal(fill("text: 1.10\nsecret: hush\nflag: False\nnumber: 12\nwait_ms: 2m\n"
                          "size_bytes: 3MB\ncolor: RED\nlist: single\nmap: {x: y, z: '1'}\n"
                          "inners: [{name: n}, {name: m, port: 8}]\njson: {a: [1, 'b']}\n"
                          "path: data/events.db\n",
                          &outer, &problems),
                     0);
    assert_string_equal(outer.text, "1.10");
    assert_string_equal(outer.secret, "hush");
    assert_false(outer.flag);
    assert_int_equal(outer.number, 12);
    assert_int_equal(outer.wait_ms, 120000);
    assert_int_equal(outer.size_bytes, 3000000);
    assert_int_equal(outer.color, 0);
    assert_int_equal(outer.list.count, 1);
    assert_string_equal(outer.list.items[0], "single");
    assert_string_equal(outer.map.entries[1].name, "z");
    assert_string_equal(outer.map.entries[1].value, "1");
    const struct inner *inners = outer.inners.items;
    assert_int_equal(outer.inners.count, 2);
    assert_int_equal(inners[0].port, 80);
    assert_string_equal(inners[1].name, "m");
    assert_string_equal(outer.json, "{\"a\": [1, \"b\"]}");
    assert_string_equal(outer.path, "/etc/eg/data/events.db");
    eg_config_fields_fini(&outer_table, &outer);
}

static void all_mistakes_are_reported_at_once(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct outer outer;
    assert_int_equal(fill("txt: x\nflag: yes\nnumber: 1.5\nwait_ms: 5\nsize_bytes: 0\ncolor: blue\n"
                          "list: {a: b}\nmap: [1]\ninners: [{port: 70000}, 3]\ntext: [a]\n",
                          &outer, &problems),
                     -1);
    assert_problem(&problems, 1, 1, "outer.txt: no such setting; did you mean 'text'?");
    assert_problem(&problems, 2, 7, "outer.flag: expected true or false, got 'yes'");
    assert_problem(&problems, 3, 9, "outer.number: expected an integer, got '1.5'");
    assert_problem(&problems, 4, 10, "outer.wait_ms: expected a duration such as 250ms");
    assert_problem(&problems, 5, 13, "outer.size_bytes: 0 is out of range: at least 1");
    assert_problem(&problems, 6, 8, "outer.color: expected one of red, green, got 'blue'");
    assert_problem(&problems, 7, 7, "outer.list: expected a list of strings, got a mapping");
    assert_problem(&problems, 8, 6,
                   "outer.map: expected a mapping of names to strings, got a list");
    assert_problem(&problems, 9, 17, "outer.inners[0].port: 70000 is out of range: 1 to 65535");
    assert_problem(&problems, 9, 10, "outer.inners[0].name: required, but not set");
    assert_problem(&problems, 9, 25, "outer.inners[1]: expected a mapping, got a number");
    assert_problem(&problems, 10, 7, "outer.text: expected a string, got a list");
    assert_int_equal(problems.count, 12);
    eg_config_problems_fini(&problems);
    eg_config_fields_fini(&outer_table, &outer);
}

static void durations_and_sizes_have_units_and_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"wait_ms: 250ms", 250},
        {"wait_ms: 10s", 10000},
        {"wait_ms: 1h", 3600000},
        {"wait_ms: 1d", -1},
        {"wait_ms: 9ms", -1},
        {"wait_ms: 10 s", 10000},
        {"wait_ms: 10x", -1},
        {"wait_ms: s", -1},
        {"wait_ms: -1s", -1},
        {"wait_ms: 1.5s", -1},
        {"wait_ms: 99999999999999999999s", -1},
        {"wait_ms: 9223372036854775807d", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eg_config_problems problems = {0};
        struct outer outer;
        assert_int_equal(fill(cases[i].yaml, &outer, &problems), cases[i].ms < 0 ? -1 : 0);
        if (cases[i].ms >= 0)
            assert_int_equal(outer.wait_ms, cases[i].ms);
        eg_config_problems_fini(&problems);
        eg_config_fields_fini(&outer_table, &outer);
    }
}

static void secrets_come_from_a_file(void **state)
{
    (void)state;
    char *folder = make_folder();
    write_file(folder, "s.txt", "hush hush\n");
    write_file(folder, "empty.txt", "\n");
    struct eg_config_problems problems = {0};
    struct outer outer;
    char *yaml = eg_asprintf("secret: {file: %s/s.txt}\n", folder);
    assert_int_equal(fill(yaml, &outer, &problems), 0);
    assert_string_equal(outer.secret, "hush hush");
    eg_config_fields_fini(&outer_table, &outer);
    free(yaml);
    yaml = eg_asprintf("secret: {file: %s/empty.txt}\n", folder);
    assert_int_equal(fill(yaml, &outer, &problems), -1);
    assert_problem(&problems, 1, 16, "holds no text");
    eg_config_fields_fini(&outer_table, &outer);
    assert_int_equal(fill("secret: {file: nowhere.txt}\n", &outer, &problems), -1);
    assert_problem(&problems, 1, 16, "/etc/eg/nowhere.txt: can't open: No such file");
    eg_config_fields_fini(&outer_table, &outer);
    assert_int_equal(fill("secret: {path: x}\n", &outer, &problems), -1);
    assert_problem(&problems, 1, 9, "expected a string or {file: PATH}");
    eg_config_fields_fini(&outer_table, &outer);
    eg_config_problems_fini(&problems);
    free(yaml);
    remove_folder(folder);
}

static void paths_are_resolved_unless_absolute_or_remote(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct outer outer;
    assert_int_equal(fill("path: /abs/x\n", &outer, &problems), 0);
    assert_string_equal(outer.path, "/abs/x");
    eg_config_fields_fini(&outer_table, &outer);
    assert_int_equal(fill("path: s3://bucket/key\n", &outer, &problems), 0);
    assert_string_equal(outer.path, "s3://bucket/key");
    eg_config_fields_fini(&outer_table, &outer);
}

static void parts_share_one_mapping(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct eg_config_tree *tree =
        parse_fine("text: a\nport: 7\nname: b\nprot: 8\n", EG_CONFIG_LITERAL);
    struct outer outer;
    struct inner inner;
    struct eg_config_part parts[] = {{&outer_table, &outer}, {&inner_table, &inner}};
    struct eg_config_scope scope = {"s", ".", {"t.yaml", 1, 1}};
    assert_int_equal(eg_config_fields_fill(parts, 2, tree->root, &scope, &problems), -1);
    assert_int_equal(problems.count, 1);
    assert_problem(&problems, 4, 1, "s.prot: no such setting; did you mean 'port'?");
    assert_string_equal(outer.text, "a");
    assert_int_equal(inner.port, 7);
    eg_config_problems_fini(&problems);
    eg_config_fields_fini(&outer_table, &outer);
    eg_config_fields_fini(&inner_table, &inner);
    eg_config_tree_destroy(tree);
}

static void a_dump_hides_what_a_map_calls_a_secret(void **state)
{
    (void)state;
    static const struct eg_field fields[] = {{.name = "properties", .type = EG_FIELD_STRING_MAP}};
    static const struct eg_field_table table = {"t", fields, 1, sizeof(struct eg_string_map)};
    char plain[] = "linger.ms";
    char secret[] = "sasl.oauthbearer.client.secret";
    char one[] = "5";
    char two[] = "hidden";
    struct eg_string_map_entry entries[] = {{plain, one}, {secret, two}};
    struct eg_string_map map = {entries, 2};
    struct eg_buffer out EG_AUTOBUFFER = EG_BUFFER_INIT;
    eg_config_fields_dump(&table, &map, 0, &out);
    assert_non_null(strstr(out.data, "\"5\""));
    assert_non_null(strstr(out.data, "\"***\""));
    assert_null(strstr(out.data, "hidden"));
}

static void a_dump_reads_the_same_and_hides_secrets(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct outer first, second;
    assert_int_equal(fill("text: 'a \"b\" $${x} \xc3\xa9 \\n'\nsecret: hush\nwait_ms: 90s\n"
                          "list: [x, 'y: z']\nmap: {'k: 1': v}\ninners: [{name: n}]\n"
                          "json: {a: '$${b}'}\npath: rel\n",
                          &first, &problems),
                     0);
    struct eg_buffer once = EG_BUFFER_INIT, twice = EG_BUFFER_INIT;
    eg_config_fields_dump(&outer_table, &first, 0, &once);
    assert_null(strstr(once.data, "hush"));
    assert_non_null(strstr(once.data, "secret: \"***\"\n"));
    assert_non_null(strstr(once.data, "wait_ms: 90s\n"));
    assert_non_null(strstr(once.data, "size_bytes: 64KiB\n"));
    assert_int_equal(fill(once.data, &second, &problems), 0);
    assert_string_equal(second.text, first.text);
    assert_string_equal(second.json, first.json);
    eg_config_fields_dump(&outer_table, &second, 0, &twice);
    assert_string_equal(once.data, twice.data);
    eg_buffer_fini(&once);
    eg_buffer_fini(&twice);
    eg_config_fields_fini(&outer_table, &first);
    eg_config_fields_fini(&outer_table, &second);
}

static void tables_become_markdown(void **state)
{
    (void)state;
    struct eg_buffer page = EG_BUFFER_INIT;
    eg_config_fields_document(&outer_table, &page);
    assert_non_null(strstr(page.data, "| `text` | string | `hello` | A text \\| with a bar. |\n"));
    assert_non_null(strstr(page.data, "| `wait_ms` | duration, 10ms to 1h | `90s` |"));
    assert_non_null(strstr(page.data, "| `size_bytes` | size, at least 1 | `64KiB` |"));
    assert_non_null(strstr(page.data, "| `color` | one of `red`, `green` | `green` |"));
    assert_non_null(strstr(page.data, "| `inners[].name` | string | **required** | Its name. |\n"));
    eg_buffer_fini(&page);
}

static void near_names_are_found(void **state)
{
    (void)state;
    const char *const names[] = {"listen", "threads", "max_body_bytes"};
    assert_string_equal(eg_config_nearest("listne", names, 3), "listen");
    assert_string_equal(eg_config_nearest("thread", names, 3), "threads");
    assert_string_equal(eg_config_nearest("max_bodybyte", names, 3), "max_body_bytes");
    assert_null(eg_config_nearest("colour", names, 3));
    assert_null(eg_config_nearest("x", names, 3));
    assert_null(eg_config_nearest("", names, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_what_is_not_named),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(all_mistakes_are_reported_at_once),
        cmocka_unit_test(durations_and_sizes_have_units_and_bounds),
        cmocka_unit_test(secrets_come_from_a_file),
        cmocka_unit_test(paths_are_resolved_unless_absolute_or_remote),
        cmocka_unit_test(parts_share_one_mapping),
        cmocka_unit_test(a_dump_hides_what_a_map_calls_a_secret),
        cmocka_unit_test(a_dump_reads_the_same_and_hides_secrets),
        cmocka_unit_test(tables_become_markdown),
        cmocka_unit_test(near_names_are_found),
    };
    return cmocka_run_group_tests_name("config/fields", tests, NULL, NULL);
}
