"""The smallest `ntptime`: the computer's time."""

host = ""
timeout = 1


def time():
    import time

    return int(time.time())
