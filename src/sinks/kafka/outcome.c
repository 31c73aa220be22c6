/* SPDX-License-Identifier: Apache-2.0 */
/* One table of the codes that say something about the event or the topic, not about the broker. */
#include "sinks/kafka/outcome.h"

#include <stdio.h>

#include "base/compiler.h"

static const struct {
    rd_kafka_resp_err_t code;
    enum eg_outcome outcome;
} outcomes[] = {
    {RD_KAFKA_RESP_ERR_NO_ERROR, EG_DELIVERED},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, EG_TOO_LARGE},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, EG_REJECTED},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, EG_REJECTED},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, EG_REJECTED},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, EG_REJECTED},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, EG_REJECTED},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, EG_REJECTED},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, EG_REJECTED},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, EG_REJECTED},
    {RD_KAFKA_RESP_ERR__INVALID_ARG, EG_REJECTED},
};

enum eg_outcome eg_kafka_outcome(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(outcomes); i++)
        if (outcomes[i].code == code)
            return outcomes[i].outcome;
    return EG_FAILED;
}

enum eg_outcome eg_kafka_outcome_refused(bool has_key)
{
    return has_key ? EG_FAILED : EG_RETRY;
}

void eg_kafka_outcome_describe(rd_kafka_resp_err_t code, rd_kafka_resp_err_t cause,
                               rd_kafka_msg_status_t status, char *text)
{
    bool explain = eg_kafka_outcome(code) == EG_FAILED && cause && cause != code;
    bool uncertain = status == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED;
    (void)snprintf(text, EG_ERROR_MESSAGE_BYTES, EG_KAFKA_FAILURE "%s%s%s%s%s",
                   rd_kafka_err2str(code), explain ? " (" : "",
                   explain ? rd_kafka_err2str(cause) : "", explain ? ")" : "",
                   uncertain ? "; it may have been written all the same" : "");
}
