# SPDX-License-Identifier: Apache-2.0
"""A port for a server of a test."""
import pathlib
import random
import socket

LOWEST = 12000
# The kernel takes the ports of outgoing connections from this range on. A server that is stopped and
# started again would now and then find its port taken by somebody's connection.
BELOW = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])


def free_port():
    """Nobody listens there, and no outgoing connection will take it."""
    choices = random.SystemRandom()
    for _ in range(1000):
        with socket.socket() as probe:
            port = choices.randrange(LOWEST, BELOW) if BELOW > LOWEST + 1000 else 0
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return probe.getsockname()[1]
    raise OSError("no free port")
