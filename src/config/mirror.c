/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object has a good content (with ETag and the time when it was known to be current) and, while
 * a load runs, perhaps a new one. A content that was refused leaves its ETag, so that a poll does
 * not offer it again.
 *
 * One lock guards everything; it is held while the other side is asked, so that poll and load never
 * ask for the same object at once. Lists are objects too: their content is the sorted names, their
 * ETag is empty.
 */
#include "config/mirror.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "config/copy.h"
#include "config/source.h"

#define MAX_OBJECTS     20000u
#define MAX_LIST_BYTES  (4u << 20)
#define LIST_URI_SUFFIX "/?list" /* no object can have it: '?' is not in the keys we take */

struct object {
    char *uri;
    char *prefix; /* NULL: an object; else what is listed */
    size_t max;   /* bytes, or names */

    bool has_good;
    struct eg_config_copy good;
    bool has_fresh; /* read in this load, and different */
    struct eg_config_copy fresh;
    char *refused_etag;    /* of what was no good */
    char *refused_content; /* of a list that was no good */
    bool read;             /* in this load */
    bool used;             /* by the last good load */
    bool saved;            /* the copy on disk is `good` */
    char *reason;          /* why it could not be read; NULL: it was */
};

struct eg_config_mirror {
    struct eg_config_fetch fetch;
    struct eg_mutex mutex; /* guards all below */
    char *folder;
    bool loading;
    bool loaded; /* there was a good load */
    enum eg_config_mirror_how how;
    struct object **objects;
    size_t count;
};

struct eg_config_mirror *eg_config_mirror_new(const struct eg_config_fetch *fetch)
{
    struct eg_config_mirror *mirror = eg_calloc(1, sizeof(*mirror));
    mirror->fetch = *fetch;
    eg_mutex_init(&mirror->mutex);
    return mirror;
}

static void drop_fresh(struct object *object)
{
    eg_config_copy_fini(&object->fresh);
    object->fresh = (struct eg_config_copy){.current_s = 0};
    object->has_fresh = false;
}

static void object_destroy(struct object *object)
{
    drop_fresh(object);
    eg_config_copy_fini(&object->good);
    free(object->uri);
    free(object->prefix);
    free(object->refused_etag);
    free(object->refused_content);
    free(object->reason);
    free(object);
}

void eg_config_mirror_destroy(struct eg_config_mirror *mirror)
{
    if (!mirror)
        return;
    for (size_t i = 0; i < mirror->count; i++)
        object_destroy(mirror->objects[i]);
    free(mirror->objects);
    free(mirror->folder);
    eg_mutex_fini(&mirror->mutex);
    free(mirror);
}

void eg_config_mirror_set_folder(struct eg_config_mirror *mirror, const char *folder)
{
    eg_mutex_lock(&mirror->mutex);
    char *copy = folder && folder[0] ? eg_strdup(folder) : NULL;
    free(mirror->folder);
    mirror->folder = copy;
    eg_mutex_unlock(&mirror->mutex);
}

/* --- one object; the lock is held */

static const char *text_of(const struct eg_buffer *buffer)
{
    return buffer->len ? buffer->data : "";
}

static void set_text(char **slot, const char *text)
{
    char *copy = text ? eg_strdup(text) : NULL;
    free(*slot);
    *slot = copy;
}

