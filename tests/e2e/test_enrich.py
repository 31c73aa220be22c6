# SPDX-License-Identifier: Apache-2.0
"""Calls whose answers join an event before a rule's target gets it: over HTTP, and to Lambda."""
import http.server
import json
import threading
import time

import pytest

from gate import wait_until, write_yaml

ALL = {"source": [{"prefix": ""}]}


class Answers:
    """A server that answers every POST with what `answer` says, and remembers what came."""

    def __init__(self):
        self.seen, self.status, self.headers, self.delay = [], 200, {}, 0
        self.answer = lambda body: {"known": True}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.seen.append((self.path, dict(self.headers), json.loads(body)))
                time.sleep(outer.delay)
                answer = outer.answer(json.loads(body))
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def answers():
    server = Answers()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def enriching(make_gate):
    def make(call, env=None, target=None, **settings):
        gate = make_gate({"sinks": {"lines": {"type": "log", "path": "lines.log"},
                                    "lost": {"type": "log", "path": "lost.log"}},
                          "topics": {"things": {"sinks": "none"}}, "outbox": {"path": "outbox.db"},
                          "rules": {"folder": "rules"}, **settings}, start=False, env=env)
        (gate.folder / "rules").mkdir()
        write_yaml(gate.folder / "rules/r.yaml", {"name": "r", "event_pattern": ALL, "targets": [
            {"id": "t", "sink": "lines", "enrich": call, **(target or {})}]})
        return gate.start()
    return make


def payloads(gate, name="lines"):
    return [json.loads(line)["payload"] for line in (gate.folder / f"{name}.log").read_text().splitlines()]


def test_the_answer_joins_the_event(enriching, answers):
    gate = enriching({"url": answers.url + "/customers", "into": "customer", "headers": {"X-Who": "gate"},
                      "template": '{"wanted": <$.detail.id>}'},
                     target={"input_transformer": {"paths": {"c": "$.detail.customer.name", "n": "$.detail.id"},
                                                   "template": '{"name": <c>, "id": <n>}'}})
    answers.answer = lambda body: {"name": f"customer {body['wanted']}"}
    assert gate.post("things", {"id": 7}).status_code == 202
    assert payloads(gate) == [{"name": "customer 7", "id": 7}]
    (path, headers, body), = answers.seen
    assert path == "/customers" and body == {"wanted": 7} and headers["X-Who"] == "gate"
    assert headers["traceparent"].startswith("00-")


def test_the_envelope_is_what_the_call_gets_and_the_target_too(enriching, answers):
    gate = enriching({"url": answers.url}, target={"protect": {"drop": ["$.detail.iban"]}})
    assert gate.post("things", {"id": 7, "iban": "DE1"}).status_code == 202
    envelope, = payloads(gate)
    assert envelope["detail"] == {"id": 7, "enrichment": {"known": True}}
    assert answers.seen[0][2]["detail"] == {"id": 7}  # protected before it leaves


@pytest.mark.parametrize("status, answer, reason", [
    (404, b"{}", "the answer was 404"), (500, b"{}", "the answer was 500"), (200, b"<html>", "no JSON"),
    (200, b'"' + b"x" * 300 * 1024 + b'"', "bytes")],
                         ids=["not found", "broken", "no JSON", "too large"])
def test_a_failed_call_is_a_failed_delivery(enriching, answers, status, answer, reason):
    gate = enriching({"url": answers.url})
    answers.status, answers.answer = status, lambda body: answer
    reply = gate.post("things", {"id": 7})
    assert reply.status_code == 500
    error, = reply.json()["errors"]
    assert error["type"] == "lines" and "enrich" in error["message"] and reason in error["message"], error
    assert payloads(gate) == []


def test_a_call_that_is_not_required_may_fail(enriching, answers):
    gate = enriching({"url": answers.url, "required": False, "timeout": "200ms"})
    answers.delay = 1
    assert gate.post("things", {"id": 7}).status_code == 202
    assert payloads(gate)[0]["detail"] == {"id": 7}


def test_a_failed_call_has_a_dead_letter(enriching, answers):
    gate = enriching({"url": answers.url}, target={"dead_letter": "lost", "await": False})
    answers.status = 403
    gate.post("things", {"id": 7})
    wait_until(lambda: payloads(gate, "lost"))
    assert payloads(gate, "lost")[0]["detail"] == {"id": 7}


def test_an_owed_target_is_enriched_before_it_is_promised(enriching, answers):
    gate = enriching({"url": answers.url}, target={"await": False})
    assert gate.post("things", {"id": 7}).status_code == 202
    wait_until(lambda: payloads(gate))
    assert payloads(gate)[0]["detail"]["enrichment"] == {"known": True}


AWS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"}


def test_a_function_of_lambda_is_invoked(enriching, answers):
    gate = enriching({"lambda": "arn:aws:lambda:eu-west-1:111122223333:function:f"}, env=AWS,
                     enrich={"aws": {"region": "eu-west-1", "endpoint_url": answers.url}})
    assert gate.post("things", {"id": 7}).status_code == 202
    assert payloads(gate)[0]["detail"]["enrichment"] == {"known": True}
    path, headers, body = answers.seen[0]
    assert path == "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Af/invocations"
    assert "/eu-west-1/lambda/aws4_request" in headers["Authorization"] and body["detail"] == {"id": 7}


def test_a_function_that_failed_is_a_failed_call(enriching, answers):
    gate = enriching({"lambda": "f"}, env=AWS,
                     enrich={"aws": {"region": "eu-west-1", "endpoint_url": answers.url}})
    answers.headers = {"X-Amz-Function-Error": "Unhandled"}
    reply = gate.post("things", {"id": 7})
    assert reply.status_code == 500 and "the function failed" in reply.json()["errors"][0]["message"]
