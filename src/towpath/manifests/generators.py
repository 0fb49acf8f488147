"""Generators of ApplicationSets: from what is written to the sets of parameters it stands for.

The rules are those of Argo CD's own generators; what is not understood is refused by name, and
nothing is guessed. https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/
"""

from collections.abc import Callable, Mapping

from towpath.manifests import clusters, generator_parts, git_generator, templating

MAX_APPLICATIONS = 10_000
"""Applications of one set; more is a mistake in a pattern."""


def parameters(
    generator: Mapping[str, object],
    path: generator_parts.Path,
    around: generator_parts.Surroundings,
) -> list[generator_parts.Parameters]:
    """The sets of parameters a generator stands for, in order. Raises NotExpandedError."""
    kinds = [key for key in generator if key != "selector"]
    if len(kinds) != 1:
        raise generator_parts.NotExpandedError(
            "invalid_value", "one generator is expected here", path
        )
    kind = kinds[0]
    function = _GENERATORS.get(kind)
    if function is None:
        raise generator_parts.unsupported(f"the generator `{kind}`", (*path, kind))
    written = generator_parts.mapping(generator[kind], (*path, kind))
    if written.get("template"):
        raise generator_parts.unsupported("a generator's own `template`", (*path, kind, "template"))
    found = function(written, (*path, kind), around)
    if len(found) > MAX_APPLICATIONS:
        said = f"stands for more than {MAX_APPLICATIONS} applications"
        raise generator_parts.NotExpandedError("too_large", said, (*path, kind))
    return _selected(found, generator.get("selector"), (*path, "selector"))


def _list(
    written: Mapping[str, object], path: generator_parts.Path, around: generator_parts.Surroundings
) -> list[generator_parts.Parameters]:
    if written.get("elementsYaml"):
        raise generator_parts.unsupported("`elementsYaml`", (*path, "elementsYaml"))
    found = []
    for index, element in enumerate(
        generator_parts.listed(written.get("elements"), (*path, "elements"))
    ):
        place = (*path, "elements", index)
        one = generator_parts.mapping(element, place)
        found.append(dict(one) if around.go else _flat_element(one, place))
    return found


def _flat_element(
    element: Mapping[str, object], path: generator_parts.Path
) -> generator_parts.Parameters:
    flat: generator_parts.Parameters = {}
    for key in element:
        if key == "values":
            below = generator_parts.mapping(element[key], (*path, key))
            flat |= {
                f"values.{k}": generator_parts.text(below, k, (*path, key), True) for k in below
            }
        else:
            flat[key] = generator_parts.text(element, key, path, True)
    return flat


def _clusters(
    written: Mapping[str, object], path: generator_parts.Path, around: generator_parts.Surroundings
) -> list[generator_parts.Parameters]:
    if written.get("flatList"):
        raise generator_parts.unsupported("`flatList`", (*path, "flatList"))
    selector = generator_parts.selector(written.get("selector"), (*path, "selector"))
    if selector and not any(cluster.labels for cluster in around.clusters):
        said = (
            "needs the labels of clusters, and no cluster Secret is among the manifests: "
            "the applications of this set are not known here"
        )
        raise generator_parts.NotExpandedError("needs_clusters", said, path, "notice")
    chosen = [
        cluster
        for cluster in around.clusters
        if all(expression.matches(cluster.labels) for expression in selector)
        and (not selector or cluster.labels)
    ]
    return [
        generator_parts.with_values(_cluster(c, around.go), written, path, around) for c in chosen
    ]


def _cluster(cluster: clusters.KnownCluster, go: bool) -> generator_parts.Parameters:
    known: generator_parts.Parameters = {"name": cluster.name, "server": cluster.server}
    known["nameNormalized"] = templating.normalized(cluster.name)
    known = {key: value for key, value in known.items() if value}
    if go:
        labels, annotations = dict(cluster.labels), dict(cluster.annotations)
        return {**known, "metadata": {"labels": labels, "annotations": annotations}}
    labels = {f"metadata.labels.{key}": value for key, value in cluster.labels.items()}
    notes = {f"metadata.annotations.{key}": value for key, value in cluster.annotations.items()}
    return {**known, **labels, **notes}


