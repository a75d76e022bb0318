"""What is to be tried again is counted as it comes and goes."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from crawler.core.ledger import Ledger
from crawler.core.retry import RetryPolicy
from crawler.core.second_tries import SecondTries
from crawler.model import WORKER_DIED, Failure, Role, Task

TIMEOUT = Failure("timeout", "no answer", transient=True)
DEATH = Failure(WORKER_DIED, "gone", transient=True)

deeds = st.one_of(
    st.tuples(st.sampled_from([TIMEOUT, DEATH]), st.sampled_from([Role.DETAIL, Role.LIST, Role.ROBOTS])),
    st.sampled_from(["due", "trial", "drain"]),
)


@given(st.lists(deeds, max_size=30))
def test_it_is_known_how_many_pages_are_to_be_tried_again(done: list[str | tuple[Failure, Role]]) -> None:
    tries = SecondTries(RetryPolicy(), Ledger(), Random(1))
    waiting: set[Task] = set()
    for number, deed in enumerate(done):
        if deed == "due":
            waiting.difference_update(tries.due(number - 5.0))
        elif deed == "trial":
            if tries.suspect is not None:
                waiting.remove(tries.put_on_trial())
        elif deed == "drain":
            waiting.difference_update(tries.drain("b.test"))
        else:
            failure, role = deed
            tries.add(Task(f"http://{'ab'[number % 2]}.test/{number}", role), failure, due=float(number))
            waiting.add(Task(f"http://{'ab'[number % 2]}.test/{number}", role, attempt=2))
        assert tries.pages == sum(task.role is not Role.ROBOTS for task in waiting)
        assert bool(tries) == bool(waiting)
