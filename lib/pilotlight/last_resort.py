"""The last resort, for a driver that is wedged or a heap that is in pieces: the network down and up, and in the end a reset.

Nothing else helps where a link claims to be up, every connect fails, and Frame.io is well. Whether it is well can't be told from
here, so an outage of Frame.io and a firewall are answered in the same way.
"""

import asyncio


async def watch(status, network, reset, network_changed, times, note) -> None:
    """Act when Frame.io has not answered for too long. network, reset: as for Agent. network_changed(): call it after a restart.

    Only the time in which the network claims to be up, or to be wedged, counts, and only an answer ends the count. Each
    `network_restart_ms` of it the network is restarted; from `reset_after_ms` on a reset is tried first, and the network is
    restarted if that is refused. No reset before `reset_spacing_ms` are over since `run` began or the last one was accepted: so
    there is one an hour at most, over the resets too, although nothing is stored and the time may not be known.
    """
    step_ms = times.unproven_step_ms
    age_ms = unproven_ms = waited_ms = 0
    while True:
        await asyncio.sleep_ms(step_ms)
        age_ms = min(age_ms + step_ms, times.reset_spacing_ms)
        if status.connected:
            unproven_ms = waited_ms = 0
        elif status.network_up or getattr(network, "wedged", False):
            unproven_ms = min(unproven_ms + step_ms, times.reset_after_ms)
            waited_ms += step_ms
        if waited_ms < times.network_restart_ms:
            continue
        waited_ms = 0
        try:
            if (
                unproven_ms >= times.reset_after_ms
                and age_ms >= times.reset_spacing_ms
                and reset is not None
            ):
                note("last resort: reset")
                if reset() is not False:
                    age_ms = 0
                    continue
            if hasattr(network, "restart"):
                note("last resort: network down and up")
                await asyncio.wait_for_ms(network.restart(), times.network_restart_ms)
                network_changed()
        except (OSError, MemoryError, asyncio.TimeoutError):
            note("last resort: failed")
