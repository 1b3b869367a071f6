"""What a QR code costs on the heap."""

import gc

from firmware.screen import qr_code


def test_memory():
    qr_code.encode("x")  # names are interned
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    picture = qr_code.encode("https://next.frame.io/pair/987654")
    made = gc.mem_alloc() - before
    gc.enable()
    gc.collect()
    kept = gc.mem_alloc() - before
    assert made < 3200, made  # words of 64 bits
    assert kept < 350, kept  # the picture, and the test's own
    assert len(picture) == 116
