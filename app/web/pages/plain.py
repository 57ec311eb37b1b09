"""Pages that hold no case: for relatives, and help."""

from fastapi import APIRouter, Depends, Request, Response

from app.access.actor import Scope
from app.access.guard import requires
from app.web.answer.wording import state_of
from app.web.map.words import REGION_TIPS
from app.web.rendering import render
from app.web.times.reading import HOW_TO_WRITE
from app.web.words.catalogue import _
from app.web.words.choice import answer_in_its_language
from scoring.outcomes import Action, Outcome
from scoring.regions import Region, Status

router = APIRouter(
    include_in_schema=False, dependencies=[Depends(requires(Scope.READ)), Depends(answer_in_its_language)]
)


@router.get("/relatives")
async def relatives(request: Request) -> Response:
    """What thrombectomy is and what is being decided, in plain words."""
    return render(request, "relatives.html")


@router.get("/help")
async def help_page(request: Request) -> Response:
    """What the score is, with drawings, and what every code means."""
    return render(
        request,
        "help.html",
        examples=_examples(),
        region_tips=REGION_TIPS,
        outcomes=list(Outcome),
        actions=list(Action),
        how_to_write=HOW_TO_WRITE,
        speaks=_speaks,
    )


NO_WORD_OF_A_TRIAL = "Says nothing: the trial took others in"


def _speaks(outcome: Outcome) -> str:
    """Whether an outcome speaks for treatment; a trial that would not have taken the patient in is silent."""
    return NO_WORD_OF_A_TRIAL if outcome is Outcome.NOT_ELIGIBLE else state_of(outcome.stance).words


def _examples() -> list[tuple[dict[str, str], str, str]]:
    """Drawn patients: regions, side, and what is to be seen."""

    def seen(*affected: Region, unclear: tuple[Region, ...] = ()) -> dict[str, str]:
        return {
            region.value: Status.AFFECTED
            if region in affected
            else Status.NOT_ASSESSABLE
            if region in unclear
            else Status.UNAFFECTED
            for region in Region
        }

    large = (Region.L, Region.I, Region.IC, Region.M1, Region.M2, Region.M3, Region.M5)
    return [
        (
            seen(Region.L, Region.I, Region.M2),
            "left",
            _("Left: lentiform nucleus, insula and M2 are affected: ASPECTS 7"),
        ),
        (seen(*large), "right", _("Right: a large core; only C, M4 and M6 are spared: ASPECTS 3")),
        (
            seen(Region.M5, unclear=(Region.M3,)),
            "left",
            _("Left: M5 is affected and M3 hidden by movement: ASPECTS 8 to 9"),
        ),
    ]
