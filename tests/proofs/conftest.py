"""Counts the seconds of CPU of each proof, for tools/generate/proofs.py."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_SECONDS: dict[str, float] = {}


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Count the seconds of this one."""
    begun = time.process_time()
    yield
    _SECONDS[f"{item.path.name}::{item.name}"] = round(time.process_time() - begun, 1)


def pytest_sessionfinish(exitstatus: int) -> None:
    """Write them to the file that the environment names, if all have passed."""
    path = os.environ.get("PROOF_SECONDS")
    if path and not exitstatus:
        Path(path).write_text(json.dumps(_SECONDS))
