# SPDX-License-Identifier: Apache-2.0
"""What can go wrong at AWS, for aws_recorder.py: each function makes the plan of one fault.

    recorder.fault(aws_faults.throttle(), operation="PutEvents", times=2)

A plan is called with the exchange before the request goes on; what it returns is an Answer, or None to let it on.
"""
import json
import time
import urllib.parse
import xml.sax.saxutils
import zlib

JSON_ANSWER = "application/x-amz-json-1.1"
REQUEST_ID = "00000000-1111-2222-3333-444444444444"
# How a service says that it is too much; the others say ThrottlingException.
THROTTLED = {"s3": (503, "SlowDown"), "sns": (400, "Throttling"), "sts": (400, "Throttling"),
             "dynamodb": (400, "ProvisionedThroughputExceededException"),
             "kinesis": (400, "ProvisionedThroughputExceededException")}
EXPIRED = {"s3": (400, "ExpiredToken"), "sns": (403, "ExpiredToken"), "sts": (403, "ExpiredToken")}
SKEWED = {"s3": (403, "RequestTimeTooSkewed"), "sns": (403, "SignatureDoesNotMatch"),
          "sts": (403, "SignatureDoesNotMatch")}


class Answer:
    """`cut`: send so many bytes of the body and close; `reset`: with a reset; `pause_s`: rest before the body."""

    def __init__(self, status, body=b"", headers=(), cut=None, reset=False, pause_s=0.0):
        self.status = status
        self.body = body
        self.headers = list(headers)
        self.cut = cut
        self.reset = reset
        self.pause_s = pause_s

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_body(self, body):
        """The same answer, its body replaced and its checksum right."""
        headers = [(name, value) for name, value in self.headers if name.lower() != "x-amz-crc32"]
        if self.header("x-amz-crc32") is not None:
            headers.append(("x-amz-crc32", str(zlib.crc32(body))))
        return Answer(self.status, body, headers)


RESET = Answer(0, reset=True)  # nothing but a reset


def error_answer(exchange, status, code, message, headers=()):
    """An error in the form that the request's protocol has for it."""
    if exchange.request.header("x-amz-target"):
        body = json.dumps({"__type": f"com.amazonaws.tests#{code}", "message": message})
        kind = exchange.request.header("content-type") or JSON_ANSWER
    elif exchange.service == "lambda":
        body, kind = json.dumps({"Type": "User", "message": message}), "application/json"
        headers = [*headers, ("x-amzn-ErrorType", f"{code}:http://internal.amazon.com/coral/")]
    else:
        error = f"<Code>{code}</Code><Message>{xml.sax.saxutils.escape(message)}</Message>"
        body = (f"<Error>{error}<RequestId>{REQUEST_ID}</RequestId></Error>" if exchange.service == "s3" else
                f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error><RequestId>{REQUEST_ID}</RequestId>"
                "</ErrorResponse>")
        kind = "text/xml"
    return Answer(status, body.encode(), [("Content-Type", kind), ("x-amzn-RequestId", REQUEST_ID), *headers])


# --- the plans

def error(status, code, message="a fault of the tests", headers=()):
    """Answered with this error; the request does not go on."""
    return lambda exchange: error_answer(exchange, status, code, message, headers)


def throttle(retry_after_ms=None):
    """Throttled, in the service's own words."""
    def plan(exchange):
        status, code = THROTTLED.get(exchange.service, (400, "ThrottlingException"))
        headers = [("x-amz-retry-after", str(retry_after_ms))] if retry_after_ms is not None else []
        return error_answer(exchange, status, code, "Rate exceeded", headers)
    return plan


def server_error(status=500):
    return lambda exchange: error_answer(exchange, status, "InternalFailure" if status == 500 else
                                         "ServiceUnavailable", "We encountered an internal error. Try again.")


def expired_token():
    def plan(exchange):
        status, code = EXPIRED.get(exchange.service, (400, "ExpiredTokenException"))
        return error_answer(exchange, status, code, "The security token included in the request is expired")
    return plan


def page(status=200, body=b"<html><body>It works!</body></html>", content_type="text/html"):
    """Somebody else answers, as a captive proxy does."""
    return lambda exchange: Answer(status, body, [("Content-Type", content_type)])


def reset():
    """The connection is reset and the request was not carried out."""
    return lambda exchange: RESET


def reset_after():
    """The request was carried out, and the connection is reset instead of an answer."""
    def plan(exchange):
        exchange.forward()
        return RESET
    return plan


def half(part=0.5):
    """The request was carried out, and its answer ends in the middle."""
    def plan(exchange):
        answer = exchange.forward()
        answer.cut = max(1, int(len(answer.body) * part)) if answer.body else 0
        if not answer.body:
            answer.body, answer.cut = b"not all of it", 4
        return answer
    return plan


def slow(seconds, carried_out=True):
    """The answer takes so long."""
    def plan(exchange):
        answer = exchange.forward() if carried_out else server_error(503)(exchange)
        time.sleep(seconds)
        return answer
    return plan


def dripping(seconds):
    """The head comes at once, the body after so long."""
    def plan(exchange):
        answer = exchange.forward()
        answer.pause_s = seconds
        return answer
    return plan


