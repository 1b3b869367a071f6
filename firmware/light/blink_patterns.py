"""The timing of the blink patterns. Pure.

The timing alone tells the states apart. Nothing flashes above 3 Hz, the limit that is safe for
people with photosensitive epilepsy (WCAG 2.3.1).
"""

# pattern → (ms, level in percent) steps, repeated
PATTERNS = {
    "off": ((1000, 0),),
    "solid": ((1000, 100),),
    "fast": ((200, 100), (200, 0)),
    "even": ((500, 100), (500, 0)),
    "slow": ((1000, 100), (1000, 0)),
    "wink": ((2700, 100), (300, 0)),
    "one_flash": ((200, 100), (1800, 0)),
    "two_flashes": ((200, 100), (300, 0), (200, 100), (1800, 0)),
    "three_flashes": ((200, 100), (300, 0), (200, 100), (300, 0), (200, 100), (1800, 0)),
}
