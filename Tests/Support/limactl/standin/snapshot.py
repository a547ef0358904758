"""`limactl snapshot`: of the disk alone when the instance is stopped, of memory too when it runs, as QEMU does it."""
from . import qemu
from .instances import Instance
from .log import Fatal, warn

LETTERS = {"create": "-c", "apply": "-a", "delete": "-d"}
COMMANDS = {"create": "savevm", "apply": "loadvm", "delete": "delvm"}


def run(verb, name, tag):
    instance = Instance(name)
    instance.require()
    warn("`limactl snapshot` is experimental")
    running = instance.status() == "Running"
    if verb == "list":
        print(qemu.monitor(instance, "info snapshots") if running else qemu.disk_snapshots(instance), end="")
        return
    if not tag:
        raise Fatal("expected tag")
    if not running:
        qemu.disk_snapshot(instance, LETTERS[verb], tag)
        return
    if verb == "apply":
        qemu.monitor(instance, "stop")
    said = qemu.monitor(instance, f"{COMMANDS[verb]} {tag}").strip()
    if said:
        # As Lima has it: told, and a success; where a snapshot was to be applied, the VM stays paused.
        warn(said)
    elif verb == "apply":
        qemu.monitor(instance, "cont")
