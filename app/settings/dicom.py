"""Settings of the DICOM side: who may send, how much, and how long a study must be quiet to be read."""

from pathlib import Path

from pydantic import BaseModel, Field


class DicomSettings(BaseModel):
    """The part of `app.settings.settings.Settings` that only a service with DICOM uses."""

    dicom_ae_title: str = Field(
        default="ASPECTS",
        min_length=1,
        max_length=16,
        pattern=r"^[ -\[\]-~]*[!-\[\]-~][ -\[\]-~]*$",
        description="Own application entity title, called by whoever sends and calling where this service asks.",
    )
    dicom_host: str = Field(
        default="127.0.0.1",
        description="Address on which aspects dicom-listen takes associations. Another one than the loopback address "
        "needs a nodes file, which says who may send.",
    )
    dicom_port: int = Field(
        default=11112, ge=0, le=65535, description="Port on which aspects dicom-listen takes associations."
    )
    dicom_nodes_file: Path | None = Field(
        default=None,
        description="YAML file with the archives and scanners that may send to this service or are asked by it. "
        "None: any AE of this machine may send, and nothing is asked.",
    )
    dicom_associations_limit: int = Field(
        default=10, ge=1, le=200, description="Associations that may be open at the same time; more are rejected."
    )
    dicom_timeout_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Longest silence of an open association, in seconds; after it the association is ended.",
    )
    dicom_acse_timeout_seconds: float = Field(
        default=5.0,
        gt=0,
        description="Time that a new connection has to ask for an association, in seconds, its TLS handshake included.",
    )
    dicom_object_limit_bytes: int = Field(
        default=512 * 1024 * 1024,
        ge=1024 * 1024,
        description="Largest DICOM object that is taken in; larger ones are answered with out of resources.",
    )
    dicom_memory_limit_mib: int = Field(
        default=2048,
        ge=512,
        description="Address space that aspects dicom-listen may take, in MiB (POSIX systems).",
    )
    dicom_tls_certificate_file: Path | None = Field(
        default=None, description="Certificate (PEM) of aspects dicom-listen. None: associations without TLS."
    )
    dicom_tls_key_file: Path | None = Field(
        default=None, description="Private key (PEM) that belongs to dicom_tls_certificate_file."
    )
    dicom_tls_ca_file: Path | None = Field(
        default=None,
        description="Certificates (PEM) of which one must have signed the sender's own. None: senders show none.",
    )
    dicom_quiet_seconds: float = Field(
        default=5.0,
        ge=0,
        description="A study is read once its senders' associations have ended and nothing came for so long, in "
        "seconds. Slices that come later have it read again.",
    )
    dicom_keep_hours: float = Field(
        default=72.0,
        gt=0,
        description="How long received DICOM objects are kept after the last one of their study, in hours. The series "
        "that was read stays in the object store.",
    )
    dicom_free_disk_mib: int = Field(
        default=512,
        ge=0,
        description="Disk space that receiving leaves free in data_dir, in MiB; below it senders hear out of "
        "resources.",
    )
