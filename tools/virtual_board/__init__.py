"""The virtual board: unmodified firmware on MicroPython's unix port, with an ESP32's modules.

modules/      a MicroPython folder that comes first on the path: machine, neopixel, esp32, network …
              in place of a board's own
  chips/      models of what is wired to the pins; they report by virtual.events what they show and
              obey virtual.orders
  virtual/    the engine: time, interrupts, events, orders, the connection to the host, power
power_on.py   what a board does at power-on: boot.py, main.py, and then it waits
session.py    the host's side: VirtualBoard switches it on and off, presses its buttons and sees
              what it shows (seen.py)
  flash_image.py, serial_line.py
              its flash as a real littlefs, and its serial line for mpremote; both optional

Programs on the unix port use the same modules without a session:

module_path.py    installs the modules, in real time
virtual_time.py   asyncio on a virtual clock; installs the modules too, if wanted
lamps.py          lamps of each kind at the board's pins, and an eye that sees their light
"""
