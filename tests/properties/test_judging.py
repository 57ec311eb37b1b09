"""What must hold for every patient: the grid agrees with plain reading, and learning a fact never undoes a 'met'."""

from datetime import date
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.cells import Cell, Column
from scoring.derived import STATED_FACTS_BEHIND, fact_spec
from scoring.eligibility import Answer, clause_answer, grid_in_force, judge
from scoring.facts import FACTS, FactSpec, Kind
from scoring.grid import Grid
from scoring.outcomes import Outcome, Said, Stance, said
from scoring.rule_files import read_rulebook
from scoring.ternary import Ternary
from scoring.values import Interval, Known

BOOK = read_rulebook()
GRID = grid_in_force(BOOK, date(2026, 11, 22))
COLUMNS = {column.fact: column for column in GRID.columns}


def known_values(fact: str) -> st.SearchStrategy[Known]:
    """Values of one fact, with the bounds of the rules and their neighbours more often than chance would have them."""
    column = COLUMNS[fact]
    if not column.points:
        return st.sampled_from(sorted(column.choices, key=str))
    spec = fact_spec(fact)
    assert spec is not None
    near = [point + step for point in column.points for step in (-1, -0.1, 0, 0.1, 1)]
    if spec.kind is Kind.INTEGER:
        near = [value for value in near if float(value).is_integer()]
    low, high = spec.minimum or 0, min(spec.maximum or 2000, 3000)
    return st.sampled_from([value for value in near if low <= value <= high])


def sample_values(column: Column) -> list[Known]:
    """One value from every cell that holds any; of an integer fact an integer."""
    return [_inside(column.spec, column.cells[i]) for i in column.reachable(None)]


def _inside(spec: FactSpec, cell: Cell) -> Known:
    if cell.choice is not None:
        return cell.choice
    low = spec.minimum if cell.low is None else cell.low
    high = spec.maximum if cell.high is None else cell.high
    assert low is not None
    assert high is not None
    if cell.low is None or cell.high is None:
        return low if cell.low is None else high
    return int((low + high) / 2) if spec.kind is Kind.INTEGER else (low + high) / 2


def patients(*, complete: bool = False) -> st.SearchStrategy[dict[str, Known]]:
    entries = {fact: known_values(fact) for fact in COLUMNS}
    return st.fixed_dictionaries(entries) if complete else st.fixed_dictionaries({}, optional=entries)


def answers_of(values: dict[str, Known]) -> dict[str, Answer]:
    return {answer.ruleset.id: answer for answer in judge(GRID, values)}


@settings(max_examples=400)
@given(patients())
def test_the_grid_reads_each_clause_as_its_lines_do(values: dict[str, Known]) -> None:
    assert_read_as_its_lines(GRID, values)


def assert_read_as_its_lines(grid: Grid, values: dict[str, Known]) -> None:
    """The grid holds each clause to be met, or possible, as its lines say one by one."""
    masks = grid.masks(values)
    met = {clause.id for clause in grid.clauses(masks.met)}
    possible = {clause.id for clause in grid.clauses(masks.possible)}
    for ruleset in grid.rulesets:
        for clause in ruleset.clauses:
            answer = clause_answer(clause, values)
            assert (clause.id in met) == (answer is Ternary.MET), clause.id
            assert (clause.id in possible) == (answer is not Ternary.NOT_MET), clause.id


@settings(max_examples=300)
@given(patients(complete=True))
def test_no_two_clauses_of_a_set_give_one_patient_different_outcomes(values: dict[str, Known]) -> None:
    masks = GRID.masks(values)
    assert masks.met == masks.possible, "a patient of whom everything is known leaves nothing open"
    for ruleset in GRID.rulesets:
        holding = list(GRID.clauses(masks.met & GRID.mask_of_ruleset[ruleset.id]))
        exceptions = {other for clause in holding for other in clause.yields_to}
        for one, two in combinations(holding, 2):
            declared = one.id in two.yields_to or two.id in one.yields_to
            assert one.said == two.said or declared, (one.id, two.id)
        assert not holding or holding[0].id in exceptions or len({clause.said for clause in holding}) == 1


@settings(max_examples=300)
@given(patients(), st.data())
def test_filling_in_an_unknown_never_undoes_a_decision(values: dict[str, Known], data: st.DataObject) -> None:
    unknown = sorted(set(COLUMNS) - set(values))
    if not unknown:
        return
    fact = data.draw(st.sampled_from(unknown))
    fuller = {**values, fact: data.draw(known_values(fact))}
    before, after = GRID.masks(values), GRID.masks(fuller)
    assert before.met & ~after.met == 0
    assert after.possible & ~before.possible == 0
    for ruleset, answer in answers_of(values).items():
        if answer.outcome is not Outcome.NEED_DATA:
            assert answers_of(fuller)[ruleset].said == answer.said, ruleset


@settings(max_examples=60)
@given(patients(complete=True), st.sets(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=3))
def test_need_data_is_given_where_and_only_where_the_outcome_is_open(
    values: dict[str, Known], hidden: set[str]
) -> None:
    """Compared with trying out every combination of the hidden facts."""
    partly = {fact: value for fact, value in values.items() if fact not in hidden}
    samples = [sample_values(COLUMNS[fact]) for fact in sorted(hidden)]
    seen: dict[str, set[Said]] = {}
    for combination in product(*samples):
        filled = {**partly, **dict(zip(sorted(hidden), combination, strict=True))}
        for ruleset, answer in answers_of(filled).items():
            seen.setdefault(ruleset, set()).add(answer.said)
    for ruleset, answer in answers_of(partly).items():
        if len(seen[ruleset]) == 1:
            assert {answer.said} == seen[ruleset], ruleset
            assert answer.missing == (), ruleset
        else:
            assert answer.outcome is Outcome.NEED_DATA, ruleset


