/* SPDX-License-Identifier: Apache-2.0 */
/* Which profile and which region, from the settings, the variables and the shared files. */
#include "aws/environment.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

/* The file that the variable names, or the one in the home folder. NULL: there is no home. */
static char *file_path(const struct eg_aws_host *host, const char *variable, const char *fallback)
{
    const char *home = eg_aws_env(host, "HOME");
    const char *named = eg_aws_env(host, variable);
    if (named && strncmp(named, "~/", 2) == 0 && home)
        return eg_asprintf("%s/%s", home, named + 2);
    if (named)
        return eg_strdup(named);
    return home ? eg_asprintf("%s/.aws/%s", home, fallback) : NULL;
}

static void wiped_cleanup(struct eg_buffer *buffer)
{
    if (buffer->data)
        explicit_bzero(buffer->data, buffer->capacity);
    eg_buffer_fini(buffer);
}

static int load_file(struct eg_aws_environment *environment, enum eg_aws_profiles_file file,
                     const char *variable, const char *fallback, struct eg_error *err)
{
    const struct eg_aws_host *host = environment->host;
    EG_CLEANUP(wiped_cleanup) struct eg_buffer text = EG_BUFFER_INIT;
    EG_AUTOFREE char *path = file_path(host, variable, fallback);
    if (!path)
        return 0;
    if (host->read_file(host->state, path, EG_AWS_PROFILES_BYTES_MAX, &text, err) < 0)
        return err->code == EG_ERR_NOT_FOUND ? 0 : -1;
    if (eg_aws_profiles_add(&environment->profiles, file, eg_buffer_span(&text), err) < 0)
        return eg_error_prefix(err, "%s", path);
    return 0;
}

static void load_profiles(struct eg_aws_environment *environment)
{
    struct eg_error err = {0};
    if (load_file(environment, EG_AWS_CONFIG_FILE, "AWS_CONFIG_FILE", "config", &err) < 0 ||
        load_file(environment, EG_AWS_CREDENTIALS_FILE, "AWS_SHARED_CREDENTIALS_FILE",
                  "credentials", &err) < 0)
        environment->profiles_error = err;
}

static void choose_profile(struct eg_aws_environment *environment, const char *given)
{
    const char *named = eg_aws_env(environment->host, "AWS_PROFILE");
    environment->profile_given = given && *given;
    environment->profile_named = environment->profile_given || named;
    if (environment->profile_given)
        named = given;
    environment->profile = named ? eg_span_text(named) : EG_SPAN_LITERAL("default");
}

static bool is_region(struct eg_span text)
{
    if (text.len >= EG_AWS_REGION_BYTES || text.len == 0 || text.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

static int choose_region(struct eg_aws_environment *environment, const char *given,
                         struct eg_error *err)
{
    const struct {
        const char *from;
        struct eg_span region;
    } choices[] = {
        {"the configuration", eg_span_text(given)},
        {"AWS_REGION", eg_span_text(eg_aws_env(environment->host, "AWS_REGION"))},
        {"AWS_DEFAULT_REGION", eg_span_text(eg_aws_env(environment->host, "AWS_DEFAULT_REGION"))},
        {"the profile", eg_aws_environment_profile(environment, "region")},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(choices); i++) {
        struct eg_span region = choices[i].region;
        if (region.len == 0)
            continue;
        if (!is_region(region))
            return eg_error_set(err, EG_ERR_CONFIG,
                                "%s names the region '%.*s', which is not like eu-west-1",
                                choices[i].from, EG_SPAN_ARGS(region));
        memcpy(environment->region, region.ptr, region.len);
        environment->region_from = choices[i].from;
        break;
    }
    return 0;
}

int eg_aws_environment_init(struct eg_aws_environment *environment, const struct eg_aws_host *host,
                            const char *profile, const char *region, struct eg_error *err)
{
    *environment = (struct eg_aws_environment){.host = host};
    load_profiles(environment);
    choose_profile(environment, profile);
    if (choose_region(environment, region, err) == 0)
        return 0;
    eg_aws_environment_fini(environment);
    return -1;
}

void eg_aws_environment_fini(struct eg_aws_environment *environment)
{
    eg_aws_profiles_fini(&environment->profiles);
}

struct eg_span eg_aws_environment_profile(const struct eg_aws_environment *environment,
                                          const char *key)
{
    return eg_aws_profiles_get(&environment->profiles, EG_AWS_PROFILE, environment->profile, key);
}
