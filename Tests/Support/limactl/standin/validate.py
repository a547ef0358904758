"""Checks of a filled-in configuration, made before anything is written: a bad value leaves the old file alone."""
import os
import re

from .log import Fatal

UNITS = {"": 0, "b": 0, "k": 10, "kb": 10, "kib": 10, "m": 20, "mb": 20, "mib": 20, "g": 30, "gb": 30, "gib": 30,
         "t": 40, "tb": 40, "tib": 40}


def size_in_bytes(value, field):
    """`4GiB`, `512MiB`, `1.5G` or a plain number of bytes; the units are powers of 1024, as in Lima."""
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*", str(value))
    if not match or match[2].lower() not in UNITS:
        raise Fatal(f"field `{field}` has an invalid value: invalid size: '{value}'")
    return int(float(match[1]) * (1 << UNITS[match[2].lower()]))


def check(config):
    cpus = config["cpus"]
    if not isinstance(cpus, int) or isinstance(cpus, bool) or cpus < 1:
        raise Fatal(f"field `cpus` must be a positive integer, got {cpus!r}")
    if size_in_bytes(config["memory"], "memory") < 128 << 20:
        raise Fatal(f"field `memory` is too small to boot a guest: {config['memory']}")
    size_in_bytes(config["disk"], "disk")
    if config["arch"] not in ("x86_64", "aarch64"):
        raise Fatal(f'field `arch` must be "x86_64" or "aarch64" for the test stand-in, got "{config["arch"]}"')
    if config["vmType"] not in ("qemu", "default"):
        raise Fatal(f'vmType "{config["vmType"]}" is not available: the test stand-in has qemu only')
    if not config["images"]:
        raise Fatal("field `images` must be set")
    for image in config["images"]:
        if not image.get("location"):
            raise Fatal("field `images[].location` must be set")
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", str(config["user"]["name"])):
        raise Fatal(f'field `user.name` is not a valid user name: "{config["user"]["name"]}"')
    for field in ("home", "shell"):
        if not os.path.isabs(str(config["user"][field])):
            raise Fatal(f"field `user.{field}` must be an absolute path, got \"{config['user'][field]}\"")
    for number, rule in enumerate(config["portForwards"]):
        _check_port_forward(rule, f"portForwards[{number}]")
    for number, entry in enumerate(config["provision"]):
        if entry["mode"] not in ("system", "user"):
            raise Fatal(f'field `provision[{number}].mode` "{entry["mode"]}" is not implemented by the test stand-in')


def _check_port_forward(rule, field):
    for name in ("guestPort", "hostPort"):
        if name in rule and not _is_port(rule[name]):
            raise Fatal(f"field `{field}.{name}` must be between 1 and 65535, got {rule[name]!r}")
    for name in ("guestPortRange", "hostPortRange"):
        ports = rule[name]
        if not (isinstance(ports, list) and len(ports) == 2 and all(map(_is_port, ports)) and ports[0] <= ports[1]):
            raise Fatal(f"field `{field}.{name}` must be two ports in ascending order, got {ports!r}")
    if rule["guestPortRange"][1] - rule["guestPortRange"][0] != rule["hostPortRange"][1] - rule["hostPortRange"][0]:
        raise Fatal(f"field `{field}.hostPortRange` must specify the same number of ports as `guestPortRange`")
    if rule["proto"] not in ("tcp", "any"):
        raise Fatal(f'field `{field}.proto` "{rule["proto"]}" is not implemented by the test stand-in')


def _is_port(value):
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535
