# SPDX-License-Identifier: Apache-2.0
"""A real Apache Kafka for the tests: KRaft, one node or several, on free loopback ports.

    with KafkaCluster(folder) as kafka:
        kafka.create_topic("runs", partitions=3)
        ... kafka.bootstrap ...

The jars come from Maven Central by tests/support/kafka/pom.xml into build/kafka/lib. Nothing outlives the process that started it: a node is stopped by close(),
at exit, and by the kernel when its parent dies.
"""
import atexit
import ctypes
import datetime
import ipaddress
import os
import pathlib
import shutil
import signal
import subprocess
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import (AclBinding, AclOperation, AclPermissionType, AdminClient, NewTopic,
                                   ResourcePatternType, ResourceType)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (BestAvailableEncryption, Encoding,
                                                          NoEncryption, PrivateFormat)
from cryptography.x509.oid import NameOID

from ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIB = pathlib.Path(os.environ.get("KAFKA_LIB", ROOT / "build/kafka/lib"))
CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qk"
HEAP = ["-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
PR_SET_PDEATHSIG = 1


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def fetch_jars():
    """Once for a build folder."""
    if not list(LIB.glob("kafka_2.13-*.jar")):
        subprocess.run(["mvn", "-q", "-B", "-f", ROOT / "tests/support/kafka/pom.xml", f"-Dlib={LIB.resolve()}",
                        "prepare-package"], check=True, timeout=900, stdout=subprocess.DEVNULL)


def java(heap, main, *arguments, jvm=()):
    return ["java", *heap, *jvm, "-cp", f"{LIB}/*", main, *map(str, arguments)]


class Listener:
    """One way in: its name, its security protocol, and more lines of server.properties."""

    def __init__(self, name, protocol="PLAINTEXT", properties=None):
        self.name = name
        self.protocol = protocol
        self.properties = properties or {}


class Node:
    def __init__(self, cluster, index):
        self.cluster = cluster
        self.id = index + 1
        self.folder = cluster.folder / f"node{self.id}"
        self.ports = {listener.name: free_port() for listener in cluster.listeners}
        self.advertised = dict(self.ports)  # a test that puts a proxy in front changes this
        self.controller_port = free_port()
        self.process = None

    @property
    def votes(self):
        return self.id <= self.cluster.controllers

    def properties(self):
        cluster = self.cluster
        listeners = [f"{name}://127.0.0.1:{port}" for name, port in self.ports.items()]
        if self.votes:
            listeners.append(f"CONTROLLER://127.0.0.1:{self.controller_port}")
        lines = {
            "process.roles": "broker,controller" if self.votes else "broker",
            "node.id": self.id,
            "controller.quorum.voters": ",".join(f"{n.id}@127.0.0.1:{n.controller_port}"
                                                   for n in cluster.nodes if n.votes),
            "listeners": ",".join(listeners),
            "advertised.listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in self.advertised.items()),
            "listener.security.protocol.map": ",".join(
                [f"{one.name}:{one.protocol}" for one in cluster.listeners] + ["CONTROLLER:PLAINTEXT"]),
            "inter.broker.listener.name": cluster.listeners[0].name,
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.folder / "data",
            "auto.create.topics.enable": "false",
            "offsets.topic.replication.factor": min(3, len(cluster.nodes)),
            "transaction.state.log.replication.factor": min(3, len(cluster.nodes)),
            "transaction.state.log.min.isr": 1,
            "offsets.topic.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0,
            "controlled.shutdown.enable": "true",
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            "replica.lag.time.max.ms": 3000,
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.cleaner.enable": "false",
        }
        for listener in cluster.listeners:
            lines.update(listener.properties)
        mechanisms = {value for name, value in lines.items() if name.endswith(".sasl.enabled.mechanisms")}
        if mechanisms:
            lines["sasl.enabled.mechanisms"] = ",".join(sorted(mechanisms))
        lines.update(cluster.properties)
        return lines

    def format(self):
        self.folder.mkdir(parents=True)
        self.config = self.folder / "server.properties"
        self.config.write_text("".join(f"{name}={value}\n" for name, value in self.properties().items()))
        command = java(["-Xmx128m", "-XX:TieredStopAtLevel=1"], "kafka.tools.StorageTool", "format",
                       "-t", CLUSTER_ID, "-c", self.config)
        for scram in self.cluster.scram:
            command += ["--add-scram", scram]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self):
        assert self.process is None
        log = open(self.folder / "kafka.log", "ab")
        self.process = subprocess.Popen(
            java(HEAP, "kafka.Kafka", self.config,
                 jvm=["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Djava.net.preferIPv4Stack=true"]),
            stdout=log, stderr=log, cwd=self.folder, preexec_fn=die_with_parent)
        log.close()

    def kill(self):
        """As a crash: no farewell to the others."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self, seconds=30):
        if not self.process:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def freeze(self):
        """The host hangs: connections stay, nobody answers."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def logs(self):
        return (self.folder / "kafka.log").read_text(errors="replace")


