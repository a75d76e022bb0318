"""What holds for all tests."""

import os

from hypothesis import settings

# The same examples in every run, so that a change alone can make a test fail; `make soak` looks for new ones.
settings.register_profile("default", derandomize=True, deadline=None, max_examples=200)
settings.register_profile("soak", derandomize=False, deadline=None, max_examples=5000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
