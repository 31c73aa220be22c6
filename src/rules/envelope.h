/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event as EventBridge shows it to rules and targets:
 *
 *     {"version":"0","id":...,"detail-type":...,"source":...,"account":...,"time":...,"region":...,
 *      "resources":[...],"detail":{...}}
 *
 * Each topic says how its members are filled (topics/config.h, struct eg_topics_envelope). Without
 * settings: source is `eventgate`, detail-type the topic's name, id the event's, time when it was
 * received, account and region empty, no resources. A detail that is no JSON object stands in one:
 * {"value": ...}.
 *
 * With `envelope: payload` the payload is an envelope already, in one of three forms: an event as
 * EventBridge delivers it, an entry of PutEvents (Source, DetailType, Detail as a string...), or a
 * record of CloudTrail; what it lacks is filled as above. A payload of another form is a detail.
 *
 * Compiled with the catalogue, immutable; any thread may build with it.
 */
#ifndef EG_RULES_ENVELOPE_H
#define EG_RULES_ENVELOPE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "topics/config.h"
#include "json/document.h"

struct eg_rules_envelope;

/*
 * `config` NULL: the defaults. Its templates see <eventgate.*> and the payload as <$.detail...>.
 * -1 with EG_ERR_CONFIG and the member in the message.
 */
int eg_rules_envelope_new(const struct eg_topics_envelope *config,
                          struct eg_rules_envelope **ret_envelope,
                          struct eg_error *err) EG_MUST_CHECK;
void eg_rules_envelope_destroy(struct eg_rules_envelope *envelope); /* NULL is fine */

/* Is the payload itself the envelope? Then a sink's protection sees it as one (rules/protect.h). */
bool eg_rules_envelope_is_payload(const struct eg_rules_envelope *envelope);

/*
 * Appends the envelope of the event, whose `envelope` is not looked at. `payload` is the document
 * of event->payload with the value at its root, or NULL: then it is read here. Once per event; a
 * warm buffer and a given document make it cheap: the payload is copied once. 0, or -1 with
 * EG_ERR_INVALID when the payload is no JSON, or a template can't be rendered.
 */
int eg_rules_envelope_build(const struct eg_rules_envelope *envelope, const struct eg_event *event,
                            const struct eg_json_document *payload, struct eg_buffer *out,
                            struct eg_error *err) EG_MUST_CHECK;

#endif