def wrong_crc32():
    """DynamoDB's answer is not what its checksum says."""
    def plan(exchange):
        answer = exchange.forward()
        others = [(name, value) for name, value in answer.headers if name.lower() != "x-amz-crc32"]
        answer.headers = [*others, ("x-amz-crc32", str(zlib.crc32(answer.body) ^ 1))]
        return answer
    return plan


def entries(codes):
    """Of a batch, the entries in `codes` ({index: code}) fail and are not carried out; the others are.

    For DynamoDB's BatchWriteItem these are UnprocessedItems, and the code is not said.
    """
    return lambda exchange: PARTIAL[exchange.operation](exchange, codes)


# --- batches of which a part fails

def split(items, codes):
    kept = [item for index, item in enumerate(items) if index not in codes]
    return kept, [(index, items[index]) for index in sorted(codes) if index < len(items)]


def by_index(list_name, answer_list, count_name, ok):
    """PutEvents, PutRecords, PutRecordBatch: answers stand in the order of the entries."""
    def plan(exchange, codes):
        document = json.loads(exchange.request.body)
        items = document[list_name]
        kept, failed = split(items, codes)
        results, answer = [], None
        if kept:
            answer = exchange.forward_changed(json.dumps({**document, list_name: kept}).encode())
            if answer.status != 200:
                return answer
            results = json.loads(answer.body)[answer_list]
        good = iter(results)
        merged = [{"ErrorCode": codes[index], "ErrorMessage": "a fault of the tests"} if index in codes
                  else next(good) for index in range(len(items))]
        body = json.dumps({**ok, count_name: len(failed), answer_list: merged}).encode()
        return answer.with_body(body) if answer else Answer(200, body, [("Content-Type", JSON_ANSWER)])
    return plan


def sqs_batch(exchange, codes):
    document = json.loads(exchange.request.body)
    kept, failed = split(document["Entries"], codes)
    result = {"Successful": []}
    if kept:
        result = json.loads(exchange.forward_changed(json.dumps({**document, "Entries": kept}).encode()).body)
    result["Failed"] = [*result.get("Failed", []),
                        *({"Id": item["Id"], "Code": codes[index], "Message": "a fault of the tests",
                           "SenderFault": not codes[index].startswith("Internal")} for index, item in failed)]
    return Answer(200, json.dumps(result).encode(), [("Content-Type", "application/x-amz-json-1.0")])


def sns_batch(exchange, codes):
    """The Query protocol: entries are numbered from 1 in a form."""
    form = urllib.parse.parse_qsl(exchange.request.body.decode(), keep_blank_values=True)
    prefix = "PublishBatchRequestEntries.member."
    members, others = {}, []
    for name, value in form:
        if name.startswith(prefix):
            number, _, rest = name[len(prefix):].partition(".")
            members.setdefault(int(number), []).append((rest, value))
        else:
            others.append((name, value))
    items = [members[number] for number in sorted(members)]
    kept, failed = split(items, codes)
    successful = ""
    if kept:
        numbered = [(f"{prefix}{number}.{rest}", value) for number, item in enumerate(kept, 1) for rest, value in item]
        text = exchange.forward_changed(urllib.parse.urlencode([*others, *numbered]).encode()).body.decode()
        successful = text.partition("<Successful>")[2].partition("</Successful>")[0]
    bad = "".join(f"<member><Id>{dict(item)['Id']}</Id><Code>{codes[index]}</Code><Message>a fault of the tests"
                  f"</Message><SenderFault>{str(not codes[index].startswith('Internal')).lower()}</SenderFault>"
                  "</member>" for index, item in failed)
    body = ('<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>'
            f"<Successful>{successful}</Successful><Failed>{bad}</Failed></PublishBatchResult><ResponseMetadata>"
            f"<RequestId>{REQUEST_ID}</RequestId></ResponseMetadata></PublishBatchResponse>")
    return Answer(200, body.encode(), [("Content-Type", "text/xml")])


def unprocessed_items(exchange, codes):
    """The items are counted through all tables, in the order in which they stand."""
    document = json.loads(exchange.request.body)
    flat = [(table, item) for table, items in document["RequestItems"].items() for item in items]
    kept, failed = split(flat, codes)
    answer, result = None, {}
    if kept:
        answer = exchange.forward_changed(json.dumps({**document, "RequestItems": grouped(kept)}).encode())
        if answer.status != 200:
            return answer
        result = json.loads(answer.body)
    result["UnprocessedItems"] = grouped([item for _, item in failed])
    body = json.dumps(result).encode()
    return answer.with_body(body) if answer else Answer(200, body, [("Content-Type", "application/x-amz-json-1.0")])


def grouped(pairs):
    tables = {}
    for table, item in pairs:
        tables.setdefault(table, []).append(item)
    return tables


PARTIAL = {
    "PutEvents": by_index("Entries", "Entries", "FailedEntryCount", {}),
    "PutRecords": by_index("Records", "Records", "FailedRecordCount", {}),
    "PutRecordBatch": by_index("Records", "RequestResponses", "FailedPutCount", {"Encrypted": False}),
    "SendMessageBatch": sqs_batch,
    "PublishBatch": sns_batch,
    "BatchWriteItem": unprocessed_items,
}
