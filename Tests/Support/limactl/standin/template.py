"""Instance YAML: reading it, composing `base:`, and filling it in from default.yaml, override.yaml and defaults.

The order is Lima's: override.yaml wins over the instance, the instance over default.yaml; maps are merged, lists
concatenated with the winner first, except where `fill` says otherwise.
"""
import copy
import getpass
import hashlib
import os
import re

import yaml

from .instances import config_dir, lima_home
from .log import Fatal, warn

KNOWN = set("""additionalDisks arch audio base caCerts containerd copyToHost cpuType cpus disk dns env firmware
guestInstallPrefix hostResolver images memory message minimumLimaVersion mountInotify mountType mountTypesUnsupported
mounts nestedVirtualization networks os param plain portForwards probes propagateProxyEnv provision rosetta ssh
timezone upgradePackages user video vmOpts vmType""".split())

BUILT_IN = {
    "vmType": "qemu", "os": "Linux", "images": [], "disk": "100GiB", "additionalDisks": [], "mounts": [],
    "mountType": "reverse-sshfs", "mountInotify": False,
    "ssh": {"localPort": 0, "loadDotSSHPubKeys": False, "forwardAgent": False, "forwardX11": False,
            "forwardX11Trusted": False},
    "firmware": {"legacyBIOS": False}, "audio": {"device": ""}, "video": {"display": "none", "vnc": {}},
    "provision": [], "upgradePackages": False, "containerd": {"system": False, "user": True},
    "guestInstallPrefix": "/usr/local", "probes": [], "portForwards": [], "networks": [], "env": {}, "param": {},
    "dns": [], "hostResolver": {"enabled": True, "ipv6": False, "hosts": {}}, "propagateProxyEnv": True,
    "caCerts": {"removeDefaults": False}, "rosetta": {"enabled": False, "binfmt": False}, "plain": False,
    "timezone": "", "nestedVirtualization": False, "user": {"shell": "/bin/bash"},
}


def parse(text, origin):
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise Fatal(f'failed to unmarshal YAML "{origin}": {" ".join(str(error).split())}') from None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise Fatal(f'failed to unmarshal YAML "{origin}": a mapping is expected')
    for key in sorted(set(data) - KNOWN, key=str):
        warn(f'Ignoring non-existent key "{key}" in "{origin}"')
    data = {key: value for key, value in data.items() if value is not None}
    for key, value in data.items():
        default = BUILT_IN.get(key)
        if isinstance(default, (dict, list)) and not isinstance(value, type(default)):
            raise Fatal(f'failed to unmarshal YAML "{origin}": `{key}` must be a {type(default).__name__}')
        if isinstance(default, list) and key != "dns" and not all(isinstance(entry, dict) for entry in value):
            raise Fatal(f'failed to unmarshal YAML "{origin}": every entry of `{key}` must be a mapping')
    return data


def read(path):
    try:
        with open(path) as file:
            return parse(file.read(), path)
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f'cannot read "{path}": {error}') from None


def merge(over, under):
    """`over` on top of `under`: maps merged, lists joined with those of `over` first, else `over` wins."""
    if isinstance(over, dict) and isinstance(under, dict):
        merged = {key: merge(value, under[key]) if key in under else value for key, value in over.items()}
        return {**merged, **{key: value for key, value in under.items() if key not in over}}
    if isinstance(over, list) and isinstance(under, list):
        return over + under
    return over


def locate(reference, directory):
    """The file a `base:` entry names: an absolute or relative path, or `template:NAME` kept beside the instances."""
    if isinstance(reference, dict):
        reference = reference.get("url", "")
    if re.match(r"template:", reference):
        name = reference[len("template:"):].lstrip("/")
        folders = [os.path.join(lima_home(), "_templates"), os.environ.get("DVM_STANDIN_TEMPLATES")]
        for folder in filter(None, folders):
            path = os.path.join(folder, f"{name}.yaml")
            if os.path.isfile(path):
                return path
        raise Fatal(f'template "{name}" not found: the test stand-in has no templates of its own; put {name}.yaml'
                    " into $LIMA_HOME/_templates or name its folder in DVM_STANDIN_TEMPLATES")
    if re.match(r"[a-z+]+://", reference):
        raise Fatal(f'cannot fetch "{reference}": the test stand-in reads local files only')
    return os.path.join(directory, os.path.expanduser(reference))


