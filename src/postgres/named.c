/* SPDX-License-Identifier: Apache-2.0 */
/* One pass: what is quoted is copied whole, a name is exchanged for its number. */
#include "postgres/named.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

struct reader {
    struct eg_span source;
    size_t at;
    struct eg_buffer out;
    struct eg_postgres_sql *sql;
};

static char peek(const struct reader *reader, size_t ahead)
{
    size_t at = reader->at + ahead;
    return at < reader->source.len ? reader->source.ptr[at] : '\0';
}

static bool is_name_start(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void copy(struct reader *reader, size_t len)
{
    eg_buffer_append(&reader->out, reader->source.ptr + reader->at, len);
    reader->at += len;
}

static int fail_unfinished(const char *what, struct eg_error *err)
{
    return eg_error_set(err, EG_ERR_CONFIG, "%s has no end", what);
}

/* 'text' with '' inside, "name" with "" inside; E'...' has backslashes. */
static int copy_quoted(struct reader *reader, bool backslashes, struct eg_error *err)
{
    char quote = peek(reader, 0);
    copy(reader, 1);
    while (reader->at < reader->source.len) {
        char c = peek(reader, 0);
        bool pair = (c == quote && peek(reader, 1) == quote) || (backslashes && c == '\\');
        copy(reader, pair && reader->at + 1 < reader->source.len ? 2 : 1);
        if (c == quote && !pair)
            return 0;
    }
    return fail_unfinished(quote == '"' ? "a quoted name" : "a string", err);
}

static int copy_line_comment(struct reader *reader)
{
    while (reader->at < reader->source.len && peek(reader, 0) != '\n')
        copy(reader, 1);
    return 0;
}

/* They nest. */
static int copy_block_comment(struct reader *reader, struct eg_error *err)
{
    unsigned depth = 0;
    while (reader->at < reader->source.len) {
        bool opens = peek(reader, 0) == '/' && peek(reader, 1) == '*';
        bool closes = peek(reader, 0) == '*' && peek(reader, 1) == '/';
        copy(reader, opens || closes ? 2 : 1);
        depth += opens ? 1u : 0u;
        if (closes && --depth == 0)
            return 0;
    }
    return fail_unfinished("a comment", err);
}

/* $$...$$ or $tag$...$tag$; anything else with a $ at its start is not for us. */
static int copy_dollar(struct reader *reader, struct eg_error *err)
{
    if (is_digit(peek(reader, 1)))
        return eg_error_set(err, EG_ERR_CONFIG, "write :name instead of $%c", peek(reader, 1));
    size_t tag = 1;
    while (is_name_start(peek(reader, tag)) || (tag > 1 && is_digit(peek(reader, tag))))
        tag++;
    if (peek(reader, tag) != '$') {
        copy(reader, 1);
        return 0;
    }
    tag++;
    const char *opening = reader->source.ptr + reader->at;
    copy(reader, tag);
    while (reader->at + tag <= reader->source.len) {
        if (memcmp(reader->source.ptr + reader->at, opening, tag) == 0) {
            copy(reader, tag);
            return 0;
        }
        copy(reader, 1);
    }
    return fail_unfinished("a dollar-quoted string", err);
}

static int number_of(struct eg_postgres_sql *sql, struct eg_span name, size_t *ret_number,
                     struct eg_error *err)
{
    size_t i = 0;
    while (i < sql->count && !eg_span_is(name, sql->names[i]))
        i++;
    if (i == EG_POSTGRES_MAX_PARAMETERS)
        return eg_error_set(err, EG_ERR_CONFIG, "more than %u parameters in one statement",
                            EG_POSTGRES_MAX_PARAMETERS);
    if (i == sql->count) {
        sql->names = eg_realloc_array(sql->names, i + 1, sizeof(*sql->names));
        sql->names[sql->count++] = eg_span_dup(name);
    }
    *ret_number = i + 1;
    return 0;
}

static int copy_colon(struct reader *reader, struct eg_error *err)
{
    if (peek(reader, 1) == ':') {
        copy(reader, 2);
        return 0;
    }
    size_t len = 1;
    while (is_name_start(peek(reader, len)) || (len > 1 && is_digit(peek(reader, len))))
        len++;
    if (len == 1) {
        copy(reader, 1);
        return 0;
    }
    size_t number = 0;
    struct eg_span name = eg_span_of(reader->source.ptr + reader->at + 1, len - 1);
    if (number_of(reader->sql, name, &number, err) != 0)
        return -1;
    eg_buffer_printf(&reader->out, "$%zu", number);
    reader->at += len;
    return 0;
}

/* A word is copied whole, so that neither its $ nor the E before a string is misread. */
static int copy_word(struct reader *reader, struct eg_error *err)
{
    size_t len = 0;
    while (is_name_start(peek(reader, len)) || is_digit(peek(reader, len)) ||
           (len > 0 && peek(reader, len) == '$') || (peek(reader, len) & 0x80))
        len++;
    bool escapes = len == 1 && (peek(reader, 0) | 0x20) == 'e' && peek(reader, 1) == '\'';
    copy(reader, len);
    return escapes ? copy_quoted(reader, true, err) : 0;
}

static int copy_next(struct reader *reader, struct eg_error *err)
{
    char c = peek(reader, 0);
    char next = peek(reader, 1);
    if (c == '\'' || c == '"')
        return copy_quoted(reader, false, err);
    if (c == '-' && next == '-')
        return copy_line_comment(reader);
    if (c == '/' && next == '*')
        return copy_block_comment(reader, err);
    if (c == '$')
        return copy_dollar(reader, err);
    if (c == ':')
        return copy_colon(reader, err);
    if (is_name_start(c) || is_digit(c) || (c & 0x80))
        return copy_word(reader, err);
    copy(reader, 1);
    return 0;
}

int eg_postgres_sql_parse(struct eg_span source, struct eg_postgres_sql *ret_sql,
                          struct eg_error *err)
{
    struct eg_postgres_sql sql = {0};
    struct reader reader = {.source = eg_span_trim(source), .sql = &sql};
    if (memchr(source.ptr, '\0', source.len))
        return eg_error_set(err, EG_ERR_CONFIG, "a NUL in the SQL");
    int ret = reader.source.len ? 0 : eg_error_set(err, EG_ERR_CONFIG, "there is no SQL");
    while (ret == 0 && reader.at < reader.source.len)
        ret = copy_next(&reader, err);
    sql.text = eg_buffer_take(&reader.out, NULL);
    if (ret == 0)
        *ret_sql = sql;
    else
        eg_postgres_sql_fini(&sql);
    return ret;
}

void eg_postgres_sql_fini(struct eg_postgres_sql *sql)
{
    for (size_t i = 0; i < sql->count; i++)
        free(sql->names[i]);
    free(sql->names);
    free(sql->text);
    *sql = (struct eg_postgres_sql){0};
}
