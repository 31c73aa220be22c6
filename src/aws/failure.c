/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading refusals. The services spell them in five ways; what is found first counts: the headers,
 * then the body, which is JSON when it begins with a brace and XML when with '<'. Codes fall into
 * classes by tables.
 */
#include "aws/failure.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "aws/xml.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/span.h"
#include "text/utf8.h"

#define BODY_BYTES_MAX ((size_t)64 << 10) /* a refusal is short; a longer body is not read */

static const char *const throttling_codes[] = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "SlowDown",
    "EC2ThrottledException",
};

static const char *const transient_codes[] = {
    "RequestTimeout",
    "RequestTimeoutException",
    "PriorRequestNotComplete",
    "InternalFailure",
    "InternalError",
    "InternalException",
    "InternalServerError",
    "InternalServiceException",
    "InternalServiceFault",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "ConditionalRequestConflict",
    "OperationAborted",
    "IDPCommunicationError",
};

static const char *const skew_codes[] = {
    "AuthFailure",        "InvalidSignatureException", "RequestExpired",
    "RequestInTheFuture", "RequestTimeTooSkewed",      "SignatureDoesNotMatch",
};

static const char *const credential_codes[] = {
    "ExpiredToken",         "ExpiredTokenException",       "TokenRefreshRequired", "RequestExpired",
    "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId",   "InvalidToken",
};

static const char *const permission_codes[] = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "NotAuthorized",
    "UnauthorizedOperation",
    "KMSAccessDenied",
    "KMSAccessDeniedException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "SubscriptionRequiredException",
};

static const char *const too_large_codes[] = {
    "RequestEntityTooLargeException",
    "EntityTooLarge",
    "BatchRequestTooLong",
    "AWS.SimpleQueueService.BatchRequestTooLong",
    "BatchRequestTooLongException",
    "MessageTooLong",
};

static bool is_one_of(struct eg_span code, const char *const *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (eg_span_is(code, codes[i]))
            return true;
    return false;
}

#define IS_ONE_OF(code, codes) is_one_of((code), (codes), EG_ARRAY_COUNT(codes))

bool eg_aws_code_is_throttling(struct eg_span code)
{
    return IS_ONE_OF(code, throttling_codes);
}

bool eg_aws_code_is_transient(struct eg_span code)
{
    return IS_ONE_OF(code, transient_codes);
}

/* Cut to fit; what is no text of one line becomes a blank or '?'. */
static void copy_text(struct eg_span text, char *out, size_t out_bytes)
{
    bool plain = eg_utf8_valid(text);
    size_t len = text.len < out_bytes - 1 ? text.len : out_bytes - 1;
    while (plain && len && len < text.len && ((unsigned char)text.ptr[len] & 0xC0) == 0x80)
        len--;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool odd = c >= 0x80 && !plain;
        out[i] = c < ' ' || c == 0x7F ? ' ' : odd ? '?' : text.ptr[i];
    }
    out[len] = '\0';
}

static struct eg_span before(struct eg_span text, char mark)
{
    const char *at = text.len ? memchr(text.ptr, mark, text.len) : NULL;
    return at ? eg_span_of(text.ptr, (size_t)(at - text.ptr)) : text;
}

static struct eg_span behind(struct eg_span text, char mark)
{
    const char *at = text.len ? memrchr(text.ptr, mark, text.len) : NULL;
    return at ? eg_span_of(at + 1, text.len - (size_t)(at - text.ptr) - 1) : text;
}

/* "aws.protocoltests#Code:http://..." in all its parts. */
static void copy_code(struct eg_span text, struct eg_aws_failure *failure)
{
    text = eg_span_trim(behind(before(text, ':'), '#'));
    if (text.len && !failure->code[0])
        copy_text(text, failure->code, sizeof(failure->code));
}

static struct eg_span json_text(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);
    return json_is_string(value) ? eg_span_of(json_string_value(value), json_string_length(value))
                                 : EG_SPAN_EMPTY;
}

static void read_json(struct eg_span body, struct eg_aws_failure *failure)
{
    static const char *const messages[] = {"message", "Message", "errorMessage"};
    json_t *root = json_loadb(body.ptr, body.len, 0, NULL);
    copy_code(json_text(root, "__type"), failure);
    copy_code(json_text(root, "code"), failure);
    for (size_t i = 0; i < EG_ARRAY_COUNT(messages) && !failure->message[0]; i++)
        copy_text(json_text(root, messages[i]), failure->message, sizeof(failure->message));
    json_decref(root);
}

