"""Folders rewritten without a work tree: only those on the way to a changed file, as raw entries.

To write one file of a folder of 10,000, libgit2 reads and parses the folder, takes it apart, sorts
and compresses it again: 25 ms. A folder's object is a list of entries (mode, space, name, zero
byte, 20 bytes of the object's id), so replacing one id in it takes 2 ms. Where that is not plainly
possible, libgit2 does it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pygit2

from towpath.domain.reasons import Code
from towpath.git import loose, mirrors, problems, recent, trees
from towpath.git.trees import Entry, Steps

_OID_BYTES = 20
_MODES = {b"40000": 0o040000, b"100644": 0o100644, b"100755": 0o100755, b"120000": 0o120000}


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one repository as raw entries. For one task only.

    `raw` remembers folders from task to task: the next promotion finds what this one wrote.
    """

    repository: pygit2.Repository
    raw: recent.Recent[bytes]
    _found: dict[tuple[pygit2.Oid, str], Entry | None] = field(default_factory=dict)

    def entry(self, root: pygit2.Oid, path: str) -> Entry | None:
        """What stands at a path below a folder, no links followed; None if there is nothing."""
        found: Entry | None = Entry(trees.FOLDER, root)
        for name in path.split("/") if path else ():
            if found is None or found.mode != trees.FOLDER:
                return None
            found = self._child(found.oid, name)
        return found

    def rewrite(self, root: pygit2.Oid, changes: Mapping[str, Entry | None]) -> pygit2.Oid:
        """A folder like `root` with some files set, or taken away (None), by path from there.

        Folders are made where they are missing, and go when they become empty. Raises `Problem`
        when a file stands where a folder is needed, or the other way round.
        """
        by_steps = {tuple(path.split("/")): found for path, found in changes.items()}
        return self._rewritten(root, by_steps, "") or self.repository.TreeBuilder().write()

    def _read(self, oid: pygit2.Oid) -> bytes:
        known = self.raw.get(oid)
        if known is None:
            try:
                known = self.repository.odb.read(oid)[1]
            except KeyError:
                raise mirrors.missing(oid) from None
            self.raw.keep(oid, known, len(known))
        return known

    def _child(self, oid: pygit2.Oid, name: str) -> Entry | None:
        key = (oid, name)
        if key not in self._found:
            self._found[key] = self._look(oid, name)
        return self._found[key]

    def _look(self, oid: pygit2.Oid, name: str) -> Entry | None:
        data = self._read(oid)
        end = b" %b\0" % _raw_name(name)
        # That an id has these very bytes by chance is as good as impossible with the mode before.
        match data.count(end):
            case 0:
                return None
            case 1:
                at = data.index(end)
                mode = _MODES.get(_mode_before(data, at))
                if mode is not None:
                    begin = at + len(end)
                    return Entry(mode, pygit2.Oid(raw=data[begin : begin + _OID_BYTES]))
        return trees.entry(self.repository, oid, name)

    def _rewritten(
        self, oid: pygit2.Oid | None, changes: Mapping[Steps, Entry | None], path: str
    ) -> pygit2.Oid | None:
        new: dict[str, Entry | None] = {}
        old: dict[str, Entry | None] = {}
        for name, below_it in _by_first(changes).items():
            there = old[name] = self._child(oid, name) if oid is not None else None
            where = f"{path}{name}"
            _refuse_change_of_kind(there, where, wants_folder=() not in below_it)
            if () in below_it:
                new[name] = below_it[()]
            else:
                inner = self._rewritten(there.oid if there else None, below_it, f"{where}/")
                new[name] = Entry(trees.FOLDER, inner) if inner is not None else None
        replaced = self._replaced(oid, old, new) if oid is not None else None
        return replaced or self._built(oid, new)

    def _replaced(
        self,
        oid: pygit2.Oid,
        old: Mapping[str, Entry | None],
        new: Mapping[str, Entry | None],
    ) -> pygit2.Oid | None:
        """The folder with other objects under the same names and modes; None if more is to do."""
        data = self._read(oid)
        for name, entry in new.items():
            before = old[name]
            if entry is None or before is None or entry.mode != before.mode:
                return None
            head = b"%o %b\0%b" % (entry.mode, _raw_name(name), before.oid.raw)
            if data.count(head) != 1:
                return None
            data = data.replace(head, head[:-_OID_BYTES] + entry.oid.raw)
        written = loose.write_tree(self.repository, data)
        self.raw.keep(written, data, len(data))
        return written

    def _built(self, oid: pygit2.Oid | None, new: Mapping[str, Entry | None]) -> pygit2.Oid | None:
        builder = (
            self.repository.TreeBuilder()
            if oid is None
            else self.repository.TreeBuilder(trees.folder(self.repository, oid))
        )
        for name, entry in new.items():
            if entry is not None:
                builder.insert(name, entry.oid, entry.mode)
            elif builder.get(name) is not None:
                builder.remove(name)
        return builder.write() if len(builder) else None


def _raw_name(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _mode_before(data: bytes, at: int) -> bytes:
    """The mode that ends at `at`, if an entry begins with it there."""
    for length in (6, 5):
        begin = at - length
        if begin == 0 or (begin > _OID_BYTES and data[begin - _OID_BYTES - 1] == 0):
            mode = data[begin:at]
            if mode in _MODES:
                return mode
    return b""


def _by_first(changes: Mapping[Steps, Entry | None]) -> dict[str, dict[Steps, Entry | None]]:
    grouped: dict[str, dict[Steps, Entry | None]] = {}
    for (name, *rest), found in changes.items():
        grouped.setdefault(name, {})[tuple(rest)] = found
    return grouped


def _refuse_change_of_kind(there: Entry | None, path: str, *, wants_folder: bool) -> None:
    if there is None:
        return
    trees.refuse_submodule(path, there)
    if (there.mode == trees.FOLDER) is not wants_folder:
        is_now, wanted = ("a file", "a folder") if wants_folder else ("a folder", "a file")
        raise problems.Problem(
            Code.INVALID_CONFIGURATION,
            f"{path} is {is_now} here, and {wanted} in what is promoted",
            "Remove it from the target, or promote another path.",
            file=path,
        )
