"""Programs made by chance, run against this package and against the real prometheus_client: both show the same.

Each step does one thing to both, and both must answer it alike: with the same value, or with the same type of error.
Then everything that is exposed is compared, byte by byte. What the README says differs is not among the steps.
`TYKMETRICS_ALIKE_PROGRAMS` is how many programs are run.
"""

from __future__ import annotations

import functools
import itertools
import os
import random
import time
from collections.abc import Callable
from typing import Any

import prometheus_client as theirs
import pytest
from prometheus_client.openmetrics import exposition as their_openmetrics

import tykmetrics.prometheus_client as ours
from tykmetrics.prometheus_client.openmetrics import exposition as our_openmetrics

PROGRAMS = int(os.environ.get("TYKMETRICS_ALIKE_PROGRAMS", "150"))
STEPS = 60

MODULES: tuple[tuple[Any, Any], ...] = ((ours, our_openmetrics), (theirs, their_openmetrics))

NAMES = ["a", "a_total", "b", "b_bucket", "c_created", "up", "a.b", "target_info", "_x", "with:colon", "ü1", "9y", ""]
LABELS = ["method", "code", "path", "le", "quantile", "a.b", "__x", "a", "ü"]
VALUES = ["GET", "", "ü", 'q"\n\\', "200", "x y", 200, 1.5, True, None]
UNITS = ["", "", "", "seconds", "bytes"]
# Their sums are exact, in whatever order they are added.
AMOUNTS: list[Any] = [0, 1, 2, 0.5, 0.25, 1024, 1e9, 2**40, True, 3.0, -1, -0.25]
ODD: list[Any] = ["1", "x", None, []]
BUCKETS: list[Any] = [
    (0.1, 1, 10),
    (1,),
    (),
    (1, 0.5),
    ("1", "2.5", "+Inf"),
    (float("inf"),),
    (-1, 0, 1),
    (0.1, "x"),
    (5e-324, 1e300),
    tuple(range(1, 70)),
]
EXEMPLARS: list[Any] = [{"trace": "1"}, {"a": "ü", "b": ""}, {}, None]
ESCAPINGS = ["allow-utf-8", "underscores", "dots", "values"]
STATES: list[Any] = [["on", "off"], ["on"], [], None, ["ü", "on", "a b"]]
KINDS = ["Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"]


