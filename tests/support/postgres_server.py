# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL server of our own: a cluster in a folder, with TLS, on a free port of the loopback.

initdb and postgres refuse to run as root; then they run as the user `postgres` of Debian's package.
fsync stays on: what is measured and what must survive is the real thing.
"""
import contextlib
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from ports import free_port

SUPERUSER = "postgres"
PASSWORDS = {"owner": "owner-secret", "writer": "writer-secret", "reader": "reader-secret"}


def bin_folder():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
    if not found:
        raise RuntimeError("no PostgreSQL server is installed (postgresql-15)")
    return pathlib.Path(found[-1])


def as_server_user():
    """What goes before a command so that it does not run as root."""
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []


def make_folder():
    """Below build/, else, where the server's user can't get there or the socket's path gets too long, /tmp."""
    build = pathlib.Path(__file__).resolve().parents[2] / "build"
    build.mkdir(exist_ok=True)
    reachable = subprocess.run([*as_server_user(), "test", "-x", str(build)], check=False, cwd="/").returncode == 0
    parent = build if reachable and len(str(build)) < 70 else None
    return pathlib.Path(tempfile.mkdtemp(prefix="postgres-", dir=parent))


def make_certificates(folder):
    """A CA and a certificate for localhost and 127.0.0.1 that it signed."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    (folder / "server.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
            "-subj", "/CN=test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "server.pem", "-days", "30", "-extfile", "server.ext")


class PostgresServer:
    def __init__(self, settings=None, folder=None, primary=None):
        """With `primary` it is that server's standby, streaming from it."""
        self.folder = pathlib.Path(folder) if folder else make_folder()
        self.data = self.folder / "data"
        self.port = free_port()
        self.settings = dict(settings or {})
        self.process = None
        self.bin = bin_folder()
        self._create(primary)

    def _create(self, primary):
        make_certificates(self.folder)
        for path in self.folder.iterdir():
            path.chmod(0o600)
        (self.folder / "ca.pem").chmod(0o644)
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            for path in [self.folder, *self.folder.iterdir()]:
                os.chown(path, user.pw_uid, user.pw_gid)
        if primary:
            self._run(self.bin / "pg_basebackup", "-D", self.data, "-R", "-X", "stream", "-c", "fast", "-d",
                      f"host={primary.folder} port={primary.port} user={SUPERUSER}")
        else:
            self._initialise()
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in self._settings().items())

    def _initialise(self):
        self._run(self.bin / "initdb", "-D", self.data, "-U", SUPERUSER, "-E", "UTF8", "--no-locale",
                  "-A", "trust", "--no-instructions")
        (self.data / "pg_hba.conf").write_text(
            f"local all all trust\n"
            f"local replication all trust\n"
            f"host all {SUPERUSER} 127.0.0.1/32 trust\n"
            f"hostssl all all 127.0.0.1/32 scram-sha-256\n"
            f"hostnossl all all 127.0.0.1/32 scram-sha-256\n")

    def _settings(self):
        return {
            "listen_addresses": "127.0.0.1", "unix_socket_directories": str(self.folder), "ssl": "on",
            "ssl_cert_file": str(self.folder / "server.pem"), "ssl_key_file": str(self.folder / "server.key"),
            "max_connections": "60", "shared_buffers": "64MB", "fsync": "on", "log_min_messages": "warning",
            **self.settings,
        }

    def _run(self, *command):
        done = subprocess.run([*as_server_user(), *map(str, command)], cwd="/", capture_output=True, text=True,
                              timeout=120)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

    def start(self):
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [*as_server_user(), str(self.bin / "postgres"), "-D", str(self.data), "-p", str(self.port)],
            stdout=self.log, stderr=self.log, cwd="/")
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            if subprocess.run([str(self.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
                              check=False).returncode == 0:
                return self
            time.sleep(0.05)
        raise RuntimeError(f"postgres did not start:\n{(self.folder / 'log').read_text()[-3000:]}")

    def stop(self, mode=signal.SIGINT):
        """SIGINT: fast shutdown. SIGQUIT: immediate, as after a crash."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(mode)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        self.log.close()

    def restart(self, mode=signal.SIGINT):
        self.stop(mode)
        self.start()

    def destroy(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- talking to it

    def dsn(self, database="postgres", user=SUPERUSER, password=None, **more):
        parts = {"host": "127.0.0.1", "port": self.port, "dbname": database, "user": user, **more}
        if password:
            parts["password"] = password
        return " ".join(f"{name}={value}" for name, value in parts.items())

    def role_dsn(self, role, database, **more):
        return self.dsn(database, f"eventgate_{role}", PASSWORDS[role], **more)

    def connect(self, database="postgres", **more):
        import psycopg
        return psycopg.connect(self.dsn(database, **more), autocommit=True)

    def query(self, sql, *values, database="postgres"):
        with self.connect(database) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    def create_database(self, name):
        self.query(f'CREATE DATABASE "{name}"')
        return name

    def drop_database(self, name):
        self.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def migrate(program, dsn, folder=None, env=None):
    """Runs `eventgate migrate`; returns the finished process."""
    passwords = {f"EVENTGATE_{role.upper()}_PASSWORD": text for role, text in PASSWORDS.items()}
    command = [str(program), "migrate", "--dsn", dsn]
    command += ["--dir", str(folder)] if folder else []
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False,
                          cwd=pathlib.Path(__file__).resolve().parents[2],
                          env={**os.environ, **passwords, **(env or {})})


@contextlib.contextmanager
def running_server(settings=None):
    server = PostgresServer(settings)
    try:
        yield server.start()
    finally:
        server.destroy()
