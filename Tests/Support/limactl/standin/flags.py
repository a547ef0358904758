"""Command line flags the way Cobra reads them: `--name value`, `--name=value`, booleans that take `=false`."""
from .log import Fatal

# Accepted before and after every verb.
GLOBAL = {"log-level": str, "log-format": str, "debug": bool, "tty": bool, "yes": bool, "version": bool, "help": bool}
SHORT = {"y": "yes", "h": "help", "v": "verbose", "f": "force", "r": "recursive"}
TRUTH = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}


def parse(args, known, interspersed=True):
    """Splits `args` into (flags, operands). `known` maps a flag's name to bool, str, or list for a repeatable one.

    With `interspersed` off the first operand ends the flags, as `limactl shell` has it.
    """
    kinds = {**GLOBAL, **known}
    flags, operands, rest = {}, [], list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            return flags, operands + rest
        if not arg.startswith("-") or arg == "-":
            operands.append(arg)
            if not interspersed:
                return flags, operands + rest
            continue
        name, has_value, value = arg.lstrip("-").partition("=")
        if not arg.startswith("--"):
            if name not in SHORT:
                raise Fatal(f"unknown shorthand flag: '{name}' in {arg} (or not implemented by the test stand-in)")
            name = SHORT[name]
        kind = kinds.get(name)
        if kind is None:
            raise Fatal(f"unknown flag: --{name} (or not implemented by the test stand-in)")
        if kind is bool:
            if has_value and value not in TRUTH:
                raise Fatal(f'invalid argument "{value}" for "--{name}" flag: not a boolean')
            flags[name] = TRUTH[value] if has_value else True
            continue
        if not has_value:
            if not rest:
                raise Fatal(f"flag needs an argument: --{name}")
            value = rest.pop(0)
        if kind is list:
            flags.setdefault(name, []).append(value)
        else:
            flags[name] = value
    return flags, operands
