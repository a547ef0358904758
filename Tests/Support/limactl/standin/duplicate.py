"""`limactl clone`: a stopped instance with everything in it, under another name."""
import os
import shutil

from . import qemu
from .instances import Instance
from .log import Fatal, info

# What belongs to a run, or to that very instance.
LEFT_OUT = {"qemu.pid", "qmp.sock", "ssh.config", "ssh.sock", "serial.log", "cidata.raw", "protected", "lima.yaml.new"}


def clone(source, name):
    old, new = Instance(source), Instance(name)
    old.require()
    new.check_name()
    with old.locked(), new.locked():
        if new.exists():
            raise Fatal(f'instance "{name}" already exists')
        if old.status() == "Running":
            raise Fatal("cannot clone a running instance")
        os.mkdir(new.dir, 0o700)
        try:
            for file in sorted(os.listdir(old.dir)):
                if file not in LEFT_OUT and os.path.isfile(old.path(file)):
                    qemu.copy_file(old.path(file), new.path(file))
            qemu.adopt_disk(new)
        except BaseException:
            shutil.rmtree(new.dir, ignore_errors=True)
            raise
    info(f"Run `limactl start {name}` to start the instance.")
