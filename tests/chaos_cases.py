"""One product for each kind of step and each gate, which stays there until the test lets it go on.

A step tells each execution in one file: who it is, and the id of the execution. What is held waits
for a lock that the test holds, and has a lock of its own meanwhile, which every process that it
started has too: who finds it taken says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from git_servers import Origin
from real_world import Spec, application, document, product, source
from towpath.domain.reasons import Code
from towpath.domain.status import Status

CLOCK_S = 15
"""How long what ends by time alone goes on: enough to be caught in it, and to be taken over."""
TRIGGER, NEXT, SHUT = "dev", "qa", "shut"


@dataclass(frozen=True)
class Places:
    """The files by which steps and the test know of each other, and where `http` steps ask."""

    folder: Path
    address: str

    @property
    def told(self) -> Path:
        return self.folder / "told"

    @property
    def go(self) -> Path:
        return self.folder / "go"

    @property
    def beside(self) -> Path:
        """Which steps found an earlier execution of theirs still there."""
        return self.folder / "beside"

    def quick(self, step: str) -> str:
        """A script that tells that it is executed, and does no more."""
        return f'echo "{step} $TOWPATH_STEP_ID" >> {self.told}\n'

    def held(self, step: str) -> str:
        """A script that stays until the test lets it go on."""
        return f"{self._alone(step)}flock -s {self.go} true\n"

    def brief(self, step: str) -> str:
        """A script that takes a moment."""
        return f"{self._alone(step)}sleep 0.3\n"

    def _alone(self, step: str) -> str:
        own = f'exec 9>>"{self.folder}/$(echo "{step}" | tr / _).own"\n'
        return f'{own}flock -n 9 || echo "{step}" >> {self.beside}\n{self.quick(step)}'

    def stubborn(self, step: str) -> str:
        """As `held`, deaf to SIGTERM, and with a child that left the session."""
        deaf = "trap '' TERM\n"
        child = f"setsid sh -c \"trap '' TERM; flock -s {self.go} true; sleep 0.1\" &\n"
        script = self.held(step)
        before, there, after = script.partition("flock -s")
        return f"{deaf}{before}{child}{there}{after}"


@dataclass(frozen=True)
class Case:
    """A product that comes to a state, and stays there.

    `steps`: how often each is executed. Those `held` are cut short by each kill, and then executed
    once more; `suspended` is one that waits for a person, or for its time; `ending` is one that is
    told to end, and takes its time; a `gate` is what holds the promotion instead.
    """

    name: str
    steps: Mapping[str, int] = field(default_factory=dict)
    held: Sequence[str] = ()
    suspended: str = ""
    ending: str = ""
    gate: Code | None = None
    on_the_clock: bool = False
    releases: int = 1
    end: Status = Status.SUCCEEDED
    where: str = NEXT
    concurrency: str = "supersede"
    policy: Spec = field(default_factory=dict)
    hooks: Spec = field(default_factory=dict)
    flow: Spec = field(default_factory=dict)
    workflows: Mapping[str, Spec] = field(default_factory=dict)

    def documents(self, at: Origin, places: Places) -> Iterator[Spec]:
        """Its part of the configuration."""
        step = {
            "environment": self.where,
            "dependsOn": [TRIGGER],
            "policy": self.policy,
            "hooks": self.hooks,
        }
        spec = {"triggerEnvironment": TRIGGER, "steps": [step], **self.flow}
        yield document("PromotionFlow", self.name, spec)
        known = product(self.name, self.name)
        known["spec"]["concurrency"] = self.concurrency
        yield known
        for environment in (TRIGGER, self.where):
            place = source(at, path(self.name, environment))
            name = f"{self.name}-{environment}"
            yield application(name, self.name, environment, "api", place)
        for name, workflow in self.workflows.items():
            yield _template(name, self.name, workflow, places)


def path(name: str, environment: str) -> str:
    """The folder of a product in an environment."""
    return f"{name}/{environment}"


def _template(name: str, case: str, workflow: Spec, places: Places) -> Spec:
    spec = {**workflow, "templates": [*workflow["templates"], *_leaves(case, places)]}
    made = document("WorkflowTemplate", name, spec, "argoproj.io/v1alpha1")
    made["metadata"]["annotations"] = {"towpath.dev/workflow-origin": "promotion"}
    return made


# --- what steps do -------------------------------------------------------------------------------
def _leaves(case: str, places: Places) -> Iterator[Spec]:
    """What every workflow may use: scripts that are given the name of their step."""
    step = f"{case}/{{{{inputs.parameters.step}}}}"
    quick, held = places.quick(step), places.held(step)
    failed = places.folder / f"{case}.failed"
    once = f"[ -e {failed} ] || {{ touch {failed}; exit 1; }}\n"
    yield _script("quick", quick)
    yield _script("held", held)
    yield _script("brief", places.brief(step))
    yield _script("stubborn", places.stubborn(step))
    yield _script("either", f'case "{step}" in *-b | *-1)\n{held};; *)\n{quick};; esac\n')
    yield _script("list", quick + 'echo \'["a", "b", "c"]\'\n')
    yield _script("broken", quick + "exit 1\n")
    backoff = {"duration": str(CLOCK_S)}
    yield _script("late", quick + once, retryStrategy={"limit": "1", "backoff": backoff})
    first = f"[ -e {failed} ] || {{ {quick} }}\n"
    yield _script("again", first + once + held, retryStrategy={"limit": "1"})
    yield {"name": "ask", "http": {"url": f"{places.address}/{case}", "timeoutSeconds": 600}}
    asks = {"parameters": [{"name": "answer", "valueFrom": {"supplied": {}}}]}
    yield {"name": "wait", "suspend": {}, "outputs": asks}
    yield {"name": "pause", "suspend": {"duration": str(CLOCK_S)}}
    container = {"image": "busybox", "command": ["sh", "-c"], "args": [held]}
    yield {"name": "container", "inputs": _GIVEN, "container": container}


_GIVEN = {"parameters": [{"name": "step", "value": "only"}]}


def _script(name: str, source: str, **more: object) -> Spec:
    script = {"image": "busybox", "command": ["sh"], "source": source}
    return {"name": name, "inputs": _GIVEN, "script": script, **more}


# --- workflows -----------------------------------------------------------------------------------
def _use(step: str, template: str = "quick", **more: object) -> Spec:
    given = {"parameters": [{"name": "step", "value": step}]}
    own = {"name": step.partition("-")[0], "template": template, **more}
    return own if template in ("ask", "wait", "pause") else {**own, "arguments": given}


def _in_turn(*steps: Spec) -> Spec:
    return {"entrypoint": "main", "templates": [{"name": "main", "steps": [[s] for s in steps]}]}


def _graph(*tasks: Spec) -> Spec:
    return {"entrypoint": "main", "templates": [{"name": "main", "dag": {"tasks": list(tasks)}}]}


def _only(template: str = "held") -> Spec:
    return _in_turn(_use("only", template))


def _before(name: str, workflow: Spec, **more: object) -> Case:
    """The workflow is the pre-action."""
    return Case(name, policy={"preAction": name}, workflows={name: workflow}, **more)  # type: ignore[arg-type]


_QUICK, _HELD = {"only": 1}, ("only",)
_ITEMS = {"item-a": 1, "item-b": 1, "item-c": 1}


def cases() -> Sequence[Case]:
    """All of them, by what they stay in."""
    return (*_steps(), *_hooks(), *_gates())


def rush(products: int) -> Sequence[Case]:
    """Products whose releases go through steps of all sorts, and stay nowhere."""
    return [_rush(f"rush-{n}") for n in range(products)]


def _rush(name: str) -> Case:
    graph = _graph(
        _use("a", "brief"),
        _use("b", "brief", dependencies=["a"]),
        _use("c", "brief", dependencies=["a"]),
        _use("d", "brief", dependencies=["b", "c"]),
    )
    item = _use("item-{{item}}", "brief", withItems=["a", "b", "c"])
    loop = {**_in_turn(item), "onExit": "exit"}
    loop["templates"].append({"name": "exit", "steps": [[_use("cleaning", "brief")]]})
    told = _in_turn(_use("told", "brief"))
    return Case(
        name,
        dict.fromkeys(("a", "b", "c", "d", *_ITEMS, "cleaning", "told"), 1),
        concurrency="queue",
        policy={"preAction": f"{name}-before", "postAction": f"{name}-after"},
        hooks={"onSuccess": f"{name}-told"},
        workflows={f"{name}-before": graph, f"{name}-after": loop, f"{name}-told": told},
    )


def _steps() -> Iterator[Case]:
    """In a step of some kind, which is a pre-action or post-action."""
    yield _before("container", _only("container"), steps=_QUICK, held=_HELD)
    yield _before("stubborn", _only("stubborn"), steps=_QUICK, held=_HELD)
    yield _before(
        "in-turn",
        _in_turn(_use("first"), _use("second", "held"), _use("third")),
        steps={"first": 1, "second": 1, "third": 1},
        held=["second"],
    )
    yield _before(
        "graph",
        _graph(
            _use("a"),
            _use("b", "held", dependencies=["a"]),
            _use("c", dependencies=["a"]),
            _use("d", dependencies=["b", "c"]),
        ),
        steps={"a": 1, "b": 1, "c": 1, "d": 1},
        held=["b"],
    )
    yield _before(
        "items",
        _in_turn(_use("item-{{item}}", "either", withItems=["a", "b", "c"]), _use("last")),
        steps={**_ITEMS, "last": 1},
        held=["item-b"],
    )
    yield _before(
        "listed",
        _in_turn(
            _use("list", "list"),
            _use("item-{{item}}", "either", withParam="{{steps.list.outputs.result}}"),
        ),
        steps={"list": 1, **_ITEMS},
        held=["item-b"],
    )
    yield _before(
        "counted",
        _in_turn(_use("item-{{item}}", "either", withSequence={"count": "3"})),
        steps={"item-0": 1, "item-1": 1, "item-2": 1},
        held=["item-1"],
    )
    yield _before("retried", _only("again"), steps={"only": 2}, held=_HELD)
    yield _before("backoff", _only("late"), steps={"only": 2}, on_the_clock=True)
    yield _before("asked", _only("ask"), steps=_QUICK, held=_HELD)
    around = {"first": 1, "last": 1}
    person = _in_turn(_use("first"), _use("person", "wait"), _use("last"))
    yield _before("suspended", person, steps=around, suspended="person")
    time = _in_turn(_use("first"), _use("time", "pause"), _use("last"))
    yield _before("paused", time, steps=around, suspended="time", on_the_clock=True)
    yield _before("stopped", _only("stubborn"), steps=_QUICK, ending="only", end=Status.TERMINATED)
    cleaning = {**_in_turn(_use("main")), "onExit": "exit"}
    cleaning["templates"].append({"name": "exit", "steps": [[_use("cleaning", "held")]]})
    yield _before("exit", cleaning, steps={"main": 1, "cleaning": 1}, held=["cleaning"])
    yield Case("after", _QUICK, _HELD, policy={"postAction": "after"}, workflows={"after": _only()})
    yield Case(
        "trigger", _QUICK, _HELD, flow={"postTrigger": "trigger"}, workflows={"trigger": _only()}
    )


def _hooks() -> Iterator[Case]:
    """In a hook of the environment, or of the release."""
    for hook in ("onStart", "onSuccess", "onFail"):
        for whose in ("environment", "release"):
            name = f"{whose}-{hook.lower()}"
            hooks = {hook: name}
            more: Spec = {"hooks": hooks} if whose == "environment" else {"flow": {"hooks": hooks}}
            workflows = {name: _only()}
            steps = dict(_QUICK)
            if hook == "onFail":
                workflows[f"{name}-broken"] = _in_turn(_use("broken", "broken"))
                steps["broken"] = 1
                more |= {"policy": {"preAction": f"{name}-broken"}, "end": Status.FAILED}
            yield Case(name, steps, _HELD, workflows=workflows, **more)


def _gates() -> Iterator[Case]:
    """Before a gate; or behind a release that is in a step."""

    def gate(name: str, code: Code, policy: Spec, **more: object) -> Case:
        workflows = {f"{name}-check": _in_turn(_use("check"))}
        policy = {**policy, "preAction": f"{name}-check"}
        return Case(name, {"check": 1}, gate=code, policy=policy, workflows=workflows, **more)  # type: ignore[arg-type]

    yield gate("approved", Code.APPROVAL_NEEDED, {"approval": {"required": 2}})
    yield gate("soaked", Code.SOAKING, {"soak": f"{CLOCK_S}s"}, on_the_clock=True)
    yield gate("windowed", Code.WINDOW_CLOSED, {}, where=SHUT)
    yield gate("locked", Code.ENVIRONMENT_LOCKED, {})
    for concurrency, code in (
        ("supersede", Code.ENVIRONMENT_BUSY),
        ("queue", Code.QUEUED_BEHIND_RELEASE),
    ):
        name = f"two-{concurrency}"
        yield _before(
            name,
            _only(),
            steps={"only": 2},
            held=_HELD,
            gate=code,
            releases=2,
            concurrency=concurrency,
        )
