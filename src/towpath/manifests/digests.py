"""The one trap of templates that only files show: a promoted tag beside a digest that is not.

Where an image has both, the digest decides what runs; the promoted tag would change nothing.
"""

import json
from collections.abc import Iterator, Mapping

from wcmatch import glob

from towpath.domain import catalog
from towpath.manifests import fields, patterns, values

_Path = tuple[int | str, ...]
_TAGS = ("tag", "newTag")


def problems(template: catalog.Template, files: Mapping[str, bytes]) -> tuple[catalog.Problem, ...]:
    """Tags that the template promotes without the digest beside them.

    `files` are an application's files by their path below the application's path. Files that
    cannot be read are passed over: writing them refuses them with a reason of its own.
    """
    return tuple(
        problem for file, content in files.items() for problem in _of_file(template, file, content)
    )


def _of_file(template: catalog.Template, file: str, content: bytes) -> Iterator[catalog.Problem]:
    paths = {
        path
        for pattern, chosen in (template.promotion or {}).items()
        if glob.globmatch(file, pattern, flags=glob.GLOBSTAR | glob.DOTGLOB)
        for path in chosen
    }
    if not paths or fields.WHOLE_FILE in paths or not file.endswith((".yaml", ".yml", ".json")):
        return
    data, wrong = values.of_file(file, content)
    if wrong or not isinstance(data, dict | list):
        return
    selecting = patterns.json_paths(strict=False)
    promoted = {match.parts for path in paths for match in selecting.finditer(path, data)}
    for tag, digest in _pairs(data, ()):
        if _under(tag, promoted) and not _under(digest, promoted):
            said = (
                f"the template `{template.name}` promotes `{_shown(tag)}` of {file} but not "
                f"`{_shown(digest)}`, which decides what runs: promote both, or drop the digest"
            )
            yield catalog.Problem(template.origin, "digest_not_promoted", said)


def _pairs(
    value: dict[int | str, object] | list[object], path: _Path
) -> Iterator[tuple[_Path, _Path]]:
    """Paths of every tag that has a digest beside it."""
    if isinstance(value, dict):
        for name in _TAGS:
            if value.get(name) is not None and value.get("digest"):
                yield (*path, name), (*path, "digest")
    below = value if isinstance(value, dict) else dict(enumerate(value))
    for part, inner in below.items():
        if isinstance(inner, dict | list):
            yield from _pairs(inner, (*path, part))


def _under(path: _Path, promoted: set[_Path]) -> bool:
    return any(path[:length] in promoted for length in range(len(path) + 1))


def _shown(path: _Path) -> str:
    return "$" + "".join(f"[{json.dumps(part)}]" for part in path)