def compose(data, directory, seen=()):
    """Folds `base:` into the YAML that names it, recursively, as Lima does when it creates an instance."""
    bases = data.pop("base", [])
    for reference in bases if isinstance(bases, list) else [bases]:
        path = locate(reference, directory)
        if path in seen:
            raise Fatal(f'base template loop: "{path}" includes itself')
        data = merge(data, compose(read(path), os.path.dirname(path), (*seen, path)))
    return data


def _by_key(lists, key):
    """Joins lists of maps, a later entry with the same `key` changing the earlier one instead of following it."""
    joined, index = [], {}
    for entry in (entry for entries in lists for entry in entries or []):
        name = entry.get(key)
        if name is not None and name in index:
            joined[index[name]].update(entry)
        else:
            index[name] = len(joined)
            joined.append(dict(entry))
    return joined


def _user_layer(name):
    path = os.path.join(config_dir(), name)
    return compose(read(path), config_dir()) if os.path.exists(path) else {}


def fill(instance_yaml, directory):
    """The effective configuration: what `limactl list --json` shows as `config`."""
    default, override = _user_layer("default.yaml"), _user_layer("override.yaml")
    layers = (default, instance_yaml, override)
    # A copy, because merging shares what it does not change, and what follows writes into it.
    config = copy.deepcopy(merge(override, merge(instance_yaml, default)))
    config["mounts"] = _by_key([layer.get("mounts") for layer in layers], "location")
    config["networks"] = _by_key([layer.get("networks") for layer in layers], "interface")
    config["dns"] = override.get("dns") or instance_yaml.get("dns") or default.get("dns") or []
    config = merge(config, copy.deepcopy(BUILT_IN))
    config.setdefault("arch", os.uname().machine)
    config.setdefault("cpus", min(4, os.cpu_count() or 1))
    half_of_memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    config.setdefault("memory", f"{min(4096, half_of_memory >> 20)}MiB")
    _fill_user(config["user"])
    for image in config["images"]:
        image.setdefault("arch", config["arch"])
    for number, network in enumerate(config["networks"]):
        digest = hashlib.sha256(f"{directory}#{number}".encode()).hexdigest()
        network.setdefault("macAddress", ":".join(["52:55:55", digest[:2], digest[2:4], digest[4:6]]))
        network.setdefault("interface", f"lima{number}")
    for mount in config["mounts"]:
        mount.setdefault("writable", False)
        mount.setdefault("mountPoint", mount.get("location"))
    for entry in config["provision"]:
        entry.setdefault("mode", "system")
    for rule in config["portForwards"]:
        _fill_port_forward(rule)
    if config["plain"]:
        config["mounts"] = []
        config["portForwards"] = [rule for rule in config["portForwards"] if rule.get("static")]
        config["containerd"].update(system=False, user=False)
    return config


def _fill_user(user):
    name = getpass.getuser()
    # Lima never makes a guest account named root, whoever runs it.
    user.setdefault("name", name if re.fullmatch(r"[a-z_][a-z0-9_-]*", name) and name != "root" else "lima")
    user.setdefault("comment", "")
    user.setdefault("home", f"/home/{user['name']}.guest")
    user.setdefault("uid", os.getuid() or 1000)


def _fill_port_forward(rule):
    rule.setdefault("proto", "tcp")
    rule.setdefault("guestIP", "0.0.0.0" if rule.get("guestIPMustBeZero") else "127.0.0.1")
    rule.setdefault("hostIP", "127.0.0.1")
    guest, host = rule.get("guestPort"), rule.get("hostPort")
    rule.setdefault("guestPortRange", [guest, guest] if guest else [1, 65535])
    rule.setdefault("hostPortRange", [host, host] if host else rule["guestPortRange"])
