"""One sentence over all answers: what the leading guideline says, and who says otherwise."""

from dataclasses import dataclass

from scoring.eligibility import Answer
from scoring.outcomes import Stance


@dataclass(frozen=True, slots=True)
class Summary:
    """The verdict of the leading guideline, whether the guidelines agree, and a sentence for people."""

    verdict: str
    """A :class:`Stance` value, or ``"haemorrhage"``."""
    agree: bool | None
    """Whether all guidelines take the same stance; ``None`` when fewer than two have an answer."""
    text: str


_VERDICTS = {
    Stance.RECOMMENDED: "Thrombectomy is recommended",
    Stance.REASONABLE: "Thrombectomy is reasonable",
    Stance.MAY_BE_CONSIDERED: "Thrombectomy may be considered",
    Stance.NOT_RECOMMENDED: "Thrombectomy is not recommended: no benefit was found",
    Stance.HARMFUL: "Thrombectomy is not recommended: harm was found",
    Stance.INSUFFICIENT_DATA: "Data are insufficient to recommend for or against thrombectomy",
    Stance.NOT_ADDRESSED: "No recommendation covers this patient",
    Stance.NEED_DATA: "Cannot say yet: data are missing",
}


def summarise(answers: list[Answer]) -> Summary:
    """Sum up the answers of all rule sets."""
    if any(answer.out_of_scope is not None for answer in answers):
        return Summary("haemorrhage", None, "Haemorrhage on imaging: thrombectomy for ischaemic stroke does not apply.")
    guidelines = [answer for answer in answers if answer.ruleset.kind == "guideline" and not answer.ruleset.superseded]
    if not guidelines:
        return Summary(Stance.NOT_ADDRESSED, None, "No guideline of the rule book was in force on this date.")
    lead = guidelines[0]
    decided = {answer.stance for answer in guidelines if answer.stance is not Stance.NEED_DATA}
    agree = len(decided) == 1 if decided and guidelines[1:] else None
    parts = [f"{_VERDICTS[lead.stance]} ({_named(lead)})."]
    others = [answer for answer in guidelines[1:] if answer.stance is not lead.stance]
    if others:
        parts.append("Otherwise: " + "; ".join(f"{_named(a)}: {a.outcome.label}" for a in others) + ".")
    trials = [answer for answer in answers if answer.ruleset.kind == "trial"]
    if trials:
        parts.append("Trials: " + "; ".join(f"{a.ruleset.title} {a.outcome.label}" for a in trials) + ".")
    return Summary(lead.stance, agree, " ".join(parts))


def _named(answer: Answer) -> str:
    if answer.clause is None:
        return answer.ruleset.title
    level = f", level {answer.clause.level}" if answer.clause.level else ""
    return f"{answer.ruleset.title}, {answer.outcome.label}{level}, clause {answer.clause.clause}"