@settings(max_examples=60)
@given(patients(complete=True), st.sets(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=3))
def test_missing_names_the_facts_that_could_settle_the_answer_and_no_others(
    values: dict[str, Known], hidden: set[str]
) -> None:
    """Compared with trying out every combination of the hidden facts.

    A fact is named if some value of it would settle the answer whatever the others are; where no single fact would, all
    that can make a difference are.
    """
    names = sorted(hidden)
    partly = {fact: value for fact, value in values.items() if fact not in hidden}
    samples = [sample_values(COLUMNS[fact]) for fact in names]
    outcomes = {
        combination: {
            ruleset: answer.said
            for ruleset, answer in answers_of({**partly, **dict(zip(names, combination, strict=True))}).items()
        }
        for combination in product(*samples)
    }
    for ruleset, answer in answers_of(partly).items():
        if answer.outcome is not Outcome.NEED_DATA:
            continue
        settling = {names[i] for i, each in enumerate(samples) if _settles(i, each, outcomes, ruleset)}
        telling = {names[i] for i in range(len(names)) if _makes_a_difference(i, outcomes, ruleset)}
        assert set(answer.missing) == _stated_behind(settling or telling, partly), (ruleset, names)


Outcomes = dict[tuple[Known, ...], dict[str, Said]]


def _settles(place: int, samples: list[Known], outcomes: Outcomes, ruleset: str) -> bool:
    """Whether some value at that place leaves one outcome."""
    left = ({found[ruleset] for tried, found in outcomes.items() if tried[place] == value} for value in samples)
    return any(len(one) == 1 for one in left)


def _makes_a_difference(place: int, outcomes: Outcomes, ruleset: str) -> bool:
    """Whether two patients who differ at that place alone get different outcomes."""
    rest: dict[tuple[Known, ...], set[Said]] = {}
    for tried, found in outcomes.items():
        rest.setdefault((*tried[:place], *tried[place + 1 :]), set()).add(found[ruleset])
    return any(len(one) > 1 for one in rest.values())


def _stated_behind(facts: set[str], known: dict[str, Known]) -> set[str]:
    behind = {stated for fact in facts for stated in STATED_FACTS_BEHIND.get(fact, (fact,))}
    return {fact for fact in behind if fact not in known}


RANK = {Stance.RECOMMENDED: 3, Stance.REASONABLE: 2, Stance.MAY_BE_CONSIDERED: 1}
"""How far a stance speaks for treatment; all others not at all."""
MORE_IS_BETTER = {
    "aspects_total": ("aha-asa-2026", "aha-asa-2019", "eso-esmint-2019", "nice-ng128", "uk-ncg-2023", "jss-2021"),
    "pc_aspects_total": ("aha-asa-2026", "eso-esmint-basilar-2024", "snis-basilar-2023", "uk-ncg-2023", "nice-ng128"),
}
"""Sets of which the source treats nobody less for less infarction; those for large cores alone are not of them."""


@settings(max_examples=150)
@given(patients(complete=True), st.sampled_from(sorted(MORE_IS_BETTER)))
def test_less_infarction_never_speaks_less_for_treatment(values: dict[str, Known], score: str) -> None:
    each = [answers_of({**values, score: points}) for points in range(11)]
    for ruleset in MORE_IS_BETTER[score]:
        ranks = [RANK.get(answers[ruleset].stance, 0) for answers in each]
        assert ranks == sorted(ranks), (ruleset, values)


@settings(max_examples=100)
@given(patients(complete=True))
def test_more_disability_before_the_stroke_never_speaks_more_for_treatment(values: dict[str, Known]) -> None:
    each = [answers_of({**values, "prestroke_mrs": grade}) for grade in range(6)]
    for ruleset in GRID.rulesets:
        if ruleset.kind == "guideline":
            ranks = [RANK.get(answers[ruleset.id].stance, 0) for answers in each]
            assert ranks == sorted(ranks, reverse=True), (ruleset.id, values)


@settings(max_examples=200)
@given(patients(), st.integers(0, 10), st.integers(0, 10))
def test_an_aspects_interval_answers_as_all_its_points_together(values: dict[str, Known], one: int, two: int) -> None:
    low, high = min(one, two), max(one, two)
    between = answers_of({**values, "aspects_total": Interval(low, high)})
    each = [answers_of({**values, "aspects_total": points}) for points in range(low, high + 1)]
    for ruleset, answer in between.items():
        told = {answers[ruleset].said for answers in each}
        expected = told.pop() if len(told) == 1 else said(Outcome.NEED_DATA)
        assert answer.said == expected, ruleset


@given(patients())
def test_the_order_of_facts_does_not_matter(values: dict[str, Known]) -> None:
    turned = dict(reversed(values.items()))
    assert [(a.outcome, a.missing) for a in judge(GRID, values)] == [
        (a.outcome, a.missing) for a in judge(GRID, turned)
    ]


def test_facts_of_the_rules_exist() -> None:
    assert set(COLUMNS) <= set(FACTS) | {"mismatch_ratio", "mismatch_volume_ml"}
    assert isinstance(GRID, Grid)
