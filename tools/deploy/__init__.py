"""From the desk to a real board over its serial line: `make deploy` and `make provision`."""
