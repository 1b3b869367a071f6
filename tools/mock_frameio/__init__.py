"""A mock of Frame.io's device side on a real HTTP server: REST, pairing and tokens, and the device
socket with Phoenix V1 manners.

    python -m tools.mock_frameio --port 8080 [--tls] [--token T]

page/ is the bench page at `/`, page_routes.py and page_feed.py its server's side; board.py is the
virtual board of `make run` on it.

What it does is taken from Frame.io's device guides and from Phoenix's own source; where both are
silent it does the least.
"""
