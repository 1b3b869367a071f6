"""Power-on, before main.py. Nothing here may block: the REPL must always be reachable."""

import gc

# Collect early and often: TLS needs large blocks, and a heap that was let run full is a heap in fragments.
gc.threshold(32 * 1024)
