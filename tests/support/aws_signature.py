# SPDX-License-Identifier: Apache-2.0
"""What botocore's own signer thinks of a request that somebody else signed.

A signature has a verdict: "" when it is right, else what is wrong with it. Beside the signature itself, AWS wants
host, content-type and every x-amz-* header signed, the payload's hash to be the payload's, and the scope's day to be
the request's.
"""
import datetime
import hashlib
import re

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/, ]+)/(\d{8})/([^/, ]+)/([^/, ]+)/aws4_request, ?"
                           r"SignedHeaders=([a-z0-9;_-]+), ?Signature=([0-9a-f]{64})")
DATE = "%Y%m%dT%H%M%SZ"
# These are changed or added on the way, so a signature over them breaks.
NEVER_SIGNED = {"connection", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "user-agent",
                "x-amzn-trace-id", "authorization"}
HASH = re.compile(r"[0-9a-f]{64}")


class Scope:
    """The parts of an Authorization header."""

    def __init__(self, header):
        match = AUTHORIZATION.fullmatch(header or "")
        self.well_formed = match is not None
        groups = match.groups() if match else ("", "", "", "", "", "")
        self.access_key, self.day, self.region, self.service, signed, self.signature = groups
        self.signed_headers = signed.split(";")


def signer(scope, secret, token=None):
    kind = S3SigV4Auth if scope.service == "s3" else SigV4Auth
    return kind(Credentials(scope.access_key, secret, token), scope.service, scope.region)


def aws_request(request, names, url):
    """botocore's form of the request, with the headers in `names` only."""
    made = AWSRequest(method=request.method, url=url, data=request.body)
    for name, value in request.headers:
        if name.lower() in names:
            made.headers.add_header(name, value)
    made.context["timestamp"] = request.header("x-amz-date")
    return made


def recompute(request, scope, secret):
    """The signature that botocore computes for the same request, and its canonical request."""
    auth = signer(scope, secret)
    made = aws_request(request, scope.signed_headers, request.url)
    canonical = auth.canonical_request(made)
    return auth.signature(auth.string_to_sign(made, canonical), made), canonical


def verdict(request, secrets):
    """`secrets`: secret keys by access key. `request`: method, url, headers (pairs), header(name), body."""
    scope = Scope(request.header("authorization"))
    if not scope.well_formed:
        return f"no well-formed Authorization header: {request.header('authorization')!r}"
    wrong = wrong_frame(request, scope)
    if wrong:
        return wrong
    if scope.access_key not in secrets:
        return f"nobody has the access key {scope.access_key}"
    expected, canonical = recompute(request, scope, secrets[scope.access_key])
    if expected != scope.signature:
        return f"botocore computes {expected}, the request says {scope.signature}; canonical request:\n{canonical}"
    return ""


def wrong_frame(request, scope):
    """Everything that is seen without the secret."""
    try:
        datetime.datetime.strptime(request.header("x-amz-date") or "", DATE)
    except ValueError:
        return f"X-Amz-Date is {request.header('x-amz-date')!r}"
    if not request.header("x-amz-date").startswith(scope.day):
        return f"the scope's day is {scope.day}, the request's {request.header('x-amz-date')}"
    names = {name.lower() for name, _ in request.headers}
    wanted = {name for name in names if name.startswith("x-amz-") or name in ("host", "content-type")}
    if wanted - set(scope.signed_headers):
        return f"not signed: {sorted(wanted - set(scope.signed_headers))}"
    if set(scope.signed_headers) - names:
        return f"signed and not sent: {sorted(set(scope.signed_headers) - names)}"
    if NEVER_SIGNED & set(scope.signed_headers):
        return f"signed and changed on the way: {sorted(NEVER_SIGNED & set(scope.signed_headers))}"
    if scope.signed_headers != sorted(scope.signed_headers):
        return f"SignedHeaders are not sorted: {scope.signed_headers}"
    return wrong_payload_hash(request, scope)


def wrong_payload_hash(request, scope):
    said = request.header("x-amz-content-sha256")
    if said is None:
        return "S3 wants x-amz-content-sha256" if scope.service == "s3" else ""
    if HASH.fullmatch(said):
        right = hashlib.sha256(request.body).hexdigest()
        return "" if said == right else f"x-amz-content-sha256 is {said}, the body's hash {right}"
    if said == "UNSIGNED-PAYLOAD" and request.url.startswith("https:"):
        return ""
    return f"x-amz-content-sha256 is {said!r}"


def sign_again(request, secret):
    """After a change of the body: the request's headers with botocore's signature for it, as it stands."""
    scope = Scope(request.header("authorization"))
    if request.header("x-amz-content-sha256"):
        request.set_header("x-amz-content-sha256", hashlib.sha256(request.body).hexdigest())
    request.set_header("content-length", str(len(request.body)))
    signature, _ = recompute(request, scope, secret)
    request.set_header("authorization", request.header("authorization").replace(scope.signature, signature))
