"""The virtual machine: its disks, QEMU's command line, starting it as a daemon and ending it.

The aarch64 path is written from QEMU's documentation and has never run.
"""
import json
import os
import shutil
import signal
import socket
import subprocess
import time

from . import seed
from .accel import accelerator
from .log import Fatal, debug
from .validate import size_in_bytes

# Lima's user-mode network: the guest reaches its host at .2 and its resolver at .3.
NETWORK = "net=192.168.5.0/24,host=192.168.5.2,dns=192.168.5.3,dhcpstart=192.168.5.15"
INSTALL = "apt-get install qemu-system-x86 qemu-utils (qemu-system-arm on an aarch64 host)"


def _local(location):
    path = location[len("file://"):] if location.startswith("file://") else os.path.expanduser(location)
    if not os.path.isabs(path):
        raise Fatal(f'cannot fetch "{location}": the test stand-in reads local files only')
    if not os.path.isfile(path):
        raise Fatal(f'image file "{path}" does not exist: make it with Tests/Support/image/build')
    return path


def fetch_image(instance, config):
    """Puts the image of the instance's architecture into its directory; later changes to the cache do not matter."""
    image = next((image for image in config["images"] if image["arch"] == config["arch"]), None)
    if image is None:
        raise Fatal(f"no image for arch {config['arch']} in `images`")
    if "kernel" not in image:
        raise Fatal("the test stand-in boots only an image with `kernel` (see Tests/Support/image/build)")
    files = {"basedisk": image["location"], "kernel": image["kernel"].get("location", "")}
    if "initrd" in image:
        files["initrd"] = image["initrd"].get("location", "")
    for name, location in files.items():
        try:
            # A second name for the same file: as good as Lima's copy, at no cost.
            os.link(_local(location), instance.path(name))
        except OSError:
            os.symlink(_local(location), instance.path(name))
    with open(instance.path("kernel.cmdline"), "w") as file:
        file.write(image["kernel"].get("cmdline", ""))


def prepare_disk(instance, config):
    disk, wanted = instance.path("diffdisk"), size_in_bytes(config["disk"], "disk")
    if not os.path.exists(disk):
        base = os.path.realpath(instance.path("basedisk"))
        _qemu_img("create", "-q", "-f", "qcow2", "-F", _format(base), "-b", base, disk, str(wanted))
    elif wanted > json.loads(_qemu_img("info", "--output=json", disk))["virtual-size"]:
        _qemu_img("resize", "-q", disk, str(wanted))


def copy_file(source, target):
    """Copies a file of an instance, holes as holes where the system can."""
    done = subprocess.run(["cp", "--reflink=auto", "--sparse=auto", "-p", source, target], capture_output=True, text=True)
    if done.returncode:
        raise Fatal(f"cannot copy {source}: {done.stderr.strip()}")


def adopt_disk(instance):
    """Makes a copied disk stand on the copied base and not on the other instance's."""
    disk, base = instance.path("diffdisk"), os.path.realpath(instance.path("basedisk"))
    if os.path.exists(disk):
        _qemu_img("rebase", "-q", "-u", "-f", "qcow2", "-F", _format(base), "-b", base, disk)


def disk_snapshots(instance):
    """The table of a stopped instance's snapshots, without the line above it, as Lima prints it."""
    return _qemu_img("snapshot", "-l", _disk(instance)).replace("Snapshot list:\n", "", 1)


def disk_snapshot(instance, letter, tag):
    _qemu_img("snapshot", letter, tag, _disk(instance))


def _disk(instance):
    disk = instance.path("diffdisk")
    if not os.path.exists(disk):
        raise Fatal(f'instance "{instance.name}" has never been started, so it has no disk yet')
    return disk


