/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one look at the host says about AWS: which profile, what the shared files hold, which
 * region, which endpoints. Made anew for every refresh, so that changed files count. One thread at
 * a time.
 */
#ifndef EG_AWS_ENVIRONMENT_H
#define EG_AWS_ENVIRONMENT_H

#include <stdbool.h>

#include "aws/host.h"
#include "aws/profiles.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

#define EG_AWS_REGION_BYTES 64 /* with the NUL */

struct eg_aws_environment {
    const struct eg_aws_host *host;
    struct eg_aws_profiles profiles;
    struct eg_error profiles_error; /* code NONE: the files could be read */
    struct eg_span profile;
    bool profile_given; /* by the caller, as --profile: it comes before environment variables */
    bool profile_named; /* by the caller or AWS_PROFILE: it must exist */
    char region[EG_AWS_REGION_BYTES]; /* "": none */
    const char *region_from;          /* "the configuration", "AWS_REGION", ... */
};

/*
 * profile, region: what the configuration says, or NULL; they and the host must live as long.
 * Region: that setting, AWS_REGION, AWS_DEFAULT_REGION, the profile's. EG_ERR_CONFIG: a region that
 * can't be part of a host's name. A file that can't be read is an error only for who needs it.
 */
int eg_aws_environment_init(struct eg_aws_environment *environment, const struct eg_aws_host *host,
                            const char *profile, const char *region,
                            struct eg_error *err) EG_MUST_CHECK;
void eg_aws_environment_fini(struct eg_aws_environment *environment);
#define EG_AUTOAWSENVIRONMENT EG_CLEANUP(eg_aws_environment_fini)

/* A property of the profile in force; len 0: there is none. */
struct eg_span eg_aws_environment_profile(const struct eg_aws_environment *environment,
                                          const char *key);

struct eg_aws_service {
    const char *id;   /* as endpoint settings call it: "sts", "secrets_manager", "eventbridge" */
    const char *host; /* the first label of its host: "sts", "secretsmanager", "events" */
    const char *signing_name; /* in signatures; NULL: as the host */
};

/* Was an endpoint set, so that eg_aws_endpoint won't give the region's? */
bool eg_aws_endpoint_is_custom(const struct eg_aws_environment *environment,
                               const struct eg_aws_service *service, const char *setting);

/*
 * Appends the service's URL without a closing slash: `setting` of the configuration (may be NULL),
 * AWS_ENDPOINT_URL_<ID>, AWS_ENDPOINT_URL, the profile's services section, the profile's
 * endpoint_url, the region's default. EG_ERR_CONFIG: there is no region to make one of.
 */
int eg_aws_endpoint(const struct eg_aws_environment *environment,
                    const struct eg_aws_service *service, const char *setting, const char *region,
                    struct eg_buffer *out, struct eg_error *err) EG_MUST_CHECK;

struct eg_aws_url {
    bool secure;
    struct eg_span host;      /* without port and brackets */
    struct eg_span authority; /* for the Host header: without a default port */
    struct eg_span target;    /* path and query; "/" when there is none */
};

/* Views into the URL. EG_ERR_CONFIG: not http or https, or it has user or fragment. */
int eg_aws_url_split(struct eg_span text, struct eg_aws_url *ret_url,
                     struct eg_error *err) EG_MUST_CHECK;

#endif
