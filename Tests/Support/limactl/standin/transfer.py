"""`limactl copy`: scp or rsync between the host and one instance."""
import re
import shutil
import subprocess

from .instances import Instance
from .log import Fatal, debug


def copy(paths, flags):
    if len(paths) < 2:
        raise Fatal(f"requires at least 2 arg(s), only received {len(paths)}")
    instances, places = {}, []
    for path in paths:
        remote = re.match(r"([^/:]+):(.*)", path, re.DOTALL)
        if not remote:
            places.append(path)
            continue
        instance = instances.setdefault(remote[1], Instance(remote[1]))
        instance.require()
        if instance.status() != "Running":
            raise Fatal(f'instance "{instance.name}" is stopped, run `limactl start {instance.name}`'
                        " to start the instance")
        places.append(f"lima-{instance.name}:{remote[2]}")
    if len(instances) != 1:
        raise Fatal("the test stand-in copies between the host and exactly one instance")
    (instance,) = instances.values()
    backend = flags.get("backend", "auto")
    if backend not in ("auto", "scp", "rsync"):
        raise Fatal(f'invalid backend "{backend}": use auto, scp or rsync')
    if backend == "auto":
        backend = "rsync" if _both_have_rsync(instance) else "scp"
    ssh = ["ssh", "-F", instance.ssh_config, "-o", "LogLevel=ERROR"]
    verbose = ["-v"] if flags.get("verbose") else []
    if backend == "rsync":
        # rsync splits the words of -e at spaces and knows single quotes.
        remote_shell = " ".join(f"'{word}'" if " " in word else word for word in ssh)
        recursive = ["-r"] if flags.get("recursive") else []
        command = ["rsync", "-a", *recursive, *verbose, "-e", remote_shell, *places]
    else:
        recursive = ["-r"] if flags.get("recursive") else []
        command = ["scp", *ssh[1:], *([] if verbose else ["-q"]), *verbose, *recursive, "--", *places]
    debug(f"executing {command}")
    return subprocess.run(command).returncode


def _both_have_rsync(instance):
    if not shutil.which("rsync"):
        return False
    return subprocess.run(["ssh", "-F", instance.ssh_config, f"lima-{instance.name}", "command -v rsync"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                          ).returncode == 0
