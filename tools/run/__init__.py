"""`make run`: the firmware on the virtual board, against the mock; see command.py."""
