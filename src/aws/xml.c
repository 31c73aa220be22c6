/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the text with the names of the open elements on a stack. */
#include "aws/xml.h"

#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "text/utf8.h"

struct scanner {
    struct eg_span rest;
    struct eg_span open[EG_AWS_XML_DEPTH];
    size_t depth;
};

static void skip(struct scanner *scanner, size_t len)
{
    scanner->rest.ptr += len;
    scanner->rest.len -= len;
}

/* How far it is to the mark; rest.len + 1 when it is not there. */
static size_t find(const struct scanner *scanner, const char *mark)
{
    const char *at = memmem(scanner->rest.ptr, scanner->rest.len, mark, strlen(mark));
    return at ? (size_t)(at - scanner->rest.ptr) : scanner->rest.len + 1;
}

static bool starts(const struct scanner *scanner, const char *prefix)
{
    size_t len = strlen(prefix);
    return scanner->rest.len >= len && memcmp(scanner->rest.ptr, prefix, len) == 0;
}

static bool skip_past(struct scanner *scanner, const char *mark)
{
    size_t at = find(scanner, mark);
    if (at > scanner->rest.len)
        return false;
    skip(scanner, at + strlen(mark));
    return true;
}

static struct eg_span local_name(struct eg_span tag)
{
    size_t len = 0;
    while (len < tag.len && !strchr(" \t\r\n/", tag.ptr[len]))
        len++;
    const char *colon = memrchr(tag.ptr, ':', len);
    return colon ? eg_span_of(colon + 1, len - (size_t)(colon - tag.ptr) - 1)
                 : eg_span_of(tag.ptr, len);
}

/* Do the innermost open elements spell the path? */
static bool is_at(const struct scanner *scanner, const char *path)
{
    size_t level = scanner->depth;
    for (size_t end = strlen(path);;) {
        const char *slash = memrchr(path, '/', end);
        size_t begin = slash ? (size_t)(slash - path) + 1 : 0;
        if (level == 0 ||
            !eg_span_equal(scanner->open[--level], eg_span_of(path + begin, end - begin)))
            return false;
        if (begin == 0)
            return true;
        end = begin - 1;
    }
}

enum tag_kind { TAG_OPENS, TAG_CLOSES, TAG_EMPTY, TAG_NONE, TAG_BROKEN };

/* The markup at '<'. Comments, declarations and instructions are no tags. */
static enum tag_kind take_tag(struct scanner *scanner)
{
    if (starts(scanner, "<!--"))
        return skip_past(scanner, "-->") ? TAG_NONE : TAG_BROKEN;
    if (starts(scanner, "<![CDATA["))
        return skip_past(scanner, "]]>") ? TAG_NONE : TAG_BROKEN;
    if (starts(scanner, "<?") || starts(scanner, "<!"))
        return skip_past(scanner, ">") ? TAG_NONE : TAG_BROKEN;
    size_t end = find(scanner, ">");
    if (end > scanner->rest.len || end < 2)
        return TAG_BROKEN;
    struct eg_span tag = eg_span_of(scanner->rest.ptr + 1, end - 1);
    skip(scanner, end + 1);
    if (tag.ptr[0] == '/') {
        if (scanner->depth == 0)
            return TAG_BROKEN;
        scanner->depth--;
        return TAG_CLOSES;
    }
    if (tag.ptr[tag.len - 1] == '/')
        return TAG_EMPTY;
    if (scanner->depth == EG_AWS_XML_DEPTH)
        return TAG_BROKEN;
    scanner->open[scanner->depth++] = local_name(tag);
    return TAG_OPENS;
}

/* The character that "#38", "#x26" or a name stands for. */
static bool append_entity(struct eg_span name, struct eg_buffer *out)
{
    static const struct {
        const char *name;
        char character;
    } named[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    char digits[12] = "";
    for (size_t i = 0; i < EG_ARRAY_COUNT(named); i++)
        if (eg_span_is(name, named[i].name)) {
            eg_buffer_append_char(out, named[i].character);
            return true;
        }
    if (name.len < 2 || name.len >= sizeof(digits) || name.ptr[0] != '#')
        return false;
    memcpy(digits, name.ptr + 1, name.len - 1);
    bool hex = digits[0] == 'x' || digits[0] == 'X';
    char *end;
    unsigned long code = strtoul(digits + (hex ? 1 : 0), &end, hex ? 16 : 10);
    if (*end || code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        return false;
    eg_utf8_append(out, (uint32_t)code);
    return true;
}

static bool append_text(struct eg_span text, struct eg_buffer *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '&') {
            eg_buffer_append_char(out, text.ptr[i]);
            continue;
        }
        const char *end = memchr(text.ptr + i, ';', text.len - i);
        if (!end)
            return false;
        size_t len = (size_t)(end - text.ptr) - i - 1;
        if (!append_entity(eg_span_of(text.ptr + i + 1, len), out))
            return false;
        i += len + 1;
    }
    return true;
}

/* The element's text up to its end tag; elements inside are passed over. */
static bool read_text(struct scanner *scanner, struct eg_buffer *out)
{
    size_t depth = scanner->depth;
    while (scanner->rest.len) {
        if (starts(scanner, "<![CDATA[")) {
            skip(scanner, 9);
            size_t end = find(scanner, "]]>");
            if (end > scanner->rest.len)
                return false;
            if (scanner->depth == depth)
                eg_buffer_append(out, scanner->rest.ptr, end);
            skip(scanner, end + 3);
        } else if (scanner->rest.ptr[0] == '<') {
            if (take_tag(scanner) == TAG_BROKEN)
                return false;
            if (scanner->depth < depth)
                return true;
        } else {
            size_t end = find(scanner, "<");
            if (end > scanner->rest.len)
                return false;
            if (scanner->depth == depth && !append_text(eg_span_of(scanner->rest.ptr, end), out))
                return false;
            skip(scanner, end);
        }
    }
    return false;
}

bool eg_aws_xml_text(struct eg_span xml, const char *path, struct eg_buffer *out)
{
    struct scanner scanner = {.rest = xml};
    size_t before = out->len;
    for (;;) {
        size_t next = find(&scanner, "<");
        if (next > scanner.rest.len)
            return false;
        skip(&scanner, next);
        enum tag_kind kind = take_tag(&scanner);
        if (kind == TAG_BROKEN)
            return false;
        if (kind != TAG_OPENS || !is_at(&scanner, path))
            continue;
        if (read_text(&scanner, out))
            return true;
        out->len = before;
        if (out->data)
            out->data[before] = '\0';
        return false;
    }
}
