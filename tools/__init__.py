"""Host-side tools (CPython): the mock service, generators, runners."""
