"""What waits in a host: whole frames, dead tasks dropped, a bound of rows."""

from hedgerow.v1.execution_pb2 import CancelledModels, ExecuteRequest, Share, Task
from hedgerow.v1.records_pb2 import Batch
from services.common.clock import Arrival
from services.executor.host.inbox import Inbox, Waiting
from services.executor.work_done import WorkDone

SENT = 1_700_000_000_000_000_000
MILLISECOND = 1_000_000


def at(now: float) -> Arrival:
    return Arrival(SENT, now)


def frame(number: int, *rows: int, left_ms: int = 50) -> ExecuteRequest:
    deadline = SENT + left_ms * MILLISECOND
    tasks = [
        Task(id=number * 100 + i, deadline_ns=deadline, batch=Batch(rows=r))
        for i, r in enumerate(rows)
    ]
    return ExecuteRequest(tasks=tasks, frame=number, sent_ns=SENT, collector="c")


def test_tasks_of_several_frames_are_taken_as_one_batch_in_order() -> None:
    inbox, done = Inbox(row_limit=100), list[int]()
    inbox.add(frame(1, 1, 1), done.append, at(10.0))
    inbox.add(frame(2, 1), done.append, at(10.0))
    assert [waiting.task.id for waiting in inbox.take(now=10.0)] == [100, 101, 200]
    assert not len(inbox)


def test_a_frame_is_done_with_its_last_task() -> None:
    inbox, done = Inbox(row_limit=100), list[int]()
    inbox.add(frame(1, 1, 1), done.append, at(10.0))
    first, second = inbox.take(now=10.0)
    inbox.settle([first])
    assert done == []
    inbox.settle([second])
    assert done == [1]
    assert inbox.unsettled == 0


def test_tasks_past_their_deadline_are_dropped_unscored_and_their_credit_returns() -> None:
    inbox, done = Inbox(row_limit=100), list[int]()
    inbox.add(frame(1, 1, 1, left_ms=50), done.append, at(10.0))
    inbox.add(frame(2, 1, left_ms=80), done.append, at(10.0))
    assert [waiting.task.id for waiting in inbox.take(now=10.06)] == [200]
    assert done == [1]
    assert inbox.works[0].rows_dropped == 2


def test_the_deadline_is_the_time_left_whatever_the_routers_clock_says() -> None:
    inbox = Inbox(row_limit=100)
    inbox.add(frame(1, 1, left_ms=50), lambda _: None, at(3.0))
    assert abs(inbox.take(now=3.0)[0].deadline - 3.05) < 1e-6


def test_a_batch_has_no_more_rows_than_the_limit() -> None:
    inbox = Inbox(row_limit=10)
    inbox.add(frame(1, 4, 4, 4), lambda _: None, at(1.0))
    assert [waiting.rows for waiting in inbox.take(now=1.0)] == [4, 4]
    assert [waiting.rows for waiting in inbox.take(now=1.0)] == [4]


def test_a_task_larger_than_the_limit_is_taken_alone() -> None:
    inbox = Inbox(row_limit=10)
    inbox.add(frame(1, 4, 40), lambda _: None, at(1.0))
    assert [waiting.rows for waiting in inbox.take(now=1.0)] == [4]
    assert [waiting.rows for waiting in inbox.take(now=1.0)] == [40]


def test_a_frame_without_tasks_takes_no_credit() -> None:
    inbox, done = Inbox(row_limit=10), list[int]()
    inbox.add(frame(1), done.append, at(1.0))
    assert done == []


def test_a_cancelled_task_is_never_taken_and_its_credit_returns() -> None:
    dropped: list[Waiting] = []
    inbox, done = Inbox(row_limit=10, dropped=dropped.append), list[int]()
    inbox.add(frame(1, 3), done.append, at(1.0))
    inbox.add(frame(2, 1), done.append, at(1.0))
    inbox.add(ExecuteRequest(cancelled=[100, 999], sent_ns=SENT), done.append, at(1.0))
    assert [waiting.task.id for waiting in inbox.take(now=1.0)] == [200]
    assert done == [1]
    assert inbox.works[0].rows_dropped == 3
    assert [waiting.task.id for waiting in dropped] == [100]
    assert inbox.unsettled == 1


