/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam's functions, each a step from config/ to the mirror or the secrets, and from those to
 * AWS (app/elsewhere_aws.h).
 */
#include "app/elsewhere.h"

#include <stdlib.h>

#include "app/elsewhere_aws.h"
#include "app/secrets.h"
#include "base/clock.h"
#include "base/memory.h"
#include "config/outside.h"

static const struct eg_field fields[] = {
    {.name = "copies",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct eg_app_elsewhere_config, copies),
     .help = "Folder for the last good copies of what is read from s3://, so that a start without "
             "S3 works; unset: they are kept in memory only."},
    {.name = "poll",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_app_elsewhere_config, poll_ms),
     .default_text = "0s",
     .max = 86400000,
     .help = "How often s3:// is asked whether something changed, which is then a reload; 0: only "
             "on SIGHUP."},
    EG_AWS_CONFIG_FIELD(struct eg_app_elsewhere_config, aws),
};

const struct eg_field_table eg_app_elsewhere_table = {
    .name = "config",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_app_elsewhere_config),
};

struct eg_app_elsewhere {
    struct eg_app_elsewhere_aws *aws;
    struct eg_config_mirror *mirror;
    struct eg_app_secrets *secrets;
    struct eg_config_outside outside;
};

static int read_object(void *context, const char *uri, size_t max_bytes, struct eg_buffer *buffer,
                       struct eg_error *err)
{
    struct eg_app_elsewhere *elsewhere = context;
    return eg_config_mirror_read(elsewhere->mirror, uri, max_bytes, buffer, err);
}

static int list_objects(void *context, const char *prefix, const char *suffix, size_t max_names,
                        struct eg_string_list *ret_names, struct eg_error *err)
{
    struct eg_app_elsewhere *elsewhere = context;
    return eg_config_mirror_list(elsewhere->mirror, prefix, suffix, max_names, ret_names, err);
}

static int read_secret(void *context, const struct eg_config_secret *secret, bool fresh,
                       struct eg_buffer *buffer, struct eg_error *err)
{
    struct eg_app_elsewhere *elsewhere = context;
    return eg_app_secrets_read(elsewhere->secrets, secret, fresh, buffer, err);
}

static int64_t wall_s(void)
{
    return eg_clock_wall_us() / 1000000;
}

struct eg_app_elsewhere *eg_app_elsewhere_new(void)
{
    struct eg_app_elsewhere *elsewhere = eg_calloc(1, sizeof(*elsewhere));
    elsewhere->aws = eg_app_elsewhere_aws_new();
    elsewhere->mirror = eg_config_mirror_new(&(struct eg_config_fetch){
        .get = eg_app_elsewhere_aws_get,
        .list = eg_app_elsewhere_aws_list,
        .context = elsewhere->aws,
        .wall_s = wall_s,
    });
    elsewhere->secrets = eg_app_secrets_new(&(struct eg_app_secret_store){
        .ask = eg_app_elsewhere_aws_secret,
        .context = elsewhere->aws,
        .monotonic_ms = eg_clock_monotonic_ms,
    });
    elsewhere->outside =
        (struct eg_config_outside){read_object, list_objects, read_secret, elsewhere};
    eg_config_outside_set(&elsewhere->outside);
    return elsewhere;
}

void eg_app_elsewhere_destroy(struct eg_app_elsewhere *elsewhere)
{
    if (!elsewhere)
        return;
    eg_config_outside_set(NULL);
    eg_config_mirror_destroy(elsewhere->mirror);
    eg_app_secrets_destroy(elsewhere->secrets);
    eg_app_elsewhere_aws_destroy(elsewhere->aws);
    free(elsewhere);
}

void eg_app_elsewhere_cleanup(struct eg_app_elsewhere **elsewhere)
{
    eg_app_elsewhere_destroy(*elsewhere);
}

void eg_app_elsewhere_configure(struct eg_app_elsewhere *elsewhere,
                                const struct eg_app_elsewhere_config *config)
{
    eg_config_mirror_set_folder(elsewhere->mirror, config->copies);
    eg_app_secrets_expire(elsewhere->secrets);
    eg_app_elsewhere_aws_configure(elsewhere->aws, &config->aws);
}

struct eg_config_mirror *eg_app_elsewhere_mirror(struct eg_app_elsewhere *elsewhere)
{
    return elsewhere->mirror;
}

void eg_app_elsewhere_cancel(struct eg_app_elsewhere *elsewhere)
{
    eg_app_elsewhere_aws_cancel(elsewhere->aws);
}
