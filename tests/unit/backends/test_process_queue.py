"""A crew that was ended since one of its processes had died, and what is still in a queue though it was given up."""

from crawler.backends.base import Plan
from crawler.backends.children import context
from crawler.backends.process_queue import Crew, ProcessQueueBackend
from crawler.model import Role, Task
from tests.contract.scripted import ScriptedWork
from tests.contract.test_backends import detail


def test_a_backend_is_stopped_whole_where_a_crew_is_over_already() -> None:
    backend = ProcessQueueBackend(Plan(ScriptedWork(), producers=1, consumers=1))
    backend.start()
    lists, details = backend._crews[Role.LIST], backend._crews[Role.DETAIL]
    lists.end()
    assert backend.recall() == []
    backend.stop()
    assert all(worker.exitcode is not None for crew in (lists, details) for worker in crew.workers)


def test_what_was_written_off_while_it_was_in_the_queue_is_not_recalled() -> None:
    crew = Crew(context(), Plan(ScriptedWork(), capacity=2), Role.DETAIL)  # not started: nobody takes anything
    crew.put(1, detail("late"))
    crew.put(2, detail("other"))
    del crew.flying[1]
    recalled: list[Task] = []
    while not recalled:  # the queue's feeder brings them when it does
        recalled += crew.recall()
    assert recalled == [detail("other")]
    crew.end()