def test_a_task_that_comes_again_after_it_was_cancelled_is_scored() -> None:
    inbox, done = Inbox(row_limit=10), list[int]()
    inbox.add(frame(1, 1), done.append, at(1.0))
    again = frame(1, 1)
    again.cancelled.append(100)
    again.frame = 2
    inbox.add(again, done.append, at(1.0))
    (waiting,) = inbox.take(now=1.0)
    assert waiting.frame.number == 2
    assert done == [1]
    inbox.settle([waiting])
    assert done == [1, 2]
    assert inbox.unsettled == 0


def shared(number: int, *shares: Share) -> ExecuteRequest:
    request = frame(number, 1, 1, 1)
    request.shares.extend(shares)
    return request


def of_three() -> Inbox:
    return Inbox(row_limit=100, works=[WorkDone() for _ in range(3)])


def test_without_a_word_all_models_of_the_host_score_a_task() -> None:
    inbox = of_three()
    inbox.add(frame(1, 1), lambda _: None, at(1.0))
    assert [waiting.models for waiting in inbox.take(now=1.0)] == [(0, 1, 2)]


def test_each_task_is_scored_by_the_models_that_it_is_for() -> None:
    inbox = of_three()
    request = shared(1, Share(tasks=2, models=[0, 2], enough=1), Share(tasks=1, models=[1]))
    inbox.add(request, lambda _: None, at(1.0))
    taken = [(waiting.models, waiting.enough) for waiting in inbox.take(now=1.0)]
    assert taken == [((0, 2), 1), ((0, 2), 1), ((1,), 0)]


def test_models_that_the_host_does_not_have_are_left_out() -> None:
    inbox = of_three()
    inbox.add(shared(1, Share(tasks=3, models=[1, 7])), lambda _: None, at(1.0))
    assert {waiting.models for waiting in inbox.take(now=1.0)} == {(1,)}


def test_a_task_may_be_cancelled_for_some_models_and_is_dropped_when_it_is_for_all() -> None:
    inbox, done = of_three(), list[int]()
    inbox.add(shared(1, Share(tasks=3, models=[0, 1])), done.append, at(1.0))
    one = CancelledModels(task_ids=[100, 101], models=[1])
    inbox.add(ExecuteRequest(cancelled_models=[one], sent_ns=SENT), done.append, at(1.0))
    other = CancelledModels(task_ids=[100], models=[0, 2])
    inbox.add(ExecuteRequest(cancelled_models=[other], sent_ns=SENT), done.append, at(1.0))
    taken = inbox.take(now=1.0)
    assert [waiting.task.id for waiting in taken] == [101, 102]
    assert [[waiting.wants(model) for model in (0, 1)] for waiting in taken] == [
        [True, False],
        [True, True],
    ]
    assert [work.rows_dropped for work in inbox.works] == [1, 1, 0]


def test_a_task_that_comes_again_for_another_model_is_another_and_is_cancelled_too() -> None:
    inbox, done = of_three(), list[int]()
    for number, model in ((1, 0), (2, 1)):
        request = frame(1, 1)
        request.frame = number
        request.shares.append(Share(tasks=1, models=[model]))
        inbox.add(request, done.append, at(1.0))
    assert inbox.unsettled == 1
    first, second = inbox.take(now=1.0)
    inbox.add(ExecuteRequest(cancelled=[100], sent_ns=SENT), done.append, at(1.0))
    assert first.cancelled
    assert second.cancelled
    inbox.settle([first])
    assert inbox.unsettled == 1
    inbox.settle([second])
    assert inbox.unsettled == 0
    assert done == [1, 2]


def test_a_task_can_be_cancelled_while_it_is_scored() -> None:
    inbox = Inbox(row_limit=10)
    inbox.add(frame(1, 1), lambda _: None, at(1.0))
    (waiting,) = inbox.take(now=1.0)
    inbox.add(ExecuteRequest(cancelled=[100], sent_ns=SENT), lambda _: None, at(1.0))
    assert waiting.cancelled
