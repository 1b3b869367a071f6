"""Measures what Pilotlight costs, against the mock: `make bench`. docs/bench.md has the table."""
