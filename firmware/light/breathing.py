"""The patterns of LEDs that fade, in place of those of the same name in indication.PATTERNS.

At half its level a pattern has the same timing as the other.
"""

# fmt: off
BREATHING = {
    "slow": (
        (50, 54),
        (50, 62),
        (50, 69),
        (50, 77),
        (50, 85),
        (50, 92),
        (400, 100),
        (50, 92),
        (50, 85),
        (50, 77),
        (50, 69),
        (50, 62),
        (50, 54),
        (50, 46),
        (50, 38),
        (50, 31),
        (50, 23),
        (50, 15),
        (50, 8),
        (400, 0),
        (50, 8),
        (50, 15),
        (50, 23),
        (50, 31),
        (50, 38),
        (50, 46),
    ),
}
# fmt: on
