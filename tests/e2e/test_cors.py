# SPDX-License-Identifier: Apache-2.0
"""Calls from pages of other origins: off unless configured."""
import pytest
import requests

from gate import run

PAGE = "https://app.example.org"
CORS = {"server": {"cors": {"allowed_origins": [PAGE, "http://localhost:3000"],
                            "allowed_headers": ["authorization", "content-type"],
                            "exposed_headers": ["x-correlation-id"], "max_age": "5m"}}}


def preflight(gate, path="/topics/things", origin=PAGE, method="POST"):
    return requests.options(gate.url(path), timeout=20, headers={
        "Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization"})


def cors_headers(response):
    return {name.lower(): value for name, value in response.headers.items()
            if name.lower().startswith("access-control-") or name.lower() == "vary"}


def test_off_by_default(make_gate):
    gate = make_gate()
    assert cors_headers(gate.post("things", {}, headers={"Origin": PAGE})) == {}
    response = preflight(gate)
    assert response.status_code == 405 and cors_headers(response) == {}


def test_preflight(make_gate):
    gate = make_gate(CORS)
    response = preflight(gate)
    assert response.status_code == 204 and response.content == b""
    found = cors_headers(response)
    assert set(found.pop("access-control-allow-methods").replace(" ", "").split(",")) >= {"GET", "POST"}
    assert found == {"access-control-allow-origin": PAGE, "access-control-allow-headers": "authorization, content-type",
                     "access-control-max-age": "300", "access-control-expose-headers": "x-correlation-id",
                     "vary": "Origin"}


@pytest.mark.parametrize("origin", ["https://evil.example.org", PAGE + ".evil.com", PAGE.upper(), "null",
                                    "http://app.example.org", PAGE + ":444"])
def test_other_origins_get_no_leave(make_gate, origin):
    gate = make_gate(CORS)
    assert "access-control-allow-origin" not in cors_headers(preflight(gate, origin=origin))
    response = gate.post("things", {}, headers={"Origin": origin})
    assert response.status_code == 202 and "access-control-allow-origin" not in cors_headers(response)


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:3000"])
def test_answers_name_the_origin(make_gate, origin):
    gate = make_gate(CORS)
    for response in (gate.post("things", {}, headers={"Origin": origin}),
                     gate.post("things", "{", headers={"Origin": origin}),
                     gate.post("things", {}, token="nonsense", headers={"Origin": origin}),
                     gate.get("/topics", headers={"Origin": origin})):
        found = cors_headers(response)
        assert found["access-control-allow-origin"] == origin and found["vary"] == "Origin"
        assert "access-control-allow-credentials" not in found


def test_answers_vary_even_for_those_without_leave(make_gate):
    """A cache between must not hand the answer to one origin to another."""
    gate = make_gate(CORS)
    assert cors_headers(gate.get("/topics")).get("vary") == "Origin"
    assert cors_headers(gate.get("/topics", headers={"Origin": "https://evil.example.org"})).get("vary") == "Origin"


def test_any_origin(make_gate):
    gate = make_gate({"server": {"cors": {"allowed_origins": ["*"]}}})
    found = cors_headers(gate.post("things", {}, headers={"Origin": "https://whoever.example.org"}))
    assert found == {"access-control-allow-origin": "*"}


def test_credentials(make_gate):
    gate = make_gate({"server": {"cors": {"allowed_origins": [PAGE], "allow_credentials": True}}})
    assert cors_headers(preflight(gate))["access-control-allow-credentials"] == "true"


def test_credentials_and_any_origin_exclude_each_other(make_gate):
    gate = make_gate({"server": {"cors": {"allowed_origins": ["*"], "allow_credentials": True}}}, start=False)
    done = run("check", "-c", gate.config)
    assert done.returncode == 1 and "cors" in done.stderr


@pytest.mark.parametrize("path", ["/health", "/docs", "/live"])
def test_pages_have_no_business_there(make_gate, path):
    gate = make_gate(CORS)
    assert "access-control-allow-origin" not in cors_headers(gate.get(path, headers={"Origin": PAGE}))
