"""Times against Python's datetime."""

from datetime import datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from pilotlight.iso_time import seconds_of

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30), timezones=zones)


@given(
    times, st.sampled_from(["T", " "]), st.sampled_from(["auto", "milliseconds", "microseconds"])
)
@example(datetime(2028, 2, 29, 23, 59, 59, tzinfo=timezone.utc), "T", "auto")
@example(datetime(2100, 3, 1, tzinfo=timezone.utc), "T", "auto")
def test_as_datetime(time: datetime, between: str, timespec: str) -> None:
    text = time.isoformat(between, timespec)
    seconds = int(time.replace(microsecond=0).timestamp())
    assert seconds_of(text) == seconds
    if time.utcoffset() == timedelta():
        assert (
            seconds_of(text.replace("+00:00", "Z"))
            == seconds_of(text.replace("+00:00", ""))
            == seconds
        )


@given(
    st.text(max_size=30)
    | st.none()
    | times.map(str).flatmap(
        lambda text: st.integers(0, 25).map(lambda at: text[:at] + "x" + text[at:])
    )
)
@example("2030-13-01T00:00:00Z")
@example("2030-01-32T00:00:00Z")
@example("0000-01-01T00:00:00Z")
def test_anything_else(text: str | None) -> None:
    seconds = seconds_of(text)
    assert seconds is None or 0 <= seconds < 1 << 33
