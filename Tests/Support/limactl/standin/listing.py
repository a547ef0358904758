"""`limactl list`: one JSON object a line, or a table for people."""
import json
import os

from . import VERSION
from .instances import all_instances, config_dir, lima_home
from .lifecycle import load
from .log import Fatal, warn
from .validate import size_in_bytes


def describe(instance):
    """The keys of Lima's JSON; of a broken instance only what can be known."""
    status, errors, config = instance.status(), [], None
    try:
        _, config = load(instance)
    except Fatal as error:
        status, errors = "Broken", [str(error)]
    running = status == "Running"
    entry = {
        "name": instance.name, "hostname": f"lima-{instance.name}", "status": status, "dir": instance.dir,
        "vmType": "qemu", "arch": os.uname().machine, "cpuType": "", "cpus": 0, "memory": 0, "disk": 0,
        "network": [], "sshLocalPort": instance.ssh_port() if running else 0,
        "hostAgentPID": instance.pid(), "driverPID": instance.pid(),
    }
    if config:
        entry.update(arch=config["arch"], cpus=config["cpus"], memory=size_in_bytes(config["memory"], "memory"),
                     disk=size_in_bytes(config["disk"], "disk"), network=config["networks"])
        del entry["cpuType"]
    entry.update(sshConfigFile=instance.ssh_config, config=config, sshAddress="127.0.0.1",
                 protected=os.path.exists(instance.path("protected")), limaVersion=VERSION)
    if errors:
        entry["errors"] = errors
    return {**entry, "HostOS": "linux", "HostArch": os.uname().machine, "LimaHome": lima_home(),
            "IdentityFile": os.path.join(config_dir(), "user")}


def list_instances(names, flags):
    instances = all_instances()
    if not instances and not names:
        warn("No instance found. Run `limactl create` to create an instance.")
        return
    known = {instance.name: instance for instance in instances}
    chosen = [known[name] for name in names if name in known] if names else instances
    if flags.get("quiet"):
        for instance in chosen:
            print(instance.name)
    elif flags.get("json"):
        for instance in chosen:
            print(json.dumps(describe(instance), separators=(",", ":"), default=str))
    elif chosen:
        _print_table([describe(instance) for instance in chosen])
    missing = [name for name in names if name not in known]
    for name in missing:
        warn(f"No instance matching {name} found.")
    if missing:
        raise Fatal("unmatched instances")


def _print_table(entries):
    rows = [("NAME", "STATUS", "SSH", "VMTYPE", "ARCH", "CPUS", "MEMORY", "DISK", "DIR")]
    rows += [(entry["name"], entry["status"], f"127.0.0.1:{entry['sshLocalPort']}", entry["vmType"], entry["arch"],
              str(entry["cpus"]), _gib(entry["memory"]), _gib(entry["disk"]), entry["dir"]) for entry in entries]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("    ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def _gib(size):
    return f"{size / (1 << 30):.4g}GiB"