/* The copy on disk, for an object of which memory has none. */
static void load_copy(const struct eg_config_mirror *mirror, struct object *object)
{
    struct eg_error err;
    size_t max_bytes = object->prefix ? MAX_LIST_BYTES : object->max;
    if (!object->has_good && mirror->folder &&
        eg_config_copy_load(mirror->folder, object->uri, max_bytes, &object->good, &err) == 0)
        object->has_good = object->saved = true;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Lines in an order of their own would be a change each time. */
static void sort_lines(struct eg_buffer *lines)
{
    char **items = NULL;
    size_t count = 0;
    char *rest = lines->len ? lines->data : NULL, *line, *copy;
    EG_AUTOFREE char *text = copy = rest ? eg_strdup(rest) : NULL;
    while ((line = strsep(&copy, "\n")) != NULL) {
        if (!line[0])
            continue;
        items = eg_realloc_array(items, count + 1, sizeof(*items));
        items[count++] = line;
    }
    if (count > 1)
        qsort(items, count, sizeof(*items), compare_texts);
    eg_buffer_clear(lines);
    for (size_t i = 0; i < count; i++)
        eg_buffer_printf(lines, "%s\n", items[i]);
    free(items);
}

static int ask(const struct eg_config_mirror *mirror, const struct object *object, const char *etag,
               struct eg_config_fetched *fetched, struct eg_error *err)
{
    const struct eg_config_fetch *fetch = &mirror->fetch;
    if (!object->prefix)
        return fetch->get(fetch->context, object->uri, etag, object->max, fetched, err);
    if (fetch->list(fetch->context, object->prefix, object->max, &fetched->content, err) != 0)
        return -1;
    sort_lines(&fetched->content);
    return 0;
}

static void fetched_fini(struct eg_config_fetched *fetched)
{
    eg_buffer_fini(&fetched->content);
    eg_buffer_fini(&fetched->etag);
}

/* Is what came the same as the good content? Servers without ETags are possible. */
static bool is_good(const struct object *object, const struct eg_config_fetched *fetched)
{
    return object->has_good &&
           (fetched->unchanged || eg_span_equal(eg_buffer_span(&fetched->content),
                                                eg_buffer_span(&object->good.content)));
}

static void take(const struct eg_config_mirror *mirror, struct object *object,
                 struct eg_config_fetched *fetched)
{
    if (is_good(object, fetched)) {
        object->good.current_s = mirror->fetch.wall_s();
        return;
    }
    drop_fresh(object);
    object->fresh =
        (struct eg_config_copy){fetched->content, fetched->etag, mirror->fetch.wall_s()};
    object->has_fresh = true;
    fetched->content = fetched->etag = EG_BUFFER_INIT;
}

static const char *name_of(const struct object *object)
{
    return object->prefix ? object->prefix : object->uri;
}

static bool has_content(const struct object *object)
{
    return object->has_good || object->has_fresh;
}

/* A start may go on without it and try again; for a reload it is a mistake like any other. */
static int fail_missing(const struct eg_config_mirror *mirror, const struct object *object,
                        struct eg_error *err)
{
    return eg_error_set_retriable(err, mirror->loaded ? EG_ERR_IO : EG_ERR_UNAVAILABLE,
                                  "%s: %s, and there is no copy", name_of(object),
                                  object->reason ? object->reason : "it is not there");
}

/* Reads the object, once in a load. -1: there is no content at all. */
static int refresh(struct eg_config_mirror *mirror, struct object *object, struct eg_error *err)
{
    EG_CLEANUP(fetched_fini) struct eg_config_fetched fetched = {.unchanged = false};
    if (object->read)
        return has_content(object) ? 0 : fail_missing(mirror, object, err);
    load_copy(mirror, object);
    int ret = mirror->how == EG_CONFIG_MIRROR_COPIES
                  ? eg_error_set(err, EG_ERR_INVALID, "what is there now was refused")
                  : ask(mirror, object, text_of(&object->good.etag), &fetched, err);
    if (ret == 0)
        take(mirror, object, &fetched);
    set_text(&object->reason, ret == 0 ? NULL : eg_config_source_reason(name_of(object), err));
    object->read = true;
    return has_content(object) ? 0 : fail_missing(mirror, object, err);
}

static const struct eg_buffer *content_of(const struct object *object)
{
    return object->has_fresh ? &object->fresh.content : &object->good.content;
}

static struct object *find_or_add(struct eg_config_mirror *mirror, const char *uri,
                                  const char *prefix)
{
    for (size_t i = 0; i < mirror->count; i++)
        if (strcmp(mirror->objects[i]->uri, uri) == 0)
            return mirror->objects[i];
    if (mirror->count == MAX_OBJECTS)
        return NULL;
    struct object *object = eg_calloc(1, sizeof(*object));
    object->uri = eg_strdup(uri);
    object->prefix = prefix ? eg_strdup(prefix) : NULL;
    mirror->objects =
        eg_realloc_array(mirror->objects, mirror->count + 1, sizeof(*mirror->objects));
    mirror->objects[mirror->count++] = object;
    return object;
}

static int read_object(struct eg_config_mirror *mirror, const char *uri, const char *prefix,
                       size_t max, const struct eg_buffer **ret_content, struct eg_error *err)
{
    struct object *object = find_or_add(mirror, uri, prefix);
    if (!object)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "%s: more than %u objects", uri, MAX_OBJECTS);
    object->max = max;
    if (refresh(mirror, object, err) != 0)
        return -1;
    *ret_content = content_of(object);
    return 0;
}

