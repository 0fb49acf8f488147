"""What is promoted of an application's folder at a commit: values, whole files, version, images.

Everything that is read is a function of a folder's tree and a template, so it is remembered by
these: reading a thousand folders of which one changed reads one. Must not know releases.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pygit2

from towpath.domain import content, reasons, values
from towpath.domain.reasons import Code
from towpath.domain.rules import ImageSource, Rules
from towpath.git import documents, images, problems, recent, selection, trees
from towpath.git.selection import Folder, Pick
from towpath.ports import errors
from towpath.ports import git as port

MAX_FILE_SIZE = 10 * 1024 * 1024
_REMEMBERED_BYTES = 64 * 1024 * 1024
_REMEMBERED_PATHS = 500_000
_OVERHEAD = 2_000
_MAX_CONFIGURATION = 64 * 1024 * 1024
_MAX_CONFIGURATION_FILES = 5_000


@dataclass(frozen=True, slots=True)
class Found:
    """What was read of one folder by one template, or why it could not be read."""

    files: tuple[content.FileContent, ...] = ()
    version: str = ""
    images: tuple[content.Image, ...] = ()
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    unmatched: tuple[tuple[str, str], ...] = ()
    reason: reasons.Reason | None = None

    @property
    def weight(self) -> int:
        """About how many bytes it takes to remember this."""
        counted = sum(len(file.values) + 1 for file in self.files)
        return _OVERHEAD + 300 * counted + sum(map(len, self.bodies.values()))


class Reader:
    """Reads folders of any repository, remembering what it read. `max_file_size` is in bytes."""

    def __init__(self, max_file_size: int = MAX_FILE_SIZE) -> None:
        self._max_file_size = max_file_size
        self._folders: recent.Recent[Found] = recent.Recent(_REMEMBERED_BYTES)
        self._selected: recent.Recent[Mapping[str, tuple[values.Value, ...]]] = recent.Recent(
            _REMEMBERED_BYTES
        )
        self._images: recent.Recent[tuple[values.Value, ...]] = recent.Recent(_REMEMBERED_BYTES)
        self._lists: recent.Recent[tuple[tuple[str, trees.Entry], ...]] = recent.Recent(
            _REMEMBERED_PATHS
        )

    def read(
        self,
        repository: pygit2.Repository,
        address: str,
        commit: str,
        requests: Sequence[port.ReadRequest],
    ) -> tuple[port.Reading, ...]:
        """Answer each request at a commit that is known to exist."""
        root = trees.tree_of(repository, commit)
        return tuple(
            _reading(request, self._answer(repository, address, commit, root, request))
            for request in requests
        )

    def _answer(
        self,
        repository: pygit2.Repository,
        address: str,
        commit: str,
        root: pygit2.Oid,
        request: port.ReadRequest,
    ) -> Found:
        try:
            path, oid = _folder(
                repository, root, request.source.path, f"{address} at {commit[:12]}"
            )
        except problems.Problem as problem:
            return Found(reason=problem.reason)
        return self._remembered(repository, path, oid, request.rules)

    def selected(
        self, repository: pygit2.Repository, path: str, oid: pygit2.Oid, rules: Rules
    ) -> tuple[content.FileContent, ...]:
        """What the rules select in a folder. Raises `Problem` where that cannot be told."""
        found = self._remembered(repository, path, oid, rules)
        if found.reason:
            told = found.reason
            raise problems.Problem(told.code, told.sentence, told.advice, **told.data)
        return found.files

    def _remembered(
        self, repository: pygit2.Repository, path: str, oid: pygit2.Oid, rules: Rules
    ) -> Found:
        key = (path, oid, rules)
        known = self._folders.get(key)
        if known is None:
            known = self._found(Folder(repository, path, oid, self._lists), rules)
            self._folders.keep(key, known, known.weight)
        return known

    def _found(self, folder: Folder, rules: Rules) -> Found:
        try:
            if rules.promotion is None:
                return self._by_themselves(folder, rules)
            return self._by_template(folder, rules, rules.promotion)
        except problems.Problem as problem:
            return Found(reason=problem.reason)
        except documents.DocumentError as error:
            return Found(reason=problems.of_document(error).reason)

    def _by_template(
        self,
        folder: Folder,
        rules: Rules,
        promotion: Sequence[tuple[str, tuple[str, ...]]],
    ) -> Found:
        gathered = _Gathered()
        for pattern, json_paths in promotion:
            gathered.expect(pattern, [p for p in json_paths if p != selection.WHOLE])
        for pick in selection.picks(folder, promotion):
            if selection.WHOLE in pick.json_paths:
                self._take_whole(folder, pick, gathered)
            else:
                self._take_values(folder, pick, gathered)
        seen = self._images_in(folder, gathered.bodies_by_path(folder))
        declared = self._declared(folder, rules, gathered, promoted=False)
        version = self._version(folder, rules, gathered, promoted=False)
        return gathered.found(version, (*seen, *declared))

    def _by_themselves(self, folder: Folder, rules: Rules) -> Found:
        gathered = _Gathered()
        files = {path: entry for path, entry in folder.all() if entry.is_file}
        seen: list[content.Image] = []
        for path in sorted(images.candidates(files)):
            found = self._image_values(folder, path, files[path])
            gathered.add(path, found)
            seen += images.references(found)
        declared = self._declared(folder, rules, gathered, promoted=True)
        version = self._version(folder, rules, gathered, promoted=True)
        return gathered.found(version, (*seen, *declared))

    def _take_whole(self, folder: Folder, pick: Pick, gathered: "_Gathered") -> None:
        data = self._body(folder, pick.path, pick.entry)
        if pick.entry.mode == trees.LINK:
            trees.linked(folder.full(pick.path), data)
        gathered.add_whole(pick.path, pick.entry, data)

    def _take_values(self, folder: Folder, pick: Pick, gathered: "_Gathered") -> None:
        selected = self._select(folder, pick.path, pick.entry, pick.json_paths)
        for json_path, found in selected.items():
            gathered.add(pick.path, found)
            if found:
                gathered.met(pick.pattern, json_path)
        gathered.entries.setdefault(pick.path, pick.entry)

    def _select(
        self, folder: Folder, path: str, entry: trees.Entry, json_paths: tuple[str, ...]
    ) -> Mapping[str, tuple[values.Value, ...]]:
        """What the JSONPaths select in one file, remembered by the file's content."""
        full = folder.full(path)
        if not entry.is_file:
            raise problems.Problem(
                Code.INVALID_CONFIGURATION,
                f"{full} is a symbolic link; values are promoted in files only",
                "Name the file that it points to, or promote the link whole (`'*'`).",
                file=full,
            )
        key = (full, entry.oid, json_paths)
        known = self._selected.get(key)
        if known is None:
            data = self._body(folder, path, entry)
            known = documents.select(data, full, json_paths)
            self._selected.keep(key, known, _OVERHEAD + 300 * sum(map(len, known.values())))
        return known

    def _body(self, folder: Folder, path: str, entry: trees.Entry) -> bytes:
        size = trees.size(folder.repository, entry.oid)
        if size > self._max_file_size:
            raise problems.Problem(
                Code.INVALID_CONFIGURATION,
                f"{folder.full(path)} has {size:,} bytes; a promoted file has at most "
                f"{self._max_file_size:,}",
                "Leave it out of the template, or keep it elsewhere.",
                file=folder.full(path),
            )
        return trees.body(folder.repository, entry.oid)

    def _image_values(
        self, folder: Folder, path: str, entry: trees.Entry
    ) -> tuple[values.Value, ...]:
        full = folder.full(path)

        def find() -> tuple[values.Value, ...]:
            return images.find(self._body(folder, path, entry), full)

        return self._images.of((full, entry.oid), find, _OVERHEAD)

    def _images_in(
        self, folder: Folder, files: Mapping[str, trees.Entry]
    ) -> Iterator[content.Image]:
        """Images seen in promoted files; one that cannot be read has none."""
        for path in sorted(images.candidates(files)):
            try:
                yield from images.references(self._image_values(folder, path, files[path]))
            except documents.DocumentError:
                continue

    def _declared(
        self, folder: Folder, rules: Rules, gathered: "_Gathered", *, promoted: bool
    ) -> list[content.Image]:
        """The images where the template says that they are; promoted if nothing else is."""
        declared: list[content.Image] = []
        for source in rules.images:
            paths = tuple(p for p in (source.repository, source.tag, source.digest) if p)
            entry = folder.file(source.file)
            if entry is None:
                gathered.expect(source.file, paths)
                continue
            selected = self._select(folder, source.file, entry, paths)
            declared += _zipped(source, selected)
            if promoted:
                gathered.expect(source.file, [path for path in paths if not selected[path]])
                for found in selected.values():
                    gathered.add(selection.below(source.file), found)
        return declared

    def _version(
        self, folder: Folder, rules: Rules, gathered: "_Gathered", *, promoted: bool
    ) -> str:
        source = rules.version
        if source is None:
            return ""
        entry = folder.file(source.file)
        if entry is None:
            gathered.expect(source.file, [source.json_path])
            return ""
        found = self._select(folder, source.file, entry, (source.json_path,))[source.json_path]
        if promoted:
            gathered.add(selection.below(source.file), found)
        if not found:
            gathered.expect(source.file, [source.json_path])
        return images.scalar_text(found[0].value) if found else ""


