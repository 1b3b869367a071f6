"""This product's hardware and surface. Knows nothing of protocols."""
