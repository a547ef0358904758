"""Waiting until a started guest is ready, and forwarding its declared ports: what Lima's host agent does."""
import os
import socket
import subprocess
import time

from .log import Fatal, info


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _pairs(config):
    """(host address, host port, guest address, guest port) of every static rule; nothing else is forwarded."""
    for rule in config["portForwards"]:
        if rule.get("static") and not rule.get("ignore"):
            first, last = rule["hostPortRange"]
            for offset in range(last - first + 1):
                yield rule["hostIP"], first + offset, rule["guestIP"], rule["guestPortRange"][0] + offset


def check_ports(config):
    """A taken port is found before the boot, not after it."""
    for host, port, _, _ in _pairs(config):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise Fatal(f"failed to forward {host}:{port}: listen tcp {host}:{port}: bind: {error.strerror};"
                            " stop what uses the port or declare another one") from None


def _answers(port):
    """Whether sshd itself answers: QEMU accepts the connection long before the guest listens."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            return link.recv(4) == b"SSH-"
    except OSError:
        return False


def _ssh(instance, *arguments, log, options=()):
    # The ssh master that stays behind keeps its stderr: it must not be the caller's.
    return subprocess.run(["ssh", "-F", instance.ssh_config, "-o", "ConnectTimeout=30", *options,
                           f"lima-{instance.name}", *arguments],
                          stdin=subprocess.DEVNULL, stdout=log, stderr=log).returncode


def wait_until_ready(instance, config, port, seconds):
    """Returns when login works, the boot scripts ended and the ports are forwarded. The VM outlives a failure here."""
    deadline = time.monotonic() + seconds
    with open(instance.path("ha.stderr.log"), "a") as log:
        _wait(instance, deadline, lambda: _answers(port))
        info(f'[hostagent] Waiting for the essential requirement 1 of 2: "ssh" on port {port}')
        _wait(instance, deadline, lambda: _ssh(instance, "true", log=log) == 0)
        info('[hostagent] Waiting for the essential requirement 2 of 2: "boot scripts must have finished"')
        _wait(instance, deadline, lambda: _ssh(instance, "test -f /run/lima-boot-done", log=log) == 0)
        _forward(instance, config, log)


def _wait(instance, deadline, ready):
    while not ready():
        if not instance.pid():
            raise Fatal(f'the VM ended while it booted, see "{instance.path("serial.log")}"')
        if time.monotonic() > deadline:
            raise Fatal('did not receive an event with the "running" status'
                        f' (hint: see "{instance.path("ha.stderr.log")}"; the VM goes on running)')
        time.sleep(0.1)


def _forward(instance, config, log):
    """One ssh that only forwards, apart from the shared master: a `--reconnect` must not take the ports away.

    It connects inside the guest, so that a server on the guest's loopback is reached too, as with Lima.
    """
    rules = [option for host, port, guest, guest_port in _pairs(config)
             for option in ("-L", f"[{host}]:{port}:[{guest}]:{guest_port}")]
    if rules and _ssh(instance, log=log, options=["-f", "-N", "-M", "-S", instance.path("forward.sock"), "-o",
                                                  "ControlPersist=no", "-o", "ExitOnForwardFailure=yes", *rules]):
        raise Fatal(f'failed to forward ports, see "{instance.path("ha.stderr.log")}"')


def forget(instance):
    """Ends what is left beside a stopped VM: the shared ssh master and the one that forwards."""
    for name in ("ssh.sock", "forward.sock"):
        if os.path.exists(instance.path(name)):
            subprocess.run(["ssh", "-F", instance.ssh_config, "-S", instance.path(name), "-O", "exit",
                            f"lima-{instance.name}"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for name in ("ssh.sock", "forward.sock", "qemu.pid", "qmp.sock"):
        if os.path.lexists(instance.path(name)):
            os.unlink(instance.path(name))