class KafkaCluster:
    """`controllers`: the first so many nodes also vote; a test that kills brokers leaves them alone."""

    def __init__(self, folder, nodes=1, controllers=1, listeners=(), properties=None, scram=()):
        self.folder = pathlib.Path(folder).resolve()
        self.properties = properties or {}
        self.listeners = [Listener("PLAIN"), *listeners]
        self.scram = list(scram)
        self.nodes = []
        self.controllers = controllers
        for index in range(nodes):
            self.nodes.append(Node(self, index))

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def start(self, seconds=90):
        fetch_jars()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.register(self.close)
        for node in self.nodes:
            node.format()
        for node in self.nodes:
            node.start()
        self.wait(seconds=seconds)
        return self

    def close(self):
        atexit.unregister(self.close)
        for node in self.nodes:
            node.kill()

    def servers(self, listener="PLAIN"):
        return ",".join(f"127.0.0.1:{node.ports[listener]}" for node in self.nodes)

    @property
    def bootstrap(self):
        return self.servers()

    def client(self, **more):
        """Properties for confluent_kafka clients of the plain listener."""
        return {"bootstrap.servers": self.bootstrap, "log_level": 0, "socket.timeout.ms": 5000,
                "reconnect.backoff.max.ms": 500, **{name.replace("_", "."): value for name, value in more.items()}}

    def admin(self):
        return AdminClient(self.client())

    def wait(self, count=None, seconds=90):
        """Until so many brokers (all, by default) answer and are in the metadata."""
        count = len(self.nodes) if count is None else count
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for node in self.nodes:
                assert node.process is None or node.process.poll() is None, node.logs()[-4000:]
            try:
                if len(self.admin().list_topics(timeout=2).brokers) >= count:
                    return
            except KafkaException:
                pass
            time.sleep(0.2)
        raise AssertionError(f"Kafka did not answer within {seconds} s:\n{self.nodes[0].logs()[-4000:]}")

    def create_topic(self, name, partitions=1, replicas=None, **config):
        replicas = replicas or min(3, len(self.nodes))
        topic = NewTopic(name, num_partitions=partitions, replication_factor=replicas,
                         config={key.replace("_", "."): str(value) for key, value in config.items()})
        admin = self.admin()
        admin.create_topics([topic])[name].result(30)
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found = admin.list_topics(topic=name, timeout=5).topics[name]
            if len(found.partitions) == partitions and all(p.leader >= 0 for p in found.partitions.values()):
                return
            time.sleep(0.1)
        raise AssertionError(f"topic {name} has no leaders")

    def allow_writing(self, user, topic):
        binding = AclBinding(ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{user}", "*",
                             AclOperation.WRITE, AclPermissionType.ALLOW)
        admin = self.admin()
        for future in admin.create_acls([binding]).values():
            future.result(30)

    def leader(self, topic, partition=0):
        """The node that leads the partition."""
        number = self.admin().list_topics(topic=topic, timeout=10).topics[topic].partitions[partition].leader
        return next((node for node in self.nodes if node.id == number), None)


class Certificates:
    """A certificate authority of our own, and keys with certificates signed by it for a broker and a
    client (CN=gate), as PEM files."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.ca = folder / "ca.pem"
        self.broker, self.client, self.client_key = (folder / name for name in ("broker.pem", "client.pem", "client.key"))
        ca_key, ca_name = ec.generate_private_key(ec.SECP256R1()), self.name("tests")
        ca = self.certificate(ca_name, ca_name, ca_key.public_key(), ca_key, authority=True)
        key = ec.generate_private_key(ec.SECP256R1())
        broker = self.certificate(self.name("broker"), ca_name, key.public_key(), ca_key)
        self.ca.write_bytes(ca.public_bytes(Encoding.PEM))
        self.broker.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                                + broker.public_bytes(Encoding.PEM) + ca.public_bytes(Encoding.PEM))

        key = ec.generate_private_key(ec.SECP256R1())
        client = self.certificate(self.name("gate"), ca_name, key.public_key(), ca_key)
        self.client.write_bytes(client.public_bytes(Encoding.PEM))
        self.client_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8,
                                                      BestAvailableEncryption(b"key s3cret")))

    @staticmethod
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    @staticmethod
    def certificate(subject, issuer, public_key, signer, authority=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                .not_valid_after(now + datetime.timedelta(days=2))
                .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
                .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
                               critical=False)
                .sign(signer, hashes.SHA256()))


def secure_listener(certificates):
    """TLS with SCRAM; users come from KafkaCluster(scram=...)."""
    prefix = "listener.name.secure"
    return Listener("SECURE", "SASL_SSL", {
        f"{prefix}.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        f"{prefix}.scram-sha-512.sasl.jaas.config":
            "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        f"{prefix}.ssl.keystore.type": "PEM",
        f"{prefix}.ssl.keystore.location": certificates.broker,
        f"{prefix}.ssl.client.auth": "none",
    })


def mutual_listener(certificates):
    """TLS on both sides: who comes in is the subject of its certificate."""
    prefix = "listener.name.mutual"
    return Listener("MUTUAL", "SSL", {
        f"{prefix}.ssl.keystore.type": "PEM",
        f"{prefix}.ssl.keystore.location": certificates.broker,
        f"{prefix}.ssl.truststore.type": "PEM",
        f"{prefix}.ssl.truststore.location": certificates.ca,
        f"{prefix}.ssl.client.auth": "required",
    })


def token_listener():
    """OAUTHBEARER with the broker's own validator, which takes tokens without a signature."""
    prefix = "listener.name.tokens"
    module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"
    return Listener("TOKENS", "SASL_PLAINTEXT", {
        f"{prefix}.sasl.enabled.mechanisms": "OAUTHBEARER",
        f"{prefix}.oauthbearer.sasl.jaas.config": f'{module} required unsecuredLoginStringClaim_sub="broker";',
    })


# Who comes in by the plain listener may do anything; a user of the secure one needs an ACL.
AUTHORIZER = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
    "allow.everyone.if.no.acl.found": "false",
}


def scram_user(name, password):
    return f"SCRAM-SHA-512=[name={name},password={password}]"
