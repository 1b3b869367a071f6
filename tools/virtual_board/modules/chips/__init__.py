"""Models of what is wired to the pins."""
