"""A real Postgres for tests, from Debian's binaries: on a free port of this machine, gone afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path
from tempfile import mkdtemp

PASSWORD = "correct-horse-battery"


def server_binaries() -> Path | None:
    """Where the newest of the installed servers has its programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Server:
    """A Postgres of the test's own: on a free port of this machine, gone afterwards."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self._home = Path(mkdtemp(prefix="esclusa-postgres-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"postgresql://reader:{PASSWORD}@127.0.0.1:{self.port}/postgres"
        # The server refuses to run as root, so there it runs as the user that Debian's package made.
        self._user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        shutil.chown(self._home, self._user)
        secret = self._home / "password"
        secret.write_text(PASSWORD)
        shutil.chown(secret, self._user)
        self._run(
            "initdb",
            "-D",
            self._home / "data",
            "-U",
            "reader",
            f"--pwfile={secret}",
            "-A",
            "scram-sha-256",
            "--no-sync",
        )
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._home} -c fsync=off"
        self._run("pg_ctl", "-D", self._home / "data", "-l", self._home / "log", "-w", "-o", options, "start")

    def database(self, name: str) -> str:
        """URL of a new, empty database."""
        self.sql(f"create database {name}")
        return self.url.replace("/postgres", f"/{name}")

    def sql(self, text: str, url: str = "") -> None:
        """Run statements as the owner."""
        command = [str(self._binaries / "psql"), "-v", "ON_ERROR_STOP=1", "-q", url or self.url, "-c", text]
        subprocess.run(command, check=True, capture_output=True)

    def stop(self) -> None:
        """End the server and remove what it wrote."""
        self._run("pg_ctl", "-D", self._home / "data", "-m", "immediate", "stop")
        shutil.rmtree(self._home)

    def _run(self, program: str, *arguments: object) -> None:
        become = ["runuser", "-u", self._user, "--"] if os.getuid() == 0 else []
        command = [*become, str(self._binaries / program), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self._home)
