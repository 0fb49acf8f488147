"""What of a manifest cannot be run here, found before anything runs: each with its place.

Checks the documents that the run can reach from its entrypoint, hooks and exit handler. A
template that nobody calls may hold what it likes, as on a cluster.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import yaml

from towpath.domain import catalog
from towpath.domain.workflow import Manifest
from towpath.runner import dependencies, expressions, loops, naming, substitution
from towpath.runner.book import KINDS, Book, Fields, templates_of
from towpath.runner.fields import OBJECTS, PATCHED, PATCHED_POD, REQUIRED, Fate
from towpath.runner.mistakes import Mistake

RUN_KINDS = ("Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate")
UNSUPPORTED, INVALID, MISSING = "unsupported", "invalid", "missing"
MAX_PROBLEMS = 100

_SCALARS = (str, int, float, bool)


def of(
    manifest: Manifest, images: Collection[str] = (), given: Collection[str] | None = None
) -> list[catalog.Problem]:
    """All that keeps the manifest from being run here, in the order of its files.

    `images` are those whose commands are known. `given` are the names of the parameters that the
    run has; None: that is not known yet, and what has no value is not looked for.
    """
    check = _Check(manifest, images, given)
    try:
        check.all()
    except RecursionError:
        check.note_depth()
    unique = dict.fromkeys(check.problems)
    return sorted(unique, key=lambda p: (p.origin.file, p.origin.line, p.origin.column))[
        :MAX_PROBLEMS
    ]


class _Check:
    """Walks from the run's document to every template it can reach."""

    def __init__(
        self, manifest: Manifest, images: Collection[str], given: Collection[str] | None
    ) -> None:
        self._manifest = manifest
        self._images = images
        self._given = given
        self._book = Book(manifest)
        self._seen: set[tuple[str, str]] = set()
        self.problems: list[catalog.Problem] = []

    def all(self) -> None:
        name = self._manifest.name
        own = self._manifest.documents[name]
        if own.get("kind") not in RUN_KINDS:
            self._note(name, "kind", f"{own.get('kind')} is not run here", UNSUPPORTED)
            return
        self._document(name)
        if self.problems:
            return
        self._spec(name)
        if self.problems:
            return
        entry = self._book.spec.get("entrypoint")
        if not entry:
            self._note(name, "spec", "spec.entrypoint: is required", MISSING)
            return
        self._reach(name, str(entry), "spec.entrypoint")
        if not self.problems and self._given is not None and "{{" not in str(entry):
            self._values(name, str(entry), self._given)

    def note_depth(self) -> None:
        """What there is cannot be followed to its end."""
        self._note(self._manifest.name, "", "something in it is nested too deep", INVALID)

    def _values(self, name: str, entry: str, given: Collection[str]) -> None:
        """Whether every parameter of the workflow, and input of its entrypoint, has a value."""
        declared: list[Fields] = (self._book.spec.get("arguments") or {}).get("parameters") or []
        for index in naming.without_value(declared, given):
            said = f"the workflow's parameter `{declared[index]['name']}` has no value"
            self._note(name, f"spec.arguments.parameters[{index}]", said, MISSING)
        known = {*given, *(str(one["name"]) for one in declared)}
        inputs = self._book.named(name, entry).parameters
        home, place = self._written(name, entry)
        for index in naming.without_value(inputs, known):
            said = f"the input `{inputs[index]['name']}` of the entrypoint `{entry}` has no value"
            path = f"spec.templates[{place}].inputs.parameters[{index}]"
            self._note(home, path, said, MISSING)

    def _document(self, name: str) -> None:
        """Everything of the run's document but its templates, which are checked when reached."""
        document = dict(self._manifest.documents[name])
        spec = document.get("spec")
        if not isinstance(spec, Mapping):
            self._note(name, "spec", "spec: is required", INVALID)
            return
        templates = spec.get("templates")
        self._object(name, "Workflow", {**document, "spec": {**spec, "templates": None}}, "")
        shaped = templates is None or (
            isinstance(templates, list) and all(isinstance(one, Mapping) for one in templates)
        )
        if not shaped:
            self._note(name, "spec.templates", "spec.templates: is no list of templates", INVALID)

    def _spec(self, name: str) -> None:
        spec: Fields = self._manifest.documents[name]["spec"]  # type: ignore[assignment] # just seen
        reference = (spec.get("workflowTemplateRef") or {}).get("name")
        if reference is not None:
            if reference not in self._manifest.documents:
                said = f"there is no workflow template `{reference}`"
                self._note(name, "spec.workflowTemplateRef", said, INVALID)
                return
            if reference != name:
                self._document(str(reference))
        if self.problems:
            return
        if self._book.spec.get("onExit"):
            self._reach(name, str(self._book.spec["onExit"]), "spec.onExit")
        for hook, fields in (self._book.spec.get("hooks") or {}).items():
            self._hook(name, hook, fields, f"spec.hooks.{hook}")
        for parameter in (self._book.spec.get("arguments") or {}).get("parameters") or []:
            self._choices(name, parameter, "spec.arguments")

    # Templates

    def _reach(self, document: str, template: str, path: str) -> None:
        """A template called by its name from `path`."""
        if "{{" in template:
            self._reach_all(document)
            return
        if (document, template) in self._seen:
            return
        self._seen.add((document, template))
        try:
            self._book.named(document, template)
        except Mistake as problem:
            self._note(document, path, str(problem), INVALID)
            return
        home, index = self._written(document, template)
        spec: Fields = self._manifest.documents[home]["spec"]  # type: ignore[assignment] # `named` saw it
        self._template(document, home, spec["templates"][index], f"spec.templates[{index}]")

    def _reach_all(self, document: str) -> None:
        """The name is only known when it runs: it may be any."""
        for _, template in templates_of(self._manifest.documents[document]):
            self._reach(document, str(template.get("name")), "spec.templates")

    def _written(self, document: str, template: str) -> tuple[str, int]:
        for home in (document, *self._manifest.documents):
            for index, one in templates_of(self._manifest.documents[home]):
                if str(one.get("name")) == template:
                    return home, index
        raise AssertionError(f"{template} was found before")

    def _template(self, document: str, home: str, fields: Fields, path: str) -> None:
        before = len(self.problems)
        self._object(home, "Template", fields, path)
        if len(self.problems) > before:
            return
        try:
            whole = self._book.complete(fields)
        except AttributeError:  # defaults of another shape were noted where they stand
            return
        kinds = [kind for kind in KINDS if whole.get(kind) is not None]
        if len(kinds) != 1:
            said = f"a template is one of {', '.join(KINDS)}, and this is {len(kinds)} of them"
            self._note(home, path, said, INVALID)
            return
        self._names(home, fields, path)
        self._by_kind(document, home, whole, kinds[0], path)

    def _names(self, home: str, fields: Fields, path: str) -> None:
        for place, said in naming.of_a_cluster(fields):
            self._note(home, f"{path}.{place}", said, UNSUPPORTED)
        for place, said in naming.unknown(fields):
            self._note(home, f"{path}.{place}", said, INVALID)
        if self._given is not None:
            arguments: Fields = self._book.spec.get("arguments") or {}
            declared = [str(one["name"]) for one in arguments.get("parameters") or []]
            for place, said in naming.not_given(fields, {*self._given, *declared}):
                self._note(home, f"{path}.{place}", said, MISSING)

    def _by_kind(self, document: str, home: str, fields: Fields, kind: str, path: str) -> None:
        self._outputs(home, fields, kind, path)
        for parameter in (fields.get("inputs") or {}).get("parameters") or []:
            self._choices(home, parameter, f"{path}.inputs")
        if kind in ("steps", "dag", "suspend"):
            for field in ("timeout", "activeDeadlineSeconds"):
                if fields.get(field) is not None and field not in (self._defaults()):
                    said = f"{field} limits what is executed, and not `{kind}`"
                    self._note(home, f"{path}.{field}", said, UNSUPPORTED)
        if kind in ("container", "script"):
            self._command(home, fields[kind], f"{path}.{kind}")
        if kind == "steps":
            self._steps(document, home, fields["steps"], f"{path}.steps")
        if kind == "dag":
            self._dag(document, home, fields["dag"], f"{path}.dag")

    def _command(self, home: str, process: Fields, path: str) -> None:
        if not process.get("command") and process.get("image") not in self._images:
            said = (
                f"`{_last(path)}` has no command: its image, which is not pulled here, would "
                "bring one; give `command`, or the image's in the setting `image_commands`"
            )
            self._note(home, path, said, UNSUPPORTED)

    def _defaults(self) -> Fields:
        return self._book.spec.get("templateDefaults") or {}

    def _outputs(self, home: str, fields: Fields, kind: str, path: str) -> None:
        taken = {
            "container": ("path",),
            "script": ("path",),
            "suspend": ("supplied",),
            "steps": ("parameter", "expression"),
            "dag": ("parameter", "expression"),
        }.get(kind, ())
        for index, parameter in enumerate((fields.get("outputs") or {}).get("parameters") or []):
            source = parameter.get("valueFrom") or {}
            place = f"{path}.outputs.parameters[{index}]"
            others = [name for name in source if name not in (*taken, "default")]
            if others:
                said = f"valueFrom.{others[0]} is no output of `{kind}`"
                self._note(home, f"{place}.valueFrom.{others[0]}", said, UNSUPPORTED)
            elif not source and (parameter.get("value") is None or kind in ("steps", "dag")):
                said = f"the output `{parameter['name']}` says not where it comes from"
                self._note(home, place, said, INVALID)

    def _choices(self, home: str, parameter: Fields, path: str) -> None:
        if parameter.get("enum") is not None and not parameter["enum"]:
            said = f"the parameter `{parameter['name']}` has nothing to choose from"
            self._note(home, path, said, INVALID)

    # Calls

    def _steps(self, document: str, home: str, lines: Sequence[object], path: str) -> None:
        names: set[str] = set()
        for index, line in enumerate(lines):
            for place, step in _line(line, f"{path}[{index}]"):
                if step["name"] in names:
                    said = f"there are two steps `{step['name']}`"
                    self._note(home, f"{place}.name", said, INVALID)
                names.add(step["name"])
                self._call(document, home, step, place)

    def _dag(self, document: str, home: str, dag: Fields, path: str) -> None:
        tasks: list[Fields] = dag["tasks"]
        known = {str(task["name"]) for task in tasks}
        if len(known) < len(tasks):
            self._note(home, f"{path}.tasks", "there are two tasks of one name", INVALID)
            return
        for index, task in enumerate(tasks):
            place = f"{path}.tasks[{index}]"
            self._depends(home, task, known, place)
            self._call(document, home, task, place)
        try:
            dependencies.in_order(tasks)
        except Mistake as problem:
            self._note(home, f"{path}.tasks", str(problem), INVALID)

    def _depends(self, home: str, task: Fields, known: set[str], place: str) -> None:
        if task.get("depends") and task.get("dependencies"):
            said = "a task has `depends` or `dependencies`, and not both"
            self._note(home, f"{place}.depends", said, INVALID)
        field = f"{place}.depends" if task.get("depends") else f"{place}.dependencies"
        for name in dependencies.names(task):
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"; did you mean `{near[0]}`?" if near else ""
                self._note(home, field, f"there is no task `{name}`{hint}", INVALID)
        for name, result in dependencies.asked(str(task.get("depends") or "")):
            if result == "Daemoned":
                self._note(home, field, f"{name}.Daemoned: {_daemons()}", UNSUPPORTED)
            elif result and result not in (*dependencies.RESULTS, *dependencies.OF_LOOPS):
                known_results = ", ".join((*dependencies.RESULTS, *dependencies.OF_LOOPS))
                said = f"{name}.{result}: a result is one of {known_results}"
                self._note(home, field, said, INVALID)

    def _call(self, document: str, home: str, call: Fields, path: str) -> None:
        if sum(call.get(field) is not None for field in loops.FIELDS) > 1:
            self._note(home, path, f"only one of {', '.join(loops.FIELDS)} can be given", INVALID)
        if call.get("onExit"):
            self._reach(document, str(call["onExit"]), f"{path}.onExit")
        for name, hook in (call.get("hooks") or {}).items():
            self._hook(document, name, hook, f"{path}.hooks.{name}", home)
        self._target(document, home, call, path)

    def _hook(self, document: str, name: str, hook: Fields, path: str, home: str = "") -> None:
        if name != "exit" and not hook.get("expression"):
            said = f"the hook `{name}` needs an expression that says when it runs"
            self._note(home or document, path, said, INVALID)
        self._target(document, home or document, hook, path)

    def _target(self, document: str, home: str, call: Fields, path: str) -> None:
        """What a step, task or hook calls."""
        reference, inline = call.get("templateRef"), call.get("inline")
        given = [f for f in ("template", "templateRef", "inline") if call.get(f) is not None]
        if len(given) != 1:
            said = "one of template, templateRef or inline says what is done"
            self._note(home, path, said, INVALID)
        elif inline is not None:
            self._template(document, home, inline, f"{path}.inline")
        elif reference is not None:
            self._reference(home, reference, f"{path}.templateRef")
        else:
            self._reach(document, str(call["template"]), f"{path}.template")

    def _reference(self, home: str, reference: Fields, path: str) -> None:
        name = str(reference["name"])
        if "{{" in name:
            said = "the workflow template must be named, and not computed"
            self._note(home, f"{path}.name", said, UNSUPPORTED)
        elif name not in self._manifest.documents:
            self._note(home, f"{path}.name", f"there is no workflow template `{name}`", INVALID)
        else:
            self._reach(name, str(reference["template"]), f"{path}.template")

    # Fields

    def _object(self, home: str, kind: str, value: object, path: str) -> None:
        if not isinstance(value, Mapping):
            self._note(home, path, f"{_last(path)}: is no mapping", INVALID)
            return
        known = OBJECTS[kind]
        for name, below in value.items():
            place = f"{path}.{name}" if path else str(name)
            field = known.get(str(name))
            if field is None:
                near = difflib.get_close_matches(str(name), known, n=1)
                hint = f"; did you mean `{near[0]}`?" if near else ""
                said = f"`{name}` is no field of {kind} that is known here{hint}"
                self._note(home, place, said, UNSUPPORTED)
            elif field.fate is Fate.REFUSED and below not in (None, "", False, [], {}):
                self._note(home, place, f"`{name}` is not run here: {field.why}", UNSUPPORTED)
            elif (field.fate is Fate.RUNS or field.shape == "patch") and below is not None:
                self._shape(home, field.shape, below, place)
        for name in REQUIRED.get(kind, ()):
            if value.get(name) is None:
                self._note(home, path, f"{_last(path)}.{name}: is required", INVALID)

    def _shape(self, home: str, shape: str, value: object, path: str) -> None:
        if shape == "any":
            self._texts(home, value, path)
        elif shape in OBJECTS:
            self._object(home, shape, value, path)
        elif shape in _CHECKS:
            self._single(home, shape, value, path)
        elif shape.startswith("map of "):
            self._each(home, shape[7:], value, path, Mapping)
        elif shape.startswith("list of "):
            self._each(home, shape[8:], value, path, list)
        else:  # lines: each a list, or a single one without its list
            lines = value if isinstance(value, list) else [value]
            for index, line in enumerate(lines):
                for place, step in _line(line, f"{path}[{index}]"):
                    self._object(home, shape.removeprefix("lines of "), step, place)

    def _each(self, home: str, shape: str, value: object, path: str, kind: type) -> None:
        if not isinstance(value, kind):
            what = "mapping" if kind is Mapping else "list"
            self._note(home, path, f"{_last(path)}: is no {what}", INVALID)
        elif isinstance(value, Mapping):
            for name, below in value.items():
                self._shape(home, shape, below, f"{path}.{name}")
        elif isinstance(value, list):
            for index, below in enumerate(value):
                self._shape(home, shape, below, f"{path}[{index}]")

    def _single(self, home: str, shape: str, value: object, path: str) -> None:
        if not isinstance(value, _SCALARS):
            self._note(home, path, f"{_last(path)}: is no text or number", INVALID)
            return
        for problem in _CHECKS[shape](value):
            self._note(home, path, f"{_last(path)}: {problem}", UNSUPPORTED)

    def _texts(self, home: str, value: object, path: str) -> None:
        if isinstance(value, str):
            self._single(home, "text", value, path)
        elif isinstance(value, Mapping):
            for name, below in value.items():
                self._texts(home, below, f"{path}.{name}")
        elif isinstance(value, list):
            for index, below in enumerate(value):
                self._texts(home, below, f"{path}[{index}]")

    def _note(self, home: str, path: str, message: str, code: str) -> None:
        self.problems.append(catalog.Problem(self._origin(home, path), code, message))

    def _origin(self, home: str, path: str) -> catalog.Origin:
        """Where the path is written, or the nearest to it that is."""
        places = self._manifest.origins.get(home, {})
        while path and path not in places:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return places.get(path) or catalog.Origin(home)


