"""Notes as text: Markdown for a release page or a chat, plain text for a terminal or mail, and a
person's own template.

Works on the JSON document alone, so whoever has it can render it.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, sandbox

from towpath.history import places

Document = Mapping[str, Any]
Item = Mapping[str, Any]

MOST_LISTED = 200  # of each group; how many more there are is said
MOST_TOGETHER = 10  # things that are not known for one and the same reason
LONGEST_TEMPLATE = 64 * 1024
LONGEST_TEXT = 1024 * 1024
LONGEST_S = 5.0
_SHORT = 7
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~&])|^(\s*)([#+-]|\d+[.)])(?=\s)", re.MULTILINE)
_MENTION = re.compile(r"(?<![\w/])@(?=\w)")
# Among them what ends lines, steers terminals and turns the direction of text.
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")


class BadTemplate(Exception):  # noqa: N818
    """The template cannot be used, with the reason."""


def markdown(notes: Document) -> str:
    """For a release page, and short enough in its parts for a chat."""
    return _text(notes, _Markdown())


def plain(notes: Document) -> str:
    """Without any marks."""
    return _text(notes, _Plain())


def templated(notes: Document, source: str) -> str:
    """By a Jinja2 template: `notes` is the document. Raises `BadTemplate`."""
    if len(source) > LONGEST_TEMPLATE:
        raise BadTemplate(f"the template has more than {LONGEST_TEMPLATE:,} characters")
    environment = _Templates(
        autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["markdown"] = _Markdown().escaped
    try:
        return "".join(_bounded(environment.from_string(source).generate(notes=notes, **notes)))
    except TemplateSyntaxError as error:
        raise BadTemplate(f"line {error.lineno}: {error.message}") from None
    except TemplateError as error:
        raise BadTemplate(str(error)) from None
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise BadTemplate(f"{type(error).__name__}: {error}") from None


class _Templates(sandbox.ImmutableSandboxedEnvironment):
    """A sandbox in which `notes.commits.items` is the group's items, not the method of a dict."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _bounded(parts: Iterator[str]) -> Iterator[str]:
    end = time.monotonic() + LONGEST_S
    length = 0
    for part in parts:
        length += len(part)
        if length > LONGEST_TEXT:
            raise BadTemplate(f"the template writes more than {LONGEST_TEXT:,} characters")
        if time.monotonic() > end:
            raise BadTemplate(f"the template takes longer than {LONGEST_S:g} s")
        yield part


class _Plain:
    """How text is marked: not at all."""

    def heading(self, text: str, level: int) -> str:
        return f"{text}\n{('=' if level == 1 else '-') * len(text)}"

    def escaped(self, text: str) -> str:
        return _BREAKS.sub(" ", text)

    def code(self, text: str) -> str:
        return _BREAKS.sub(" ", text)

    def link(self, text: str, url: str) -> str:
        return f"{text} <{url}>" if url else text

    def gone(self, text: str) -> str:
        return text


class _Markdown(_Plain):
    """As GitHub, GitLab and chats read it. What people wrote stays text: no mark, no mention."""

    def heading(self, text: str, level: int) -> str:
        return f"{'#' * (level + 1)} {text}"

    def escaped(self, text: str) -> str:
        safe = _MARKDOWN.sub(_backslash, _BREAKS.sub(" ", text))
        return _MENTION.sub("@\u2060", safe)

    def code(self, text: str) -> str:
        return f"`{_BREAKS.sub(' ', text).replace('`', chr(39))}`"

    def link(self, text: str, url: str) -> str:
        safe = url.startswith(("http://", "https://")) and not re.search(r"[\s()<>]", url)
        return f"[{text}]({url})" if safe else text

    def gone(self, text: str) -> str:
        return f"~~{text}~~"


def _backslash(found: re.Match[str]) -> str:
    if found[1]:
        return "\\" + found[1]
    mark = found[3]
    return f"{found[2]}{mark[:-1]}\\{mark[-1]}" if mark[-1] in ".)" else f"{found[2]}\\{mark}"


def _text(notes: Document, style: _Plain) -> str:
    where = f"{notes['release']} in {notes['environment']}"
    parts = [style.heading(style.escaped(where), 1), _since(notes, style)]
    for title, lines in _groups(notes, style):
        if lines:
            parts.append(style.heading(title, 2))
            parts.append("\n".join(f"- {line}" for line in lines))
    if not any(notes[name]["items"] for name in _NAMES):
        parts.append("Nothing changed.")
    for title, coming in (("Not known", False), ("On its way", True)):
        missing = [*_missing(notes, style, coming)]
        if missing:
            parts.append(style.heading(title, 2))
            parts.append("\n".join(f"- {line}" for line in missing))
    if coming_of(notes):
        parts.append(style.escaped(f"{next_try(notes)}."))
    return "\n\n".join(parts) + "\n"


_NAMES = ("features", "pull_requests", "commits", "images", "gitops")


def _since(notes: Document, style: _Plain) -> str:
    base = notes["base"]
    if base["kind"] == "none":
        return style.escaped(f"Since nothing: {base['sentence']}.")
    named = base["release"]
    which = f" ({named})" if named and named not in base["sentence"] else ""
    return style.escaped(f"Since {base['sentence']}{which}.")


