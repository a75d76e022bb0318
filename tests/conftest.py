"""What holds for all tests."""

import os
import signal

from hypothesis import settings

# The same examples in every run, so that a change alone can make a test fail; `make soak` looks for new ones.
settings.register_profile("default", derandomize=True, deadline=None, max_examples=200)
settings.register_profile("soak", derandomize=False, deadline=None, max_examples=5000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# A shell starts what runs in its background deaf to Ctrl-C, and that is inherited; the tests send it to their children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
