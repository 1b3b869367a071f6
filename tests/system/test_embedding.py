"""README's ten lines, as printed but for address, token and roots, are a working program."""

import os
import re
import subprocess
import threading
from pathlib import Path

from tools.rig import CLIENT_SECRET, MICROPYTHON, ROOT, Rig

DRIVER = """
import time

class Host:
    def __init__(self): self.records = {}
    def is_up(self): return True
    def now_s(self): return int(time.time())
    async def ensure_set(self): return True
    def load(self, name): return self.records.get(name)
    def save(self, name, record): self.records[name] = record

asyncio.run(main(Host(), Host(), Host(), print))
"""


def example() -> str:
    """The program in README."""
    found = re.search(
        r"<!-- embedding: run as a test -->\n```python\n(.*?)```",
        (ROOT / "README.md").read_text(),
        re.DOTALL,
    )
    assert found
    return found[1]


def test_it_is_ten_lines() -> None:
    assert len([line for line in example().splitlines() if line.strip()]) == 10


def test_it_comes_online_and_sees_the_pause(rig: Rig) -> None:
    mock = rig.mock("--interval-s", "1", tls=True)
    text = (
        example().replace("https://api.frame.io", mock.url).replace("CLIENT_SECRET", CLIENT_SECRET)
    )
    text = text.replace(" trust_roots.ROOTS,", f" [open({str(mock.ca)!r}, 'rb').read()],")
    program = Path(rig.folder / "program.py")
    program.write_text(text + DRIVER)
    process = subprocess.Popen(
        [MICROPYTHON, str(program)],
        env={**os.environ, "MICROPYPATH": f"{ROOT / 'lib'}:.frozen"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    bound = threading.Timer(30, process.kill)
    bound.start()
    mock.approve()
    assert process.stdout is not None
    seen = []
    try:
        for line in process.stdout:
            seen.append(line.strip())
            if line == "online False None\n":
                mock.control("pause")
            elif line == "paused True None\n":
                break
    finally:
        process.kill()
        bound.cancel()
    assert seen[-1] == "paused True None", seen
