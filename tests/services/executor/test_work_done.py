"""What hosts did, added up, and on the wire."""

from google.protobuf.duration_pb2 import Duration

from hedgerow.v1.state_pb2 import ModelWork
from services.common.recent_versions import VersionKey
from services.executor.work_done import WorkDone


def test_every_count_of_two_hosts_adds_up() -> None:
    work = WorkDone(1, 2, 3, 4.0, 5.0, 7)
    work.add(WorkDone(10, 20, 30, 40.0, 50.0, 6))
    assert work == WorkDone(11, 22, 33, 44.0, 55.0, 7)


def test_every_count_is_told_under_its_name() -> None:
    work = WorkDone(
        rows_scored=4, rows_dropped=2, withheld=3, scoring_seconds=6.0, wasted_seconds=1.0
    )
    assert work.to_proto(VersionKey("wine", "tree", 7)) == ModelWork(
        data_type="wine",
        name="tree",
        version=7,
        rows_scored=4,
        rows_dropped=2,
        withheld=3,
        scoring=Duration(seconds=6),
        saved=Duration(seconds=3),
        wasted=Duration(seconds=1),
    )
