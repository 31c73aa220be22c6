# SPDX-License-Identifier: Apache-2.0
"""Where a machine or a container gets its AWS credentials from: instance metadata (IMDS) and the ECS endpoint.

    metadata = MetadataServer(credentials, mode="v1")
    ... environment: metadata.instance() or metadata.container() ...

`mode` is how the instance metadata behaves: "v2"; "v1" (no tokens: PUT is answered 405); "slow" (each answer takes
slow_s seconds). `absent()` is an environment for a machine that has none.
"""
import datetime
import http.server
import json
import threading
import time

from moto_server import free_port

TOKEN = "AQAEAGtests-metadata-token=="
ROLE = "eventgate-instance"
ROLES_PATH = "/latest/meta-data/iam/security-credentials/"
CONTAINER_PATH = "/v2/credentials/tests"
CONTAINER_TOKEN = "container-token"


class MetadataServer:
    def __init__(self, credentials, mode="v2", lifetime_s=3600, slow_s=5.0):
        self.credentials = credentials
        self.mode = mode
        self.lifetime_s = lifetime_s
        self.slow_s = slow_s
        self.requests = []  # (method, path)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def instance(self):
        return {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url}

    def container(self, token_file=None):
        """With a token file, or with the token itself."""
        found = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url + CONTAINER_PATH}
        if token_file:
            return {**found, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token_file)}
        return {**found, "AWS_CONTAINER_AUTHORIZATION_TOKEN": CONTAINER_TOKEN}

    def document(self, **more):
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.lifetime_s)
        return {"AccessKeyId": self.credentials.access_key, "SecretAccessKey": self.credentials.secret_key,
                "Token": self.credentials.token, "Expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"), **more}

    def answer(self, method, path, headers):
        """The status and the body."""
        if path == CONTAINER_PATH:
            return (200, json.dumps(self.document())) if headers.get("Authorization") == CONTAINER_TOKEN else (401, "")
        if self.mode == "slow":
            time.sleep(self.slow_s)
        if method == "PUT":
            wanted = path == "/latest/api/token" and headers.get("X-aws-ec2-metadata-token-ttl-seconds")
            return (405, "") if self.mode == "v1" else (200, TOKEN) if wanted else (400, "")
        if self.mode != "v1" and headers.get("X-aws-ec2-metadata-token") != TOKEN:
            return 401, ""
        if path == ROLES_PATH:
            return 200, ROLE
        if path == ROLES_PATH + ROLE:
            return 200, json.dumps(self.document(Code="Success", Type="AWS-HMAC"))
        return 404, ""


def absent():
    """A machine without instance metadata: nobody listens there."""
    return {"AWS_EC2_METADATA_DISABLED": "false",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{free_port()}"}


def handler_of(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def take(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.requests.append((self.command, self.path))
            status, body = server.answer(self.command, self.path, self.headers)
            try:
                self.send_response(status)
                if self.command == "PUT" and status == 200:
                    self.send_header("X-aws-ec2-metadata-token-ttl-seconds", "21600")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())
            except OSError:
                self.close_connection = True  # who asked did not wait

        do_GET = do_PUT = take

        def log_message(self, *arguments):
            pass

    return Handler
