"""The network file: every hospital is checked as strictly as one in a request."""

from pathlib import Path

import pytest

from app.site_network import SiteFileError, load_sites
from scoring.site import Capability

GOOD = """
spoke-1:
  name: Spoke Hospital
  capability: primary
  minutes_to_thrombectomy_centre: 70
  door_to_groin_minutes: 60
  thrombectomy_centre: Hub Hospital
hub:
  capability: comprehensive
"""

BAD = {
    "not YAML": "spoke: [",
    "a list": "- spoke",
    "empty": "",
    "unknown field": "spoke: {minutes_to_hub: 70}",
    "unknown capability": "spoke: {capability: big}",
    "text for minutes": "spoke: {minutes_to_thrombectomy_centre: '70'}",
    "no for minutes": "spoke: {minutes_to_thrombectomy_centre: no}",
    "nothing for a site": "spoke:",
    "code": "spoke: !!python/object/apply:os.system ['true']",
}


def test_sites_are_found_by_their_names(tmp_path: Path) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(GOOD)
    sites = load_sites(path)
    assert list(sites) == ["spoke-1", "hub"]
    assert sites["spoke-1"].site_id == "spoke-1"
    assert sites["spoke-1"].thrombectomy_centre == "Hub Hospital"
    assert sites["hub"].capability is Capability.COMPREHENSIVE
    assert sites["hub"].door_to_groin_minutes is None


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_a_wrong_file_is_refused_and_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(text)
    with pytest.raises(SiteFileError, match=r"sites\.yaml"):
        load_sites(path)


def test_a_missing_file_is_refused_and_none_is_an_empty_network(tmp_path: Path) -> None:
    with pytest.raises(SiteFileError, match=r"nowhere\.yaml"):
        load_sites(tmp_path / "nowhere.yaml")
    assert load_sites(None) == {}
