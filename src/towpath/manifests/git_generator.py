"""The git generator of ApplicationSets: directories, and files with parameters in them.

Looks at contents that are handed in; never fetches. Patterns match as Argo CD's do.
"""

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from towpath.manifests import generator_parts, repositories, templating, values


def parameters(
    written: Mapping[str, object], path: generator_parts.Path, around: generator_parts.Surroundings
) -> list[generator_parts.Parameters]:
    """The sets of parameters of a git generator. Raises NotExpandedError."""
    directories = generator_parts.listed(written.get("directories"), (*path, "directories"))
    files = generator_parts.listed(written.get("files"), (*path, "files"))
    if not directories and not files:
        raise generator_parts.NotExpandedError(
            "missing_field", "`directories` or `files` is required", path
        )
    contents = _contents(written, path, around)
    if directories:
        include, exclude = _patterns(directories, (*path, "directories"))
        return [
            generator_parts.with_values(
                _path_parameters(folder, "", written, path, around), written, path, around
            )
            for folder in _folders(contents)
            if _any_folder(folder, include) and not _any_folder(folder, exclude)
        ]
    include, exclude = _patterns(files, (*path, "files"))
    return [
        generator_parts.with_values(found, written, path, around)
        for file in sorted(contents)
        if _any_file(file, include) and not _any_file(file, exclude)
        for found in _file_parameters(file, contents[file](), written, path, around)
    ]


def _contents(
    written: Mapping[str, object], path: generator_parts.Path, around: generator_parts.Surroundings
) -> Mapping[str, Callable[[], bytes]]:
    url = repositories.address(generator_parts.text(written, "repoURL", path, True))
    revision = generator_parts.text(written, "revision", path) or "HEAD"
    if around.files is None:
        said = f"needs repository contents ({url}): the applications of this set are not known here"
        raise generator_parts.NotExpandedError("needs_repository_contents", said, path, "notice")
    try:
        return around.files.files(url, revision)
    except LookupError as error:
        said = f"the contents of {url} at {revision} are not known: {error}"
        raise generator_parts.NotExpandedError(
            "repository_unknown", said, (*path, "repoURL")
        ) from None


def _patterns(written: list[object], path: generator_parts.Path) -> tuple[list[str], list[str]]:
    include: list[str] = []
    exclude: list[str] = []
    for index, item in enumerate(written):
        one = generator_parts.mapping(item, (*path, index))
        pattern = generator_parts.text(one, "path", (*path, index), True)
        (exclude if one.get("exclude") else include).append(pattern)
    return include, exclude


def _folders(contents: Iterable[str]) -> list[str]:
    """Folders that hold files, without hidden ones, as Argo CD lists them."""
    found: set[str] = set()
    for file in contents:
        folder = posixpath.dirname(file)
        while folder and folder not in found:
            found.add(folder)
            folder = posixpath.dirname(folder)
    return sorted(f for f in found if not any(part.startswith(".") for part in f.split("/")))


def _any_folder(folder: str, patterns: Iterable[str]) -> bool:
    """Go's `path.Match`: a `*` stays within its folder."""
    parts = folder.split("/")
    return any(
        len(wanted) == len(parts)
        and all(fnmatchcase(part, one) for part, one in zip(parts, wanted, strict=True))
        for wanted in (pattern.replace("[^", "[!").split("/") for pattern in patterns)
    )


def _any_file(file: str, patterns: Iterable[str]) -> bool:
    """`git ls-files`, which Argo CD asks by default: a `*` goes through folders."""
    return any(
        file == pattern
        or file.startswith(f"{pattern.rstrip('/')}/")
        or fnmatchcase(file, pattern.replace("[^", "[!"))
        for pattern in patterns
    )


def _path_parameters(
    folder: str,
    file: str,
    written: Mapping[str, object],
    path: generator_parts.Path,
    around: generator_parts.Surroundings,
) -> generator_parts.Parameters:
    prefix = generator_parts.text(written, "pathParamPrefix", path)
    named: dict[str, str] = {
        "basename": posixpath.basename(folder),
        "basenameNormalized": templating.normalized(posixpath.basename(folder)),
    }
    if file:
        named["filename"] = file
        named["filenameNormalized"] = templating.normalized(file)
    segments = folder.split("/")
    if around.go:
        inner: generator_parts.Parameters = {
            "path": {"path": folder, **named, "segments": segments}
        }
        return {prefix: inner} if prefix else inner
    stem = f"{prefix}.path" if prefix else "path"
    return {
        stem: folder,
        **{f"{stem}.{key}": value for key, value in named.items()},
        **{f"{stem}[{index}]": segment for index, segment in enumerate(segments) if segment},
    }


def _file_parameters(
    file: str,
    content: bytes,
    written: Mapping[str, object],
    path: generator_parts.Path,
    around: generator_parts.Surroundings,
) -> Iterator[generator_parts.Parameters]:
    folder, name = posixpath.split(file)
    of_path = _path_parameters(folder or ".", name, written, path, around)
    for found in _objects(file, content, path):
        own = (
            found
            if around.go
            else {k: templating.go_text(v) for k, v in generator_parts.flattened(found)}
        )
        yield {**own, **of_path}


def _objects(
    file: str, content: bytes, path: generator_parts.Path
) -> list[generator_parts.Parameters]:
    data, problems = values.of_file(file, content)
    if problems:
        raise generator_parts.NotExpandedError("broken_yaml", f"the file {problems[0]}", path)
    found = data if isinstance(data, list) else [{} if data is None else data]
    objects = [one for one in found if isinstance(one, dict)]
    if len(objects) < len(found):
        said = f"the file {file} holds neither a mapping nor a list of mappings"
        raise generator_parts.NotExpandedError("wrong_type", said, path)
    return objects