def _children(
    written: Mapping[str, object], path: generator_parts.Path
) -> list[tuple[Mapping[str, object], generator_parts.Path]]:
    place = (*path, "generators")
    children = generator_parts.listed(written.get("generators"), place)
    if len(children) < 2:
        raise generator_parts.NotExpandedError(
            "invalid_value", "two generators are required", place
        )
    return [
        (generator_parts.mapping(one, (*place, i)), (*place, i)) for i, one in enumerate(children)
    ]


def _matrix(
    written: Mapping[str, object], path: generator_parts.Path, around: generator_parts.Surroundings
) -> list[generator_parts.Parameters]:
    children = _children(written, path)
    if len(children) > 2:
        raise generator_parts.NotExpandedError(
            "invalid_value", "a matrix takes two generators", path
        )
    (first, first_path), (second, second_path) = children
    found = []
    for outer in parameters(first, first_path, around):
        inner = generator_parts.interpolated(second, outer, second_path, around)
        for one in parameters(generator_parts.mapping(inner, second_path), second_path, around):
            found.append(_combined(outer, one, path, around))
            if len(found) > MAX_APPLICATIONS:
                return found
    return found


def _combined(
    outer: generator_parts.Parameters,
    inner: generator_parts.Parameters,
    path: generator_parts.Path,
    around: generator_parts.Surroundings,
) -> generator_parts.Parameters:
    if around.go:
        return _merged(inner, outer)
    for key in outer.keys() & inner.keys():
        if outer[key] != inner[key]:
            said = f"both generators give `{key}`, with different values"
            raise generator_parts.NotExpandedError("ambiguous_parameter", said, path)
    return {**outer, **inner}


def _merged(
    base: Mapping[str, object], override: Mapping[str, object]
) -> generator_parts.Parameters:
    merged = dict(base)
    for key, value in override.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value) if both else value  # type: ignore[arg-type] # both are
    return merged


def _merge(
    written: Mapping[str, object], path: generator_parts.Path, around: generator_parts.Surroundings
) -> list[generator_parts.Parameters]:
    keys = [
        str(key) for key in generator_parts.listed(written.get("mergeKeys"), (*path, "mergeKeys"))
    ]
    if not keys:
        raise generator_parts.NotExpandedError("missing_field", "`mergeKeys` is required", path)
    first, *others = [
        _by_keys(parameters(child, place, around), keys, place)
        for child, place in _children(written, path)
    ]
    for other in others:
        for key in first.keys() & other.keys():
            both = (first[key], other[key])
            first[key] = _merged(*both) if around.go else {**both[0], **both[1]}
    return list(first.values())


def _by_keys(
    found: list[generator_parts.Parameters], keys: list[str], path: generator_parts.Path
) -> dict[tuple[object, ...], generator_parts.Parameters]:
    by_keys: dict[tuple[object, ...], generator_parts.Parameters] = {}
    for one in found:
        key = tuple(repr(one.get(name)) for name in keys)
        if key in by_keys:
            said = f"two sets of parameters have the same {', '.join(keys)}: {', '.join(key)}"
            raise generator_parts.NotExpandedError("ambiguous_parameter", said, path)
        by_keys[key] = one
    return by_keys


def _selected(
    found: list[generator_parts.Parameters], written: object, path: generator_parts.Path
) -> list[generator_parts.Parameters]:
    selector = generator_parts.selector(written, path)
    if not selector:
        return found
    texts = [
        {k: v for k, v in generator_parts.flattened(one) if isinstance(v, str)} for one in found
    ]
    return [
        one
        for one, labels in zip(found, texts, strict=True)
        if all(expression.matches(labels) for expression in selector)
    ]


_GENERATORS: Mapping[
    str,
    Callable[
        [Mapping[str, object], generator_parts.Path, generator_parts.Surroundings],
        list[generator_parts.Parameters],
    ],
] = {
    "list": _list,
    "clusters": _clusters,
    "git": git_generator.parameters,
    "matrix": _matrix,
    "merge": _merge,
}
