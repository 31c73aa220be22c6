# SPDX-License-Identifier: Apache-2.0
"""Reads Kafka topics from their beginning to their end, for tests that count and compare."""
import time

from confluent_kafka import Consumer, KafkaError, TopicPartition


class Message:
    def __init__(self, message):
        self.partition = message.partition()
        self.offset = message.offset()
        self.key = message.key()
        self.value = message.value()
        self.headers = dict(message.headers() or [])
        self.event_id = self.headers.get("event-id", b"").decode()


def read_all(kafka, topic, seconds=30, **client):
    """Every message of the topic, by partition and offset, up to the end as it stands now."""
    consumer = Consumer({**kafka.client(), "group.id": "tests", "enable.auto.commit": False,
                         "auto.offset.reset": "earliest", "enable.partition.eof": True,
                         "fetch.wait.max.ms": 50, **client})
    try:
        partitions = consumer.list_topics(topic, timeout=seconds).topics[topic].partitions
        open_partitions = set()
        for number in partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=seconds)
            if high > low:
                open_partitions.add(number)
        consumer.assign([TopicPartition(topic, number, 0) for number in open_partitions])
        found = []
        until = time.monotonic() + seconds
        while open_partitions:
            assert time.monotonic() < until, f"{len(found)} messages read, {len(open_partitions)} partitions open"
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                if message.error().code() == KafkaError._PARTITION_EOF:
                    open_partitions.discard(message.partition())
                continue
            found.append(Message(message))
        return sorted(found, key=lambda one: (one.partition, one.offset))
    finally:
        consumer.close()
