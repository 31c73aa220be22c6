/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of properties in the order they came; the last of a name wins. A section's head is itself
 * a property without a key, so that an empty profile exists. Texts are in the arena.
 */
#include "aws/profiles.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

struct eg_aws_property {
    enum eg_aws_section section;
    bool bare; /* of [default] in the configuration, which [profile default] hides */
    struct eg_span name;
    struct eg_span parent; /* empty: not nested */
    struct eg_span key;
    struct eg_span value;
};

/* One file being read. */
struct reading {
    struct eg_aws_profiles *profiles;
    enum eg_aws_profiles_file file;
    struct eg_aws_property section; /* what the current section's properties have in common */
    bool in_section;                /* else: a section we don't know, or none yet */
    struct eg_aws_property *last;   /* the property that an indented line belongs to, or NULL */
};

static struct eg_aws_property *add(struct reading *reading, struct eg_span parent,
                                   struct eg_span key, struct eg_span value)
{
    struct eg_aws_profiles *profiles = reading->profiles;
    if ((profiles->count & (profiles->count + 1)) == 0) /* 0, 1, 3, 7 ...: the list is full */
        profiles->properties = eg_realloc_array(profiles->properties, profiles->count * 2 + 1,
                                                sizeof(*profiles->properties));
    struct eg_aws_property *property = &profiles->properties[profiles->count++];
    *property = reading->section;
    property->parent = parent;
    property->key = key;
    property->value = eg_arena_copy(&profiles->arena, value);
    return property;
}

/* Without the comment that a blank and '#' or ';' begin. */
static struct eg_span strip_comment(struct eg_span line)
{
    for (size_t i = 0; i + 1 < line.len; i++)
        if ((line.ptr[i] == ' ' || line.ptr[i] == '\t') &&
            (line.ptr[i + 1] == '#' || line.ptr[i + 1] == ';'))
            return eg_span_of(line.ptr, i);
    return line;
}

static struct eg_span unquote(struct eg_span text)
{
    bool quoted = text.len >= 2 && (text.ptr[0] == '"' || text.ptr[0] == '\'') &&
                  text.ptr[text.len - 1] == text.ptr[0];
    return quoted ? eg_span_of(text.ptr + 1, text.len - 2) : text;
}

/* "profile name" gives the name; false: it does not begin with that word. */
static bool take_word(struct eg_span head, const char *word, struct eg_span *ret_name)
{
    size_t len = strlen(word);
    if (head.len <= len || memcmp(head.ptr, word, len) != 0 ||
        !isspace((unsigned char)head.ptr[len]))
        return false;
    *ret_name = unquote(eg_span_trim(eg_span_of(head.ptr + len, head.len - len)));
    return ret_name->len > 0;
}

/* What a section's head says. False: not a section for us. */
static bool read_head(struct reading *reading, struct eg_span head)
{
    struct eg_aws_property *section = &reading->section;
    *section = (struct eg_aws_property){.section = EG_AWS_PROFILE};
    if (reading->file == EG_AWS_CREDENTIALS_FILE) {
        section->name = unquote(head);
        return head.len > 0;
    }
    if (eg_span_is(head, "default")) {
        section->name = head;
        section->bare = true;
        return true;
    }
    if (take_word(head, "profile", &section->name))
        return true;
    if (take_word(head, "sso-session", &section->name)) {
        section->section = EG_AWS_SSO_SESSION;
        return true;
    }
    section->section = EG_AWS_SERVICES;
    return take_word(head, "services", &section->name);
}

static int begin_section(struct reading *reading, struct eg_span line, size_t number,
                         struct eg_error *err)
{
    const char *close = memchr(line.ptr, ']', line.len);
    if (!close)
        return eg_error_set(err, EG_ERR_CONFIG, "line %zu: a section's ']' is missing", number);
    struct eg_span head = eg_span_of(line.ptr + 1, (size_t)(close - line.ptr) - 1);
    reading->last = NULL;
    reading->in_section = read_head(reading, eg_span_trim(head));
    if (!reading->in_section)
        return 0;
    reading->section.name = eg_arena_copy(&reading->profiles->arena, reading->section.name);
    (void)add(reading, EG_SPAN_EMPTY, EG_SPAN_EMPTY, EG_SPAN_EMPTY);
    return 0;
}

/* "key = value" in two; the key in the arena and in lower case. False: there is no '='. */
static bool split_property(struct reading *reading, struct eg_span line, struct eg_span *ret_key,
                           struct eg_span *ret_value)
{
    const char *equals = memchr(line.ptr, '=', line.len);
    if (!equals)
        return false;
    struct eg_span key = eg_span_trim(eg_span_of(line.ptr, (size_t)(equals - line.ptr)));
    size_t value_len = line.len - (size_t)(equals - line.ptr) - 1;
    char *lower = eg_arena_alloc(&reading->profiles->arena, key.len + 1);
    for (size_t i = 0; i < key.len; i++)
        lower[i] = (char)tolower((unsigned char)key.ptr[i]);
    lower[key.len] = '\0';
    *ret_key = eg_span_of(lower, key.len);
    *ret_value = eg_span_trim(strip_comment(eg_span_of(equals + 1, value_len)));
    return key.len > 0;
}

