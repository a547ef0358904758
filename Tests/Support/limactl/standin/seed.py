"""The seed disk: what cloud-init would be told by Lima, for the unit in Tests/Support/image that reads it at boot."""
import os
import shlex
import shutil
import subprocess
import tempfile

from .log import Fatal

# Enough for the scripts of any sane template.
SIZE = 4 << 20


def write(config, name, hostname, public_keys, destination):
    user = config["user"]
    values = {"NAME": name, "HOSTNAME": hostname, "USER": user["name"], "UID": user["uid"], "HOME": user["home"],
              "SHELL": user["shell"], "COMMENT": user["comment"]}
    with tempfile.TemporaryDirectory(prefix="limactl-seed-") as tree:
        _put(tree, "lima.env", "".join(f"LIMA_CIDATA_{name}={shlex.quote(str(value))}\n"
                                       for name, value in values.items()))
        _put(tree, "authorized_keys", "".join(public_keys))
        for number, entry in enumerate(config["provision"]):
            _put(tree, f"provision.{entry['mode']}/{number:08d}", entry.get("script", ""), mode=0o755)
        _make_file_system(tree, destination)


def _put(tree, name, text, mode=0o600):
    path = os.path.join(tree, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


def _make_file_system(tree, destination):
    tool = shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if not tool:
        raise Fatal("mkfs.ext4 is not installed: apt-get install e2fsprogs")
    fresh = f"{destination}.new"
    with open(fresh, "wb") as file:
        file.truncate(SIZE)
    made = subprocess.run([tool, "-q", "-F", "-L", "cidata", "-m", "0", "-O", "^has_journal", "-E", "root_owner=0:0",
                           "-d", tree, fresh], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if made.returncode:
        raise Fatal(f"failed to make the seed disk: {made.stderr.strip()}")
    os.replace(fresh, destination)
