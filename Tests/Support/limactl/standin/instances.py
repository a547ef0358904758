"""Where instances live on disk, what state they are in, and the lock that keeps two commands off one instance."""
import contextlib
import fcntl
import os
import re

from .log import Fatal

NAME = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")
# The strictest limit on a socket's path among the hosts Lima runs on (macOS).
SOCKET_PATH_MAX = 104


def lima_home():
    return os.path.abspath(os.environ.get("LIMA_HOME") or os.path.expanduser("~/.lima"))


def config_dir():
    return os.path.join(lima_home(), "_config")


class Instance:
    """One instance's files; nothing here is read before it is asked for, so `shell` stays quick."""

    def __init__(self, name):
        self.name = name
        self.dir = os.path.join(lima_home(), name)

    def path(self, name):
        return os.path.join(self.dir, name)

    @property
    def ssh_config(self):
        return self.path("ssh.config")

    def exists(self):
        return bool(NAME.fullmatch(self.name)) and os.path.isdir(self.dir)

    def require(self):
        if not self.exists():
            raise Fatal(f'instance "{self.name}" does not exist, run `limactl create {self.name}`'
                        " to create a new instance")

    def pid(self):
        """QEMU's process, or 0. Its command line must name the instance: process ids are reused."""
        with contextlib.suppress(OSError, ValueError):
            with open(self.path("qemu.pid")) as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if self.dir.encode() + b"/" in file.read():
                    return pid
        return 0

    def status(self):
        """`Running` from the moment QEMU does, booted or not, as Lima says it."""
        if not os.path.isfile(self.path("lima.yaml")):
            return "Broken"
        return "Running" if self.pid() else "Stopped"

    def ssh_port(self):
        """The forwarded port of a running instance, from the file that ssh itself reads; else 0."""
        with contextlib.suppress(OSError):
            with open(self.ssh_config) as file:
                for line in file:
                    if line.startswith("  Port "):
                        return int(line.split()[1])
        return 0

    def check_name(self):
        if not NAME.fullmatch(self.name):
            raise Fatal(f'identifier "{self.name}" must match {NAME.pattern}')
        # ssh adds a dot and 16 characters to the socket's name while it makes it.
        longest = self.path("ssh.sock.1234567890123456")
        if len(os.fsencode(longest)) >= SOCKET_PATH_MAX:
            raise Fatal(f'instance name "{self.name}" too long: "{longest}" must be less than '
                        f"UNIX_PATH_MAX={SOCKET_PATH_MAX} characters, but is {len(os.fsencode(longest))}")

    @contextlib.contextmanager
    def locked(self):
        """Held while the instance changes; outside its directory, because `delete` removes that."""
        locks = os.path.join(lima_home(), "_standin")
        os.makedirs(locks, mode=0o700, exist_ok=True)
        with open(os.path.join(locks, f"{self.name}.lock"), "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def all_instances():
    home = lima_home()
    names = sorted(os.listdir(home)) if os.path.isdir(home) else []
    return [Instance(name) for name in names if Instance(name).exists()]
