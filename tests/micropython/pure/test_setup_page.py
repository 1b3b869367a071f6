"""The page of setup mode: what it shows when, and that text from the air stays text."""

from firmware.setup.setup_page import escaped, pieces

EVIL = "\"><script>alert('1')</script>&"


class Setup:
    """Stands in for the SetupMode."""

    name = "Pilotlight-0001"
    found = ((EVIL, -50, False), ("Stage 5", -70, True), ("Far", -90, False))
    known = (EVIL, "Stage 5")
    built_in = ("House", EVIL)
    chosen = failure = ""
    is_busy = is_done = False


def page(**fields):
    setup = Setup()
    for name in fields:
        setattr(setup, name, fields[name])
    text = "".join(pieces(setup, "t0ken", "192.168.4.1"))
    assert text.startswith("<!doctype html>") and text.rstrip().endswith("</main></body></html>")
    assert text.count("<script") == (1 if setup.is_busy and not setup.is_done else 0)
    assert "alert('1')<" not in text
    assert "http" not in text.replace("http-equiv", "").replace("http://192.168.4.1/", "")
    return text


def test_networks_with_their_strength():
    text = page()
    assert "strong signal</option>" in text and "Stage 5: fair signal, open<" in text
    assert "Far: weak signal<" in text
    assert "role=" not in text and " selected" not in text


def test_what_it_knows_can_be_forgotten_but_for_the_configuration():
    text = page()
    assert "It knows: " + escaped(EVIL) + ", Stage 5</summary>" in text
    assert 'name="forget" value="Stage 5">Forget Stage 5</button>' in text
    assert "It always knows: House, " + escaped(EVIL) in text and "Forget House" not in text
    text = page(known=(), built_in=())
    assert "knows" not in text and "Forget" not in text


def test_each_field_has_a_label():
    text = page()
    for name in ("ssid", "other", "password", "address", "gateway", "dns"):
        assert '<label for="%s">' % name in text and 'id="%s" name="%s"' % (name, name) in text
    assert text.count('name="token" value="t0ken"') == text.count("<form") == 1


def test_a_failure_in_words_and_the_choice_stays():
    text = page(chosen="Stage 5", failure="The Wi-Fi refused the password. <b>")
    assert 'role="alert">Not connected to Stage 5. The Wi-Fi refused' in text and "<b>" not in text
    assert '<option value="Stage 5" selected>' in text


def test_while_it_tries_and_when_it_is_done():
    for chosen in (EVIL, "Stage 5"):
        assert "Trying " + escaped(chosen) in page(chosen=chosen, is_busy=True)
        assert "Connected to " + escaped(chosen) in page(chosen=chosen, is_busy=True, is_done=True)
    assert "Searching" in page(is_busy=True)
