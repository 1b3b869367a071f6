"""Recovery from a wedged driver or a fragmented heap: restart the network, and in the end reset.

Nothing else helps if a link claims to be up and every connect fails although Frame.io is well.
Whether Frame.io is well can't be told from here, so an outage of Frame.io and a firewall are
answered in the same way.
"""

import asyncio

from micropython import const

_TYPES = const(0)  # true for mypy: what only annotations name costs the device nothing
if _TYPES:
    from .core import Core
    from .requests import Slot


async def watch(core: Core, upload_slot: Slot, reset) -> None:
    """Act when Frame.io has not answered for too long. Never returns.

    reset: called without arguments to reset the board; False means that it refuses for now. None:
    nothing can.

    Only time in which the network claims to be up, or to be wedged, counts; an answer of Frame.io
    ends the count, and so does an upload that moves: a restart would end that. Each
    `times.network_restart_ms` of it the network is restarted. From `times.reset_after_ms` on, a
    reset is tried first. There is no reset within `times.reset_spacing_ms` after the start or after
    the last accepted one, so there is at most one an hour over all resets, although nothing is
    stored and the time may not be known.
    """
    times, network, status = core.times, core.network, core.status
    step_ms = times.unproven_step_ms
    age_ms = unproven_ms = waited_ms = 0
    while True:
        await asyncio.sleep_ms(step_ms)
        age_ms = min(age_ms + step_ms, times.reset_spacing_ms)
        if status.connected or upload_slot.has_moved:
            upload_slot.has_moved = False
            unproven_ms = waited_ms = 0
        elif status.network_up or getattr(network, "wedged", False):
            unproven_ms = min(unproven_ms + step_ms, times.reset_after_ms)
            waited_ms += step_ms
        if waited_ms < times.network_restart_ms:
            continue
        waited_ms = 0
        may_reset = unproven_ms >= times.reset_after_ms and age_ms >= times.reset_spacing_ms
        try:
            if may_reset and reset is not None:
                core.log("recovery: reset")
                if reset() is not False:
                    age_ms = 0
                    continue
            if hasattr(network, "restart"):
                core.log("recovery: network down and up")
                await asyncio.wait_for_ms(network.restart(), times.network_restart_ms)
                core.check_network(changed=True)
        except (OSError, MemoryError, asyncio.TimeoutError):
            core.log("recovery: failed")