/* --- a load */

bool eg_config_mirror_abort(struct eg_config_mirror *mirror)
{
    bool had_fresh = false;
    eg_mutex_lock(&mirror->mutex);
    for (size_t i = 0; i < mirror->count; i++) {
        struct object *object = mirror->objects[i];
        if (object->has_fresh && !object->prefix)
            set_text(&object->refused_etag, text_of(&object->fresh.etag));
        if (object->has_fresh && object->prefix)
            set_text(&object->refused_content, text_of(&object->fresh.content));
        had_fresh = had_fresh || object->has_fresh;
        drop_fresh(object);
        object->read = false;
    }
    mirror->loading = false;
    eg_mutex_unlock(&mirror->mutex);
    return had_fresh;
}

void eg_config_mirror_begin(struct eg_config_mirror *mirror, enum eg_config_mirror_how how)
{
    (void)eg_config_mirror_abort(mirror);
    eg_mutex_lock(&mirror->mutex);
    mirror->loading = true;
    mirror->how = how;
    eg_mutex_unlock(&mirror->mutex);
}

int eg_config_mirror_read(struct eg_config_mirror *mirror, const char *uri, size_t max_bytes,
                          struct eg_buffer *buffer, struct eg_error *err)
{
    const struct eg_buffer *content;
    eg_mutex_lock(&mirror->mutex);
    int ret = read_object(mirror, uri, NULL, max_bytes, &content, err);
    if (ret == 0 && content->len > max_bytes)
        ret = eg_error_set(err, EG_ERR_TOO_LARGE, "%s: more than %zu bytes", uri, max_bytes);
    if (ret == 0)
        eg_buffer_append_span(buffer, eg_buffer_span(content));
    eg_mutex_unlock(&mirror->mutex);
    return ret;
}

/* The lines that end in `suffix`, without it. */
static void pick_names(const struct eg_buffer *lines, const char *suffix,
                       struct eg_string_list *names)
{
    const size_t tail = strlen(suffix);
    for (const char *at = text_of(lines); *at;) {
        size_t len = strcspn(at, "\n");
        if (len > tail && at[0] != '.' && memcmp(at + len - tail, suffix, tail) == 0) {
            names->items = eg_realloc_array(names->items, names->count + 1, sizeof(*names->items));
            names->items[names->count++] = eg_span_dup(eg_span_of(at, len - tail));
        }
        at += len + (at[len] == '\n');
    }
}

int eg_config_mirror_list(struct eg_config_mirror *mirror, const char *prefix, const char *suffix,
                          size_t max_names, struct eg_string_list *ret_names, struct eg_error *err)
{
    const struct eg_buffer *lines;
    struct eg_string_list names = {0};
    size_t len = strlen(prefix);
    while (len > 0 && prefix[len - 1] == '/')
        len--;
    EG_AUTOFREE char *uri = eg_asprintf("%.*s" LIST_URI_SUFFIX, (int)len, prefix);
    eg_mutex_lock(&mirror->mutex);
    int ret = read_object(mirror, uri, prefix, max_names, &lines, err);
    if (ret == 0)
        pick_names(lines, suffix, &names);
    eg_mutex_unlock(&mirror->mutex);
    if (ret == 0)
        *ret_names = names;
    return ret;
}

/* What was read becomes the good content, and what is on disk follows it. */
static int settle(const struct eg_config_mirror *mirror, struct object *object,
                  struct eg_error *err)
{
    int ret = 0;
    object->used = true;
    object->read = false;
    if (object->has_fresh) {
        eg_config_copy_fini(&object->good);
        object->good = object->fresh;
        object->fresh = (struct eg_config_copy){.current_s = 0};
        object->has_fresh = false;
        object->has_good = true;
        object->saved = false;
    }
    if (!object->reason) {
        set_text(&object->refused_etag, NULL);
        set_text(&object->refused_content, NULL);
    }
    if (!mirror->folder || !object->has_good || (object->saved && object->reason))
        return 0;
    if (object->saved)
        ret = eg_config_copy_touch(mirror->folder, object->uri, object->good.current_s, err);
    if (!object->saved || ret != 0)
        ret = eg_config_copy_save(mirror->folder, object->uri, &object->good, err);
    object->saved = ret == 0;
    return ret;
}

