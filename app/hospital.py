"""What a hospital's own service has besides the stateless one; made once by `app.main` where a data folder is set.

Everything here is imported only then: a service that keeps nothing needs no database.
"""

from dataclasses import dataclass

from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Hospital:
    """The parts that keep, queue and send; each is opened by `open_hospital` and ended by `close`."""

    settings: Settings

    async def close(self) -> None:
        """End all parts in order; what was accepted is on disk by then."""


def open_hospital(settings: Settings) -> Hospital | None:
    """Open the parts.

    Returns
    -------
    ``None`` where the settings name no data folder: such a service keeps nothing.
    """
    if settings.data_dir is None:
        return None
    return Hospital(settings)
