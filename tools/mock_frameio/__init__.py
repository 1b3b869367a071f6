"""A mock of Frame.io's device side on a real HTTP server: REST, pairing and tokens, and the device
socket with Phoenix V1 manners.

    python -m tools.mock_frameio --port 8080 [--tls] [--token T]

What it does is taken from Frame.io's device guides and from Phoenix's own source; where both are
silent it does the least.
"""
