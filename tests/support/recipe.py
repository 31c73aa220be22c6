# SPDX-License-Identifier: Apache-2.0
"""Runs a recipe of etc/recipes: the servers it needs, its AWS resources, its daemons; then posts to it and looks.

    with RunningRecipe(Recipe("audit-service"), folder, servers, program) as running:
        running.post("insert")
        ... running.arrived() ...

recipe.yaml says all that is not the daemon's configuration; etc/recipes/README.md explains its fields.
`etc/recipes/run` does this for a person, tests/e2e/test_recipe_*.py for `make check`.
"""
import base64
import json
import os
import pathlib
import signal
import string
import subprocess
import time

import botocore.exceptions
import jmespath
import requests
import yaml
from boto3.dynamodb.types import TypeDeserializer

from moto_server import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECIPES = ROOT / "etc/recipes"
READY_S = 60


class Recipe:
    """What recipe.yaml says."""

    def __init__(self, name):
        self.name = name
        self.folder = RECIPES / name
        if not (self.folder / "recipe.yaml").is_file():
            names = sorted(path.parent.name for path in RECIPES.glob("*/recipe.yaml"))
            raise SystemExit(f"there is no recipe '{name}'; there are: {', '.join(names)}")
        document = yaml.safe_load((self.folder / "recipe.yaml").read_text())
        self.title = document["title"]
        self.servers = document.get("servers", [])  # beside moto: dynamodb, kafka, postgres
        self.gates = document.get("gates", {"gate": "eventgate.yaml"})
        self.environment = document.get("environment", {})
        self.resources = document.get("resources", [])
        self.posts = {post["name"]: post for post in document["posts"]}
        self.show = document["show"]


class Servers:
    """The emulators of one run. Whoever starts them stops them: a test run shares them between recipes.

    The recorder stands in front of moto and DynamoDB Local, for daemons and for the recipe's own calls.
    """

    def __init__(self, recorder, kafka=None, postgres=None):
        self.recorder = recorder
        self.moto = recorder.moto
        self.aws_url = recorder.url
        self.kafka = kafka
        self.postgres = postgres

    def client(self, service, where=None):
        """`where`: has perhaps an `account` ("other") and a `region`."""
        where = where or {}
        who = self.moto.other_credentials if where.get("account") == "other" else self.moto.credentials
        return self.moto.client(service, who, where.get("region"), self.aws_url)

    def environment(self):
        """Beside AWS's own names: what configurations of recipes may ask for."""
        found = {**self.moto.environment(self.aws_url), "AWS_ACCOUNT_ID": self.moto.account,
                 "OTHER_ACCOUNT_ID": self.moto.other_account, "OTHER_ACCOUNT_ROLE": self.moto.other_role_arn,
                 "OTHER_ACCOUNT_EXTERNAL_ID": self.moto.external_id, "SQS_URL": self.aws_url}
        if self.kafka:
            found["KAFKA_BOOTSTRAP_SERVERS"] = self.kafka.bootstrap
        if self.postgres:
            found.update({"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(self.postgres.port),
                          "POSTGRES_CA": str(self.postgres.folder / "ca.pem")})
        return found


