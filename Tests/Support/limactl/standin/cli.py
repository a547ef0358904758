"""The command line: one function a verb, and the status each failure ends with."""
import signal
import sys

from . import VERSION, flags as flag_parser, log
from .log import Fatal

HELP = """\
This is dvm's test stand-in for limactl on plain QEMU. It is NOT Lima.

It implements the verbs of Lima {version} that dvm uses, with their flags, output, exit statuses and quirks, so that dvm
can be tested where Lima cannot be installed. It boots only images with a kernel beside them (Tests/Support/image/build
makes one), has no mounts, no guest agent and no networks of its own, and uses software emulation where KVM does not
work. Unlike Lima it accepts root. For anything but tests and the demo install Lima: https://lima-vm.io

usage: limactl [--log-level LEVEL] [--tty=false] [-y] VERB …

  list [--json] [-q] [NAME…]
  create [--name NAME] [--set EXPR] [--cpus N] [--memory GIB] [--disk GIB] FILE|-
  start [--timeout DURATION] NAME     an unknown NAME is created from $DVM_STANDIN_TEMPLATE
  stop [-f] NAME
  delete [-f] NAME…
  edit [--set EXPR] [--cpus N] [--memory GIB] [--disk GIB] [--start] NAME
  shell [--workdir DIR] [--shell SHELL] [--start] [--preserve-env] [--reconnect] NAME [--] [COMMAND…]
  copy [-r] [-v] [--backend auto|scp|rsync] SOURCE… TARGET
  clone NAME NEW-NAME
  snapshot create|apply|delete|list NAME [--tag TAG]
  protect NAME…, unprotect NAME…
"""
SIZES = {"set": list, "cpus": str, "memory": str, "disk": str}


def _list(args):
    from .listing import list_instances
    flags, names = flag_parser.parse(args, {"json": bool, "quiet": bool})
    list_instances(names, flags)


def _create(args):
    from .lifecycle import create
    flags, operands = flag_parser.parse(args, {"name": str, **SIZES})
    create(flags.get("name"), _one(operands), flags)


def _start(args):
    from .lifecycle import start
    flags, operands = flag_parser.parse(args, {"timeout": str})
    start(_one(operands), flags)


def _stop(args):
    from .lifecycle import stop
    flags, operands = flag_parser.parse(args, {"force": bool})
    stop(_one(operands), flags.get("force", False))


def _delete(args):
    from .lifecycle import delete
    flags, names = flag_parser.parse(args, {"force": bool})
    for name in _some(names):
        delete(name, flags.get("force", False))


def _edit(args):
    from .lifecycle import change
    flags, operands = flag_parser.parse(args, {"start": bool, **SIZES})
    if not SIZES.keys() & flags.keys():
        raise Fatal("the test stand-in opens no editor: say what to change with --set, --cpus, --memory or --disk")
    change(_one(operands), flags)


def _shell(args):
    from . import ssh
    from .instances import Instance
    flags, operands = flag_parser.parse(args, {"workdir": str, "shell": str, "start": bool, "preserve-env": bool,
                                               "reconnect": bool}, interspersed=False)
    name, *command = _some(operands)
    if command[:1] == ["--"]:
        command = command[1:]
    instance = Instance(name)
    instance.require()
    if instance.status() != "Running":
        if not flags.get("start") and not _confirmed(flags, "Do you want to start the instance now?"):
            raise Fatal(f'instance "{name}" is stopped, run `limactl start {name}` to start the instance')
        from .lifecycle import start
        start(name, {})
    return ssh.shell(instance, command, flags)


def _copy(args):
    from .transfer import copy
    flags, paths = flag_parser.parse(args, {"recursive": bool, "verbose": bool, "backend": str})
    return copy(paths, flags)


def _protect(args, protected=True):
    from .lifecycle import protect
    _, names = flag_parser.parse(args, {})
    for name in _some(names):
        protect(name, protected)


def _unprotect(args):
    _protect(args, protected=False)


def _clone(args):
    from .duplicate import clone
    _, names = flag_parser.parse(args, {})
    if len(names) != 2:
        raise Fatal(f"accepts 2 arg(s), received {len(names)}")
    clone(*names)


def _snapshot(args):
    from . import snapshot
    flags, operands = flag_parser.parse(args, {"tag": str})
    verb, *names = _some(operands)
    if verb not in {*snapshot.LETTERS, "list"}:
        raise Fatal(f'unknown command "{verb}" for "limactl snapshot"')
    snapshot.run(verb, _one(names), flags.get("tag"))


VERBS = {"list": _list, "ls": _list, "create": _create, "start": _start, "stop": _stop, "delete": _delete,
         "remove": _delete, "rm": _delete, "edit": _edit, "shell": _shell, "copy": _copy, "cp": _copy,
         "clone": _clone, "snapshot": _snapshot, "protect": _protect, "unprotect": _unprotect}


def _some(operands):
    if not operands:
        raise Fatal("requires at least 1 arg(s), only received 0")
    return operands


def _one(operands):
    if len(operands) != 1:
        raise Fatal(f"accepts 1 arg(s), received {len(operands)}")
    return operands[0]


def _confirmed(flags, question):
    if not sys.stdin.isatty() or not sys.stdout.isatty() or flags.get("yes") or flags.get("tty") is False:
        return False
    return input(f"? {question} [Y/n] ").strip().lower() in ("", "y", "yes")


def _split(args):
    """The global flags before the verb, the verb, and the rest."""
    flags, operands = flag_parser.parse(args, {}, interspersed=False)
    return flags, operands[:1], operands[1:]


def main(args):
    # As a Go program ends: no traceback, and gone at once when the reader of its output is.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        flags, verb, rest = _split(args)
        if flags.get("version"):
            print(f"limactl version {VERSION}")
            return 0
        if flags.get("help") or not verb or "--help" in rest[:1]:
            print(HELP.format(version=VERSION), end="")
            return 0
        if flags.get("debug"):
            log.set_level("debug")
        log.set_level(flags.get("log-level", "debug" if flags.get("debug") else "info"))
        if verb[0] not in VERBS:
            raise Fatal(f'unknown command "{verb[0]}" for "limactl" (or not implemented by the test stand-in)')
        # Global flags given before the verb hold after it too.
        passed = [f"--{name}={str(value).lower()}" for name, value in flags.items() if name in ("tty", "yes")]
        return VERBS[verb[0]](passed + rest) or 0
    except Fatal as error:
        log.fatal(str(error))
        return 1