int eg_config_mirror_commit(struct eg_config_mirror *mirror, struct eg_error *err)
{
    int ret = 0;
    size_t kept = 0;
    eg_mutex_lock(&mirror->mutex);
    for (size_t i = 0; i < mirror->count; i++) {
        struct object *object = mirror->objects[i];
        if (!object->read) {
            object_destroy(object);
            continue;
        }
        mirror->objects[kept++] = object;
        if (settle(mirror, object, err) != 0)
            ret = -1;
    }
    mirror->count = kept;
    mirror->loading = false;
    mirror->loaded = true;
    eg_mutex_unlock(&mirror->mutex);
    return ret;
}

/* --- between loads */

/* True: the other side has what was neither loaded nor refused. */
static bool poll_object(const struct eg_config_mirror *mirror, struct object *object)
{
    struct eg_error err;
    EG_CLEANUP(fetched_fini) struct eg_config_fetched fetched = {.unchanged = false};
    const char *refused = object->refused_etag;
    const char *etag = refused ? refused : text_of(&object->good.etag);
    int ret = ask(mirror, object, etag, &fetched, &err);
    set_text(&object->reason, ret == 0 ? NULL : eg_config_source_reason(name_of(object), &err));
    if (ret != 0)
        return false;
    if (refused && (fetched.unchanged || strcmp(refused, text_of(&fetched.etag)) == 0)) {
        set_text(&object->reason, "what is there now was refused");
        return false;
    }
    if (object->refused_content &&
        strcmp(object->refused_content, text_of(&fetched.content)) == 0) {
        set_text(&object->reason, "what is there now was refused");
        return false;
    }
    bool good = is_good(object, &fetched);
    if (good)
        object->good.current_s = mirror->fetch.wall_s();
    return !good || refused || object->refused_content;
}

bool eg_config_mirror_poll(struct eg_config_mirror *mirror)
{
    bool changed = false;
    eg_mutex_lock(&mirror->mutex);
    for (size_t i = 0; !mirror->loading && i < mirror->count; i++)
        if (mirror->objects[i]->used && poll_object(mirror, mirror->objects[i]))
            changed = true;
    eg_mutex_unlock(&mirror->mutex);
    return changed;
}

static void append_age(struct eg_buffer *out, int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t i = 0;
    while (i < EG_ARRAY_COUNT(units) - 1 && seconds < units[i].seconds)
        i++;
    eg_buffer_printf(out, "%lld %s", (long long)(seconds < 0 ? 0 : seconds) / units[i].seconds,
                     units[i].unit);
}

static void append_stale(const struct eg_config_mirror *mirror, const struct object *object,
                         struct eg_buffer *out)
{
    char when[32];
    struct tm parts;
    eg_buffer_printf(out, "%s%s: %s; ", out->len ? "; " : "", name_of(object), object->reason);
    if (!object->has_good) {
        eg_buffer_append_text(out, "there is no copy");
        return;
    }
    time_t current = (time_t)object->good.current_s;
    (void)gmtime_r(&current, &parts);
    (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &parts);
    eg_buffer_printf(out, "a copy of %s is used, ", when);
    append_age(out, mirror->fetch.wall_s() - object->good.current_s);
    eg_buffer_append_text(out, " old");
}

bool eg_config_mirror_stale(struct eg_config_mirror *mirror, struct eg_buffer *out)
{
    bool stale = false;
    eg_mutex_lock(&mirror->mutex);
    for (size_t i = 0; i < mirror->count; i++) {
        const struct object *object = mirror->objects[i];
        if (!object->used || !object->reason)
            continue;
        append_stale(mirror, object, out);
        stale = true;
    }
    eg_mutex_unlock(&mirror->mutex);
    return stale;
}

bool eg_config_mirror_is_used(struct eg_config_mirror *mirror)
{
    bool used = false;
    eg_mutex_lock(&mirror->mutex);
    for (size_t i = 0; i < mirror->count; i++)
        used = used || mirror->objects[i]->used;
    eg_mutex_unlock(&mirror->mutex);
    return used;
}
