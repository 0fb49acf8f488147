"""Small changes to a text, collected first and made at once.

It exists so that an editor can work with the positions of the unchanged text. It must not
know any format. Lines are taken out and put in with their own line breaks, so that every
other line keeps its bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from towpath.git.documents import text as texts


class OverlapError(ValueError):
    """Two changes want the same characters: the editor did not understand the text."""


@dataclass(slots=True)
class Splices:
    """Changes to `text`; `result` makes them."""

    text: str
    _spans: list[tuple[int, int, str]] = field(default_factory=list)
    _dropped: list[tuple[int, int]] = field(default_factory=list)
    _added: dict[int, list[str]] = field(default_factory=dict)

    def replace(self, start: int, end: int, new: str) -> None:
        """Put `new` in place of the characters from `start` to `end`."""
        if self.text[start:end] != new:
            self._spans.append((start, end, new))

    def drop_lines(self, start: int, end: int) -> None:
        """Take out whole lines: `start` begins a line, `end` is where the last one ends."""
        self._dropped.append((start, end))

    def add_lines(self, end: int, lines: list[str]) -> None:
        """Put lines after the line that ends at `end`, after those put there before."""
        self._added.setdefault(end, []).extend(lines)

    def result(self) -> str:
        """The text with all changes; raises `OverlapError` where they contradict."""
        spans = [*self._spans]
        added = dict(self._added)
        for start, end in self._dropped:
            # Lines added after a dropped line take its place, so that its line break serves.
            lines = added.pop(end, None)
            if lines:
                spans.append((start, end, self._joined(end, lines)))
            else:
                spans.append((start, end + len(texts.break_at(self.text, end)), ""))
        for end, lines in added.items():
            spans.append((end, end, self._after(end, lines)))
        return self._spliced(sorted(spans, key=lambda span: span[:2]))

    def _joined(self, end: int, lines: list[str]) -> str:
        return texts.break_near(self.text, end).join(lines)

    def _after(self, end: int, lines: list[str]) -> str:
        line_break = texts.break_near(self.text, end)
        if end == 0 or (end == len(self.text) and self.text[end - 1] in "\r\n"):
            # There is no line to go on from: the file ends with a line break, or is empty.
            return "".join(line + line_break for line in lines)
        return "".join(line_break + line for line in lines)

    def _spliced(self, spans: list[tuple[int, int, str]]) -> str:
        parts: list[str] = []
        at = 0
        for start, end, new in spans:
            if start < at:
                raise OverlapError(f"two changes meet at character {start}")
            parts += (self.text[at:start], new)
            at = end
        parts.append(self.text[at:])
        return "".join(parts)
