# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document is what the daemon does, and /docs shows it in a browser."""
import re
import shutil
import subprocess

import jsonschema
import pytest
import requests
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from gate import ROOT

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
# The page itself and its files are for browsers, not for clients.
PAGES = {"/docs", "/docs/{file}"}


@pytest.fixture(scope="module")
def gate(plain_gate):
    return plain_gate


@pytest.fixture(scope="module")
def document(gate):
    response = gate.get("/api")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/yaml"
    return yaml.safe_load(response.text)


def operations(document):
    return {(method.upper(), path) for path, item in document["paths"].items() for method in item if method in METHODS}


def test_what_is_served_is_the_file(gate):
    assert gate.get("/api").content == (ROOT / "src/api/openapi.yaml").read_bytes()


def test_the_document_is_valid(document):
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_the_document_has_every_public_route_and_no_other(document):
    source = (ROOT / "src/api/routes.c").read_text()
    table = re.search(r"eg_api_public_routes\[\] = \{(.*?)\n\};", source, re.S).group(1)
    routes = {(method, path) for method, path in re.findall(r'\{EG_HTTP_(\w+), "([^"]+)"', table)}
    assert len(routes) >= 10
    documented = operations(document)
    assert {each for each in routes if each[1] not in PAGES} == {each for each in documented if each[1] not in PAGES}
    assert {each for each in documented if each[1] in PAGES} <= routes


def test_the_daemon_knows_every_documented_operation_and_no_other(document, gate):
    for path in document["paths"]:
        url = gate.url(path.replace("{topic}", "things").replace("{file}", "start.js"))
        response = requests.request("PATCH", url, timeout=20)
        assert response.status_code == 405, path
        allowed = set(response.headers["Allow"].replace(" ", "").split(","))
        documented = {method for method, each in operations(document) if each == path}
        if "GET" in documented:
            documented.add("HEAD")
        assert allowed == documented, path


def test_admin_routes_are_not_documented_for_clients(document):
    assert not {"/metrics", "/reload", "/terminate"} & set(document["paths"])


def test_every_operation_has_an_id_a_summary_and_its_answers(document):
    found = [item[method] for item in document["paths"].values() for method in item if method in METHODS]
    assert len({operation["operationId"] for operation in found}) == len(found)
    for operation in found:
        assert operation["summary"] and operation["responses"]


def test_the_post_documents_every_status_that_it_answers(document):
    responses = document["paths"]["/topics/{topic}"]["post"]["responses"]
    assert {"202", "207", "400", "401", "403", "404", "413", "415", "429", "431", "500", "503"} <= set(responses)


def test_examples_fit_their_schemas(document):
    """The examples of replies are what a client writes its code against."""
    registry = Registry().with_resource("urn:api", Resource(document, DRAFT202012))

    def resolve(node):
        while "$ref" in node:
            parts = node["$ref"].lstrip("#/").split("/")
            node = document
            for part in parts:
                node = node[part]
        return node

    checked = 0
    for _, path in operations(document):
        for method, operation in document["paths"][path].items():
            if method not in METHODS:
                continue
            for answer in operation["responses"].values():
                for kind, content in resolve(answer).get("content", {}).items():
                    examples = [content["example"]] if "example" in content else []
                    examples += [resolve(each)["value"] for each in content.get("examples", {}).values()]
                    if "json" not in kind or "schema" not in content:
                        continue
                    schema = {"$id": "urn:api", **{"components": document["components"]}, **content["schema"]}
                    validator = jsonschema.Draft202012Validator(schema, registry=registry)
                    for example in examples:
                        validator.validate(example)
                        checked += 1
    assert checked > 0


# --- the page

def needs_swagger(gate):
    if gate.get("/docs/swagger-ui-bundle.js").status_code != 200:
        pytest.skip("Swagger UI is not built in (make swagger)")


def test_the_page_loads_nothing_from_elsewhere(gate):
    needs_swagger(gate)
    response = gate.get("/docs")
    assert response.status_code == 200 and response.headers["Content-Type"] == "text/html"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert 'data-url="./api"' in response.text
    links = re.findall(r'(?:src|href)="([^"]+)"', response.text)
    assert links and all(link.startswith("./docs/") for link in links)
    for link in links:
        file = gate.get(link[1:])
        assert file.status_code == 200 and len(file.content) > 100, link
        assert file.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["nothing.js", "..", "index.html", "%2e%2e%2fapi", "start.js%00"])
def test_files_that_are_not_part_of_the_page(gate, name):
    assert gate.get(f"/docs/{name}").status_code in (400, 404)


def test_the_page_in_a_browser(gate, document, tmp_path):
    needs_swagger(gate)
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("no browser (Debian package chromium)")
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                           "--no-first-run", f"--user-data-dir={tmp_path}", "--virtual-time-budget=20000",
                           "--dump-dom", gate.url("/docs")],
                          capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    shown = re.findall(r'data-path="([^"]+)"', done.stdout)
    shown = {path.replace("\u200b", "").replace("&ZeroWidthSpace;", "") for path in shown}
    assert shown == set(document["paths"])
    assert document["info"]["title"] in done.stdout
    assert "Failed to load API definition" not in done.stdout
