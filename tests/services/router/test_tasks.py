"""Tasks on the wire: frames are joined from tasks that were encoded once."""

from hedgerow.data.records import Batch
from hedgerow.v1.execution_pb2 import ExecuteRequest
from services.router.frames import encode
from services.router.tasks import TaskIds


def test_joined_tasks_and_a_header_make_a_frame() -> None:
    batches = [
        Batch.from_records("wine", [{"ash": float(i)} for i in range(rows)]).to_proto()
        for rows in (1, 300, 2)
    ]
    encoded = [encode(i, 10**18 + i, batch, i == 2, None) for i, batch in enumerate(batches)]
    header = ExecuteRequest(frame=7, sent_ns=5, collector="localhost:1")
    frame = ExecuteRequest.FromString(b"".join(encoded) + header.SerializeToString())
    assert frame.frame == 7
    assert frame.collector == "localhost:1"
    assert [task.batch for task in frame.tasks] == batches
    assert [task.deadline_ns - 10**18 for task in frame.tasks] == [0, 1, 2]
    assert [task.explain for task in frame.tasks] == [False, False, True]


def test_ids_of_two_routers_do_not_meet() -> None:
    one, other = TaskIds(), TaskIds()
    assert not {one.take() for _ in range(1000)} & {other.take() for _ in range(1000)}
