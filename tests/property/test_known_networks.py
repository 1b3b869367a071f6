"""Any `wifi` of config.json or an integrator gives networks in one form, or an error.

The error holds no password.
"""

from hypothesis import given
from hypothesis import strategies as st

from firmware.network.known_networks import checked

SECRET = "s3cr"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=2),
)
passwords = st.builds(lambda text: SECRET + text, st.text(max_size=70)) | st.lists(
    st.just(SECRET), min_size=1
)
one = st.fixed_dictionaries(
    {},
    optional={
        "ssid": st.text(max_size=40) | values,
        "password": passwords,
        "hidden": values,
        "psk": passwords,
        "address": st.sampled_from(["10.1.2.3/24", "10.1.2.3/32", "10.1.2.3"]) | values,
        "gateway": st.sampled_from(["10.1.2.1", "10.1.3.1", "10.1.2"]) | values,
        "dns": st.just("10.1.2.1") | values,
    },
)


@given(one | st.lists(one | values, max_size=3) | values)
def test_one_form_or_a_sentence(wifi: object) -> None:
    """The result is its own; an error never tells the password."""
    sentence = ""
    try:
        networks = checked(wifi)
    except ValueError as error:
        networks, sentence = [], str(error)
    assert SECRET not in sentence and (
        not sentence or sentence.startswith(("wifi", "unknown key wifi"))
    )
    assert checked(networks) == networks
    for network in networks:
        assert 1 <= len(network["ssid"].encode()) <= 32 and network["hidden"] in (True, False)
        password = (network["password"] or "").encode()
        assert network["password"] is None or 8 <= len(password) <= 64
        assert len(password) < 64 or all(byte in b"0123456789abcdefABCDEF" for byte in password)
        assert ("address" in network) == ("gateway" in network) == ("dns" in network)
        assert not any(byte < 32 or byte == 127 for byte in password + network["ssid"].encode())