class _Program:
    """Both sides, and what there is on them: a place in a list is the same thing on each."""

    def __init__(self, seed: int, clock: list[float]) -> None:
        self.random = random.Random(seed)
        self.clock = clock
        self.log: list[str] = []
        options: dict[str, Any] = self.random.choice([{}, {"auto_describe": True}, {"target_info": {"env": "x"}}])
        self.registries = tuple(module.CollectorRegistry(**options) for module, _ in MODULES)
        self.things: list[tuple[Any, Any]] = []
        self.kinds: list[str] = []
        self.labels: list[list[str]] = []
        # A series takes the place of one that was removed, where the real one lists it last.
        self.removed = False

    def both(self, what: str, act: Callable[[int], Any]) -> tuple[Any, Any] | None:
        """Do it on both sides; return what both gave, or None if both refused."""
        self.log.append(what)
        given: list[Any] = []
        errors: list[str | None] = []
        for side in (0, 1):
            try:
                given.append(act(side))
                errors.append(None)
            except Exception as error:
                given.append(error)
                errors.append(type(error).__name__)
        if errors[1] == "AttributeError":
            # What the real one never meant to be called: ours says what is wrong, or has nothing to do.
            return None
        assert errors[0] == errors[1], f"{what}: {given}"
        return None if errors[0] else (given[0], given[1])

    def alike(self, what: str, act: Callable[[int], Any]) -> None:
        """Do it on both sides; what they give is equal."""
        given = self.both(what, act)
        if given is not None:
            assert given[0] == given[1], _difference(what, *given)

    def run(self) -> None:
        for _ in range(STEPS):
            self.clock[0] += self.random.choice([0, 0.5, 1.25])
            self.random.choice(
                [self.make, self.child, self.record, self.record, self.record, self.record, self.change]
            )()
        self.compare()

    def make(self) -> None:
        chance = self.random
        kind = chance.choice(KINDS)
        name = chance.choice(NAMES)
        labels = chance.sample(LABELS[:3], chance.randrange(3)) if chance.random() < 0.8 else [chance.choice(LABELS)]
        options: dict[str, Any] = {}
        if chance.random() < 0.2:
            options["namespace"] = chance.choice(["", "n", "m.s"])
            options["subsystem"] = chance.choice(["", "s"])
        options["unit"] = chance.choice(UNITS)
        if kind == "Histogram" and chance.random() < 0.6:
            options["buckets"] = chance.choice(BUCKETS)
        if kind == "Enum":
            options["states"] = chance.choice(STATES)
        text = chance.choice(["help", "", 'two\nlines \\ and "quotes"', "ü"])
        made = self.both(
            f"{kind}({name!r}, {text!r}, {labels}, {options})",
            lambda side: getattr(MODULES[side][0], kind)(name, text, labels, registry=self.registries[side], **options),
        )
        if made is not None:
            self.add(made, kind, labels)

    def add(self, made: tuple[Any, Any], kind: str, labels: list[str]) -> None:
        self.things.append(made)
        self.kinds.append(kind)
        self.labels.append(labels)

    def values(self, labels: list[str]) -> list[Any]:
        count = len(labels) if self.random.random() < 0.9 else self.random.randrange(4)
        return [self.random.choice(VALUES) for _ in range(count)]

    def child(self) -> None:
        """Ask for a series, and keep it."""
        if not self.things:
            return
        at = self.random.randrange(len(self.things))
        values = self.values(self.labels[at])
        if self.random.random() < 0.3:
            named = dict(zip(self.labels[at], values, strict=False))
            made = self.both(f"{at}.labels(**{named})", lambda side: self.things[at][side].labels(**named))
        else:
            made = self.both(f"{at}.labels(*{values})", lambda side: self.things[at][side].labels(*values))
        if made is not None:
            self.add(made, self.kinds[at], self.labels[at])

    def amount(self) -> Any:
        return self.random.choice(AMOUNTS if self.random.random() < 0.9 else ODD)

    def record(self) -> None:
        if not self.things:
            return
        at = self.random.randrange(len(self.things))
        method, args, options = self.call(self.kinds[at])
        self.alike(
            f"{at}.{method}(*{args}, **{options})",
            lambda side: getattr(self.things[at][side], method)(*args, **options),
        )

    def call(self, kind: str) -> tuple[str, list[Any], dict[str, Any]]:
        chance = self.random
        if kind == "Counter":
            if chance.random() < 0.1:
                return "reset", [], {}
            args = [self.amount()] if chance.random() < 0.7 else []
            return "inc", args, self.exemplar()
        if kind == "Gauge":
            method = chance.choice(["inc", "dec", "set", "set_to_current_time"])
            args = (
                [self.amount()]
                if method == "set" or (method != "set_to_current_time" and chance.random() < 0.7)
                else []
            )
            return method, args, {}
        if kind == "Histogram":
            return "observe", [chance.choice(AMOUNTS)], self.exemplar()
        if kind == "Summary":
            return "observe", [chance.choice(AMOUNTS)], {}
        if kind == "Info":
            return "info", [chance.choice([{"version": "1"}, {}, {"method": "x"}, {"a": None}, {"b": "ü\n"}])], {}
        return "state", [chance.choice(["on", "off", "", "other"])], {}

    def exemplar(self) -> dict[str, Any]:
        return {"exemplar": self.random.choice(EXEMPLARS)} if self.random.random() < 0.3 else {}

    def change(self) -> None:
        """Do something to a family or the registry as a whole."""
        chance = self.random
        if not self.things:
            return
        at = chance.randrange(len(self.things))
        thing = self.things[at]
        if thing[1]._labelvalues:
            return
        what = chance.choice(["remove", "remove_by_labels", "clear", "unregister", "register", "target", "compare"])
        if what == "remove":
            values = self.values(self.labels[at])
            self.removed = True
            self.alike(f"{at}.remove(*{values})", lambda side: thing[side].remove(*values))
        elif what == "remove_by_labels":
            self.removed = True
            wanted = {name: str(chance.choice(VALUES)) for name in self.labels[at][:1] or ["none"]}
            self.alike(f"{at}.remove_by_labels({wanted})", lambda side: thing[side].remove_by_labels(wanted))
        elif what == "clear":
            self.removed = True
            self.alike(f"{at}.clear()", lambda side: thing[side].clear())
        elif what in ("unregister", "register"):
            if chance.random() < 0.4 and not thing[0]._labelvalues:
                self.alike(f"{what}({at})", lambda side: getattr(self.registries[side], what)(thing[side]))
        elif what == "target":
            info = chance.choice([None, {"env": "y"}, {"a": "ü"}])
            self.alike(f"set_target_info({info})", lambda side: self.registries[side].set_target_info(info))
        else:
            self.compare()

    def compare(self) -> None:
        """All that both expose is the same."""
        registries = self.registries
        for escaping in self.random.sample(ESCAPINGS, 2):
            self.alike("text", functools.partial(self.exposed, 0, escaping))
            self.alike("openmetrics", functools.partial(self.exposed, 1, escaping))
        self.alike("collect", lambda side: [self.told(family) for family in registries[side].collect()])
        # The real one asks the collectors of a restricted registry in the order of a set, and none of `target_info`.
        names = [*self.random.sample(NAMES, 4), "a_count", "b_bucket"]
        chosen = [name for name in names if name != "target_info"]
        self.alike(
            f"restricted {chosen}",
            lambda side: sorted(
                MODULES[side][0].generate_latest(registries[side].restricted_registry(chosen)).split(b"\n")
            ),
        )
        for name in [*names, "target_info"]:
            self.alike(f"get_sample_value {name}", functools.partial(self.value, name))

    def exposed(self, module: int, escaping: str, side: int) -> list[bytes]:
        text: bytes = MODULES[side][module].generate_latest(self.registries[side], escaping)
        return sorted(text.split(b"\n")) if self.removed else text.split(b"\n")

    def told(self, family: Any) -> tuple[Any, ...]:
        samples = [(*sample[:4], sample[4] and tuple(sample[4])) for sample in family.samples]
        if self.removed:
            samples.sort(key=repr)
        return (family.name, family.documentation, family.type, family.unit, samples)

    def value(self, name: str, side: int) -> float | None:
        found: float | None = self.registries[side].get_sample_value(name)
        return found


def _difference(what: str, mine: Any, real: Any) -> str:
    if isinstance(mine, list):
        lines = [(one, other) for one, other in itertools.zip_longest(mine, real) if one != other][:3]
        return f"{what}: {lines}"
    return f"{what}: {mine} {real}"


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_a_program_shows_what_it_shows_with_prometheus_client(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_700_000_000.25]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    program = _Program(seed, clock)
    try:
        program.run()
    except AssertionError:
        print("\n".join(program.log))
        raise
