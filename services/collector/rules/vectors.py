"""The rules over columns: what `Rule.judge` gives for each of many records, some thirty times as fast.

Where a tie must be broken the verdict is TIED, and the record is for `Rule.judge`: ties are rare and their
rules long, so they are written once.
"""

from __future__ import annotations

import numpy as np

from hedgerow.v1 import scoring_pb2 as pb
from services.collector.rules.columns import WAITS, Columns, Flags, Numbers, Places, Verdicts
from services.collector.rules.consensus import ConsensusRule
from services.collector.rules.groups import groups_of
from services.collector.rules.rule import QualityRule, Rule, TimeoutRule

_EXACT = 2**62
"""Votes are added as 64-bit whole numbers here."""


def can_judge_rows(rule: Rule) -> bool:
    """Tell whether `judge_rows` knows a rule and those in its `otherwise`."""
    if not isinstance(rule, ConsensusRule):
        return isinstance(rule, TimeoutRule | QualityRule)
    return rule.total < _EXACT and (rule.otherwise is None or can_judge_rows(rule.otherwise))


def judge_rows(rule: Rule, columns: Columns, outstanding: int, at_deadline: bool) -> Verdicts:
    """Judge records by a rule, as `rule.judge` does one. All models of `columns` are voters."""
    if isinstance(rule, TimeoutRule):
        return _timeout(rule, columns, outstanding, at_deadline)
    if isinstance(rule, QualityRule):
        return _quality(rule, columns, outstanding, at_deadline)
    assert isinstance(rule, ConsensusRule)
    return _consensus(rule, columns, outstanding, at_deadline)


def _timeout(rule: TimeoutRule, columns: Columns, outstanding: int, at_deadline: bool) -> Verdicts:
    chosen: Places = np.full(columns.size, WAITS, np.int64)
    reasons: Places = np.zeros(columns.size, np.int64)
    reason = pb.REASON_PREFERRED
    column_of = {model: column for column, model in enumerate(columns.models.tolist())}
    for model in rule.voters:
        if model in column_of:
            column = column_of[model]
            rows = (chosen == WAITS) & columns.present[column]
            chosen[rows], reasons[rows] = column, reason
        elif outstanding >> model & 1:
            if not at_deadline:
                break
            reason = pb.REASON_BEST_AVAILABLE
    return Verdicts.of_columns(columns, chosen, reasons)


def _quality(rule: QualityRule, columns: Columns, outstanding: int, at_deadline: bool) -> Verdicts:
    measure = columns.confidences
    if rule.qualities is not None:
        of_model = np.array(rule.qualities)[columns.models]
        measure = np.broadcast_to(of_model[:, np.newaxis], columns.codes.shape)
    out = [rule.possible[model] for model in rule.voters if outstanding >> model & 1]
    ceiling = max(out, default=-np.inf)
    best, reached = _best(measure, columns.present)
    good, _ = _best(measure, columns.present & (columns.confidences >= rule.good_enough))
    is_best = (best >= 0) & (reached >= ceiling)
    is_good = ~is_best & (good >= 0)
    chosen = np.where(is_best | at_deadline, best, WAITS)
    reasons = np.where(is_good, pb.REASON_GOOD_ENOUGH, pb.REASON_BEST_QUALITY)
    return Verdicts.of_columns(columns, np.where(is_good, good, chosen), reasons)


def _best(measure: Numbers, among: Flags) -> tuple[Places, Numbers]:
    """The first column with the largest measure in each record (WAITS: there is none), and the measure."""
    limited = np.where(among, measure, -np.inf)
    best = limited.argmax(axis=0)
    reached = np.take_along_axis(limited, best[np.newaxis], 0)[0]
    return np.where(among.any(axis=0), best, WAITS), reached


def _consensus(
    rule: ConsensusRule, columns: Columns, outstanding: int, at_deadline: bool
) -> Verdicts:
    verdicts = Verdicts(columns.size)
    if rule.too_few(outstanding, at_deadline):
        return verdicts
    waiting = rule.waiting(outstanding)
    groups = groups_of(rule, columns)
    quorate = groups.most >= rule.needed
    groups.settle(quorate, pb.REASON_CONSENSUS, verdicts)
    rest = ~quorate
    if not at_deadline:
        rest &= groups.most + waiting < rule.needed
    if rule.otherwise is not None:
        if rest.any():
            others = judge_rows(rule.otherwise, columns.take(rest), outstanding, at_deadline)
            verdicts.put(rest, others)
        return verdicts
    if waiting and not at_deadline:
        # With a tolerance, numbers still to come can split a group: see `ConsensusRule`.
        rest &= (groups.most > groups.second + waiting) & (rule.tolerance is None)
    groups.settle(rest & (groups.most > 0), pb.REASON_PLURALITY, verdicts)
    return verdicts
