"""What holds for all tests."""

import os
import signal
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

# The same examples in every run, so that a change alone can make a test fail; `make soak` looks for new ones.
settings.register_profile("default", derandomize=True, deadline=None, max_examples=200)
settings.register_profile("soak", derandomize=False, deadline=None, max_examples=5000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# A shell starts what runs in its background deaf to Ctrl-C, and nohup to a terminal that goes, and that is inherited;
# the tests send both to their children.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)


@pytest.fixture(scope="session", autouse=True)
def _temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have programs that tests start put temporary files where they go: what killed ones leave, nobody takes away."""
    tmp_path_factory.getbasetemp()  # pytest's own stay where they are, to be looked at
    with (
        TemporaryDirectory(prefix="crawler-tests-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TMPDIR", folder)
        yield
