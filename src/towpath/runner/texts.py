"""Values as the text that Argo makes of them: what lands in a parameter, a name, a list."""

import json
import math

MAX_IN_NAME = 80


def of(value: object) -> str:
    """A value as a parameter carries it: text as it is, everything else as compact JSON."""
    return value if isinstance(value, str) else as_json(value)


def as_json(value: object) -> str:
    """Compact JSON with sorted keys, numbers as Go writes them."""
    return json.dumps(_go(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _go(value: object) -> object:
    if (
        isinstance(value, float)
        and math.isfinite(value)
        and value.is_integer()
        and abs(value) < 1e21
    ):
        return int(value)
    if isinstance(value, dict):
        return {key: _go(below) for key, below in value.items()}
    return [_go(below) for below in value] if isinstance(value, list) else value


def read_json(text: str) -> object:
    """What the JSON says. Raises `ValueError`, also where it is nested too deep to be read."""
    try:
        value: object = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    return value


def in_name(value: object) -> str:
    """A value as it stands in the name of a loop's step: Go's `%v`, without parentheses, short."""
    return _shown(value).replace("(", "").replace(")", "")[:MAX_IN_NAME]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ",".join(sorted(f"{key}:{_shown(below)}" for key, below in value.items()))
    if isinstance(value, list):
        return f"[{' '.join(_shown(below) for below in value)}]"
    return of(value)
