"""Everything that a site may set, from the environment (``ASPECTS_…``) or a file; units close the names."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.settings.access import AccessSettings
from app.settings.dicom import DicomSettings
from app.settings.queue import QueueSettings
from app.settings.sources import ConfigFile, SecretFiles

_MIB = 1024 * 1024


class Settings(AccessSettings, DicomSettings, QueueSettings, BaseSettings):
    """Settings of the server. Each is read from the environment variable ``ASPECTS_`` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="ASPECTS_", frozen=True, extra="ignore")

    json_body_limit_bytes: int = Field(
        default=256 * 1024,
        ge=1024,
        description="Largest body of a request other than a scan upload; larger ones get 413.",
    )
    upload_limit_bytes: int = Field(
        default=1024 * _MIB,
        ge=1024,
        description="Largest body of a scan upload, all files and form parts together; larger ones get 413.",
    )
    upload_files_limit: int = Field(
        default=4000,
        ge=1,
        description="Most files that one upload may bring (DICOM: one file a slice).",
    )
    upload_seconds_limit: float = Field(
        default=300.0,
        gt=0,
        description="Longest time for an upload to arrive, in seconds; after it the server answers 408.",
    )
    scan_seconds_limit: float = Field(
        default=120.0,
        gt=0,
        description="Longest time for reading one scan, in seconds of the clock; after it the scan is refused.",
    )
    scan_memory_limit_mib: int = Field(
        default=6144,
        ge=512,
        description="Address space that the process reading a scan may take, in MiB (POSIX systems).",
    )
    scan_processes: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Scans read at the same time by one server process; each takes one processor core.",
    )
    scan_queue_limit: int = Field(
        default=8,
        ge=0,
        description="Scans that may wait for a free process; beyond it the server answers 503 with Retry-After.",
    )
    job_keep_seconds: int = Field(
        default=900,
        ge=1,
        description="How long the answer of a scan that was read in the background stays available, in seconds.",
    )
    scan_dir: Path | None = Field(
        default=None,
        description="Folder for uploaded scans while they are read and for the answers of background jobs. "
        "None: a private folder in the system's place for temporary files, removed when the server stops. "
        "Several server processes must share it so that each can answer for every job.",
    )
    site_network_file: Path | None = Field(
        default=None,
        description="YAML file with the hospitals of the network, which requests name by site_id. None: no site_id.",
    )
    local_policy_file: Path | None = Field(
        default=None,
        description="YAML file with this hospital's own, stricter cautions on thrombolysis. None: guidelines alone.",
    )
    site_time_zone: str = Field(
        default="UTC",
        description="IANA name of the time zone in which the form reads and shows times, such as Europe/London.",
    )
    data_dir: Path | None = Field(
        default=None,
        description="Folder in which cases, scans and the audit trail are kept. None: nothing is kept, and whatever "
        "needs a record (cases by name, sign-off, DICOM, FHIR subscriptions) is not there.",
    )
    database_url: str | None = Field(
        default=None,
        description="SQLAlchemy address of the database, such as postgresql+psycopg://aspects@db/aspects. "
        "None: the file aspects.db in data_dir.",
    )
    object_store_url: str | None = Field(
        default=None,
        description="Where scans and documents are kept: file:///folder or s3://bucket/prefix. "
        "None: the folder objects in data_dir.",
    )
    object_keep_days: int | None = Field(
        default=None,
        ge=1,
        description="How long scans and documents are kept in the object store, in days; `aspects record sweep` "
        "deletes what is older, with a trace. None: until somebody deletes them.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the interface names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment before files with one secret each, before the file of settings."""
        return init_settings, env_settings, SecretFiles(settings_cls), ConfigFile(settings_cls)

    fhir_body_limit_bytes: int = Field(
        default=4 * _MIB,
        ge=1024,
        description="Largest body of a FHIR or CDS Hooks request; larger ones get 413.",
    )
    fhir_observation_hours: float = Field(
        default=24.0,
        gt=0,
        description="Age beyond which FHIR observations of the present state are not used, in hours.",
    )
    fhir_site_id: str | None = Field(
        default=None,
        description="Hospital of the network file that DICOM studies come from, and FHIR and CDS Hooks requests where "
        "they name none.",
    )
    cds_hooks_file: Path | None = Field(
        default=None,
        description="YAML file with the EHRs that may call the CDS Hooks services: their issuers, keys, web origins "
        "and FHIR servers. None: callers are let in like those of the other routes, and nothing is fetched from an "
        "EHR.",
    )