class _Gathered:
    """What has been read of a folder so far."""

    def __init__(self) -> None:
        self.entries: dict[str, trees.Entry] = {}
        self._values: dict[str, dict[values.Place, values.Value]] = {}
        self._whole: dict[str, content.WholeFile] = {}
        self._bodies: dict[str, bytes] = {}
        self._unmet: dict[tuple[str, str], None] = {}

    def expect(self, pattern: str, json_paths: Iterable[str]) -> None:
        """Something is to be selected here; unless `met` is told, it is unmatched."""
        self._unmet.update(dict.fromkeys((pattern, path) for path in json_paths))

    def met(self, pattern: str, json_path: str) -> None:
        self._unmet.pop((pattern, json_path), None)

    def add(self, path: str, found: Iterable[values.Value]) -> None:
        for value in found:
            self._values.setdefault(path, {}).setdefault(value.place, value)

    def add_whole(self, path: str, entry: trees.Entry, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()
        self.entries[path] = entry
        self._whole[path] = content.WholeFile(f"{entry.mode:06o}", digest, len(data))
        self._bodies[digest] = data

    def bodies_by_path(self, folder: Folder) -> Mapping[str, trees.Entry]:
        """The plain files that something was taken of."""
        return {path: entry for path, entry in self.entries.items() if entry.is_file}

    def found(self, version: str, seen: Iterable[content.Image]) -> Found:
        """All of it. A file that is taken whole is not taken by values as well.

        Raises `Problem` for a name that is no text.
        """
        files = [content.FileContent(path, whole=whole) for path, whole in self._whole.items()]
        files += [
            content.FileContent(path, values=tuple(by_place.values()))
            for path, by_place in self._values.items()
            if path not in self._whole
        ]
        for file in files:
            _refuse_other_than_text(file.path)
        unique = tuple(dict.fromkeys(seen))
        return Found(
            tuple(sorted(files, key=lambda file: file.path)),
            version or _common_tag(unique),
            unique,
            self._bodies,
            tuple(self._unmet),
        )


def _refuse_other_than_text(path: str) -> None:
    raw = path.encode("utf-8", "surrogateescape")
    try:
        raw.decode()
    except UnicodeDecodeError:
        shown = raw.decode("utf-8", "backslashreplace")
        raise problems.Problem(
            Code.UNSUPPORTED,
            f"the name of the file {shown} is not UTF-8, so the file cannot be promoted",
            "Rename the file, or leave it out of the template.",
            file=shown,
        ) from None


def _reading(request: port.ReadRequest, found: Found) -> port.Reading:
    return port.Reading(
        request,
        found.files,
        found.version,
        found.images,
        found.bodies,
        found.reason,
        found.unmatched,
    )


def _folder(
    repository: pygit2.Repository, root: pygit2.Oid, path: str, where: str
) -> tuple[str, pygit2.Oid]:
    """The real path and tree of an application's folder. Raises `Problem` if there is none."""

    def at(place: str) -> trees.Entry | None:
        return trees.entry(repository, root, place)

    real = trees.real_folder(repository, at, path)
    found = at(real)
    if found is None:
        raise problems.Problem(
            Code.VALUE_MISSING,
            f"there is no folder {path} in {where}",
            "Check the path in the application's source.",
            file=path,
        )
    if found.mode != trees.FOLDER:
        raise problems.Problem(
            Code.INVALID_CONFIGURATION,
            f"{path} in {where} is a file, not a folder",
            "Give the application's source a folder as its path.",
            file=path,
        )
    return real, found.oid


def folder_at(
    repository: pygit2.Repository, commit: str, path: str, address: str
) -> tuple[str, pygit2.Oid]:
    """The real path and tree of a folder at a commit. Raises `Problem` if there is none."""
    root = trees.tree_of(repository, commit)
    return _folder(repository, root, path, f"{address} at {commit[:12]}")


def _zipped(
    source: ImageSource, selected: Mapping[str, tuple[values.Value, ...]]
) -> Iterator[content.Image]:
    names = selected[source.repository]
    tags = selected.get(source.tag, ())
    digests = selected.get(source.digest, ())
    for index, name in enumerate(names):
        image = images.spelled(
            images.scalar_text(name.value), _text(tags, index), _text(digests, index)
        )
        if image.name and (image.tag or image.digest):
            yield image


def _text(found: Sequence[values.Value], index: int) -> str:
    return images.scalar_text(found[index].value) if index < len(found) else ""


def _common_tag(seen: Sequence[content.Image]) -> str:
    """The tag that all images share: the version to show where no template names one."""
    tags = {image.tag for image in seen if image.tag}
    return tags.pop() if len(tags) == 1 else ""


def yaml_files(
    repository: pygit2.Repository, address: str, root: pygit2.Oid
) -> Mapping[str, bytes]:
    """The YAML files below a folder, by path. Raises `Permanent` for too many or too much."""
    found: dict[str, bytes] = {}
    room = _MAX_CONFIGURATION
    for path, entry in trees.below(repository, root):
        if not (entry.is_file and path.endswith((".yaml", ".yml"))):
            continue
        room -= trees.size(repository, entry.oid)
        if room < 0 or len(found) == _MAX_CONFIGURATION_FILES:
            raise errors.Permanent(
                reasons.Reason(
                    Code.INVALID_CONFIGURATION,
                    f"{address} has more than {_MAX_CONFIGURATION_FILES:,} YAML files or "
                    f"{_MAX_CONFIGURATION:,} bytes of them, too much for a configuration",
                    advice="Keep the configuration in a repository of its own.",
                )
            )
        found[path] = trees.body(repository, entry.oid)
    return found