/* Below "key =" a property of its own; below "key = value" more of the value. */
static int add_indented(struct reading *reading, struct eg_span line, size_t number,
                        struct eg_error *err)
{
    struct eg_span key;
    struct eg_span value;
    if (!reading->last)
        return eg_error_set(err, EG_ERR_CONFIG, "line %zu: it is indented and continues nothing",
                            number);
    if (reading->last->value.len) {
        reading->last->value = eg_arena_printf(&reading->profiles->arena, "%s\n%.*s",
                                               reading->last->value.ptr, EG_SPAN_ARGS(line));
        return 0;
    }
    if (!split_property(reading, line, &key, &value))
        return eg_error_set(err, EG_ERR_CONFIG, "line %zu is not like 'key = value'", number);
    size_t parent = (size_t)(reading->last - reading->profiles->properties);
    (void)add(reading, reading->last->key, key, value);
    reading->last = &reading->profiles->properties[parent];
    return 0;
}

static int add_property(struct reading *reading, struct eg_span line, size_t number,
                        struct eg_error *err)
{
    struct eg_span key;
    struct eg_span value;
    if (!split_property(reading, line, &key, &value))
        return eg_error_set(err, EG_ERR_CONFIG, "line %zu is not like 'key = value'", number);
    reading->last = add(reading, EG_SPAN_EMPTY, key, value);
    return 0;
}

static int read_line(struct reading *reading, struct eg_span line, size_t number,
                     struct eg_error *err)
{
    bool indented = line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t');
    struct eg_span text = eg_span_trim(line);
    if (text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == ';')
        return 0;
    if (text.ptr[0] == '[' && !indented)
        return begin_section(reading, text, number, err);
    if (!reading->in_section)
        return 0;
    return indented ? add_indented(reading, text, number, err)
                    : add_property(reading, text, number, err);
}

/* A property without a section's name is never found. */
static void hide_bare_default(struct eg_aws_profiles *profiles)
{
    bool hidden = false;
    for (size_t i = 0; i < profiles->count && !hidden; i++)
        hidden = !profiles->properties[i].bare &&
                 profiles->properties[i].section == EG_AWS_PROFILE &&
                 eg_span_is(profiles->properties[i].name, "default");
    for (size_t i = 0; i < profiles->count; i++)
        if (hidden && profiles->properties[i].bare)
            profiles->properties[i].name = EG_SPAN_EMPTY;
}

int eg_aws_profiles_add(struct eg_aws_profiles *profiles, enum eg_aws_profiles_file file,
                        struct eg_span text, struct eg_error *err)
{
    struct reading reading = {.profiles = profiles, .file = file};
    int ret = 0;
    for (size_t number = 1; text.len && ret == 0; number++) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        ret = read_line(&reading, eg_span_of(text.ptr, len), number, err);
        text.ptr += end ? len + 1 : len;
        text.len -= end ? len + 1 : len;
    }
    if (file == EG_AWS_CONFIG_FILE)
        hide_bare_default(profiles);
    return ret;
}

void eg_aws_profiles_fini(struct eg_aws_profiles *profiles)
{
    free(profiles->properties);
    eg_arena_fini(&profiles->arena);
    *profiles = (struct eg_aws_profiles){0};
}

static bool is_of(const struct eg_aws_property *property, enum eg_aws_section section,
                  struct eg_span name)
{
    return property->section == section && property->name.len &&
           eg_span_equal(property->name, name);
}

bool eg_aws_profiles_has(const struct eg_aws_profiles *profiles, enum eg_aws_section section,
                         struct eg_span name)
{
    for (size_t i = 0; i < profiles->count; i++)
        if (is_of(&profiles->properties[i], section, name))
            return true;
    return false;
}

struct eg_span eg_aws_profiles_get_nested(const struct eg_aws_profiles *profiles,
                                          enum eg_aws_section section, struct eg_span name,
                                          const char *parent, const char *key)
{
    for (size_t i = profiles->count; i-- > 0;) {
        const struct eg_aws_property *property = &profiles->properties[i];
        if (is_of(property, section, name) && eg_span_is(property->parent, parent) &&
            eg_span_is(property->key, key))
            return property->value;
    }
    return EG_SPAN_EMPTY;
}

struct eg_span eg_aws_profiles_get(const struct eg_aws_profiles *profiles,
                                   enum eg_aws_section section, struct eg_span name,
                                   const char *key)
{
    return eg_aws_profiles_get_nested(profiles, section, name, "", key);
}
