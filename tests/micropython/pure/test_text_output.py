"""What a terminal gets: whole lines or none, and no character that it would obey."""

from firmware.text_output import TextOutput, plain


class Port:
    """A board's stdout. takes: how many bytes of the next write it takes, or what it raises."""

    def __init__(self):
        self.data = b""
        self.takes = 1000

    def write(self, piece):
        if not isinstance(self.takes, int):
            raise self.takes
        self.data += piece[: self.takes]
        return min(len(piece), self.takes)


def test_lines_of_any_length():
    port = Port()
    output = TextOutput(port)
    port.takes = 100_000
    lines = ["", "short", "\u00fc" * 5000]
    for line in lines:
        assert output.write_line(line) is True
    assert port.data.decode() == "\n".join(lines) + "\n"


def test_after_a_line_that_was_cut_the_next_one_is_whole():
    for takes in (0, 3, OSError(28), MemoryError()):
        port = Port()
        output = TextOutput(port)
        port.takes = takes
        for lost in (1, 2):
            assert output.write_line("lost") is False and output.lost == lost
        port.takes = 1000
        assert output.write_line("first") is True and output.lost == 0
        assert output.write_line("second") is True
        before = port.data[: -len(b"first\nsecond\n")]
        assert port.data.endswith(b"first\nsecond\n"), port.data
        assert before == b"" if takes == 0 else before.endswith(b"\n"), port.data


def test_what_a_terminal_obeys_is_a_question_mark():
    for code in (
        list(range(0x20))
        + list(range(0x7F, 0xA0))
        + list(range(0x2028, 0x202F))
        + list(range(0x2060, 0x2070))
        + [0x61C, 0x200B, 0x200E, 0x200F, 0xFEFF, 0xE0001, 0xE007F]
    ):
        assert plain("a%s\u00e9" % chr(code)) == "a?\u00e9", hex(code)


def test_all_other_text_is_as_it_was():
    for text in (
        "",
        "Testbed ~ (1)",
        "Stra\u00dfe \u00a0\u4e2d\u6587 \u05d0\u05d1 \U0001f469\u200d\U0001f680 \u0645\u06cc\u200c",
        "\ufffd\uffff\U0010ffff\u07ff\u0800",
    ):
        assert plain(text) == text
