"""create, start, stop, delete, edit, protect: what changes an instance, with Lima's refusals."""
import os
import re
import shutil
import sys

import yaml

from . import VERSION, boot, edit, qemu, ssh, template, validate
from .instances import Instance, lima_home
from .log import Fatal, info, warn

UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
STOP_SECONDS = 180  # Lima's patience with a guest that shuts down


def load(instance):
    """(lima.yaml as written, the effective configuration)"""
    data = template.read(instance.path("lima.yaml"))
    return data, template.fill(data, instance.dir)


def _write(instance, data):
    fresh = instance.path("lima.yaml.new")
    with open(fresh, "w") as file:
        yaml.safe_dump(data, file, sort_keys=False)
    os.replace(fresh, instance.path("lima.yaml"))


def create(name, source, flags):
    if source == "-":
        text, origin, directory = sys.stdin.read(), "stdin", os.getcwd()
    else:
        path = template.locate(source, os.getcwd())
        try:
            with open(path) as file:
                text, origin, directory = file.read(), path, os.path.dirname(os.path.abspath(path))
        except OSError as error:
            raise Fatal(f'cannot read "{path}": {error.strerror}') from None
    instance = Instance(name or re.sub(r"\.ya?ml$", "", os.path.basename(source)).replace("-", "default"))
    instance.check_name()
    data = edit.apply(template.compose(template.parse(text, origin), directory), flags)
    with instance.locked():
        if instance.exists():
            raise Fatal(f'instance "{instance.name}" already exists')
        config = template.fill(data, instance.dir)
        validate.check(config)
        os.makedirs(lima_home(), mode=0o700, exist_ok=True)
        os.mkdir(instance.dir, 0o700)
        try:
            qemu.fetch_image(instance, config)
            ssh.public_keys(load_user_keys=False)
            with open(instance.path("lima-version"), "w") as file:
                file.write(VERSION)
            _write(instance, data)
        except BaseException:
            shutil.rmtree(instance.dir, ignore_errors=True)
            raise
    info(f"Run `limactl start {instance.name}` to start the instance.")
    return instance


def start(name, flags):
    timeout = _seconds(flags.get("timeout", "10m"))
    instance = Instance(name)
    instance.check_name()
    if not instance.exists():
        default = os.environ.get("DVM_STANDIN_TEMPLATE")
        if not default:
            raise Fatal(f'instance "{name}" does not exist; Lima would now create it from its default template:'
                        " name one for the test stand-in in DVM_STANDIN_TEMPLATE")
        info(f'Creating an instance "{name}" from the default template')
        create(name, default, {})
    # A second `start` waits here for the first one's end, then finds the instance running.
    with instance.locked():
        instance.require()
        if instance.status() == "Running":
            info(f'The instance "{name}" is already running. Run `limactl shell {name}` to open the shell.')
            return
        _, config = load(instance)
        validate.check(config)
        _refuse_unimplemented(config)
        boot.check_ports(config)
        boot.forget(instance)
        info(f'Starting the instance "{name}" with VM driver "qemu"')
        port = config["ssh"]["localPort"] or boot.free_port()
        keys = ssh.public_keys(config["ssh"]["loadDotSSHPubKeys"])
        ssh.write_config(instance, config, port)
        qemu.start(instance, config, f"lima-{name}", keys, port)
        boot.wait_until_ready(instance, config, port, timeout)
    info(f"READY. Run `limactl shell {name}` to open the shell.")


def _refuse_unimplemented(config):
    for field in ("mounts", "networks", "additionalDisks"):
        if config[field]:
            raise Fatal(f"`{field}` is not implemented by the test stand-in")
    if not config["plain"]:
        warn("the test stand-in has no guest agent: as with `plain: true`, ports are not forwarded automatically")


def _seconds(text):
    parts = re.findall(r"([0-9]+(?:\.[0-9]+)?)(h|ms|m|s)", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise Fatal(f'invalid argument "{text}" for "--timeout" flag: time: invalid duration "{text}"')
    return sum(float(number) * UNIT_SECONDS[unit] for number, unit in parts)


def stop(name, force):
    # Not under the lock: a stop must work while a start waits for the guest.
    instance = Instance(name)
    instance.require()
    status = instance.status()
    if force:
        qemu.kill(instance)
    elif status != "Running":
        raise Fatal(f'expected status "Running", got "{status}" (maybe use `limactl stop -f`?)')
    else:
        info(f'Sending the power button to the instance "{name}"')
        qemu.power_down(instance)
        if not qemu.wait_for_exit(instance, STOP_SECONDS):
            warn("The guest did not shut down in time, killing QEMU")
            qemu.kill(instance)
    boot.forget(instance)


def delete(name, force):
    instance = Instance(name)
    if not instance.exists():
        warn(f'Ignoring non-existent instance "{name}"')
        return
    if os.path.exists(instance.path("protected")):
        raise Fatal(f'failed to delete instance "{name}": instance is protected to prohibit accidental removal'
                    " (Hint: use `limactl unprotect`)")
    if not force and instance.status() == "Running":
        raise Fatal(f'failed to delete instance "{name}": expected status "Stopped", got "Running"'
                    " (maybe use `limactl delete -f`?)")
    qemu.kill(instance)
    boot.forget(instance)
    with instance.locked():
        shutil.rmtree(instance.dir, ignore_errors=True)
    info(f'Deleted "{name}" ("{instance.dir}")')


def change(name, flags):
    instance = Instance(name)
    instance.require()
    with instance.locked():
        if instance.status() == "Running":
            raise Fatal("cannot edit a running instance")
        data, before = load(instance)
        changed = edit.apply(data, flags)
        config = template.fill(changed, instance.dir)
        validate.check(config)
        if validate.size_in_bytes(config["disk"], "disk") < validate.size_in_bytes(before["disk"], "disk"):
            raise Fatal(f"field `disk`: shrinking is not supported: {before['disk']} to {config['disk']}")
        _write(instance, changed)
    info(f'Instance "{name}" configuration edited')
    if flags.get("start"):
        start(name, {})


def protect(name, protected):
    instance = Instance(name)
    instance.require()
    mark = instance.path("protected")
    if protected:
        open(mark, "w").close()
    elif os.path.exists(mark):
        os.unlink(mark)
    info(f'{"Protected" if protected else "Unprotected"} "{name}"')
