"""Opens TLS connections and keeps them: tls_memory.py PORT COUNT ROOT.der …

Valgrind's massif counts what they take of the system's memory, for tools/bench/memory.py.
"""

import socket
import sys

import tls

port, count = int(sys.argv[1]), int(sys.argv[2])
context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
context.verify_mode = tls.CERT_REQUIRED
for name in sys.argv[3:]:
    with open(name, "rb") as file:
        context.load_verify_locations(file.read())
kept = []
for _ in range(count):
    raw = socket.socket()
    raw.connect(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    wrapped = context.wrap_socket(raw, server_hostname="localhost")
    wrapped.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wrapped.read(20)
    kept += [raw, wrapped]
