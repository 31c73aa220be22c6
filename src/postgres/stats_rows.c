/* SPDX-License-Identifier: Apache-2.0 */
/* A column's type decides once how its values are written. */
#include "postgres/stats_rows.h"

#include "base/span.h"
#include "json/writer.h"

/* OIDs of the types that JSON has too (pg_type.dat). */
enum { OID_BOOL = 16, OID_JSON = 114, OID_JSONB = 3802 };
static const unsigned number_oids[] = {20, 21, 23, 26, 700, 701, 1700};

static bool is_number(unsigned oid, struct eg_span value)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(number_oids); i++)
        if (number_oids[i] == oid) /* NaN and Infinity are none to JSON */
            return value.len &&
                   (value.ptr[value.len - 1] >= '0' && value.ptr[value.len - 1] <= '9');
    return false;
}

static void write_value(struct eg_buffer *buffer, unsigned oid, struct eg_span value)
{
    if (oid == OID_BOOL)
        eg_json_write_bool(buffer, eg_span_is(value, "t"));
    else if (oid == OID_JSON || oid == OID_JSONB || is_number(oid, value))
        eg_buffer_append_span(buffer, value);
    else
        eg_json_write_string(buffer, value);
}

static void write_row(const struct eg_postgres_rows *rows, size_t row, struct eg_buffer *buffer)
{
    for (size_t column = 0; column < rows->column_count; column++) {
        eg_buffer_append_char(buffer, column ? ',' : '{');
        eg_json_write_name(buffer, eg_postgres_rows_column(rows, column));
        if (eg_postgres_rows_is_null(rows, row, column))
            eg_json_write_null(buffer);
        else
            write_value(buffer, eg_postgres_rows_type(rows, column),
                        eg_postgres_rows_value(rows, row, column));
    }
    eg_buffer_append_text(buffer, rows->column_count ? "}" : "{}");
}

void eg_postgres_rows_write(const struct eg_postgres_rows *rows, size_t count,
                            struct eg_buffer *buffer)
{
    eg_buffer_append_char(buffer, '[');
    for (size_t row = 0; row < count; row++) {
        if (row)
            eg_buffer_append_char(buffer, ',');
        write_row(rows, row, buffer);
    }
    eg_buffer_append_char(buffer, ']');
}
