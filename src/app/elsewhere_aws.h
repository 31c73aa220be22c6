/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How app/elsewhere.c asks AWS: objects and listings of S3, secrets of Secrets Manager. The room's
 * own. The clients are made when something is asked for the first time. Any thread, one call at a
 * time; each waits for the server, and tries again as the SDKs do.
 */
#ifndef EG_APP_ELSEWHERE_AWS_H
#define EG_APP_ELSEWHERE_AWS_H

#include "base/compiler.h"
#include "config/mirror.h"
#include "config/outside.h"
#include "eventgate/error.h"

struct eg_app_elsewhere_aws;
struct eg_aws_config;

struct eg_app_elsewhere_aws *eg_app_elsewhere_aws_new(void);
void eg_app_elsewhere_aws_destroy(struct eg_app_elsewhere_aws *aws); /* NULL is fine */
/* Copied; what was open is closed. */
void eg_app_elsewhere_aws_configure(struct eg_app_elsewhere_aws *aws,
                                    const struct eg_aws_config *config);
void eg_app_elsewhere_aws_cancel(struct eg_app_elsewhere_aws *aws);

/* For struct eg_config_fetch and struct eg_app_secret_store; the context is the struct. */
int eg_app_elsewhere_aws_get(void *context, const char *uri, const char *etag, size_t max_bytes,
                             struct eg_config_fetched *fetched, struct eg_error *err);
int eg_app_elsewhere_aws_list(void *context, const char *prefix, size_t max_names,
                              struct eg_buffer *names, struct eg_error *err);
int eg_app_elsewhere_aws_secret(void *context, const struct eg_config_secret *secret,
                                struct eg_buffer *text, struct eg_error *err);

#endif
