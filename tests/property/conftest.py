"""Hypothesis: no deadline a test (timings here are noisy), and a thorough profile
(`--hypothesis-profile thorough`)."""

from hypothesis import settings

from tests.support.extent import WHOLE

settings.register_profile("default", deadline=None, max_examples=150 if WHOLE else 50)
settings.register_profile("thorough", deadline=None, max_examples=4000)
settings.load_profile("default")
