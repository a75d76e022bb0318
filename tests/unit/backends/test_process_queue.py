"""A crew that was ended since one of its processes had died, and then nothing could take its place."""

from crawler.backends.base import Plan
from crawler.backends.process_queue import ProcessQueueBackend
from crawler.model import Role
from tests.contract.scripted import ScriptedWork


def test_a_backend_is_stopped_whole_where_a_crew_is_over_already() -> None:
    backend = ProcessQueueBackend(Plan(ScriptedWork(), producers=1, consumers=1))
    backend.start()
    lists, details = backend._crews[Role.LIST], backend._crews[Role.DETAIL]
    lists.end()
    assert backend.recall() == []
    backend.stop()
    assert all(worker.exitcode is not None for crew in (lists, details) for worker in crew.workers)
