# SPDX-License-Identifier: Apache-2.0
"""`eventgate credentials`: who answered, until when, masked; or why each provider did not."""
import datetime
import http.server
import ipaddress
import json
import os
import socket
import ssl
import subprocess
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gate import PROGRAM

KEY = "AKIAXXXXXXXXXXXXWXYZ"
SECRET = "a-secret-that-nobody-may-see"
TOKEN = "a-token-that-nobody-may-see"


def run(env, *arguments, timeout=20):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    base = {"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "no_proxy": "127.0.0.1"}
    done = subprocess.run([PROGRAM, "credentials", *arguments], capture_output=True, text=True,
                          env={**clean, **base, **env}, timeout=timeout)
    for text in (done.stdout, done.stderr):
        assert SECRET not in text and TOKEN not in text and KEY not in text
    return done


def in_an_hour():
    then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def keys_answer():
    return {"Code": "Success", "AccessKeyId": KEY, "SecretAccessKey": SECRET, "Token": TOKEN,
            "Expiration": in_an_hour()}


class Service:
    """HTTP on the loopback: `answers` maps "METHOD path" to (status, body)."""

    def __init__(self, answers, certificate=None):
        self.seen = []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                service.seen.append((f"{self.command} {self.path}", dict(self.headers)))
                status, body = answers.get(f"{self.command} {self.path}", (404, ""))
                body = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_PUT = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve():
    services = []

    def start(*arguments, **options):
        services.append(Service(*arguments, **options))
        return services[-1]

    yield start
    for service in services:
        service.close()


@pytest.fixture
def certificate(tmp_path):
    """Key and certificate in one file, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                       critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                          serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


def test_nothing_is_set_up():
    done = run({})
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "environment", "profile", "web identity", "container", "instance metadata"]
    assert "AWS_ACCESS_KEY_ID is not set" in lines[0]
    assert "AWS_EC2_METADATA_DISABLED is true" in lines[4]


def test_environment():
    done = run({"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN,
                "AWS_REGION": "eu-west-1"})
    assert done.returncode == 0
    assert "provider  environment variables\n" in done.stdout
    assert "key       AKIA********WXYZ with a session token\n" in done.stdout
    assert "expires   never\n" in done.stdout
    assert "region    eu-west-1 (AWS_REGION)\n" in done.stdout


def test_a_named_profile(tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(
        f"[p]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    env = {"HOME": str(tmp_path), "AWS_ACCESS_KEY_ID": "other", "AWS_SECRET_ACCESS_KEY": "other"}
    done = run(env, "--profile", "p")
    assert done.returncode == 0
    assert "provider  profile 'p'\n" in done.stdout
    assert "environment: " in done.stdout and "was asked for by name" in done.stdout


def test_a_program(tmp_path):
    (tmp_path / ".aws").mkdir()
    program = tmp_path / "give"
    program.write_text("#!/bin/sh\ncat <<END\n" + json.dumps({"Version": 1, **keys_answer()}) + "\nEND\n")
    program.chmod(0o755)
    config = tmp_path / ".aws/config"
    config.write_text(f"[default]\ncredential_process = {program}\n")
    done = run({"HOME": str(tmp_path)})
    assert done.returncode == 0
    assert "provider  profile 'default', credential_process\n" in done.stdout
    assert "(in 59 min)" in done.stdout or "(in 60 min)" in done.stdout
    config.write_text("[default]\ncredential_process = exit 7\n")
    done = run({"HOME": str(tmp_path)})
    assert done.returncode == 3
    assert "credential_process" in done.stderr
    assert "web identity" not in done.stdout, "those behind it are not asked"


def test_instance_metadata(serve):
    roles = "/latest/meta-data/iam/security-credentials/"
    service = serve({"PUT /latest/api/token": (200, "t0ken"), f"GET {roles}": (200, "role"),
                     f"GET {roles}role": (200, keys_answer())})
    done = run({"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url,
                "http_proxy": "http://127.0.0.1:9"})
    assert done.returncode == 0, done.stderr
    assert "provider  instance metadata (EC2)\n" in done.stdout
    assert service.seen[2][1]["X-aws-ec2-metadata-token"] == "t0ken"


def test_instance_metadata_slow():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begun = datetime.datetime.now()
        done = run({"AWS_EC2_METADATA_DISABLED": "", "AWS_EC2_METADATA_SERVICE_ENDPOINT": url})
        took = (datetime.datetime.now() - begun).total_seconds()
    assert done.returncode == 1
    assert "answers within 1 s" in done.stdout
    assert took < 4


def test_an_authority_that_nobody_knows(serve, certificate):
    service = serve({"GET /keys": (200, keys_answer())}, certificate=certificate)
    env = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": service.url + "/keys"}
    refused = run(env)
    assert refused.returncode == 3
    assert "certificate" in refused.stderr
    assert run(env, "--ca-bundle", str(certificate)).returncode == 0
    assert run(env, "--ca-bundle", "false").returncode == 0
    missing = run(env, "--ca-bundle", "/nowhere.pem")
    assert missing.returncode == 3 and "/nowhere.pem" in missing.stderr


def test_container_token_with_a_line_break(serve, tmp_path):
    service = serve({"GET /keys": (200, keys_answer())})
    token = tmp_path / "token"
    token.write_text("abc\r\nX-Injected: 1")
    done = run({"AWS_CONTAINER_CREDENTIALS_FULL_URI": service.url + "/keys",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token)})
    assert done.returncode == 3
    assert "line break" in done.stderr
    assert service.seen == []


def test_usage():
    assert run({}, "--nonsense").returncode == 2
    assert run({}, "extra").returncode == 2
    assert "--profile" in run({}, "--help").stdout
