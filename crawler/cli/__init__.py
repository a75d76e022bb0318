"""The command line. `crawl` is the default command: `python -m crawler --backend queue` crawls.

What only another command needs is imported by that command: a crawl's first request does not wait for it.
"""

import errno
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from threading import enumerate as enumerate_threads
from threading import main_thread

import click

from crawler.backends.base import BackendError
from crawler.cli import crawl, look, measure
from crawler.cli.base import BAD_USAGE, FAILED, INTERRUPTED, OK, commands, program_name
from crawler.config import ConfigError
from crawler.console import printable, write_no_more
from crawler.store.database import StoreError, WrongFolderError
from fixtures.process import FixtureError

COMMANDS = (crawl.crawl, look.backends, look.hazards, look.fetch, look.robots, measure.compare, measure.advise)
for command in COMMANDS:
    commands.add_command(command)


def status(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit status. What a user or a site can cause is told in one line."""
    try:
        # As click's own `main` does it, but for what is told to nobody: that would end the program, as a failure.
        with commands.make_context(program_name(), list(arguments)) as context:
            return commands.invoke(context) or OK
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        return _complain(error.format_message(), BAD_USAGE)
    except click.ClickException as error:
        return _complain(error.format_message(), FAILED)
    except ConfigError as error:
        return _complain(str(error), BAD_USAGE)
    except WrongFolderError as error:
        return _complain(str(error), BAD_USAGE)
    except (StoreError, BackendError, FixtureError) as error:
        return _complain(str(error), FAILED)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        write_no_more()  # whoever read us has gone
        return OK
    except OSError as error:  # a full disk behind standard output, or too many open files
        write_no_more()
        if error.errno in (errno.EMFILE, errno.ENFILE):
            return _complain("too many files are open: ask for fewer consumers, or raise `ulimit -n`", FAILED)
        return _complain(f"{error.filename or 'cannot go on'}: {error.strerror or error}", FAILED)


def _complain(message: str, code: int) -> int:
    with suppress(OSError):  # nobody reads it
        click.echo(f"crawler: {printable(message)}", err=True)
    return code


def main() -> None:
    """Run the command line and leave, even if a thread hangs: a thread cannot be killed, and must not keep us here."""
    _open_what_is_closed()
    if isinstance(sys.stdout, TextIOWrapper):  # as stderr is: a name that cannot be shown is no failure
        sys.stdout.reconfigure(errors="backslashreplace")
    code = status(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        write_no_more()
    except OSError:
        write_no_more()
        code = code or FAILED
    if any(thread is not main_thread() and not thread.daemon for thread in enumerate_threads()):
        os._exit(code)
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Put /dev/null where a shell has closed a standard stream: the first file opened would be taken for it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - it is closed with the process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
