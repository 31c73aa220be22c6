# SPDX-License-Identifier: Apache-2.0
"""Three brokers, and what happens to them while events come in.

After each fault: what was answered 202 is in Kafka, the events of a key are in the order in which they
were posted, and nothing is there twice; except behind a broker that was killed, where librdkafka may
write events again that it has no answer for (docs/sinks.md, kafka).
"""
import collections
import json
import time
import uuid

import pytest

from kafka_reader import read_all
from kafka_server import AUTHORIZER, Certificates, KafkaCluster, Listener, scram_user, secure_listener
from load import Load
from tcp_proxy import TcpProxy

FAILURE = "Kafka writer failed: "


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, certificates):
    made = KafkaCluster(tmp_path_factory.mktemp("kafka"), nodes=3, properties=AUTHORIZER,
                        listeners=[Listener("PROXIED"), secure_listener(certificates)],
                        scram=[scram_user("gate", "s3cret"), scram_user("nobody", "s3cret")])
    made.proxies = [TcpProxy(node.ports["PROXIED"]) for node in made.nodes]
    for node, proxy in zip(made.nodes, made.proxies):
        node.advertised["PROXIED"] = proxy.port
    with made:
        yield made
    for proxy in made.proxies:
        proxy.close()


@pytest.fixture
def kafka(cluster):
    """All three brokers up, before and after."""
    yield cluster
    for proxy in cluster.proxies:
        proxy.release()
    for node in cluster.nodes:
        if node.process is None:
            node.start()
    cluster.wait()


@pytest.fixture
def topic(kafka):
    name = f"things-{uuid.uuid4().hex[:8]}"
    kafka.create_topic(name, partitions=3, min_insync_replicas=2)
    return name


@pytest.fixture
def gate(kafka, make_gate, topic):
    return make_kafka_gate(make_gate, topic, kafka.bootstrap)


def make_kafka_gate(make_gate, topic, servers, **settings):
    sink = {"type": "kafka", "bootstrap_servers": servers, "probe_interval": "500ms",
            "breaker": {"open": "500ms"}, **settings}
    return make_gate({"sinks": {"kafka": sink}, "pipeline": {"deadline": "6s"}}, topics={topic: {"type": "object"}},
                     topic_keys={topic: "key"})


def check_nothing_is_missing(kafka, topic, load, may_repeat=False):
    found = read_all(kafka, topic)
    places = collections.defaultdict(list)
    last, disorder = {}, []
    for message in found:
        event = json.loads(message.value)
        places[event["key"], event["n"]].append((message.partition, message.offset))
        if may_repeat and len(places[event["key"], event["n"]]) > 1:
            continue
        if last.get(event["key"], -1) >= event["n"]:
            disorder.append((event["key"], event["n"], last[event["key"]]))
        last[event["key"]] = event["n"]
    missing = load.accepted() - set(places)
    assert not missing, f"{len(missing)} of {len(load.accepted())} are missing: {sorted(missing)[:5]}"
    twice = {event: (load.statuses.get(event), where) for event, where in places.items() if len(where) > 1}
    assert may_repeat or not twice, f"{len(twice)} are there twice: {sorted(twice.items())[:10]}"
    assert not disorder, [(one, [load.statuses.get((one[0], n)) for n in one[1:]]) for one in disorder[:10]]
    print(f"answers {dict(load.counts())}, {len(found)} messages, {len(twice)} events twice")


def wait_synced(kafka, topic, replicas=3, seconds=60):
    until = time.monotonic() + seconds
    while True:
        partitions = kafka.admin().list_topics(topic=topic, timeout=10).topics[topic].partitions.values()
        if all(len(partition.isrs) == replicas for partition in partitions):
            return
        assert time.monotonic() < until, [partition.isrs for partition in partitions]
        time.sleep(0.2)


def test_a_broker_is_killed_and_restarted(kafka, gate, topic):
    victim = kafka.nodes[1]
    with Load(gate, topic) as load:
        load.wait_accepted(200)
        victim.kill()
        load.wait_accepted(500)
        victim.start()
        kafka.wait()
        load.wait_accepted(500)
    check_nothing_is_missing(kafka, topic, load, may_repeat=True)


def test_all_brokers_are_killed_and_restarted(kafka, gate, topic):
    with Load(gate, topic) as load:
        load.wait_accepted(200)
        for node in kafka.nodes:
            node.kill()
        time.sleep(2)
        for node in kafka.nodes:
            node.start()
        kafka.wait()
        load.wait_accepted(500)
    check_nothing_is_missing(kafka, topic, load, may_repeat=True)


