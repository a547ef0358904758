"""`--set EXPR`: the part of yq's language that dvm uses, assignments of JSON values to paths joined by `|`."""
import json
import re

from .log import Fatal

ASSIGNMENT = re.compile(r"\s*((?:\.[A-Za-z][A-Za-z0-9_]*)+)\s*=\s*")


def assignments(expression):
    """The (path, value) pairs of `.cpus = 4 | .ssh.forwardAgent = false | .portForwards = [{"guestPort": 80}]`."""
    decoder, position, pairs = json.JSONDecoder(), 0, []
    while True:
        match = ASSIGNMENT.match(expression, position)
        if not match:
            raise _refusal(expression, position)
        try:
            value, position = decoder.raw_decode(expression, match.end())
        except json.JSONDecodeError:
            raise _refusal(expression, match.end()) from None
        pairs.append((match[1].split(".")[1:], value))
        rest = expression[position:].lstrip()
        if not rest:
            return pairs
        if not rest.startswith("|"):
            raise _refusal(expression, position)
        position = len(expression) - len(rest) + 1


def _refusal(expression, position):
    return Fatal(f"failed to evaluate yq expression: the test stand-in knows `.path = JSON | …` only;"
                 f" not understood from {expression[position:]!r}")


def apply(data, flags):
    """The YAML with the values of --cpus, --memory, --disk (GiB) and every --set put in."""
    for name in ("cpus", "memory", "disk"):
        if name in flags:
            data[name] = _number(name, flags[name])
    for expression in flags.get("set", []):
        for path, value in assignments(expression):
            place = data
            for key in path[:-1]:
                place = place.setdefault(key, {})
                if not isinstance(place, dict):
                    raise Fatal(f"failed to evaluate yq expression: .{'.'.join(path)} is not inside a mapping")
            place[path[-1]] = value
    return data


def _number(name, text):
    try:
        return int(text) if name == "cpus" else f"{float(text):g}GiB"
    except ValueError:
        raise Fatal(f'invalid argument "{text}" for "--{name}" flag: not a number') from None
