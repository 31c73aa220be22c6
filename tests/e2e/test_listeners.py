# SPDX-License-Identifier: Apache-2.0
"""Where the daemon listens: TCP, several addresses, unix sockets, and sockets that somebody else opened."""
import socket
import stat
import subprocess

import pytest
import requests

from gate import PROGRAM, free_port, run


def ask_unix(path, target="/live"):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(path))
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while chunk := sock.recv(65536):
            received += chunk
    return int(received.split()[1])


def test_several_addresses(make_gate):
    more = free_port()
    gate = make_gate(start=False)
    gate.config.write_text(gate.config.read_text().replace(
        f"listen: 127.0.0.1:{gate.port}", f"listen: ['127.0.0.1:{gate.port}', '[::1]:{more}']"))
    gate.start()
    assert gate.get("/live").status_code == 200
    assert requests.get(f"http://[::1]:{more}/live", timeout=10).status_code == 200


def test_a_port_of_the_systems_choice(make_gate):
    gate = make_gate({"server": {"listen": "127.0.0.1:0"}}, start=False)
    gate.start(wait=False)
    gate.wait_log('"ready"')
    port = int(next(line["address"] for line in gate.log_lines() if line.get("listener") == "public").split(":")[-1])
    assert port > 0 and requests.get(f"http://127.0.0.1:{port}/live", timeout=10).status_code == 200


def test_unix_sockets(make_gate, tmp_path):
    public, admin = tmp_path / "public.sock", tmp_path / "admin.sock"
    gate = make_gate({"server": {"listen": f"unix:{public}", "unix_mode": 600},
                      "admin": {"listen": f"unix:{admin}"}}, start=False)
    gate.start(wait=False)
    gate.wait_log('"ready"')
    assert stat.S_IMODE(public.stat().st_mode) == 0o600 and stat.S_IMODE(admin.stat().st_mode) == 0o660
    assert [ask_unix(public), ask_unix(public, "/metrics"), ask_unix(admin, "/metrics")] == [200, 404, 200]
    gate.stop()
    assert not public.exists() and not admin.exists()


def test_a_socket_that_a_killed_daemon_left_is_taken_over(make_gate, tmp_path):
    path = tmp_path / "public.sock"
    gate = make_gate({"server": {"listen": f"unix:{path}"}}, start=False)
    gate.start(wait=False)
    gate.wait_log('"ready"')
    gate.kill()
    assert path.exists()
    gate.log_path.unlink()
    gate.start(wait=False)
    gate.wait_log('"ready"')
    assert ask_unix(path) == 200


def test_a_socket_that_somebody_listens_on_is_not(make_gate, tmp_path):
    path = tmp_path / "public.sock"
    with socket.socket(socket.AF_UNIX) as owner:
        owner.bind(str(path))
        owner.listen()
        gate = make_gate({"server": {"listen": f"unix:{path}"}}, start=False)
        done = run("serve", "-c", gate.config, cwd=gate.folder)
    assert done.returncode == 3 and "Address already in use" in done.stderr and path.exists()


@pytest.mark.parametrize("blocking", [True, False])
def test_a_socket_that_somebody_else_opened(make_gate, blocking):
    """As a service manager hands one over: by its number, blocking or not."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen()
        opened.setblocking(blocking)
        gate = make_gate({"server": {"listen": f"fd:{opened.fileno()}"}}, start=False)
        gate.port = opened.getsockname()[1]
        gate.log = open(gate.log_path, "ab")
        gate.process = subprocess.Popen([PROGRAM, "serve", "-c", gate.config], stdout=subprocess.DEVNULL,
                                        stderr=gate.log, env=gate.env, cwd=gate.folder, pass_fds=[opened.fileno()])
        gate.wait_ready()
        for n in range(20):
            assert gate.post("things", {"n": n}).status_code == 202
        with requests.Session() as first, requests.Session() as second:
            for session in (first, second, first):
                assert session.get(gate.url("/live"), timeout=10).status_code == 200
        gate.stop()
        assert len(gate.events()) == 20


@pytest.mark.parametrize("address", ["fd:0", "fd:x", "fd:", "fd:99999", "fd:77", "unix:relative", "unix:/" + "x" * 200,
                                     "nonsense", "127.0.0.1:99999", "127.0.0.1:x", "1:2:3:4", "[::1"])
def test_what_is_no_address(make_gate, address):
    gate = make_gate({"server": {"listen": address}}, start=False)
    done = run("serve", "-c", gate.config, cwd=gate.folder)
    assert done.returncode == 3 and address.split("x" * 9)[0] in done.stderr
    if address != "fd:77":  # a number as good as another, until somebody looks for a socket there
        assert run("check", "-c", gate.config, cwd=gate.folder).returncode == 1


def test_a_file_descriptor_that_is_no_listening_socket(make_gate, tmp_path):
    with open(tmp_path / "file", "w") as file:
        gate = make_gate({"server": {"listen": f"fd:{file.fileno()}"}}, start=False)
        done = subprocess.run([PROGRAM, "serve", "-c", gate.config], capture_output=True, text=True, cwd=gate.folder,
                              pass_fds=[file.fileno()], env=gate.env, timeout=60, check=False)
    assert done.returncode == 3 and "not a listening socket" in done.stderr


def test_the_command_line_goes_before_the_file(make_gate):
    gate = make_gate(start=False)
    public, admin = free_port(), free_port()
    gate.arguments = ["--listen", f"127.0.0.1:{public}", "--admin-listen", f"127.0.0.1:{admin}"]
    gate.start(wait=False)
    gate.wait_log('"ready"')
    assert requests.get(f"http://127.0.0.1:{public}/live", timeout=10).status_code == 200
    assert requests.get(f"http://127.0.0.1:{admin}/metrics", timeout=10).status_code == 200
    with pytest.raises(requests.ConnectionError):
        gate.get("/live")


def test_it_tells_the_service_manager(make_gate, tmp_path):
    """sd_notify(3): ready, reloading and stopping, as datagrams."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(10)
        gate = make_gate(env={"NOTIFY_SOCKET": str(path)})
        said = manager.recv(4096).decode()
        assert "READY=1" in said.splitlines()
        gate.stop()
        manager.settimeout(0.5)
        while True:
            try:
                said += manager.recv(4096).decode()
            except TimeoutError:
                break
    assert "STOPPING=1" in said


def test_without_a_provider_there_is_no_token_page(make_gate):
    response = make_gate().get("/token")
    assert response.status_code == 404
    assert response.json()["errors"] == [{"type": "route", "message": "No token provider is configured."}]
