"""Streams, HTTP/1.1, WebSocket and Phoenix for MicroPython. Knows nothing of Frame.io and is usable by itself."""
