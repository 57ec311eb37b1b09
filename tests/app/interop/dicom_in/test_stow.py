"""STOW-RS and the routes of received studies, against the application itself."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydicom.dataset import Dataset

from app.access.actor import Actor, ActorKind, Scope
from app.interop.dicom_in.spool import Incoming, Spool
from app.main import create_app
from app.settings.settings import Settings
from tests.app.interop.dicom_in.conftest import encoded
from tests.imaging.dicom_files import series

STUDY = "1.2.826.0.1.3680043.8.498.1"
TYPE = 'multipart/related; type="application/dicom"; boundary=x'
ROUTER = Actor(ActorKind.KEY, "router", frozenset({Scope.INGEST, Scope.READ}))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, dicom_object_limit_bytes=2**20, upload_files_limit=20, dicom_quiet_seconds=0)


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings, ROUTER)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        yield client


def multipart(*objects: bytes) -> bytes:
    parts = (b"--x\r\nContent-Type: application/dicom\r\n\r\n" + one + b"\r\n" for one in objects)
    return b"".join(parts) + b"--x--\r\n"


async def post(client: httpx.AsyncClient, body: bytes, path: str = "", content_type: str = TYPE) -> httpx.Response:
    return await client.post(f"/dicom-web/studies{path}", content=body, headers={"content-type": content_type})


def uids(items: Sequence[dict[str, Any]]) -> set[str]:
    return {item["00081155"]["Value"][0] for item in items}


def reasons(answer: dict[str, Any], tag: str) -> list[int]:
    return [item["00081197"]["Value"][0] for item in answer[tag]["Value"]]


def waiting(settings: Settings) -> int:
    assert settings.data_dir is not None
    return len(list(Spool(settings.data_dir / "dicom-in").arrivals()))


@pytest.mark.anyio
async def test_all_objects_of_a_request_are_stored_and_make_a_study(client: httpx.AsyncClient) -> None:
    slices = series()
    response = await post(client, multipart(*map(encoded, slices)))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/dicom+json"
    assert uids(response.json()["00081199"]["Value"]) == {str(one.SOPInstanceUID) for one in slices}
    for _ in range(100):
        found = (await client.get("/v1/studies")).json()["studies"]
        if found and found[0]["state"] == "queued":
            break
        await _pause()
    assert [(one["study_uid"], one["state"], one["objects"]) for one in found] == [(STUDY, "queued", 12)]
    assert [one["code"] for one in found[0]["series"]] == ["TAKEN"]
    one = (await client.get(f"/v1/studies/{STUDY}")).json()
    assert one["answer"] is None
    assert (await client.post(f"/v1/studies/{STUDY}/process")).status_code == 202


async def _pause() -> None:
    import anyio  # noqa: PLC0415

    await anyio.sleep(0.1)


@pytest.mark.anyio
async def test_a_bad_object_among_good_ones_is_named_with_its_reason(client: httpx.AsyncClient) -> None:
    good = series()[0]
    other = _changed(series()[1], StudyInstanceUID="1.2.3")
    deflated = encoded(series()[2]).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99", 1)
    response = await post(client, multipart(encoded(good), encoded(other), b"no dicom", deflated), f"/{STUDY}")
    assert response.status_code == 202
    answer = response.json()
    assert uids(answer["00081199"]["Value"]) == {str(good.SOPInstanceUID)}
    assert uids(answer["00081198"]["Value"]) == {str(other.SOPInstanceUID)}
    assert reasons(answer, "00081198") == [0xA900]
    assert set(reasons(answer, "0008119A")) <= {0xC000, 0xC122}


@pytest.mark.anyio
async def test_nothing_usable_is_a_conflict_and_nothing_stays(client: httpx.AsyncClient, settings: Settings) -> None:
    response = await post(client, multipart(b"no dicom", b""))
    assert response.status_code == 409
    assert reasons(response.json(), "0008119A") == [0xC000, 0xC000]
    assert waiting(settings) == 0


@pytest.mark.anyio
async def test_a_program_in_the_preamble_does_not_reach_the_disk(
    client: httpx.AsyncClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bytes] = []
    finish = Incoming.finish

    def look_and_finish(incoming: Incoming) -> Path:
        kept.append(incoming.path.read_bytes())
        return finish(incoming)

    monkeypatch.setattr(Incoming, "finish", look_and_finish)
    polyglot = b"MZ\x90\0<html>" + encoded(series()[0])[10:]
    assert (await post(client, multipart(polyglot))).status_code == 200
    assert kept[0][:132] == b"\0" * 128 + b"DICM"
    assert kept[0][132:] == polyglot[132:]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"{}", "application/json", 415),
        (multipart(b"x"), 'multipart/related; type="application/dicom+json"; boundary=x', 415),
        (multipart(b"x"), 'multipart/related; type="application/dicom"', 400),
        (multipart(b"x")[:-20], TYPE, 400),
        (b"--x--\r\n", TYPE, 400),
        (b"", TYPE, 400),
        (multipart(*[b""] * 21), TYPE, 413),
    ],
)
async def test_a_broken_request_is_a_problem_and_leaves_nothing(
    client: httpx.AsyncClient, settings: Settings, body: bytes, content_type: str, status: int
) -> None:
    response = await post(client, body, content_type=content_type)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert settings.data_dir is not None
    assert list((settings.data_dir / "dicom-in" / "incoming").iterdir()) == []


@pytest.mark.anyio
async def test_an_object_beyond_the_limit_is_dropped_while_it_streams(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    large = encoded(_changed(series()[0], Rows=1000, Columns=1000, PixelData=bytes(2_000_000)))
    response = await post(client, multipart(large))
    assert response.status_code == 503
    assert reasons(response.json(), "0008119A") == [0xA700]
    assert response.headers["retry-after"] == "30"
    assert waiting(settings) == 0


@pytest.mark.anyio
async def test_an_address_that_is_no_uid_is_not_there(client: httpx.AsyncClient) -> None:
    assert (await post(client, multipart(encoded(series()[0])), "/..%2F..%2Fetc")).status_code == 404
    assert (await post(client, multipart(encoded(series()[0])), "/abc")).status_code == 404
    assert (await client.get("/v1/studies/1.2.3")).status_code == 404
    assert (await client.post("/v1/studies/1.2.3/process")).status_code == 404


@pytest.mark.anyio
async def test_objects_need_the_scope_for_them(settings: Settings) -> None:
    reader = Actor(ActorKind.KEY, "reader", frozenset({Scope.READ}))
    transport = httpx.ASGITransport(create_app(settings, reader))
    async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
        assert (await post(client, multipart(b"x"))).status_code == 403
        assert (await client.get("/v1/studies")).status_code == 200


def _changed(one: Dataset, **changes: Any) -> Dataset:
    for keyword, value in changes.items():
        setattr(one, keyword, value)
    return one
