/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes are patterns cut into segments at start. Matching compares segments, literal patterns
 * before those with names; with a few dozen routes that is faster than anything clever.
 *
 * Invariant: `items` is sorted so that fewer {names} come first.
 */
#include "http/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

struct item {
    const struct eg_http_route *route;
    struct eg_span segments[EG_HTTP_SEGMENTS_MAX];
    bool is_param[EG_HTTP_SEGMENTS_MAX];
    unsigned segment_count;
    unsigned param_count;
};

struct eg_http_router {
    struct item *items;
    size_t count;
};

static int refuse(const struct eg_http_route *route, const char *why, struct eg_error *err)
{
    return eg_error_set(err, EG_ERR_INTERNAL, "route \"%s\": the pattern %s",
                        route->pattern ? route->pattern : "", why);
}

static int compile_segment(struct item *item, struct eg_span segment, struct eg_error *err)
{
    if (item->segment_count == EG_HTTP_SEGMENTS_MAX)
        return refuse(item->route, "has too many segments", err);
    bool is_param = segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
    if (is_param && item->param_count == EG_HTTP_PARAMS_MAX)
        return refuse(item->route, "has too many names", err);
    for (size_t at = 0; !is_param && at < segment.len; at++)
        if (segment.ptr[at] >= 'A' && segment.ptr[at] <= 'Z')
            return refuse(item->route, "is not in lower case", err);
    item->is_param[item->segment_count] = is_param;
    item->segments[item->segment_count++] = segment;
    item->param_count += is_param;
    return 0;
}

static int compile(struct item *item, const struct eg_http_route *route, struct eg_error *err)
{
    const char *at = route->pattern;
    item->route = route;
    if (!at || *at != '/')
        return refuse(route, "does not begin with a slash", err);
    while (*at == '/') {
        size_t len = strcspn(++at, "/");
        if (compile_segment(item, eg_span_of(at, len), err) < 0)
            return -1;
        at += len;
    }
    return 0;
}

static int compare_items(const void *a, const void *b)
{
    const struct item *left = a;
    const struct item *right = b;
    return (left->param_count > right->param_count) - (left->param_count < right->param_count);
}

int eg_http_router_new(const struct eg_http_route *routes, size_t count,
                       struct eg_http_router **ret_router, struct eg_error *err)
{
    struct eg_http_router *router = eg_calloc(1, sizeof(*router));
    router->items = eg_calloc(count ? count : 1, sizeof(*router->items));
    router->count = count;
    for (size_t index = 0; index < count; index++) {
        if (compile(&router->items[index], &routes[index], err) < 0) {
            eg_http_router_destroy(router);
            return -1;
        }
    }
    qsort(router->items, count, sizeof(*router->items), compare_items);
    *ret_router = router;
    return 0;
}

void eg_http_router_destroy(struct eg_http_router *router)
{
    if (!router)
        return;
    free(router->items);
    free(router);
}

static bool fits(const struct item *item, const struct eg_http_uri *uri)
{
    if (item->segment_count != uri->segment_count)
        return false;
    for (unsigned index = 0; index < item->segment_count; index++) {
        if (item->is_param[index] ? uri->segments[index].len == 0
                                  : !eg_span_equal(item->segments[index], uri->segments[index]))
            return false;
    }
    return true;
}

static void take_params(const struct item *item, const struct eg_http_uri *uri,
                        struct eg_span *params)
{
    unsigned count = 0;
    for (unsigned index = 0; index < item->segment_count; index++)
        if (item->is_param[index])
            params[count++] = uri->segments[index];
}

static unsigned methods_of(const struct eg_http_route *route)
{
    return 1u << route->method | (route->method == EG_HTTP_GET ? 1u << EG_HTTP_HEAD : 0);
}

void eg_http_router_match(const struct eg_http_router *router, enum eg_http_method method,
                          const struct eg_http_uri *uri, struct eg_http_match *ret_match)
{
    struct eg_http_match match = {.route = NULL};
    for (size_t index = 0; index < router->count; index++) {
        const struct item *item = &router->items[index];
        if (!fits(item, uri))
            continue;
        match.path_known = true;
        match.methods |= methods_of(item->route);
        match.flags |= item->route->flags;
        if (!match.route && methods_of(item->route) & 1u << method) {
            match.route = item->route;
            take_params(item, uri, match.params);
        }
    }
    *ret_match = match;
}

void eg_http_router_allow(unsigned methods, bool options, char *text)
{
    static const char *const names[] = {
        [EG_HTTP_GET] = "GET",         [EG_HTTP_HEAD] = "HEAD",     [EG_HTTP_POST] = "POST",
        [EG_HTTP_PUT] = "PUT",         [EG_HTTP_DELETE] = "DELETE", [EG_HTTP_PATCH] = "PATCH",
        [EG_HTTP_OPTIONS] = "OPTIONS",
    };
    size_t used = 0;
    text[0] = '\0';
    if (options)
        methods |= 1u << EG_HTTP_OPTIONS;
    for (unsigned method = 0; method < EG_ARRAY_COUNT(names); method++)
        if (methods & 1u << method)
            used += (size_t)snprintf(text + used, EG_HTTP_ALLOW_BYTES - used, "%s%s",
                                     used ? ", " : "", names[method]);
}
