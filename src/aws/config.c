/* SPDX-License-Identifier: Apache-2.0 */
/* The table of eg_aws_config, and nothing else. */
#include "aws/config.h"

#include "base/compiler.h"

static const struct eg_field fields[] = {
    {.name = "region",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_aws_config, region),
     .help = "Region, like eu-west-1. Unset: the one in the ARN that the sink sends to, "
             "AWS_REGION, AWS_DEFAULT_REGION, the profile's."},
    {.name = "profile",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_aws_config, profile),
     .help = "Profile of ~/.aws; it comes before the environment variables. Unset: AWS_PROFILE, "
             "or default."},
    {.name = "endpoint_url",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_aws_config, endpoint_url),
     .help = "URL of the service, http or https. Unset: AWS_ENDPOINT_URL_<SERVICE>, "
             "AWS_ENDPOINT_URL, the profile's, the region's."},
    {.name = "role_arn",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_aws_config, role_arn),
     .help = "Role to assume with the credentials that are found: the way into another account."},
    {.name = "external_id",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_aws_config, external_id),
     .help = "External id that the role's trust policy asks for."},
    {.name = "session_name",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_aws_config, session_name),
     .help = "Session name of the role, as CloudTrail shows it. Unset: eventgate-<time>."},
    {.name = "ssl_ca_bundle",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_aws_config, ssl_ca_bundle),
     .default_text = "true",
     .help = "Whose certificates are trusted: true for the system's CAs, false for anybody's, or "
             "the path of a PEM file or of a hashed folder."},
    {.name = "connect_timeout",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_aws_config, connect_timeout_ms),
     .default_text = "3s",
     .min = 10,
     .max = 60000,
     .help = "When a connection attempt is given up."},
    {.name = "timeout",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_aws_config, timeout_ms),
     .default_text = "10s",
     .min = 10,
     .max = 300000,
     .help = "When an attempt is given up, from its start to the last byte of the answer."},
    {.name = "max_attempts",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_aws_config, max_attempts),
     .default_text = "1",
     .min = 1,
     .max = 10,
     .help = "Attempts of one call inside the client. Above 1 it tries again by itself, before the "
             "pipeline does."},
};

const struct eg_field_table eg_aws_config_table = {
    .name = "aws",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_aws_config),
};
