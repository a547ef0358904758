"""Messages on stderr in the style of Lima's logger, and the one exception that ends a command with status 1."""
import json
import sys
import time

LEVELS = {"trace": 0, "debug": 1, "info": 2, "warn": 3, "warning": 3, "error": 4, "fatal": 5, "panic": 6}
_threshold = LEVELS["info"]


class Fatal(Exception):
    """Ends the command with status 1 and this text as the `level=fatal` line."""


def set_level(name):
    global _threshold
    if name not in LEVELS:
        raise Fatal(f'not a valid logrus Level: "{name}"')
    _threshold = LEVELS[name]


def _emit(level, message):
    if LEVELS[level] < _threshold:
        return
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    stamp = f"{stamp[:-2]}:{stamp[-2:]}"
    # Flushed by hand: a reader of a pipe sees each line when it happens.
    print(f'time="{stamp}" level={level} msg={json.dumps(message, ensure_ascii=False)}', file=sys.stderr, flush=True)


def debug(message):
    _emit("debug", message)


def info(message):
    _emit("info", message)


def warn(message):
    _emit("warning", message)


def fatal(message):
    _emit("fatal", message)
