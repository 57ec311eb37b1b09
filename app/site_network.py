"""The hospitals of a network, from the YAML file that a site provides; requests name them by ``site_id``."""

from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import ValidationError

from app.schemas import SiteIn
from scoring.site import Site


class SiteFileError(ValueError):
    """The network file cannot be used; the message names the file and the place."""


def load_sites(path: Path | None) -> Mapping[str, Site]:
    """Read the file: a mapping from ``site_id`` to the fields of a site.

    Parameters
    ----------
    path
        ``None``: the network has no file, and no ``site_id`` is known.

    Raises
    ------
    SiteFileError
        The file is missing, is not YAML, or an entry holds an unknown field or a value out of its range.
    """
    if path is None:
        return {}
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SiteFileError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(entries, dict):
        raise SiteFileError(f"{path} must map each site_id to the fields of its site.")
    return {str(site_id): _site(path, str(site_id), entry) for site_id, entry in entries.items()}


def _site(path: Path, site_id: str, entry: object) -> Site:
    try:
        return SiteIn.model_validate(entry).to_site(site_id)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise SiteFileError(f"{path}, site {site_id}: {faults}") from error
