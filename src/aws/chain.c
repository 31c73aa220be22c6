/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the providers, and nothing else. */
#include "aws/chain.h"

#include "aws/provider.h"
#include "base/error.h"
#include "base/span.h"

static const struct {
    const char *name;
    eg_aws_provider find;
} chain[EG_AWS_CHAIN_LENGTH] = {
    {"environment", eg_aws_find_env},           {"profile", eg_aws_find_profile},
    {"web identity", eg_aws_find_web_identity}, {"container", eg_aws_find_container},
    {"instance metadata", eg_aws_find_imds},
};

static int ask(const struct eg_aws_environment *environment, eg_aws_provider find,
               struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    if (find == eg_aws_find_env && environment->profile_given)
        return eg_aws_not_enabled(err, "profile '%.*s' was asked for by name",
                                  EG_SPAN_ARGS(environment->profile));
    return find(environment, ret_credentials, err);
}

static void note(struct eg_aws_report *report, const char *provider, const struct eg_error *err)
{
    report->attempts[report->count].provider = provider;
    report->attempts[report->count++].err = err ? *err : (struct eg_error){0};
}

int eg_aws_chain_find(const struct eg_aws_environment *environment, struct eg_aws_report *report,
                      struct eg_aws_credentials **ret_credentials, struct eg_error *err)
{
    struct eg_aws_report unread;
    if (!report)
        report = &unread;
    report->count = 0;
    for (size_t i = 0; i < EG_AWS_CHAIN_LENGTH; i++) {
        int ret = ask(environment, chain[i].find, ret_credentials, err);
        note(report, chain[i].name, ret < 0 ? err : NULL);
        if (ret == 0)
            return 0;
        if (err->code != EG_ERR_NOT_FOUND)
            return -1;
    }
    return eg_error_set(err, EG_ERR_NOT_FOUND,
                        "there are no AWS credentials: the credential provider was not enabled, "
                        "whether environment, profile, web identity, container or instance "
                        "metadata; `eventgate credentials` tells why");
}
