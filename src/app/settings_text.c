/* SPDX-License-Identifier: Apache-2.0 */
/* The settings as text: the dump of what is in force, and the page about what there is. */
#include <string.h>

#include "app/sections.h"
#include "app/settings.h"

void eg_app_settings_dump(const struct eg_app_settings *settings, struct eg_buffer *buffer)
{
    for (size_t i = 0; i < eg_app_section_count; i++) {
        const struct eg_app_section *section = &eg_app_sections[i];
        const void *target = (const char *)settings + section->offset;
        if (section->name[0])
            eg_buffer_printf(buffer, "%s:\n", section->name);
        eg_config_fields_dump(section->table, target, section->name[0] ? 2 : 0, buffer);
    }
    eg_config_entries_dump(&eg_topics_group, &settings->topics.topics, buffer);
    eg_config_entries_dump(&settings->sinks_group, &settings->sinks, buffer);
}

static const char introduction[] =
    "# Configuration\n"
    "\n"
    "<!-- Made by `eventgate check --docs` from the field tables; do not edit. -->\n"
    "\n"
    "One YAML file (or JSON, which the same parser reads), by default `etc/eventgate.yaml` in the\n"
    "current directory, else `conf/`, else `/etc/eventgate/eventgate.yaml`. `-c FILE|DIR` names\n"
    "another one, and so does `CONF_DIR`. A folder is read for `eventgate.yaml`, else as the\n"
    "`conf/` of the Python EventGate.\n"
    "\n"
    "`eventgate check` reads everything, opens no port, starts no sink, and prints all mistakes "
    "at\n"
    "once as `FILE:LINE:COLUMN: setting: what is wrong`. `eventgate check --dump` prints what is "
    "in\n"
    "force, defaults included and secrets hidden.\n"
    "\n"
    "## How values are written\n"
    "\n"
    "- duration: `250ms`, `10s`, `5m`, `2h`, `1d`; size: `512`, `64KiB`, `10MiB`, `1GiB`, `5MB`.\n"
    "- path: relative ones begin at the folder of the configuration file; defaults begin at the\n"
    "  current directory.\n"
    "- secret: a string, `${NAME}` from the environment, or `{file: PATH}`.\n"
    "- `${NAME}` and `${NAME:-default}` work in every value; an unset `${NAME}` is a mistake, and\n"
    "  `$${` is a literal `${`. They do not work in access maps, topic keys and schemas.\n"
    "- a list of one string may be the string alone.\n"
    "- A name that is not in these tables is a mistake. So is a name that stands twice. Anchors,\n"
    "  aliases and merge keys are refused.\n"
    "\n"
    "On SIGHUP the topics, their schemas, keys and users, and the token keys are read again. All\n"
    "else waits for a restart.\n";

static const char upstream_page[] =
    "\n## The conf/ folder of the Python EventGate\n"
    "\n"
    "| In `config.json` | Becomes |\n|---|---|\n"
    "| `access_config` | `access`; `s3://` can't be read by this version: nobody is authorized, "
    "and /health says so |\n"
    "| `topic_keys_config` | `topic_keys` |\n"
    "| `token_public_keys_url`, else `token_public_key_url` | `auth.public_keys_url` |\n"
    "| `token_provider_url` | `auth.provider_url` |\n"
    "| `ssl_ca_bundle` | `auth.ca_bundle` |\n"
    "| `kafka_bootstrap_server` | a sink `kafka` of type `kafka`; empty: none |\n"
    "| `kafka_sasl_kerberos_principal` with `kafka_ssl_key_path` | its `security_protocol: "
    "sasl_ssl`, `sasl_mechanism: GSSAPI`, `kerberos_principal`, `ssl_key` |\n"
    "| `kafka_sasl_kerberos_keytab_path`, `kafka_ssl_ca_path`, `kafka_ssl_cert_path`, "
    "`kafka_ssl_key_password` | together with these: `kerberos_keytab`, `ssl_ca`, "
    "`ssl_certificate`, `ssl_key_password` |\n"
    "| `event_bus_arn` | a sink `eventbridge` of type `eventbridge`; empty: none |\n"
    "| anything else | nothing: a warning by name |\n"
    "\n"
    "A relative path is looked for from the current directory, then from the folder that `conf/` "
    "is "
    "in,\nthen (without its first part) in `conf/` itself. `topic_schemas/runs.json`, "
    "`dlchange.json`,\n`test.json` and `status_change.json` give the topics `public.cps.za.runs`, "
    "`.dlchange`, `.test` and\n`.status_change`; any other `NAME.json` gives the topic NAME in "
    "lower "
    "case. Without a sink of its\nown such a configuration gets the embedded `sqlite` sink.\n"
    "\n"
    "`KAFKA_FLUSH_TIMEOUT` (7), `KAFKA_FLUSH_RETRIES` (3) and `KAFKA_RETRY_BACKOFF` (0.5, seconds) "
    "in the\nenvironment become `delivery_timeout` of the sink `kafka`: so many timeouts, with a "
    "backoff between\nthem. When the usual deadline is shorter than that, `pipeline.deadline` "
    "follows. Without any of the\nthree the deadline counts alone.\n";

static void document_sections(struct eg_buffer *buffer)
{
    for (size_t i = 0; i < eg_app_section_count; i++) {
        const struct eg_app_section *section = &eg_app_sections[i];
        if (section->name[0])
            eg_buffer_printf(buffer, "\n## `%s`\n\n%s\n\n", section->name, section->help);
        else
            eg_buffer_printf(buffer, "\n## Top level: %s\n\n%s\n\n", section->table->name,
                             section->help);
        eg_config_fields_document(section->table, buffer);
    }
}

static void document_sinks(const struct eg_sink_registry *registry, struct eg_buffer *buffer)
{
    eg_buffer_append_text(buffer, "\n## `sinks`\n\nName to sink. Every sink has a `type`, these "
                                  "settings, and those of its type. Without\nany there is one "
                                  "`sqlite`.\n\n");
    eg_config_fields_document(&eg_sink_common_table, buffer);
    for (size_t i = 0; i < eg_sink_registry_count(registry); i++) {
        const struct eg_sink_type *type = eg_sink_registry_at(registry, i);
        eg_buffer_printf(buffer, "\n### `type: %s`\n\n%s\n", type->name, type->help);
        if (type->config->field_count == 0)
            continue;
        eg_buffer_append_char(buffer, '\n');
        eg_config_fields_document(type->config, buffer);
    }
}

static void document_variables(struct eg_buffer *buffer)
{
    eg_buffer_append_text(buffer, "\n## Environment\n\nThey win over the file; what the command "
                                  "line says wins over them.\n\n"
                                  "| Variable | Setting | What it does |\n|---|---|---|\n"
                                  "| `CONF_DIR` | | The configuration, without `-c`. |\n");
    for (size_t i = 0; i < eg_app_variable_count; i++)
        eg_buffer_printf(buffer, "| `%s` | `%s.%s` | %s |\n", eg_app_variables[i].name,
                         eg_app_variables[i].section, eg_app_variables[i].setting,
                         eg_app_variables[i].help);
}

void eg_app_settings_document(const struct eg_sink_registry *registry, struct eg_buffer *buffer)
{
    eg_buffer_append_text(buffer, introduction);
    document_sections(buffer);
    eg_buffer_append_text(buffer,
                          "\n## `topics`\n\nName to topic. A topic of `topic_schemas` needs "
                          "no entry here.\n\n");
    eg_config_fields_document(eg_topics_group.common, buffer);
    document_sinks(registry, buffer);
    document_variables(buffer);
    eg_buffer_append_text(buffer, upstream_page);
}
