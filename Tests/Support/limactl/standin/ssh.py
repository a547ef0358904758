"""Getting into the guest: the key pair, ssh.config, and `limactl shell`. Imports little: `shell` must start quickly."""
import os
import signal
import sys

from .instances import config_dir
from .log import Fatal

SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-")
# What Lima keeps from the guest under --preserve-env: names that mean something else there.
BLOCKED = ("BASH*", "DISPLAY", "DYLD_*", "EUID", "FPATH", "GID", "GROUP", "HOME", "HOSTNAME", "LD_*", "LIMA_*",
           "LOGNAME", "OLDPWD", "PATH", "PWD", "SHELL", "SHLVL", "SSH_*", "TERM", "TERMINFO", "TMPDIR", "UID", "USER",
           "XAUTHORITY", "XDG_*", "ZDOTDIR", "ZSH*", "_*")


def public_keys(load_user_keys):
    """Lima's own key, made on first use, and on request those of ~/.ssh."""
    import fcntl
    import glob
    import subprocess
    key = os.path.join(config_dir(), "user")
    os.makedirs(config_dir(), mode=0o700, exist_ok=True)
    with open(os.path.join(config_dir(), ".user.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(f"{key}.pub"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lima", "-f", key],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    paths = [f"{key}.pub"]
    if load_user_keys:
        paths += sorted(glob.glob(os.path.expanduser("~/.ssh/*.pub")))
    keys = []
    for path in paths:
        with open(path) as file:
            keys.append(file.read().rstrip("\n") + "\n")
    return keys


def write_config(instance, config, port):
    settings = config["ssh"]
    text = f"""\
# This SSH config file can be passed to 'ssh -F'.
# Modifications to this file will be lost on restarting the instance.
Host lima-{instance.name}
  IdentityFile "{os.path.join(config_dir(), 'user')}"
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  NoHostAuthenticationForLocalhost yes
  PreferredAuthentications publickey
  Compression no
  BatchMode yes
  IdentitiesOnly yes
  GSSAPIAuthentication no
  Ciphers "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
  User {config['user']['name']}
  ForwardAgent {'yes' if settings['forwardAgent'] else 'no'}
  ControlMaster auto
  ControlPath "{instance.path('ssh.sock')}"
  ControlPersist yes
  Hostname 127.0.0.1
  Port {port}
"""
    fresh = f"{instance.ssh_config}.new"
    with open(fresh, "w") as file:
        file.write(text)
    os.replace(fresh, instance.ssh_config)


def quote(word):
    return word if word and SAFE.issuperset(word) else "'" + word.replace("'", "'\"'\"'") + "'"


def _environment():
    from fnmatch import fnmatchcase
    kept = [f"{name}={value}" for name, value in os.environ.items()
            if not any(fnmatchcase(name, pattern) for pattern in BLOCKED)]
    return "env " + "".join(quote(entry) + " " for entry in kept) if kept else ""


def _script(arguments, flags):
    """The line sshd hands to the account's shell, with Lima's quoting: in leading NAME=VALUE words, NAME is bare."""
    workdir = flags.get("workdir")
    change = f"cd {quote(workdir)} || exit 1" if workdir else "false"
    shell = quote(flags["shell"]) if flags.get("shell") else '"$SHELL"'
    script = f"{change} ; exec {_environment() if flags.get('preserve-env') else ''}{shell} -l"
    if not arguments:
        return script
    words, assignments = [], True
    for argument in arguments:
        assignments = assignments and "=" in argument
        if assignments:
            name, _, value = argument.partition("=")
            words.append(f"{name}={quote(value)}")
        else:
            words.append(quote(argument))
    return f"{script} -c {quote(' '.join(words))}"


def run(instance, *arguments, options=()):
    """Runs ssh as a child and returns its status; a child, as in Lima, where killing limactl leaves ssh alone."""
    command = ["ssh", "-F", instance.ssh_config, *options, f"lima-{instance.name}", *arguments]
    try:
        # Python ignores SIGPIPE and would pass that on.
        child = os.posix_spawnp("ssh", command, os.environ, setsigdef=[signal.SIGPIPE])
    except FileNotFoundError:
        raise Fatal("ssh is not installed: apt-get install openssh-client") from None
    status = os.waitpid(child, 0)[1]
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 255


def shell(instance, arguments, flags):
    if flags.get("reconnect"):
        run(instance, options=["-O", "exit"])
    options = ["-o", "LogLevel=ERROR"]
    if sys.stdout.isatty():
        options.append("-t")
    if "COLORTERM" in os.environ:
        options += ["-o", "SendEnv=COLORTERM"]
    return run(instance, "--", _script(arguments, flags), options=options)
