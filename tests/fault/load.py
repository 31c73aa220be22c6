# SPDX-License-Identifier: Apache-2.0
"""Posts batches with distinct ids from several threads, and remembers what was answered for each."""
import collections
import json
import threading
import time

import requests

BATCH = 5


class Load:
    """Every thread has a key of its own and counts up; a batch is five events of it."""

    def __init__(self, gate, topic, threads=8):
        self.gate = gate
        self.topic = topic
        self.statuses = {}  # (key, number) -> status; 0: no answer
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(f"key-{index}",)) for index in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self, key):
        token = self.gate.token()
        session = requests.Session()
        session.headers.update({"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"})
        number = 0
        while not self.stopping.is_set():
            numbers = range(number, number + BATCH)
            number += BATCH
            body = "\n".join(json.dumps({"key": key, "n": n}) for n in numbers)
            try:
                answer = session.post(self.gate.url(f"/topics/{self.topic}"), data=body, timeout=30)
            except requests.RequestException:
                self.statuses.update({(key, n): 0 for n in numbers})
                continue
            results = answer.json().get("results") if answer.status_code == 207 else None
            for index, n in enumerate(numbers):
                self.statuses[key, n] = results[index]["status"] if results else answer.status_code

    def accepted(self):
        return {event for event, status in list(self.statuses.items()) if status == 202}

    def counts(self):
        return collections.Counter(list(self.statuses.values()))

    def wait_accepted(self, more, seconds=60):
        """Until so many more than now were answered 202."""
        goal = len(self.accepted()) + more
        until = time.monotonic() + seconds
        while len(self.accepted()) < goal:
            assert time.monotonic() < until, f"{goal - len(self.accepted())} to go: {self.counts()}"
            time.sleep(0.05)
