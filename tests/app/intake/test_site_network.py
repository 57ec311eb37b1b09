"""The network file: every hospital is checked as strictly as one in a request."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.intake.site_network import SiteFileError, load_sites
from app.triage import triage
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

WAYS = """
spoke:
  capability: primary
  minutes_to:
    near: {road: 25}
    far: {road: 80, air: 35}
near:
  name: Near Hospital
  capability: thrombectomy_capable
  time_zone: Europe/London
  door_to_groin_minutes: 60
  thrombectomy_hours:
    - {days: [mon, tue, wed, thu, fri], from: "08:00", until: "18:00"}
far:
  name: Far Hospital
  capability: comprehensive
  door_to_groin_minutes: 45
  thrombectomy_hours: always
  icu_beds: 2
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
    "way to nowhere": "spoke: {minutes_to: {hub: {road: 70}}}",
    "text for a way": "spoke: {minutes_to: {spoke: {road: far}}}",
    "unknown zone": "spoke: {time_zone: Europe/Atlantis}",
    "zone that climbs": "spoke: {time_zone: ../../etc/passwd}",
    "unknown day": 'spoke: {thrombectomy_hours: [{days: [someday], from: "08:00", until: "18:00"}]}',
    "no days": 'spoke: {thrombectomy_hours: [{days: [], from: "08:00", until: "18:00"}]}',
    "hours without quotes": "spoke: {thrombectomy_hours: [{days: [mon], from: 18:30, until: 22:00}]}",
    "hour that is none": 'spoke: {thrombectomy_hours: [{days: [mon], from: "24:00", until: "18:00"}]}',
    "hours in words": "spoke: {thrombectomy_hours: daytime}",
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


@pytest.mark.parametrize(
    ("now", "ways"),
    [
        (datetime(2026, 11, 23, 12, tzinfo=UTC), [("far", "air"), ("near", "road"), ("far", "road")]),
        (datetime(2026, 11, 22, 12, tzinfo=UTC), [("far", "air"), ("far", "road"), ("near", "road")]),
    ],
)
def test_ways_are_ranked_for_the_moment(tmp_path: Path, now: datetime, ways: list[tuple[str, str]]) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(WAYS)
    site, destinations = load_sites(path).at("spoke", now)
    assert [(way.site_id, way.mode) for way in destinations] == ways
    assert (site.thrombectomy_centre, site.minutes_to_thrombectomy_centre) == ("Far Hospital", 35)
    assert destinations[0].icu_beds == 2


def test_a_case_at_a_site_of_the_file_is_told_where_to_go(tmp_path: Path) -> None:
    path = tmp_path / "sites.yaml"
    path.write_text(WAYS)
    request = {"evaluated_at": "2026-11-23T12:00:00+00:00", "facts": {}, "site_id": "spoke"}
    answer = triage(case_of(TriageRequest.model_validate(request), load_sites(path)))
    assert [way["name"] for way in answer["transfer"]["destinations"]] == [
        "Far Hospital",
        "Near Hospital",
        "Far Hospital",
    ]
