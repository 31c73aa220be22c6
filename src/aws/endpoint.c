/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a service is: what was set for it, or its host in the region. The DNS suffixes are those of
 * the AWS partitions.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "aws/environment.h"
#include "base/error.h"
#include "base/span.h"

static const struct {
    const char *region_prefix;
    const char *suffix;
} partitions[] = {
    {"cn-", "amazonaws.com.cn"},    {"us-iso-", "c2s.ic.gov"},      {"us-isob-", "sc2s.sgov.gov"},
    {"us-isof-", "csp.hci.ic.gov"}, {"eu-isoe-", "cloud.adc-e.uk"}, {"eusc-", "amazonaws.eu"},
};

static const char *suffix_of(const char *region)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(partitions); i++)
        if (strncmp(region, partitions[i].region_prefix, strlen(partitions[i].region_prefix)) == 0)
            return partitions[i].suffix;
    return "amazonaws.com";
}

static const char *from_variables(const struct eg_aws_environment *environment, const char *id)
{
    char name[64];
    int len = snprintf(name, sizeof(name), "AWS_ENDPOINT_URL_%s", id);
    EG_ASSERT(len > 0 && (size_t)len < sizeof(name));
    for (char *c = name; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    const char *url = eg_aws_env(environment->host, name);
    return url ? url : eg_aws_env(environment->host, "AWS_ENDPOINT_URL");
}

static struct eg_span from_profile(const struct eg_aws_environment *environment, const char *id)
{
    struct eg_span services = eg_aws_environment_profile(environment, "services");
    struct eg_span url = eg_aws_profiles_get_nested(&environment->profiles, EG_AWS_SERVICES,
                                                    services, id, "endpoint_url");
    return url.len ? url : eg_aws_environment_profile(environment, "endpoint_url");
}

static bool is_ignored(const struct eg_aws_environment *environment)
{
    return eg_aws_env_is_true(environment->host, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") ||
           eg_span_equal_nocase(
               eg_aws_environment_profile(environment, "ignore_configured_endpoint_urls"),
               EG_SPAN_LITERAL("true"));
}

static struct eg_span configured(const struct eg_aws_environment *environment, const char *id)
{
    if (is_ignored(environment))
        return EG_SPAN_EMPTY;
    const char *url = from_variables(environment, id);
    return url ? eg_span_text(url) : from_profile(environment, id);
}

bool eg_aws_endpoint_is_custom(const struct eg_aws_environment *environment,
                               const struct eg_aws_service *service, const char *setting)
{
    return (setting && *setting) || configured(environment, service->id).len > 0;
}

int eg_aws_endpoint(const struct eg_aws_environment *environment,
                    const struct eg_aws_service *service, const char *setting, const char *region,
                    struct eg_buffer *out, struct eg_error *err)
{
    struct eg_span url =
        setting && *setting ? eg_span_text(setting) : configured(environment, service->id);
    while (url.len && url.ptr[url.len - 1] == '/')
        url.len--;
    if (url.len) {
        eg_buffer_append_span(out, url);
        return 0;
    }
    if (!region || !*region)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "there is no AWS region: set AWS_REGION, or region in the profile");
    eg_buffer_printf(out, "https://%s.%s.%s", service->host, region, suffix_of(region));
    return 0;
}

static struct eg_span without_brackets(struct eg_span host)
{
    bool bracketed = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    return bracketed ? eg_span_of(host.ptr + 1, host.len - 2) : host;
}

/* "host:port", "[v6]:port" and without a port. */
static void split_authority(struct eg_span authority, struct eg_aws_url *url)
{
    const char *colon = authority.len ? memrchr(authority.ptr, ':', authority.len) : NULL;
    const char *bracket = authority.len ? memrchr(authority.ptr, ']', authority.len) : NULL;
    if (colon && bracket && colon < bracket)
        colon = NULL;
    size_t host_len = colon ? (size_t)(colon - authority.ptr) : authority.len;
    struct eg_span host = eg_span_of(authority.ptr, host_len);
    bool default_port = colon && eg_span_is(eg_span_of(colon + 1, authority.len - host_len - 1),
                                            url->secure ? "443" : "80");
    url->host = without_brackets(host);
    url->authority = default_port ? host : authority;
}

int eg_aws_url_split(struct eg_span text, struct eg_aws_url *ret_url, struct eg_error *err)
{
    struct eg_aws_url url = {.secure = eg_span_starts_nocase(text, "https://")};
    size_t scheme_len = url.secure ? 8 : 7;
    if (!url.secure && !eg_span_starts_nocase(text, "http://"))
        return eg_error_set(err, EG_ERR_CONFIG, "an endpoint must be an http or https URL");
    struct eg_span rest = eg_span_of(text.ptr + scheme_len, text.len - scheme_len);
    size_t authority_len = 0;
    while (authority_len < rest.len && !strchr("/?#@", rest.ptr[authority_len]))
        authority_len++;
    struct eg_span target = eg_span_of(rest.ptr + authority_len, rest.len - authority_len);
    bool odd = target.len && (target.ptr[0] == '@' || target.ptr[0] == '?' ||
                              memchr(target.ptr, '#', target.len));
    if (authority_len == 0 || odd)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "an endpoint must be a URL of scheme, host and path, nothing else");
    split_authority(eg_span_of(rest.ptr, authority_len), &url);
    url.target = target.len ? target : EG_SPAN_LITERAL("/");
    *ret_url = url;
    return 0;
}
