"""How something goes wrong in a World, and how `heal` makes all of it well again."""

import asyncio
import random


def set_until_healed(world, owner, **facts):
    """Set attributes of this owner until `heal`."""
    for name, value in facts.items():
        before = getattr(owner, name)
        setattr(owner, name, value)
        world.repairs.append(lambda name=name, before=before: setattr(owner, name, before))


def answer_with(world, what, status, body=None):
    """These requests are answered so until `heal`."""
    answers = dict(world.frameio.answered_with)
    answers[what] = status, {} if body is None else body
    set_until_healed(world, world.frameio, answered_with=answers)


def leave_unanswered(world, what):
    """These requests are not answered until `heal`."""
    set_until_healed(world, world.frameio, unanswered=world.frameio.unanswered + (what,))


def meanwhile(world, job):
    """A coroutine that goes on until `heal`."""
    world.repairs.append(asyncio.create_task(job).cancel)


def close(world, code=1000):
    """The socket is closed, so that the device has to come back."""
    world.frameio.close_sockets(code)


def pause_or_resume(world):
    """The truth changes; of its event come none, one or two, and perhaps an old one behind it."""
    frameio = world.frameio
    frameio.paused = not frameio.paused
    word, old = ("paused", "resumed") if frameio.paused else ("resumed", "paused")
    for event in random.choice(((), (word,), (word, word), (word, old), (old, word, old))):
        frameio.push("status_updated", event)


def heal(world):
    """Everything is well again."""
    while world.repairs:
        world.repairs.pop()()
    world.frameio.next_joins.clear()
