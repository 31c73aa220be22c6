# SPDX-License-Identifier: Apache-2.0
"""An endpoint between a client and the emulators of AWS, which keeps what it sees, judges it, and makes faults.

    recorder = Recorder(moto, dynamodb_url)
    ... AWS_ENDPOINT_URL=recorder.url ...
    recorder.fault(aws_faults.throttle(), operation="PutEvents", times=2)
    ... recorder.calls("PutEvents") ...; assert not recorder.take_wrong()

Every signature is recomputed with botocore's signer. What that finds wrong is kept until take_wrong(), and goes on to
the emulator all the same, for its own verdict. Where botocore finds a signature right and moto does not (moto
normalises some paths twice), botocore counts: the request is sent to moto once more with its checks off.
"""
import contextlib
import datetime
import email.utils
import http.client
import http.server
import json
import re
import socket
import ssl
import struct
import threading
import time
import urllib.parse

import aws_faults
import aws_signature
from aws_faults import Answer

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}
# What a client may ask without a signature.
UNSIGNED = {"AssumeRoleWithWebIdentity", "GetRoleCredentials"}
NEW_KEY = re.compile(rb"<AccessKeyId>([^<]+)</AccessKeyId>\s*<SecretAccessKey>([^<]+)</SecretAccessKey>")
# AWS takes a signature that is so old; S3 one that is three times as old.
TOLERATED_S = 300


class Request:
    """As it came: headers are pairs, in their order."""

    def __init__(self, method, path, headers, body, scheme):
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.scheme = scheme

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def set_header(self, name, value):
        self.headers = [(key, value if key.lower() == name.lower() else old) for key, old in self.headers]

    @property
    def url(self):
        return f"{self.scheme}://{self.header('host')}{self.path}"


class Exchange:
    """One request and what was answered."""

    def __init__(self, recorder, request):
        self.recorder = recorder
        self.request = request
        self.at = time.monotonic()
        self.scope = aws_signature.Scope(request.header("authorization"))
        self.operation = operation_of(request, self.scope.service)
        self.service = self.scope.service or ("sts" if self.operation in UNSIGNED else "")
        self.verdict = ""
        self.answer = None
        self.fault = None  # the Fault that was made, if any

    @property
    def json(self):
        return json.loads(self.request.body)

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.request.body.decode(), keep_blank_values=True))

    @property
    def status(self):
        return self.answer.status if self.answer else None

    def forward(self):
        """Lets the request go on as it is; the emulator's answer."""
        return self.recorder.forward(self, self.request)

    def forward_changed(self, body):
        """Lets it go on with another body, signed anew."""
        request = Request(self.request.method, self.request.path, list(self.request.headers), body,
                          self.request.scheme)
        aws_signature.sign_again(request, self.recorder.secrets[self.scope.access_key])
        return self.recorder.forward(self, request)

    def __repr__(self):
        return f"<{self.service}:{self.operation} {self.request.method} {self.request.path} {self.status}>"