def monitor(instance, line):
    """What QEMU's monitor answers to a line; nothing when it did what it was told."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(600)
        link.connect(instance.path("qmp.sock"))
        with link.makefile("rw") as stream:
            stream.readline()
            answer = ""
            for request in ({"execute": "qmp_capabilities"},
                            {"execute": "human-monitor-command", "arguments": {"command-line": line}}):
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                answer = ""
                while "return" not in (message := json.loads(stream.readline())) and "error" not in message:
                    pass
                answer = message.get("return") or message.get("error", {}).get("desc", "")
            return (answer if isinstance(answer, str) else "").replace("\r", "")


def _format(path):
    with open(path, "rb") as file:
        return "qcow2" if file.read(4) == b"QFI\xfb" else "raw"


def _qemu_img(*args):
    if not shutil.which("qemu-img"):
        raise Fatal(f"qemu-img is not installed: {INSTALL}")
    done = subprocess.run(["qemu-img", *args], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Fatal(f"qemu-img {args[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _command(instance, config, ssh_port):
    arch = config["arch"]
    binary = f"qemu-system-{arch}"
    if not shutil.which(binary):
        raise Fatal(f"{binary} is not installed: {INSTALL}")
    machine = "q35,vmport=off" if arch == "x86_64" else "virt"
    kvm = accelerator(binary, arch, instance.path("kernel")) == "kvm"
    # Under emulation AVX costs more than it gives: with it (`max`) a boot takes half as much processor time again.
    emulated = "Nehalem" if arch == "x86_64" else "max"
    speed = ["-accel", "kvm", "-cpu", "host"] if kvm else ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", emulated]
    initrd = ["-initrd", instance.path("initrd")] if os.path.exists(instance.path("initrd")) else []
    with open(instance.path("kernel.cmdline")) as file:
        cmdline = file.read()
    return [
        binary, "-name", f"lima-{instance.name}", "-machine", machine, *speed, "-smp", str(config["cpus"]),
        "-m", str(size_in_bytes(config["memory"], "memory") >> 20), "-nodefaults", "-display", "none",
        "-kernel", instance.path("kernel"), *initrd, "-append", cmdline,
        # Flushing to the host's disk protects from a crash of the host only, and makes package installs crawl.
        "-drive", f"file={_escape(instance.path('diffdisk'))},if=virtio,format=qcow2,cache=unsafe,discard=unmap",
        "-drive", f"file={_escape(instance.path('cidata.raw'))},if=virtio,format=raw",
        "-netdev", f"user,id=net0,{NETWORK},hostfwd=tcp:127.0.0.1:{ssh_port}-192.168.5.15:22",
        "-device", "virtio-net-pci,netdev=net0,romfile=", "-device", "virtio-rng-pci",
        "-serial", f"file:{_escape(instance.path('serial.log'))}",
        "-qmp", f"unix:{_escape(instance.path('qmp.sock'))},server=on,wait=off",
        "-pidfile", instance.path("qemu.pid"), "-daemonize",
    ]


def _escape(path):
    return path.replace(",", ",,")


def start(instance, config, hostname, public_keys, ssh_port):
    """Boots the instance; returns once QEMU runs on its own."""
    prepare_disk(instance, config)
    seed.write(config, instance.name, hostname, public_keys, instance.path("cidata.raw"))
    command = _command(instance, config, ssh_port)
    debug(f"executing {command}")
    started = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if started.returncode:
        raise Fatal(f"QEMU did not start: {started.stderr.strip()}")


def power_down(instance):
    """Presses the power button, as Lima does; the guest decides how long it takes."""
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(10)
        link.connect(instance.path("qmp.sock"))
        with link.makefile("rw") as stream:
            for command in ("qmp_capabilities", "system_powerdown"):
                stream.readline()
                stream.write(json.dumps({"execute": command}) + "\n")
                stream.flush()
            stream.readline()


def kill(instance):
    """Ends QEMU: SIGTERM lets it close the disk image in order, SIGKILL follows where it does not listen."""
    for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        pid = instance.pid()
        if not pid:
            return
        os.kill(pid, number)
        if wait_for_exit(instance, patience):
            return
    raise Fatal(f"QEMU (process {instance.pid()}) does not end")


def wait_for_exit(instance, seconds):
    deadline = time.monotonic() + seconds
    while instance.pid():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
