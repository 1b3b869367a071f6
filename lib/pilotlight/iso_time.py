"""Times as Frame.io writes them (ISO 8601), as integers. Pure.

A board's float is too small for a second since 1970.
"""


def seconds_of(text: str | None) -> int | None:
    """Seconds since 1970 of a time such as 2030-01-31T12:00:00Z; None if the text is not a time.

    A fraction and an offset are allowed.
    """
    if text is None or len(text) < 19 or text[10] not in "Tt ":
        return None
    try:
        year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
        seconds = int(text[11:13]) * 3600 + int(text[14:16]) * 60 + int(text[17:19])
        zone = text[-6:]
        if zone[0] in "+-" and zone[3] == ":":
            offset_s = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
            seconds -= offset_s if zone[0] == "+" else -offset_s
    except ValueError:
        return None
    if not 1970 <= year < 2200 or not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    # Days since 1970, counting years from March so that a leap day is the last of its year.
    if month < 3:
        year -= 1
        month += 12
    days = (
        year * 365
        + year // 4
        - year // 100
        + year // 400
        + (153 * (month - 3) + 2) // 5
        + day
        - 719469
    )
    return days * 86400 + seconds
