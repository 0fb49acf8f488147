"""Decisions that follow from one another, before any of them is written down."""

from collections.abc import Sequence
from dataclasses import replace

from towpath.domain import actions, decide, events, evolution
from towpath.domain.facts import Facts, Stage
from towpath.domain.release import Release
from towpath.ports.store import View

ROUNDS = 200


def decided(view: View, facts: Facts) -> Sequence[actions.Action]:
    """What to do now, with all that only needs writing down gathered into one record.

    What is decided after each such event is decided on the release as the event leaves it.
    """
    happened: list[events.Event] = []
    for _ in range(ROUNDS):
        found = decide.decide(view.release, facts, view.now)
        news = [e for a in found if isinstance(a, actions.Record) for e in a.events]
        if not news:
            break
        happened += news
        view = seen_after(view, evolution.evolve(view.release, news, view.now))
        facts = replace(facts, stages=view.stages)
    rest = [a for a in found if not isinstance(a, actions.Record)]
    return [actions.Record(tuple(happened)), *rest] if happened else rest


def seen_after(view: View, release: Release) -> View:
    """The view with our own doing in it. What others did since wakes the release once more."""
    stages = dict(view.stages)
    for promotion in release.promotions:
        stage = stages.get(promotion.environment, Stage())
        if promotion.claim:
            stages[promotion.environment] = replace(
                stage, holder=release.id, counter=promotion.claim, yields=False
            )
        elif stage.holder == release.id:
            stages[promotion.environment] = replace(stage, holder="")
    arrived = {landing.write_id for each in release.promotions for landing in each.landings}
    left = {
        environment: tuple(write for write in writes if write.id not in arrived)
        for environment, writes in view.open_writes.items()
    }
    return replace(view, release=release, stages=stages, open_writes=left)
