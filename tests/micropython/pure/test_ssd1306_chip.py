"""The model of the SSD1306, by command streams written by hand from the datasheet."""

from tests.support.expect import raises
from tools.virtual_board.modules.chips.ssd1306 import SSD1306, WrongCommand

# The flow chart of the datasheet's application note, for glass that is upright with A1 and C8; 20
# is left at its reset value.
SET_UP = "00 A8 3F D3 00 40 A1 C8 DA 12 81 7F A4 A6 D5 80 8D 14 AF"
SET_UP_32 = "00 A8 1F D3 00 40 A1 C8 DA 02 81 7F A4 A6 D5 80 8D 14 AF"


def send(chip, *streams):
    for stream in streams:
        chip.write(bytes(int(byte, 16) for byte in stream.split()))


def lit(chip):
    """The pixels that are seen, as (x, y), by rows."""
    picture, width = chip.picture(), chip.width
    assert len(picture) == width * chip.height // 8
    return [
        (at % width, at // width)
        for at in range(width * chip.height)
        if picture[at // 8] & (0x80 >> at % 8)
    ]


def ready(height=64, **kind):
    """A chip that is set up, with a black picture."""
    chip = SSD1306(128, height, **kind)
    send(chip, SET_UP if height == 64 else SET_UP_32)
    for page in range(8):
        send(chip, "00 %02X 00 10" % (0xB0 + page), "40" + " 00" * 128)
    assert chip.on and lit(chip) == []
    return chip


def test_off_and_noise_at_power_on():
    chip = SSD1306()
    assert chip.plugged and not chip.on and lit(chip) == [] and chip.contrast == 0x7F
    send(chip, SET_UP)
    noise = chip.picture()
    assert chip.on and 3000 < len(lit(chip)) < 5200
    chip.unplug()
    assert not chip.plugged and not chip.on and lit(chip) == []
    chip.plug()
    assert lit(chip) == []
    send(chip, SET_UP)
    assert chip.picture() != noise and lit(chip)


def test_the_charge_pump_comes_first_or_there_is_a_supply():
    chip = SSD1306()
    send(chip, "00 A5 AF")
    assert not chip.on and lit(chip) == []
    send(chip, "00 8D 14")
    assert not chip.on
    send(chip, "00 AF")
    assert chip.on and len(lit(chip)) == 128 * 64
    send(chip, "00 8D 10")
    assert not chip.on
    chip = SSD1306(128, 64, external_vcc=True)
    send(chip, "00 8D 10 A5 AF")
    assert chip.on and len(lit(chip)) == 128 * 64


def test_control_bytes():
    ways = (
        ("00 B1 03 10", "40 81 01"),  # streams
        ("80 B1", "80 03", "80 10", "C0 81", "C0 01"),  # one byte a transaction
        ("80 B1 80 03 80 10 40 81 01",),  # single commands, then a stream of data
        ("80 B1 80 03 80 10 C0 81 C0 01",),
        ("80 B1 80 03 00 10", "C0 81 40 01"),
        ("", "00 B1 03 10", "", "40 81 01"),  # an address alone asks whether a chip is there
    )
    for way in ways:
        chip = ready()
        send(chip, *way)
        assert lit(chip) == [(3, 8), (4, 8), (3, 15)], way


def test_parameters_may_come_in_transactions_of_their_own():
    chip = ready()
    send(chip, "80 81", "80 12")
    assert chip.contrast == 0x12
    send(
        chip, "80 20", "80 00", "80 21", "80 05", "80 06", "00 22", "00 02", "00 02", "40 01 01 80"
    )
    assert lit(chip) == [(6, 16), (5, 23)]


def test_page_addressing():
    chip = ready()
    send(chip, "00 B3 0F 12", "40 01 02")
    assert lit(chip) == [(0x2F, 24), (0x30, 25)]
    send(
        chip, "00 02", "40 80"
    )  # the low half of the register that set the column, not of where the data got to
    assert lit(chip) == [(0x2F, 24), (0x30, 25), (0x22, 31)]
    send(chip, "00 B7 0F 17", "40 80 80")  # past the last column begins the same page again
    assert lit(chip)[-2:] == [(0, 63), (127, 63)]


def test_horizontal_addressing():
    chip = ready()
    send(chip, "00 20 00 21 10 12 22 02 03", "40 01 03 07", "40 01 03 07 80")
    page_2 = [
        (17, 16),
        (18, 16),
        (17, 17),
        (18, 17),
        (18, 18),
        (16, 23),
    ]  # the seventh byte is in the first one's place
    page_3 = [(16, 24), (17, 24), (18, 24), (17, 25), (18, 25), (18, 26)]
    assert lit(chip) == page_2 + page_3
    chip = ready()
    send(
        chip, "00 20 00", "40" + " FF" * 128 + " 01"
    )  # the ranges of the reset: all; the pointer was at the last page
    assert len(lit(chip)) == 1025 and lit(chip)[:2] == [(0, 0), (0, 56)]


def test_vertical_addressing():
    chip = ready()
    send(chip, "00 20 01 21 7E 7F 22 06 07", "40 01 02 04 08 10")
    assert lit(chip) == [(127, 50), (126, 52), (126, 57), (127, 59)]


def test_columns_are_mirrored_when_they_are_written():
    chip = ready()
    send(chip, "00 B0 00 10", "40 01", "00 A0")
    assert lit(chip) == [(0, 0)]
    send(chip, "00 B0 00 10", "40 02")
    assert lit(chip) == [(0, 0), (127, 1)]


def test_the_scan_direction_turns_at_once():
    chip = ready()
    send(chip, "00 B0 00 10", "40 81", "00 C0")
    assert lit(chip) == [(0, 56), (0, 63)]
    chip = ready(32)
    send(chip, "00 B0 00 10", "40 81", "00 C0")
    assert lit(chip) == [(0, 24), (0, 31)]


def test_start_line_offset_and_multiplex():
    chip = ready()
    send(chip, "00 B1 00 10", "40 03", "00 48")
    assert lit(chip) == [(0, 0), (0, 1)]  # the memory's line 8 is on top
    send(chip, "00 40 D3 08")
    assert lit(chip) == [
        (0, 0),
        (0, 1),
    ]  # table 10-2: with 64 lines reversed and an offset of 8, COM0 shows row 7, COM63 row 8
    send(chip, "00 C0")
    assert lit(chip) == [(0, 62), (0, 63)]  # table 10-1: COM0, at the bottom, shows row 8
    send(chip, "00 C8 D3 00 A8 37 A7")
    assert (
        len(lit(chip)) == 56 * 128 - 2
    )  # 56 lines are driven; the others are dark, inverse or not
    assert lit(chip)[0] == (0, 8) and (0, 16) not in lit(chip) and (0, 15) in lit(chip)


def test_32_lines():
    chip = ready(32)
    send(chip, "00 B3 00 10", "40 80", "00 B4 00 10", "40 FF")
    assert lit(chip) == [(0, 31)]
    send(chip, "00 60")
    assert lit(chip) == [(0, y) for y in range(8)]  # the memory has 64 lines all the same


def test_the_order_of_the_com_pins():
    chip = ready()
    for page in range(8):
        send(chip, "00 %02X 00 10" % (0xB0 + page), "40 01")
    assert lit(chip) == [(0, y) for y in range(0, 64, 8)]
    send(chip, "00 DA 32")  # left and right swapped: neighbours change places
    assert lit(chip) == [(0, y + 1) for y in range(0, 64, 8)]
    send(
        chip, "00 DA 02 C0"
    )  # COM0 … 31 are at the even lines from the bottom, COM32 … 63 at the odd ones
    from_bottom = [2 * row for row in (0, 8, 16, 24)] + [2 * row + 1 for row in (0, 8, 16, 24)]
    assert lit(chip) == [(0, 63 - line) for line in sorted(from_bottom, reverse=True)]
    chip = ready(32)
    send(chip, "00 DA 12 C0 A5")  # every other row goes to pins that this glass has not
    assert lit(chip) == [(x, y) for y in range(16, 32) for x in range(128)]


def test_inverse_all_lit_contrast_and_off():
    chip = ready()
    send(chip, "00 B0 00 10", "40 01")
    send(chip, "00 A7")
    assert len(lit(chip)) == 128 * 64 - 1 and lit(chip)[0] == (1, 0)
    send(chip, "00 A6 A5")
    assert len(lit(chip)) == 128 * 64
    send(chip, "00 A4 81 00")
    assert lit(chip) == [(0, 0)] and chip.contrast == 0
    send(chip, "00 AE")
    assert not chip.on and lit(chip) == []
    send(chip, "00 AF")
    assert lit(chip) == [(0, 0)]  # off keeps the memory, and the pump


def test_unplugged_it_forgets():
    chip = ready()
    send(chip, "00 20 00 A8 1F D3 05 A7 81 05")
    chip.unplug()
    chip.plug()
    send(chip, "00 A1 C8 8D 14 AF")
    assert chip.contrast == 0x7F
    for page in range(8):
        send(chip, "00 %02X 00 10" % (0xB0 + page), "40" + " 00" * 128)  # page addressing again
    assert lit(chip) == []
    send(chip, "00 B7 0F 17", "40 80")
    assert lit(chip) == [(127, 63)]


def test_what_no_driver_may_send():
    wrong = (
        ("01 AF",),  # a control byte has six zeros
        ("80",),  # and is followed by something
        ("00",),
        ("40",),
        ("80 A4 80",),
        ("00 81", "40 00"),  # data in place of a parameter
        ("00 20 03",),
        ("80 20", "80 55"),
        ("00 20 E3",),  # a NOP is no parameter in one's own transaction
        ("00 20 00 21 05 04",),  # from right to left
        ("00 20 00 21 00 80",),
        ("00 20 00 22 07 00",),
        ("00 20 00 22 00 08",),
        ("00 21 00 7F",),  # ranges are for the other two modes
        ("00 22 00 07",),
        ("00 20 00 B0",),  # and these for page addressing
        ("00 20 01 00",),
        ("00 20 00 1F",),
        ("00 18",),  # column 128
        ("00 8D 04",),
        ("00 A8 0E",),  # 15 lines
        ("00 A8 7F",),
        ("00 D3 40",),
        ("00 D9 20",),  # no precharge
        ("00 D9 02",),
        ("00 DA 13",),
        ("00 DB 01",),
        ("00 AD 01",),
        ("00 30",),
        ("00 80",),
        ("00 B8",),
        ("00 2F",),  # scrolling is not modelled
        ("00 26",),
        ("00 A2",),
        ("00 FF",),
    )
    for streams in wrong:
        chip = ready()
        send(chip, *streams[:-1])
        with raises(WrongCommand):
            send(chip, streams[-1])
            print(streams, "raised nothing")
    with raises(WrongCommand):
        SSD1306().read(1)
    assert not issubclass(WrongCommand, OSError)
    with raises(ValueError):
        SSD1306(64, 48)


def test_what_every_driver_may_send():
    chip = ready()
    before = chip.picture()
    send(chip, "00 2E E3 DB 20 DB 30 D5 F0 D9 F1 AD 30 8D 14 A4 A6 40")
    assert chip.picture() == before and chip.on


def test_as_the_stock_driver_sends():
    """micropython-lib's: each command byte in a transaction of its own, then all data in one."""
    for height, lines, pins in ((64, "3F", "12"), (32, "1F", "02")):
        chip = SSD1306(128, height)
        set_up = (
            "AE 20 00 40 A1 A8 %s C8 D3 00 DA %s D5 80 D9 F1 DB 30 81 FF A4 A6 AD 30 8D 14 AF"
            % (lines, pins)
        )
        for picture in range(2):  # the second begins where the first has ended
            for byte in (set_up.split() if picture == 0 else []) + [
                "21",
                "00",
                "7F",
                "22",
                "00",
                "%02X" % (height // 8 - 1),
            ]:
                send(chip, "80 " + byte)
            send(chip, "40 01" + " 00" * (16 * height - 2) + " 80")
            assert chip.on and chip.contrast == 255 and lit(chip) == [(0, 0), (127, height - 1)]


def test_nops_end_a_command_left_alone():
    for rest in ("20", "8D", "A8", "D3", "DA", "20 00 21", "20 00 21 00", "20 00 22 00"):
        chip = ready()
        send(chip, "00 " + rest, "00 E3 E3 20 02", "00 B0 00 10", "40 01")
        assert lit(chip) == [(0, 0)], rest
    send(chip, "00 81", "00 E3 E3")
    assert chip.contrast == 0xE3  # which is a contrast as good as any


def test_watchers_hear_of_what_is_seen():
    chip = SSD1306()
    heard = []
    chip.watchers.append(lambda: heard.append(chip.on))

    def news(*streams):
        del heard[:]
        send(chip, *streams)
        return len(heard)

    assert news("00 B0 00 10", "40 01", "00 A7 81 05") == 0  # dark
    assert news("00 8D 14", "00 AF") == 1
    assert news("00 AF", "00 E3", "00 A7 81 05", "00 B0 00 10", "40 01") == 0  # the same again
    assert news("40 02 03", "00 81 06", "00 A6", "00 41") == 4
    assert news("00 AE", "40 04", "00 AE") == 1
    assert news("00 AF") == 1
    chip.unplug()
    assert heard == [True, False]
    chip.unplug()
    chip.plug()
    assert heard == [True, False]