def _groups(notes: Document, style: _Plain) -> Iterator[tuple[str, Sequence[str]]]:
    lines = _Lines(notes, style)
    yield "Features", _listed(notes["features"]["items"], lines.feature)
    yield "Images", _listed(notes["images"]["items"], lines.image)
    yield "Pull requests", _listed(notes["pull_requests"]["items"], lines.request)
    own = [commit for commit in notes["commits"]["items"] if not commit["merge"]]
    yield "Commits", _listed(own, lines.commit)
    for title, kind in (("GitOps commits", "change"), ("Changed by hand", "by_hand")):
        items = [one for one in notes["gitops"]["items"] if one["kind"] == kind]
        yield title, _listed(items, lines.commit)


def _listed(items: Sequence[Item], line: Callable[[Item], str]) -> Sequence[str]:
    lines = [line(item) for item in items[:MOST_LISTED]]
    more = len(items) - MOST_LISTED
    return [*lines, f"and {more:,} more"] if more > 0 else lines


class _Lines:
    """One line for each thing. Where several repositories are in the notes, a number says which,
    and a commit its components."""

    def __init__(self, notes: Document, style: _Plain) -> None:
        self._style = style
        requests, commits = notes["pull_requests"]["items"], notes["commits"]["items"]
        self._titles = {(one["repository"], one["number"]): one["title"] for one in requests}
        self._subjects: dict[str, str] = {}
        for one in (*commits, *notes["gitops"]["items"]):
            for key in one["issues"]:
                self._subjects.setdefault(key, one["subject"])
        self._several = len({one["repository"] for one in (*requests, *commits)}) > 1

    def feature(self, one: Item) -> str:
        """An issue; where its tracker does not tell its title, by its pull requests or commits."""
        style = self._style
        subject = self._subjects.get(one["key"], "")
        title = style.escaped(one["title"]) or self._by_requests(one) or style.escaped(subject)
        words = [style.escaped(w) for w in (one["type"], one["status"], one["assignee"]) if w]
        told = f"{style.link(style.escaped(one['key']), one['url'])} {title}".strip()
        more = f" ({', '.join(words)})" if words else ""
        return _fate(one, told, style) + more

    def _by_requests(self, feature: Item) -> str:
        named = [(one["repository"], one["number"]) for one in feature["pull_requests"]]
        titles = [place for place in named if self._titles.get(place)]
        if not titles:
            return ""
        more = f" and {len(named) - 1} more" if len(named) > 1 else ""
        number = self._number(*titles[0])
        return self._style.escaped(f"{self._titles[titles[0]]} ({number}){more}")

    def image(self, one: Item) -> str:
        """From what to what."""
        style, ends = self._style, (one["from"], one["to"])
        old, new = (style.code(_version(at)) if at else "nothing" for at in ends)
        said = f": {style.escaped(one['sentence'])}" if one["sentence"] else ""
        return f"{style.escaped(one['name'])} {old} → {new}{said}"

    def request(self, one: Item) -> str:
        """Its title, number and author."""
        style = self._style
        number = style.link(self._number(one["repository"], one["number"]), one["url"])
        by = f" by {style.escaped(one['author'])}" if one["author"] else ""
        return _fate(one, f"{style.escaped(one['title'])} ({number}){by}".strip(), style)

    def _number(self, repository: str, number: int) -> str:
        return f"{places.name(repository) if self._several else ''}#{number}"

    def commit(self, one: Item) -> str:
        """Its first line and author."""
        style = self._style
        told = f"{style.code(one['sha'][:_SHORT])} {style.escaped(one['subject'])}"
        who = [one["author"], *(one["components"] if self._several else ())]
        return _fate(one, f"{told} ({style.escaped(', '.join(who))})", style)


def _version(at: Item) -> str:
    digest = (at["digest"] or "").rpartition(":")[2][:12]
    return str(at["tag"] or digest)


def _fate(one: Item, told: str, style: _Plain) -> str:
    """What is in the range and does not last is marked."""
    if one.get("taken_back"):
        return f"{style.gone(told)} taken back"
    if one.get("reverted") or one.get("reverted_by"):
        return f"{style.gone(told)} reverted"
    return told


def coming_of(notes: Document) -> Sequence[str]:
    """What is not known and still on its way."""
    lacks = (lack for name in _NAMES for lack in notes[name]["unresolved"])
    return [*dict.fromkeys(lack["what"] for lack in lacks if _is_coming(lack))]


def next_try(notes: Document) -> str:
    """When what is on its way is asked for."""
    resolving = notes["resolving"]
    if resolving["state"] == "asking":
        return "It is being asked for now"
    if resolving["next_try_at"] is None:
        return "It is not asked for any more"
    at = datetime.fromisoformat(resolving["next_try_at"]).astimezone(UTC)
    return f"The next try is due at {at:%Y-%m-%d %H:%M:%S} UTC"


def _is_coming(lack: Item) -> bool:
    return bool(lack.get("outlook") == "coming")  # an older server does not say


def _missing(notes: Document, style: _Plain, coming: bool) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for name in _NAMES:
        for lack in notes[name]["unresolved"]:
            if _is_coming(lack) is coming:
                by_reason.setdefault(lack["reason"], []).append(lack["what"])
    for reason, what in by_reason.items():
        more = len(what) - MOST_TOGETHER
        listed = ", ".join(what[:MOST_TOGETHER]) + (f" and {more:,} more" if more > 0 else "")
        yield style.escaped(f"{listed}: {reason}")
