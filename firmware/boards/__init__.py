"""One small file a board: pins and what is fitted."""
