"""The lost notify: it wakes who waits now, and is nothing to who waits later.

    list-0     says its line, notify ─▶ (nobody waits)   wait ─────────────▶
    detail-0                                         starts, wait ─────────▶    both asleep, nobody left to notify

Two threads speak in turn, as in the lesson; their verses are what a crawl's workers have to say to each other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Condition, Event, Thread, current_thread

from crawler.backends.condition import ConditionHandoff
from crawler.hazards.base import Facts, Hazard
from crawler.hazards.watchdog import LIMIT, Helper, SentAway, stack

PAGES = 4
LINES = tuple(
    line for page in range(1, PAGES + 1) for line in (f"list page {page} is read", f"the items of page {page} are read")
)
"""What is said, in turn, by list-0 and by detail-0."""


class Stage(Condition):
    """A condition that knows who is on it, and when all of them are asleep: then nobody is left to wake them."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.through: list[Thread] = []
        """The speakers that have left, though their threads may live a moment longer."""
        self._present = 0
        self._asleep = 0
        self._over = False
        self._quiet = Event()
        """Set when all who are present are asleep, which they are too when nobody is."""

    def enter(self, speaker: Thread) -> None:
        """Start a speaker, and return when all are asleep or have left."""
        with self:
            self._present += 1
            self._quiet.clear()
            speaker.start()
        self._quiet.wait(LIMIT)

    def leave(self) -> None:
        """Say that the calling speaker is through."""
        with self:
            self._present -= 1
            self.through.append(current_thread())
            self._look()

    def wait(self, timeout: float | None = None) -> bool:
        """Sleep until notified; raise SentAway if that is because the play is over."""
        self._asleep += 1
        self._look()
        woken = super().wait(timeout)
        if self._over:
            raise SentAway
        return woken

    def notify(self, n: int = 1) -> None:
        """Wake up to `n` sleepers."""
        self._asleep -= min(n, self._asleep)
        super().notify(n)

    def has_come_to(self, turn: int) -> bool:
        """Say whether it is time for the line of that number."""
        return len(self.said) == turn

    def end(self) -> None:
        """Send away all who are asleep."""
        with self:
            self._over = True
            self.notify_all()

    def _look(self) -> None:
        if self._asleep == self._present:
            self._quiet.set()


Speak = Callable[[Stage], None]


def list_speaks(stage: Stage) -> None:
    """Say a line, wake the other, and wait to be woken."""
    with stage:
        for line in LINES[0::2]:
            stage.said.append(line)
            stage.notify()
            stage.wait()


def detail_speaks(stage: Stage) -> None:
    """Wait to be woken, say a line, and wake the other."""
    with stage:
        for line in LINES[1::2]:
            stage.wait()
            stage.said.append(line)
            stage.notify()


def list_speaks_in_turn(stage: Stage) -> None:
    """Say a line when it is time for it: the wait is for what has been said, not for being woken."""
    _speak_in_turn(stage, 0)


def detail_speaks_in_turn(stage: Stage) -> None:
    """Do the same with the lines between."""
    _speak_in_turn(stage, 1)


def _speak_in_turn(stage: Stage, first: int) -> None:
    with stage:
        for turn in range(first, len(LINES), 2):
            stage.wait_for(partial(stage.has_come_to, turn))
            stage.said.append(LINES[turn])
            stage.notify()


@dataclass(frozen=True, slots=True)
class Play:
    """How it went with one order of starting."""

    starts_first: str
    said: tuple[str, ...]
    asleep: tuple[tuple[str, str], ...]
    """The threads that waited for each other at the end, and the call that each was in."""


@dataclass(frozen=True, slots=True)
class Plays(Facts):
    """How it went with either order of starting."""

    plays: tuple[Play, ...]

    @property
    def harmed(self) -> bool:
        """Whether any play stood still."""
        return any(play.asleep for play in self.plays)

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        told = []
        for play in self.plays:
            told.append(f"{play.starts_first} starts first: {len(play.said)} of {len(LINES)} lines were said")
            if play.said:
                told.append(f"    the last: {play.said[-1]!r}")
            told += [f"    {thread} is asleep at {call}" for thread, call in play.asleep]
        return told


def play_both_ways(list_part: Speak, detail_part: Speak) -> Plays:
    """Let two threads speak, started in the one order and in the other; return how it went."""
    parts = (("list-0", list_part), ("detail-0", detail_part))
    return Plays((_play(parts), _play(parts[::-1])))


def _play(parts: Sequence[tuple[str, Speak]]) -> Play:
    stage = Stage()
    speakers = [Helper(name, partial(_take_part, stage, part)) for name, part in parts]
    for speaker in speakers:
        stage.enter(speaker)
    said = tuple(stage.said)
    asleep = tuple((speaker.name, stack(speaker)[-2]) for speaker in speakers if speaker not in stage.through)
    stage.end()
    for speaker in speakers:
        speaker.join(LIMIT)
    return Play(parts[0][0], said, asleep)


def _take_part(stage: Stage, part: Speak) -> None:
    try:
        part(stage)
    finally:
        stage.leave()


LOST_NOTIFY = Hazard(
    tries=f"""
        Two threads say {len(LINES)} lines in turn. list-0 says one, notifies and waits; detail-0 waits, says
        one and notifies. They are started in the one order and in the other, the second when the first is
        asleep.
    """,
    run=lambda: play_both_ways(list_speaks, detail_speaks),
    cause="""
        A notify is not kept. It wakes a thread that waits at that moment; if there is none, it is gone. Whoever
        waits without looking whether what it waits for has happened already may wait for ever: here it does if
        list-0 is the first.
    """,
    cure="""
        Wait for a fact, not for a call: `wait_for(lambda: …)` looks under the lock before it sleeps and each time it
        is woken, so nothing is lost between the look and the sleep, and the order of starting no longer matters.
        The hand-off of the condition backend does the same.
    """,
    run_cured=lambda: play_both_ways(list_speaks_in_turn, detail_speaks_in_turn),
    read=(list_speaks, detail_speaks, _speak_in_turn, ConditionHandoff.get),
)