def _line(line: object, path: str) -> Iterator[tuple[str, Fields]]:
    """The steps of a line: a list of them, or one that stands alone."""
    if isinstance(line, list):
        yield from ((f"{path}[{index}]", step) for index, step in enumerate(line))
    else:
        yield path, line  # type: ignore[misc] # one that is no mapping is noted as such


def _last(path: str) -> str:
    return path.rpartition(".")[2] or path


def _daemons() -> str:
    return "there are no daemons here"


def _text(value: object) -> Iterator[str]:
    """A text with tags: its expressions can be read."""
    for tag in substitution.tags(value) if isinstance(value, str) else ():
        if tag.startswith("="):
            yield from _expression(tag[1:])


def _expression(value: object) -> Iterator[str]:
    if isinstance(value, str) and "{{" not in value:
        try:
            expressions.parsed(value)
        except Mistake as problem:
            yield str(problem)


def _truth(value: object) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"`{value}` is not true or false"


def _patch(value: object) -> Iterator[str]:
    """A patch that only says where and with what a pod runs changes nothing here."""
    try:
        patch = yaml.safe_load(re.sub(r"\{\{[^}]*\}\}", "x", str(value)))
    except yaml.YAMLError:
        patch = None
    if not isinstance(patch, Mapping):
        yield "is no patch that can be read here"
        return
    containers = patch.get("containers") or []
    touched = {str(name) for one in containers for name in one} - PATCHED
    touched |= {str(name) for name in patch} - PATCHED_POD - {"containers"}
    if touched:
        yield f"changes `{sorted(touched)[0]}` of a pod, and there are no pods here"


_CHECKS = {"text": _text, "expression": _expression, "truth": _truth, "patch": _patch}
