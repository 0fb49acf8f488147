"""Filling in `{{…}}`: names of variables, and `{{=…}}` expressions.

Every text is filled in once, with all that is known where it is used: what a value holds is
never read as a tag again.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from towpath.runner import expressions, texts
from towpath.runner.mistakes import Mistake

_OPEN, _CLOSE = "{{", "}}"


class Variables:
    """Variables by their full names, and as the maps that expressions walk.

    One that is None is known to be absent: the output of a step that was skipped.
    """

    def __init__(self, flat: Mapping[str, object]) -> None:
        self.flat = flat
        self._expanded: dict[str, object] | None = None

    def also(self, more: Mapping[str, object]) -> "Variables":
        """These and more; the latter win."""
        return Variables({**self.flat, **more})

    @property
    def expanded(self) -> Mapping[str, object]:
        """The variables as nested maps."""
        if self._expanded is None:
            self._expanded = expressions.expand(self.flat)
        return self._expanded


def fill(value: object, variables: Variables) -> object:
    """The value with every tag in it filled in. Raises `Mistake` for one that cannot be."""
    if isinstance(value, str):
        return fill_text(value, variables)
    if isinstance(value, dict):
        return {key: fill(below, variables) for key, below in value.items()}
    return [fill(below, variables) for below in value] if isinstance(value, list) else value


def fill_text(text: str, variables: Variables) -> str:
    """The text with every tag in it filled in. Raises `Mistake` for one that cannot be."""
    return _filled(text, variables) if _OPEN in text else text


def _filled(text: str, variables: Variables) -> str:
    return "".join(
        part if kind == "text" else _value(part, variables) for kind, part in _parts(text)
    )


def _value(tag: str, variables: Variables) -> str:
    if tag.startswith("="):
        return _computed(tag[1:], variables)
    if _OPEN in tag:
        tag = _filled(tag, variables)
    name = tag.strip()
    if name not in variables.flat:
        raise Mistake(f"{{{{{tag}}}}} cannot be filled in: there is no `{name}` here")
    value = variables.flat[name]
    if value is None:
        raise Mistake(
            f"{{{{{tag}}}}} cannot be filled in: the step was skipped, and has no default"
        )
    return texts.of(value)


def _computed(expression: str, variables: Variables) -> str:
    value = expressions.evaluate(expression, variables.expanded)
    if value is None:
        raise Mistake(f"{{{{={expression}}}}} comes to nothing")
    return texts.of(value)


def only_reference(text: str) -> str:
    """The name of the variable that the text is, if it is one tag and nothing else."""
    parts = _parts(text) if text.startswith(_OPEN) else ()
    if len(parts) != 1 or parts[0][0] == "text" or parts[0][1].startswith("="):
        return ""
    return parts[0][1].strip()


def tags(text: str) -> Iterator[str]:
    """The tags of the text, those of a tag's own inside included."""
    for kind, part in _parts(text) if _OPEN in text else ():
        if kind == "tag":
            yield part
            if not part.startswith("="):
                yield from tags(part)


@lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[tuple[str, str], ...]:
    """The text as pieces: plain text, and what stands between braces (with tags inside)."""
    return tuple(_pieces(text))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while True:
        start = text.find(_OPEN, position)
        end = _closing(text, start) if start >= 0 else -1
        if end < 0:
            break
        if start > position:
            yield "text", text[position:start]
        yield "tag", text[start + 2 : end]
        position = end + 2
    if position < len(text):
        yield "text", text[position:]


def _closing(text: str, start: int) -> int:
    """Where the braces that open at `start` are closed; tags inside are closed before."""
    if text.startswith("=", start + 2):
        return text.find(_CLOSE, start + 2)
    depth, position = 0, start
    while position < len(text) - 1:
        pair = text[position : position + 2]
        if pair == _OPEN:
            depth += 1
            position += 2
        elif pair == _CLOSE:
            depth -= 1
            if depth == 0:
                return position
            position += 2
        else:
            position += 1
    return -1


def names_asked(value: object, wanted: Callable[[str], bool]) -> bool:
    """Whether a tag anywhere in the value is wanted."""
    if isinstance(value, str):
        return any(wanted(tag) for tag in tags(value))
    if isinstance(value, dict):
        return any(names_asked(below, wanted) for below in value.values())
    return any(names_asked(below, wanted) for below in value) if isinstance(value, list) else False
