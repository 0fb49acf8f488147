"""What generators have in common: their surroundings, their refusals, values and selectors.

No generator is known here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from towpath.domain import catalog
from towpath.manifests import clusters, repositories, templating

Parameters = dict[str, object]
Path = tuple[str | int, ...]


class NotExpandedError(Exception):
    """Why a set cannot be expanded here, with the place in it that says so."""

    def __init__(self, code: str, message: str, path: Path, severity: str = "error") -> None:
        super().__init__(message)
        self.code, self.message, self.path, self.severity = code, message, path, severity


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What generators look at besides themselves, and how the set's templates are written."""

    files: repositories.RepositoryFiles | None
    clusters: tuple[clusters.KnownCluster, ...]
    go: bool = False
    strict: bool = False


def unsupported(construct: str, path: Path) -> NotExpandedError:
    """The refusal of a construct: its applications are not read, all else goes on."""
    said = f"{construct} is not understood here: the applications of this set are not read"
    return NotExpandedError("unsupported_construct", said, path, "warning")


def mapping(written: object, path: Path) -> Mapping[str, object]:
    """`written` as a mapping, nothing as an empty one. Raises NotExpandedError."""
    if written is None:
        return {}
    if not isinstance(written, Mapping):
        raise NotExpandedError("wrong_type", "must be a mapping", path)
    return written


def listed(written: object, path: Path) -> list[object]:
    """`written` as a list, nothing as an empty one. Raises NotExpandedError."""
    if written is None:
        return []
    if not isinstance(written, list):
        raise NotExpandedError("wrong_type", "must be a list", path)
    return written


def text(written: Mapping[str, object], key: str, path: Path, required: bool = False) -> str:
    """The text under `key`, '' if there is none. Raises NotExpandedError."""
    value = written.get(key)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        code, said = ("missing_field", "is required") if value is None else (_WRONG, _A_TEXT)
        raise NotExpandedError(code, said, (*path, key))
    return value


_WRONG, _A_TEXT = "wrong_type", "must be text: put it in quotes"


def with_values(
    found: Parameters, written: Mapping[str, object], path: Path, around: Surroundings
) -> Parameters:
    """The parameters with the generator's own `values`, which may be templates over them."""
    extra = mapping(written.get("values"), (*path, "values"))
    if not extra:
        return found
    shown = mapping(interpolated(extra, found, (*path, "values"), around), path)
    if around.go:
        return {**found, "values": dict(shown)}
    return {**found, **{f"values.{key}": value for key, value in shown.items()}}


def interpolated(written: object, found: Parameters, path: Path, around: Surroundings) -> object:
    """`written` with its templates rendered. Raises NotExpandedError with the template's place."""
    try:
        return templating.rendered(written, found, around.go, around.strict)
    except templating.UnsupportedError as error:
        place = _place_of(written, f"{error}", path)
        raise unsupported(f"the template `{{{{ {error} }}}}`", place) from None
    except templating.UnresolvedError as error:
        said = f"no generator gives `{error}`"
        raise NotExpandedError(
            "unresolved_parameter", said, _place_of(written, f"{error}", path)
        ) from None


def _place_of(written: object, action: str, path: Path) -> Path:
    """Where below `path` a template with this action stands."""
    for inner, value in scalars(written, path):
        if isinstance(value, str) and "{{" in value and action in value:
            return inner
    return path


def flattened(value: object) -> Iterator[tuple[str, object]]:
    """Every scalar below `value` with its path in dots: `cluster.names.0`."""
    for path, scalar in scalars(value):
        yield ".".join(map(str, path)), scalar


def scalars(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every scalar below `value` with its path."""
    below: Iterable[tuple[str | int, object]]
    if isinstance(value, Mapping):
        below = value.items()
    elif isinstance(value, list):
        below = enumerate(value)
    else:
        yield path, value
        return
    for part, inner in below:
        yield from scalars(inner, (*path, part))


def selector(written: object, path: Path) -> list[catalog.LabelExpression]:
    """The requirements of a label selector. Raises NotExpandedError."""
    selector = mapping(written, path)
    labels = mapping(selector.get("matchLabels"), (*path, "matchLabels"))
    found = [catalog.LabelExpression(key, "In", (str(labels[key]),)) for key in labels]
    place = (*path, "matchExpressions")
    for index, item in enumerate(listed(selector.get("matchExpressions"), place)):
        one = mapping(item, (*place, index))
        operator = text(one, "operator", (*place, index), True)
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            raise NotExpandedError("invalid_value", f"`{operator}` is no operator", (*place, index))
        chosen = listed(one.get("values"), (*place, index, "values"))
        key = text(one, "key", (*place, index), True)
        found.append(catalog.LabelExpression(key, operator, tuple(map(str, chosen))))
    return found
