"""How a display says which Wi-Fi to join."""

from firmware.setup.setup_screen import pages_of, qr_text


def test_the_text_of_the_qr_code():
    assert qr_text("Pilotlight-0A1B", "3z5rhzkbhem7") == (
        "WIFI:T:WPA;S:Pilotlight-0A1B;P:3z5rhzkbhem7;;"
    )
    assert qr_text("a;b", 'c:d,e"f\\g') == 'WIFI:T:WPA;S:a\\;b;P:c\\:d\\,e\\"f\\\\g;;'


def test_a_label_s_long_password_has_no_qr_code():
    assert len(pages_of("Pilotlight-0A1B", "a" * 20, 128, 64)) == 2
    for page in pages_of("Pilotlight-0A1B", "a" * 63, 128, 64):
        assert page[1] == b"Set up Wi-Fi"