def operation_of(request, service):
    target = request.header("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    path, _, query = request.path.partition("?")
    if (request.header("content-type") or "").startswith("application/x-www-form-urlencoded"):
        query = request.body.decode(errors="replace")
    names = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    if "Action" in names:
        return names["Action"]
    if service == "lambda":
        return "Invoke" if path.endswith("/invocations") else "TagResource" if "/tags/" in path else path
    return s3_operation(request.method, path, names)


def s3_operation(method, path, names):
    verb = {"PUT": "Put", "GET": "Get", "HEAD": "Head", "DELETE": "Delete", "POST": "Post"}.get(method, method)
    _, _, key = path.lstrip("/").partition("/")
    if "tagging" in names:
        return f"{verb}{'Object' if key else 'Bucket'}Tagging"
    if key:
        return f"{verb}Object"
    return "ListObjectsV2" if "list-type" in names else f"{verb}Bucket"


class Fault:
    """`hits`: how often it was made. It ends after `times`, or when it is removed."""

    def __init__(self, plan, service, operation, times, when):
        self.plan = plan
        self.service = service
        self.operation = operation
        self.left = times
        self.when = when
        self.hits = 0

    def wants(self, exchange):
        return ((self.left is None or self.left > 0) and self.service in (None, exchange.service)
                and self.operation in (None, exchange.operation) and (self.when is None or self.when(exchange)))

    def remove(self):
        self.left = 0


class Recorder:
    """`tls`: (certificate file, key file) to be an https endpoint."""

    def __init__(self, moto, dynamodb_url=None, tls=None):
        self.moto = moto
        self.targets = {None: urllib.parse.urlsplit(moto.url)}
        if dynamodb_url:
            self.targets["dynamodb"] = urllib.parse.urlsplit(dynamodb_url)
        self.secrets = moto.secrets
        self.lock = threading.Lock()
        self.unchecked = threading.Lock()
        self.exchanges, self.wrong, self.faults = [], [], []
        self.expired = set()
        self.skew_s = 0
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.port = self.server.server_port
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # --- what a test says and asks

    def fault(self, plan, service=None, operation=None, times=1, when=None):
        """Makes the fault for the next `times` calls it fits (None: for all, until remove())."""
        made = Fault(plan, service, operation, times, when)
        with self.lock:
            self.faults.append(made)
        return made

    def skew(self, seconds):
        """AWS's clock goes ahead of ours by so much, and it minds."""
        self.skew_s = seconds

    def expire(self, access_key):
        """The key's session has ended."""
        self.expired.add(access_key)

    def calls(self, operation=None, service=None):
        with self.lock:
            return [one for one in self.exchanges
                    if operation in (None, one.operation) and service in (None, one.service)]

    def take_wrong(self):
        """What botocore found wrong since the last time; none, unless a test signs wrong on purpose."""
        with self.lock:
            found, self.wrong = self.wrong, []
        return found

    def reset(self):
        """Between tests: no faults, the right time, nothing kept."""
        with self.lock:
            self.exchanges, self.faults = [], []
            self.expired = set()
            self.skew_s = 0

    # --- how it answers

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.skew_s)

    def handle(self, request):
        exchange = Exchange(self, request)
        exchange.verdict = self.judge(exchange)
        with self.lock:
            self.exchanges.append(exchange)
            if exchange.verdict:
                self.wrong.append(f"{exchange!r}: {exchange.verdict}")
            exchange.fault = next((fault for fault in self.faults if fault.wants(exchange)), None)
            if exchange.fault:
                exchange.fault.hits += 1
                if exchange.fault.left is not None:
                    exchange.fault.left -= 1
        exchange.answer = self.answer(exchange)
        return exchange.answer

    def judge(self, exchange):
        if exchange.operation in UNSIGNED and not exchange.request.header("authorization"):
            return ""
        return aws_signature.verdict(exchange.request, self.secrets)

    def answer(self, exchange):
        refused = self.expiry(exchange) or self.age(exchange)
        if refused:
            return refused
        if exchange.fault:
            made = exchange.fault.plan(exchange)
            if made is not None:
                return made
        return exchange.forward()

    def expiry(self, exchange):
        return aws_faults.expired_token()(exchange) if exchange.scope.access_key in self.expired else None

    def age(self, exchange):
        """AWS refuses a signature of another time."""
        try:
            signed = datetime.datetime.strptime(exchange.request.header("x-amz-date") or "", aws_signature.DATE)
        except ValueError:
            return None
        age_s = abs((self.now() - signed.replace(tzinfo=datetime.timezone.utc)).total_seconds())
        if age_s <= TOLERATED_S * (3 if exchange.service == "s3" else 1):
            return None
        status, code = aws_faults.SKEWED.get(exchange.service, (400, "InvalidSignatureException"))
        return aws_faults.error_answer(exchange, status, code, f"Signature is of another time: {age_s:.0f} s")

    def forward(self, exchange, request):
        answer = self.send(exchange.service, request)
        if answer.status == 403 and b"SignatureDoesNotMatch" in answer.body and not exchange.verdict:
            with self.unchecked:
                self.moto.check_signatures(False)
                try:
                    answer = self.send(exchange.service, request)
                finally:
                    self.moto.check_signatures(True)
        for key, secret in NEW_KEY.findall(answer.body):
            self.secrets[key.decode()] = secret.decode()
        return answer

    def send(self, service, request):
        target = self.targets.get(service, self.targets[None])
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest(request.method, request.path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers:
                if name.lower() not in HOP_BY_HOP - {"date"} and name.lower() != "expect":
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(request.body)))
            connection.endheaders(request.body)
            response = connection.getresponse()
            headers = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
            return Answer(response.status, response.read(), headers)


def handler_of(recorder):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle(self):
            # A client that goes away, or does not like our certificate, is none of our business.
            with contextlib.suppress(OSError):
                super().handle()

        def take(self):
            request = Request(self.command, self.path, list(self.headers.items()), self.read_body(), recorder.scheme)
            self.give(recorder.handle(request))

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = take

        def read_body(self):
            if "chunked" not in (self.headers.get("Transfer-Encoding") or ""):
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def give(self, answer):
            if answer.status:
                self.send_head(answer)
                self.wfile.flush()
                time.sleep(answer.pause_s)
                if self.command != "HEAD":
                    self.wfile.write(answer.body if answer.cut is None else answer.body[:answer.cut])
                    self.wfile.flush()
            if answer.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if answer.reset or answer.cut is not None:
                self.close_connection = True

        def send_head(self, answer):
            self.send_response_only(answer.status)
            self.send_header("Date", email.utils.format_datetime(recorder.now(), usegmt=True))
            for name, value in answer.headers:
                self.send_header(name, value)
            length = answer.header("content-length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(answer.body)))
            self.end_headers()

        def log_message(self, *arguments):
            pass

    return Handler