class RunningRecipe:
    """`keys`: has token(subject) and upstream (its public half); see tests/e2e/gate.py."""

    def __init__(self, recipe, folder, servers, program, keys):
        self.recipe = recipe
        self.folder = pathlib.Path(folder).resolve()
        self.servers = servers
        self.program = program
        self.keys = keys
        self.daemons = {}
        self.urls = {name: f"http://127.0.0.1:{free_port()}" for name in recipe.gates}
        self.admin_urls = {name: f"http://127.0.0.1:{free_port()}" for name in recipe.gates}
        self.seen = set()
        self.environment = {}

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment = {**self.servers.environment(),
                            **{f"{name.upper()}_URL": url for name, url in self.urls.items()}}
        self.environment.update({name: self.fill(value) for name, value in self.recipe.environment.items()})
        try:
            self.make_resources()
            for name, config in self.recipe.gates.items():
                self.start_gate(name, config)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, *_):
        codes = self.close()
        assert kind or not any(codes.values()), f"exit codes {codes}:\n{self.logs()}"

    def fill(self, value):
        """${NAME} of the environment, in every string of `value`."""
        if isinstance(value, dict):
            return {key: self.fill(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        return string.Template(value).substitute(self.environment) if isinstance(value, str) else value

    # --- resources

    def make_resources(self):
        """Each is one call; what it saves of the answer is in the environment of those after it."""
        for resource in self.recipe.resources:
            [(call, parameters)] = resource["call"].items()
            service, _, operation = call.partition(".")
            made = self.fill(parameters or {})
            if service == "postgres":
                self.prepare_postgres(operation, made)
            elif service == "kafka":
                self.servers.kafka.create_topic(**made)
            else:
                answer = self.ask(call, made, resource)
                for name, path in resource.get("save", {}).items():
                    self.environment[name] = jmespath.search(path, answer)

    def ask(self, call, parameters, where=None):
        """An operation of AWS, as boto3 names it: "s3.put_object". `Body: {file: PATH}` is a file of the recipe."""
        service, _, operation = call.partition(".")
        parameters = {name: (self.recipe.folder / value["file"]).read_bytes()
                      if isinstance(value, dict) and list(value) == ["file"] else value
                      for name, value in parameters.items()}
        return getattr(self.servers.client(service, where), operation)(**parameters)

    def prepare_postgres(self, operation, parameters):
        from postgres_server import migrate
        assert operation == "migrate", operation
        self.servers.postgres.create_database(parameters["database"])
        done = migrate(self.program, self.servers.postgres.dsn(parameters["database"]))
        assert done.returncode == 0, done.stderr

    # --- daemons

    def start_gate(self, name, config):
        home = self.folder / name
        home.mkdir(exist_ok=True)
        (home / "keys.json").write_text(json.dumps({"keys": [self.keys.upstream]}))
        environment = {**os.environ, **self.environment, "EVENTGATE_DATA_DIR": str(home),
                       "EVENTGATE_LISTEN": self.urls[name].removeprefix("http://"),
                       "EVENTGATE_ADMIN_LISTEN": self.admin_urls[name].removeprefix("http://"),
                       "EVENTGATE_KEYS_FILE": str(home / "keys.json")}
        environment.pop("CONF_DIR", None)
        with open(home / "gate.log", "ab") as log:
            self.daemons[name] = subprocess.Popen([self.program, "serve", "-c", self.recipe.folder / config],
                                                  stdout=log, stderr=log, env=environment, cwd=home)
        self.wait_ready(name)

    def wait_ready(self, name):
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            assert self.daemons[name].poll() is None, f"'{name}' ended:\n{self.logs()}"
            try:
                if requests.get(f"{self.urls[name]}/ready", timeout=2).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.05)
        raise AssertionError(f"'{name}' was not ready within {READY_S} s:\n{self.logs()}")

    def close(self):
        """The daemons' exit codes."""
        for daemon in self.daemons.values():
            if daemon.poll() is None:
                daemon.send_signal(signal.SIGTERM)
        codes = {}
        for name, daemon in self.daemons.items():
            try:
                codes[name] = daemon.wait(30)
            except subprocess.TimeoutExpired:
                daemon.kill()
                codes[name] = daemon.wait()
        return codes

    def logs(self):
        return "\n".join(path.read_text(errors="replace")[-6000:] for path in self.folder.glob("*/gate.log"))

    # --- posting

    def request(self, name):
        """URL, headers and body of a post of the recipe."""
        post = self.recipe.posts[name]
        gate = post.get("gate", next(iter(self.recipe.gates)))
        headers = {"Content-Type": "application/json", **self.fill(post.get("headers") or {
            "Authorization": f"Bearer {self.keys.token(post.get('user', 'dev'))}"})}
        return self.urls[gate] + post["path"], headers, self.sample(name).read_bytes()

    def sample(self, name):
        """The post's file, ${NAME} in it filled."""
        source = self.recipe.folder / self.recipe.posts[name]["file"]
        filled = self.folder / source.name
        filled.write_text(string.Template(source.read_text()).safe_substitute(self.environment))
        return filled

    def post(self, name, body=None, **headers):
        """Posts a sample, or `body` in its place."""
        url, sent, sample = self.request(name)
        data = sample if body is None else json.dumps(body).encode()
        return requests.post(url, data=data, headers={**sent, **headers}, timeout=30)

    def curl(self, name):
        """The same as a line to paste."""
        url, headers, _ = self.request(name)
        lines = "".join(f" \\\n    -H '{key}: {value}'" for key, value in headers.items())
        return f"curl -i {url}{lines} \\\n    -d @{self.sample(name)}"

    # --- what arrived

    def arrived(self):
        """{what the recipe shows: [everything there is, as text or JSON]}."""
        return {label_of(spec): LOOKS[spec["kind"]](self, self.fill(spec)) for spec in self.recipe.show}

    def news(self):
        """(label, thing) of everything that was not there at the last call."""
        for label, things in self.arrived().items():
            for thing in things:
                text = thing if isinstance(thing, str) else json.dumps(thing, default=str)
                if (label, text) not in self.seen:
                    self.seen.add((label, text))
                    yield label, text


def label_of(spec):
    return spec.get("as") or f"{spec['kind']} {spec['name']}"


def bucket(running, spec):
    s3 = running.servers.client("s3", spec)
    found = s3.list_objects_v2(Bucket=spec["name"]).get("Contents", [])
    return [{"key": one["Key"], "body": body_text(s3.get_object(Bucket=spec["name"], Key=one["Key"])["Body"].read())}
            for one in found]


def body_text(body):
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"base64:{base64.b64encode(body).decode()}"


def table(running, spec):
    decode = TypeDeserializer().deserialize
    items = running.servers.client("dynamodb", spec).scan(TableName=spec["name"], ConsistentRead=True)["Items"]
    return [json.loads(json.dumps({name: decode(value) for name, value in item.items()}, default=number_of))
            for item in items]


def number_of(value):
    """DynamoDB's numbers are decimals."""
    return int(value) if value == int(value) else float(value)


def queue(running, spec):
    """Messages are taken for a moment and put back, so that they are there the next time."""
    sqs = running.servers.client("sqs", spec)
    url = sqs.get_queue_url(QueueName=spec["name"])["QueueUrl"]
    taken = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30).get("Messages"):
        taken += batch
    for message in taken:
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    return [message["Body"] for message in taken]


def log_group(running, spec):
    logs = running.servers.client("logs", spec)
    groups = logs.describe_log_groups(logGroupNamePrefix=spec["name"])["logGroups"]
    if spec["name"] not in [group["logGroupName"] for group in groups]:
        return []
    return [one["message"] for one in logs.filter_log_events(logGroupName=spec["name"])["events"]]


def kafka_topic(running, spec):
    from kafka_reader import read_all
    return [message.value.decode() for message in read_all(running.servers.kafka, spec["name"])]


def sql(running, spec):
    rows = running.servers.postgres.query(f"SELECT to_jsonb(t) FROM ({spec['query']}) t", database=spec["database"])
    return [row[0] for row in rows]


def call(running, spec):
    """What an operation of AWS answers, or the part of it that `path` (JMESPath) names; nothing on an error."""
    try:
        answer = running.ask(spec["call"], spec.get("parameters", {}), spec)
    except botocore.exceptions.ClientError:
        return []
    found = jmespath.search(spec["path"], answer)
    return found if isinstance(found, list) else [] if found is None else [found]


LOOKS = {"call": call, "bucket": bucket, "table": table, "queue": queue, "log": log_group, "kafka": kafka_topic,
         "sql": sql}
