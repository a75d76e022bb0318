"""`python -m crawler`, and the command `crawler`."""

import gc
import signal
import sys


def main() -> None:
    """Load the command line, and run it."""
    gc.disable()  # what is loaded stays: to look for garbage in it takes a twentieth of the start
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if heard:  # an exception would be shown with all that was being imported
        signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    # Here, not above: a worker process that is spawned loads this module again, and has no use for a command line.
    from crawler.cli import main

    if heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.freeze()
    gc.enable()
    main()


if __name__ == "__main__":
    main()
