"""One sentence over all answers: what the leading guideline says, and who says otherwise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from scoring.eligibility import Answer
from scoring.outcomes import Outcome, Stance


@dataclass(frozen=True, slots=True)
class Summary:
    """The verdict of the leading guideline, whether the guidelines agree, and a sentence for people."""

    verdict: str
    """A :class:`Stance` value, or ``"haemorrhage"``."""
    agree: bool | None
    """Whether all guidelines that speak take the same stance; ``None`` when fewer than two do."""
    differ_in: str | None
    """``"strength"`` if they all speak for, or all against, treatment; ``"direction"`` if not; ``None``: they agree."""
    text: str


_VERDICTS = {
    Stance.RECOMMENDED: "Thrombectomy is recommended",
    Stance.REASONABLE: "Thrombectomy is reasonable",
    Stance.MAY_BE_CONSIDERED: "Thrombectomy may be considered",
    Stance.NOT_RECOMMENDED: "Thrombectomy is not recommended: no benefit was found",
    Stance.HARMFUL: "Thrombectomy is not recommended: harm was found",
    Stance.INSUFFICIENT_DATA: "Data are insufficient to recommend for or against thrombectomy",
    Stance.OUTSIDE_CRITERIA: "The patient is outside the criteria for thrombectomy",
    Stance.NOT_ADDRESSED: "No recommendation covers this patient",
    Stance.NEED_DATA: "Cannot say yet: data are missing",
}


def summarise(answers: Sequence[Answer]) -> Summary:
    """Sum up the answers of all rule sets: the leading guideline first, then who agrees and who differs.

    Sources that are silent on the patient, or wait for data, neither agree nor disagree.
    """
    if any(answer.out_of_scope is not None for answer in answers):
        return Summary(
            "haemorrhage", None, None, "Haemorrhage on imaging: thrombectomy for ischaemic stroke does not apply."
        )
    guidelines = [a for a in answers if a.ruleset.kind == "guideline" and not a.ruleset.superseded]
    if not guidelines:
        return Summary(
            Stance.NOT_ADDRESSED.value, None, None, "No guideline of the rule book was in force on this date."
        )
    lead = guidelines[0]
    speaking = [answer for answer in guidelines if answer.stance not in _SILENT]
    others = [answer for answer in speaking if answer is not lead]
    same = [answer for answer in others if answer.stance is lead.stance]
    parts = [f"{_VERDICTS[lead.stance]} ({_named(lead)})."]
    if same:
        parts.append(f"So say {', '.join(answer.ruleset.title for answer in same)}.")
    parts += _differing(lead, [answer for answer in others if answer.stance is not lead.stance])
    takers = [a.ruleset.title for a in answers if a.ruleset.kind == "trial" and a.outcome is Outcome.ELIGIBLE]
    if takers:
        parts.append(f"Trials that would have taken the patient: {', '.join(takers)}.")
    agree = len(same) == len(others) if len(speaking) > 1 else None
    return Summary(lead.stance.value, agree, _difference(speaking), " ".join(parts))


def _differing(lead: Answer, others: Sequence[Answer]) -> Iterator[str]:
    """Who says so in other words, and who says otherwise and why: the title of the clause that decided."""
    towards = _DIRECTIONS.get(lead.stance)
    weaker = [answer for answer in others if _DIRECTIONS[answer.stance] == towards]
    apart = [answer for answer in others if _DIRECTIONS[answer.stance] != towards]
    if weaker:
        yield f"In other strength {'; '.join(f'{a.ruleset.title}: {a.outcome_text}' for a in weaker)}."
    if apart:
        yield f"Otherwise {'; '.join(f'{a.ruleset.title}: {a.outcome_text}{_why(a)}' for a in apart)}."


def _why(answer: Answer) -> str:
    """What the deciding clause is about; names such as M2 keep their capital."""
    if answer.clause is None:
        return ""
    first, rest = answer.clause.title[0], answer.clause.title[1:]
    return f" ({first.lower() if rest[0].islower() else first}{rest})"


def _difference(speaking: Sequence[Answer]) -> str | None:
    if len({answer.stance for answer in speaking}) < _TO_DIFFER:
        return None
    return "strength" if len({_DIRECTIONS[answer.stance] for answer in speaking}) == 1 else "direction"


_TO_DIFFER = 2

_DIRECTIONS = {
    Stance.RECOMMENDED: "for",
    Stance.REASONABLE: "for",
    Stance.MAY_BE_CONSIDERED: "for",
    Stance.NOT_RECOMMENDED: "against",
    Stance.HARMFUL: "against",
    Stance.OUTSIDE_CRITERIA: "against",
    Stance.INSUFFICIENT_DATA: "undecided",
}


_SILENT = {Stance.NOT_ADDRESSED, Stance.NEED_DATA}


def _named(answer: Answer) -> str:
    if answer.clause is None:
        return answer.ruleset.title
    level = f", level {answer.clause.level}" if answer.clause.level else ""
    grade = "" if answer.outcome is Outcome.IDD else f", {answer.outcome_text.partition(':')[0]}"
    return f"{answer.ruleset.title}{grade}{level}, clause {answer.clause.clause}"
