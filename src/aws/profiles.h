/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared configuration: ~/.aws/config and ~/.aws/credentials ("Shared config and credentials
 * files", AWS SDKs and Tools Reference Guide). Read by one thread, then any may read.
 *
 * Properties of a profile come from both files, those of the credentials file first; [profile
 * default] hides [default]. Sections that we don't know are passed over.
 */
#ifndef EG_AWS_PROFILES_H
#define EG_AWS_PROFILES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

#define EG_AWS_PROFILES_BYTES_MAX ((size_t)1 << 20) /* of one file */

enum eg_aws_section {
    EG_AWS_PROFILE,
    EG_AWS_SSO_SESSION,
    EG_AWS_SERVICES,
};

struct eg_aws_property;

/* A zeroed struct is empty. */
struct eg_aws_profiles {
    struct eg_arena arena;
    struct eg_aws_property *properties;
    size_t count;
};

enum eg_aws_profiles_file { EG_AWS_CONFIG_FILE, EG_AWS_CREDENTIALS_FILE };

/*
 * Adds a file's text: the configuration first, then the credentials. EG_ERR_CONFIG with the number
 * of the line that can't be read; what stands before it has been added.
 */
int eg_aws_profiles_add(struct eg_aws_profiles *profiles, enum eg_aws_profiles_file file,
                        struct eg_span text, struct eg_error *err) EG_MUST_CHECK;
void eg_aws_profiles_fini(struct eg_aws_profiles *profiles);

bool eg_aws_profiles_has(const struct eg_aws_profiles *profiles, enum eg_aws_section section,
                         struct eg_span name);

/* The value, NUL-terminated; len 0: there is none. Keys are in lower case. */
struct eg_span eg_aws_profiles_get(const struct eg_aws_profiles *profiles,
                                   enum eg_aws_section section, struct eg_span name,
                                   const char *key);

/* A property that is indented below another one. */
struct eg_span eg_aws_profiles_get_nested(const struct eg_aws_profiles *profiles,
                                          enum eg_aws_section section, struct eg_span name,
                                          const char *parent, const char *key);

#endif