def test_one_then_two_of_three_are_down(kafka, gate, topic):
    with Load(gate, topic) as load:
        load.wait_accepted(200)
        kafka.nodes[2].kill()
        load.wait_accepted(300)  # two replicas are enough
        kafka.nodes[1].kill()
        wait_synced(kafka, topic, replicas=1)
        time.sleep(6)  # what was on its way before has ended
        before = set(load.statuses)
        accepted = load.accepted()
        response = gate.post(topic, {"key": "alone", "n": 0})
        assert response.status_code == 500, response.text
        assert "Kafka writer failed: " in response.json()["errors"][0]["message"]
        time.sleep(2)
        assert load.accepted() == accepted and set(load.statuses) > before
        assert {status for event, status in list(load.statuses.items()) if event not in before} == {500}
        kafka.nodes[1].start()
        kafka.nodes[2].start()
        kafka.wait()
        load.wait_accepted(500)
    check_nothing_is_missing(kafka, topic, load, may_repeat=True)


def test_the_leader_goes_in_peace(kafka, gate, topic):
    """A controlled shutdown hands its partitions over: nobody should notice."""
    with Load(gate, topic) as load:
        load.wait_accepted(200)
        kafka.nodes[2].stop()
        load.wait_accepted(500)
        kafka.nodes[2].start()
        kafka.wait()
        wait_synced(kafka, topic)
        load.wait_accepted(300)
    assert set(load.counts()) == {202}, load.counts()
    check_nothing_is_missing(kafka, topic, load)


def proxied(kafka):
    return ",".join(f"127.0.0.1:{proxy.port}" for proxy in kafka.proxies)


def test_connections_are_cut_in_the_middle(kafka, make_gate, topic):
    gate = make_kafka_gate(make_gate, topic, proxied(kafka))
    with Load(gate, topic) as load:
        load.wait_accepted(200)
        for _ in range(10):
            for proxy in kafka.proxies:
                proxy.cut()
            load.wait_accepted(50)
    assert set(load.counts()) == {202}, load.counts()
    check_nothing_is_missing(kafka, topic, load)


def test_the_network_stands_still_and_goes_on(kafka, make_gate, topic):
    gate = make_kafka_gate(make_gate, topic, proxied(kafka))
    with Load(gate, topic) as load:
        load.wait_accepted(200)
        for proxy in kafka.proxies:
            proxy.hold()
        time.sleep(8)  # longer than the deadline
        for proxy in kafka.proxies:
            proxy.release()
        load.wait_accepted(300)
    assert load.counts()[500] > 0
    check_nothing_is_missing(kafka, topic, load)


def secure_gate(kafka, make_gate, topic, certificates, user):
    return make_kafka_gate(make_gate, topic, kafka.servers("SECURE"), security_protocol="sasl_ssl",
                           sasl_mechanism="SCRAM-SHA-512", sasl_username=user, sasl_password="s3cret",
                           ssl_ca=str(certificates.ca))


def wait_accepted(gate, topic, event, seconds=15):
    until = time.monotonic() + seconds
    while (response := gate.post(topic, event)).status_code != 202:
        assert time.monotonic() < until, response.text
        time.sleep(0.2)


def test_a_missing_permission_is_told_and_can_be_given(kafka, make_gate, topic, certificates):
    kafka.create_topic(f"{topic}-other")
    kafka.allow_writing("gate", f"{topic}-other")
    gate = secure_gate(kafka, make_gate, topic, certificates, "gate")
    for _ in range(25):  # more than would open the circuit
        response = gate.post(topic, {"key": "k", "n": -1})
        assert response.status_code == 500
        assert response.json()["errors"][0]["message"] == FAILURE + "Broker: Topic authorization failed"
    assert read_all(kafka, topic) == []
    kafka.allow_writing("gate", topic)
    wait_accepted(gate, topic, {"key": "k", "n": 0})
    assert len(read_all(kafka, topic)) == 1


def test_a_user_without_any_permission_cannot_even_begin(kafka, make_gate, topic, certificates):
    """The broker refuses topic or producer id; without that the producer is replaced until it has one."""
    gate = secure_gate(kafka, make_gate, topic, certificates, "nobody")
    for _ in range(25):
        response = gate.post(topic, {"key": "k", "n": -1})
        assert response.status_code == 500
        message = response.json()["errors"][0]["message"]
        assert FAILURE in message and "authorization failed" in message, message
    kafka.allow_writing("nobody", topic)
    wait_accepted(gate, topic, {"key": "k", "n": 0})
    assert len(read_all(kafka, topic)) == 1