static void read_xml_element(struct eg_span body, const char *path, char *out, size_t out_bytes)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (!out[0] && eg_aws_xml_text(body, path, &text))
        copy_text(eg_span_trim(eg_buffer_span(&text)), out, out_bytes);
}

static void read_xml(struct eg_span body, struct eg_aws_failure *failure)
{
    read_xml_element(body, "Error/Code", failure->code, sizeof(failure->code));
    read_xml_element(body, "Error/Message", failure->message, sizeof(failure->message));
    read_xml_element(body, "RequestId", failure->request_id, sizeof(failure->request_id));
    read_xml_element(body, "RequestID", failure->request_id, sizeof(failure->request_id));
}

static void read_headers(const struct eg_net_response *response, struct eg_aws_failure *failure)
{
    struct eg_span id = eg_net_response_header(response, "x-amzn-requestid");
    if (!id.len)
        id = eg_net_response_header(response, "x-amz-request-id");
    copy_text(id, failure->request_id, sizeof(failure->request_id));
    copy_code(before(eg_net_response_header(response, "x-amzn-query-error"), ';'), failure);
    copy_code(eg_net_response_header(response, "x-amzn-errortype"), failure);
}

static bool is_server_trouble(unsigned status)
{
    return status == 500 || status == 502 || status == 503 || status == 504;
}

static void classify(struct eg_aws_failure *failure)
{
    struct eg_span code = eg_span_text(failure->code);
    failure->throttled = eg_aws_code_is_throttling(code) || failure->status == 429;
    failure->retriable =
        failure->throttled || eg_aws_code_is_transient(code) || is_server_trouble(failure->status);
    failure->skewed = IS_ONE_OF(code, skew_codes);
    failure->credentials = IS_ONE_OF(code, credential_codes);
    failure->permission = IS_ONE_OF(code, permission_codes) ||
                          ((failure->status == 401 || failure->status == 403) && !failure->skewed &&
                           !failure->credentials && !failure->retriable);
}

void eg_aws_failure_read(const struct eg_net_response *response, struct eg_aws_failure *ret_failure)
{
    struct eg_aws_failure failure = {.status = response->status};
    struct eg_span body = eg_span_trim(eg_buffer_span(&response->body));
    read_headers(response, &failure);
    if (body.len && body.len <= BODY_BYTES_MAX && body.ptr[0] == '{')
        read_json(body, &failure);
    else if (body.len && body.len <= BODY_BYTES_MAX && body.ptr[0] == '<')
        read_xml(body, &failure);
    classify(&failure);
    *ret_failure = failure;
}

static bool is_missing(const struct eg_aws_failure *failure)
{
    static const char *const parts[] = {"NotFound", "NoSuch", "DoesNotExist", "NonExistent"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(parts); i++)
        if (strstr(failure->code, parts[i]))
            return true;
    return failure->status == 404;
}

static bool is_too_large(const struct eg_aws_failure *failure)
{
    return failure->status == 413 || IS_ONE_OF(eg_span_text(failure->code), too_large_codes);
}

enum eg_outcome eg_aws_failure_outcome(const struct eg_aws_failure *failure)
{
    if (failure->retriable || failure->skewed || failure->credentials)
        return EG_RETRY;
    return is_too_large(failure) ? EG_TOO_LARGE : EG_REJECTED;
}

static enum eg_error_code code_of(const struct eg_aws_failure *failure)
{
    enum eg_outcome outcome = eg_aws_failure_outcome(failure);
    if (outcome == EG_RETRY)
        return EG_ERR_UNAVAILABLE;
    if (outcome == EG_TOO_LARGE)
        return EG_ERR_TOO_LARGE;
    if (failure->permission)
        return EG_ERR_PERMISSION;
    return is_missing(failure) ? EG_ERR_NOT_FOUND : EG_ERR_INVALID;
}

int eg_aws_failure_error(const struct eg_aws_failure *failure, struct eg_error *err)
{
    enum eg_error_code code = code_of(failure);
    bool retriable = code == EG_ERR_UNAVAILABLE;
    return (retriable ? eg_error_set_retriable : eg_error_set)(
        err, code, "status %u%s%s%s%s%s%s%s", failure->status, failure->code[0] ? ", " : "",
        failure->code, failure->message[0] ? ": " : "", failure->message,
        failure->request_id[0] ? " (request " : "", failure->request_id,
        failure->request_id[0] ? ")" : "");
}
