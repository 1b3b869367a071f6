"""Images for a chip's flash: stock MicroPython with the application beside it. `make image`.

firmware_file.py  reads MicroPython's file: the chip, and where its file system lies
application.py    the files that a board has, as that file system
esptool.py        Espressif's esptool, which writes them
units.py          many boards, one after another: `make units`
  unit_list.py    their settings, a CSV row each
  verdict.py      pass or not, from what a board says
  results.py      what came of each board, kept in a CSV
"""
