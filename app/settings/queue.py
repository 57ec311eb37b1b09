"""What a site may set of the queue of scans and of the deliveries; units close the names."""

from pathlib import Path

from pydantic import BaseModel, Field


class QueueSettings(BaseModel):
    """Part of `app.settings.settings.Settings`."""

    worker_name: str = Field(
        default="worker-1",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="Name of a worker process, of its own and always the same: by it a worker that was killed finds "
        "the scans again that it was reading.",
    )
    worker_stop_seconds: float = Field(
        default=30.0,
        ge=0,
        description="Time that readings under way have when a worker is told to stop, in seconds; what is not done by "
        "then is read anew after the next start.",
    )
    queue_waiting_limit: int = Field(
        default=2000,
        ge=1,
        description="Scans that may wait in the queue; beyond it the server answers 503 with Retry-After.",
    )
    memory_free_limit_mib: int = Field(
        default=512,
        ge=0,
        description="Least available memory of the machine, in MiB; below it no scan is accepted (Linux).",
    )
    scan_wait_seconds: float = Field(
        default=30.0,
        ge=0,
        description="How long a request with a scan waits for its reading before it is answered 202 with the address "
        "of a job, in seconds; where scans are queued (data_dir).",
    )
    deliveries_file: Path | None = Field(
        default=None,
        description="YAML file with the receivers of results: HL7, webhooks, DICOM. None: nothing is sent.",
    )
    sign_off_organisation: str = Field(
        default="not stated",
        pattern=r"^[^\\\x00-\x1f]{1,64}$",
        description="Organisation in whose name clinicians sign here, as DICOM reports name it.",
    )
    delivery_attempts_limit: int = Field(
        default=12,
        ge=1,
        description="Attempts after which a delivery is given up and shown as dead.",
    )
    delivery_pause_seconds: float = Field(
        default=5.0,
        gt=0,
        description="Pause after the first failed attempt of a delivery, in seconds; it doubles with each, up to an "
        "hour, give or take a fifth.",
    )
