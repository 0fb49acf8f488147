"""Commits that bring a release's content into environments, one on top of the other.

The rules of what is set, what is removed and what is left alone are the release model's: removed
is only what landed there and is no longer in the content. Nothing is visible before a push.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pygit2

from towpath.domain import content, values
from towpath.domain.reasons import Code
from towpath.git import commits, comparing, contents, documents, drafts, problems, trees
from towpath.ports import git as port


@dataclass(frozen=True, slots=True)
class Writer:
    """Builds commits in one repository. `now` is written into them."""

    folders: drafts.Folders
    reader: contents.Reader
    identity: commits.Identity
    now: datetime

    def chain(self, base: str, changes: Sequence[port.Change]) -> tuple[port.Built, ...]:
        """A commit for each change that changes something, each on the one before."""
        tip = base
        built = []
        for change in changes:
            try:
                outcome = self._build(base, tip, change)
            except problems.Problem as problem:
                outcome = port.Built(change.write_id, reason=problem.reason)
            except documents.DocumentError as error:
                outcome = port.Built(change.write_id, reason=problems.of_document(error).reason)
            tip = outcome.commit or tip
            built.append(outcome)
        return tuple(built)

    def _build(self, base: str, tip: str, change: port.Change) -> port.Built:
        repository = self.folders.repository
        root = trees.tree_of(repository, tip)
        tree = root
        drift: list[port.Drift] = []
        for wanted in change.edits:
            edit = replace(wanted, landed=self._to_judge_by(tree, wanted))
            tree = self._edited(tree, edit, change.bodies)
            drift += self._drift(base, edit)
        if tree == root:
            return port.Built(change.write_id, drift=tuple(drift))
        commit = commits.write(repository, tree, tip, change.message, self.identity, self.now)
        return port.Built(change.write_id, commit, tuple(drift))

    def _edited(self, tree: pygit2.Oid, edit: port.Edit, bodies: Mapping[str, bytes]) -> pygit2.Oid:
        target = _Target(self.folders, tree, self._real(tree, edit.path))
        landed = {file.path: file for file in edit.landed or ()}
        changes: dict[str, trees.Entry | None] = {}
        for file in edit.files:
            changes[target.full(file.path)] = (
                target.with_whole(file.path, file.whole, bodies)
                if file.whole is not None
                else target.with_values(file, _gone(landed.get(file.path), file))
            )
        for gone in landed.keys() - {file.path for file in edit.files}:
            changes[target.full(gone)] = target.without(landed[gone])
        return self._rewritten(tree, changes)

    def _to_judge_by(self, tree: pygit2.Oid, edit: port.Edit) -> tuple[content.FileContent, ...]:
        """What landed, less what is not among the files because their rules do not select it."""
        landed = edit.landed or ()
        among_files = content.within(landed, edit.files)
        if among_files == landed or edit.rules is None:
            return among_files
        path = self._real(tree, edit.path)
        folder = self.folders.entry(tree, path)
        if folder is None or folder.mode != trees.FOLDER:
            return among_files
        selected = self.reader.selected(self.folders.repository, path, folder.oid, edit.rules)
        return content.within(landed, (*edit.files, *selected))

    def _rewritten(self, tree: pygit2.Oid, changes: Mapping[str, trees.Entry | None]) -> pygit2.Oid:
        really = {
            path: entry
            for path, entry in changes.items()
            if self.folders.entry(tree, path) != entry
        }
        return self.folders.rewrite(tree, really) if really else tree

    def _real(self, root: pygit2.Oid, path: str) -> str:
        def at(place: str) -> trees.Entry | None:
            return self.folders.entry(root, place)

        return trees.real_folder(self.folders.repository, at, path)

    def _drift(self, base: str, edit: port.Edit) -> tuple[port.Drift, ...]:
        """What a person changed since it landed and this edit overwrites."""
        if not edit.landed:
            return ()
        repository = self.folders.repository
        root = trees.tree_of(repository, base)
        path = self._real(root, edit.path)

        def at(file: str) -> trees.Entry | None:
            return self.folders.entry(root, f"{path}/{file}" if path else file)

        try:
            changed = tuple(comparing.differences(repository, at, edit.landed, path))
        except documents.DocumentError:
            # A file that cannot be read says nothing of its values; writing it says so.
            return ()
        coming = {file.path: file for file in edit.files}
        overwritten = [one for one in changed if not _is_kept(one, coming.get(one.file))]
        return comparing.named(repository, base, path, overwritten)


@dataclass(frozen=True, slots=True)
class _Target:
    """The folder that content is brought into."""

    folders: drafts.Folders
    root: pygit2.Oid
    path: str

    @property
    def repository(self) -> pygit2.Repository:
        """Where its files are written to, as objects."""
        return self.folders.repository

    def full(self, file: str) -> str:
        """The path of a file in the repository. Raises `Problem` outside of the folder."""
        short = trees.inside(file)
        if not short or short != file:
            raise problems.Problem(
                Code.INVALID_CONFIGURATION, f"{file!r} is not the path of a file", file=file
            )
        return f"{self.path}/{file}" if self.path else file

    def with_values(self, file: content.FileContent, gone: Sequence[values.Place]) -> trees.Entry:
        """The file with the values set, and without what is gone. It must be there."""
        full = self.full(file.path)
        entry = self.folders.entry(self.root, full)
        if entry is None:
            raise problems.Problem(
                Code.VALUE_MISSING,
                f"there is no file {full} to set {len(file.values)} promoted value(s) in",
                "Create the file in the environment's folder, or promote it whole (`'*'`).",
                file=full,
            )
        trees.refuse_submodule(full, entry)
        if not entry.is_file:
            raise problems.Problem(
                Code.INVALID_CONFIGURATION,
                f"{full} is a symbolic link or a folder; values are set in files only",
                "Let the template name the file itself.",
                file=full,
            )
        return self._edited(entry, full, file.values, gone)

    def _edited(
        self,
        entry: trees.Entry,
        full: str,
        sets: Sequence[values.Value],
        gone: Sequence[values.Place],
    ) -> trees.Entry:
        before = trees.body(self.repository, entry.oid)
        after = documents.apply(before, full, sets, gone)
        if after == before:
            return entry
        return trees.Entry(entry.mode, self.repository.create_blob(after))

    def with_whole(
        self, path: str, whole: content.WholeFile, bodies: Mapping[str, bytes]
    ) -> trees.Entry:
        """The file as it is promoted. Raises `Problem` if its body is not at hand."""
        full = self.full(path)
        body = bodies.get(whole.digest)
        if body is None or hashlib.sha256(body).hexdigest() != whole.digest:
            raise problems.Problem(
                Code.VALUE_MISSING,
                f"the content of {full} (sha256:{whole.digest[:12]}) is not stored",
                "Create the release again.",
                file=full,
            )
        mode = int(whole.mode, 8)
        if mode == trees.LINK:
            trees.linked(full, body)
        return trees.Entry(mode, self.repository.create_blob(body))

    def without(self, landed: content.FileContent) -> trees.Entry | None:
        """What stays of a file that landed here and is no longer promoted."""
        full = self.full(landed.path)
        entry = self.folders.entry(self.root, full)
        if entry is None:
            return None
        if landed.whole is not None and (entry.is_file or entry.mode == trees.LINK):
            return None
        if not entry.is_file or landed.whole is not None:
            return entry
        return self._edited(entry, full, (), [value.place for value in landed.values])


def _gone(
    landed: content.FileContent | None, file: content.FileContent
) -> tuple[values.Place, ...]:
    """The places that landed and are no longer promoted.

    A place above or below one that is set now is not gone: it became what is set.
    """
    if landed is None:
        return ()
    now = {value.place for value in file.values}
    above = {place[:length] for place in now for length in range(len(place))}
    return tuple(
        value.place
        for value in landed.values
        if value.place not in above
        and not any(value.place[:length] in now for length in range(len(value.place) + 1))
    )


def _is_kept(changed: comparing.Difference, coming: content.FileContent | None) -> bool:
    """Whether writing leaves what is found as it is, so that nobody's change is lost."""
    if coming is None:
        return changed.found is values.MISSING
    if isinstance(changed.found, content.WholeFile) or changed.place is None:
        return coming.whole is not None and coming.whole == changed.found
    if coming.whole is not None:
        return False
    for value in coming.values:
        if value.place == changed.place:
            return comparing.is_there(value, changed.found)
    return changed.found is values.MISSING
