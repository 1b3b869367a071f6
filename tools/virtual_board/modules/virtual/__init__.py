"""The engine of the virtual board: what has no counterpart on a real one."""
