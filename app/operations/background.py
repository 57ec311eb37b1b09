"""What the processes beside the web server share: logs without patients, and numbers at an address of their own."""

from app.operations import observers
from app.settings.settings import Settings


class MetricsUnusable(ValueError):
    """The address for metrics cannot be used."""


def set_up_process(settings: Settings) -> None:
    """Set up logs, and metrics where an address is set; before anything else is done.

    Raises
    ------
    MetricsUnusable
        The address is taken or is none.
    """
    from app.operations.logs import set_up_logs  # noqa: PLC0415 -- structlog belongs to the extra 'hospital'

    set_up_logs()
    if settings.worker_metrics_address is None:
        return
    from app.operations import metrics  # noqa: PLC0415

    try:
        metrics.serve(settings.worker_metrics_address)
    except (OSError, ValueError, OverflowError):
        raise MetricsUnusable(
            "ASPECTS_WORKER_METRICS_ADDRESS is no free address with a port of this machine."
        ) from None
    observers.on_triage.append(metrics.count_triage)
    observers.on_reading.append(metrics.count_reading)
