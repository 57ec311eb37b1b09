"""Notices to a real HTTPS server: what is in them, what counts as received, and where none is sent."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from app.interop.webhooks.sender import SecretUnusable, WebhookSender
from app.interop.webhooks.signature import SignatureWrong, verify
from app.interop.webhooks.target import WebhookTarget
from app.outbox.delivery import Undelivered
from tests.app.interop.certificates import Files, certificate
from tests.app.interop.hl7.results import parcel
from tests.app.interop.webhooks.receiver import receiving

SECRET = b"a secret of more than 24 bytes"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certificate(tmp_path_factory.mktemp("tls"), "hook.test", "localhost")


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    return tmp_path / "secret"


def sender(
    files: Files, secret_file: Path, port: int, addresses: Sequence[str] = ("127.0.0.1",), **options: Any
) -> WebhookSender:
    target = WebhookTarget(
        name="hook", events=("result.final",), secret_file=secret_file, ca_file=files.certificate,
        **({"url": f"https://hook.test:{port}/notices", "allow_private": True, "seconds_limit": 5.0} | options),
    )  # fmt: skip
    return WebhookSender(target, lambda _host, _port: addresses)


def refused(one: WebhookSender) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        one.send(parcel())
    return caught.value


def test_a_notice_says_what_happened_to_what_and_nothing_of_the_patient(files: Files, secret_file: Path) -> None:
    with receiving(files) as receiver:
        sender(files, secret_file, receiver.port).send(parcel())
    ((headers, body),) = receiver.got
    assert json.loads(body) == {
        "id": "ABCDEFGHIJKLMNOPQRST",
        "event": "result.preliminary",
        "created_at": "2026-03-01T11:31:00.000000Z",
        "subject": "case/case-1",
        "status": "scored",
    }
    assert headers["host"] == f"hook.test:{receiver.port}"


def test_values_are_sent_only_where_the_target_was_given_them(files: Files, secret_file: Path) -> None:
    with receiving(files) as receiver:
        sender(files, secret_file, receiver.port, include=("total", "side")).send(parcel())
    told = json.loads(receiver.got[0][1])
    assert (told["total"], told["side"]) == (8, "left")
    assert "4711" not in receiver.got[0][1].decode()


def test_the_receiver_can_check_who_sent_it_and_when(files: Files, secret_file: Path) -> None:
    with receiving(files) as receiver:
        sender(files, secret_file, receiver.port).send(parcel())
    ((headers, body),) = receiver.got
    told = (headers["webhook-id"], headers["webhook-timestamp"])
    signature = headers["webhook-signature"]
    verify(SECRET, *told, body, f"v1,another {signature}")
    later_s = float(told[1]) + 301
    for forged in (
        (b"another secret of 24 bytes or more", *told, body, signature),
        (SECRET, *told, body + b" ", signature),
        (SECRET, "another id", told[1], body, signature),
        (SECRET, told[0], str(int(told[1]) + 1), body, signature),
        (SECRET, told[0], "yesterday", body, signature),
        (SECRET, *told, body, signature, later_s),
    ):
        with pytest.raises(SignatureWrong):
            verify(*forged)


@pytest.mark.parametrize(
    ("status", "again"), [(500, True), (503, True), (408, True), (429, True), (400, False), (404, False), (410, False)]
)
def test_only_what_time_may_cure_is_tried_again(files: Files, secret_file: Path, status: int, again: bool) -> None:
    with receiving(files, status) as receiver:
        assert refused(sender(files, secret_file, receiver.port)).again is again


@pytest.mark.parametrize(("header", "pause"), [("17", 17.0), ("999999", 3600.0), ("tomorrow", None), ("-5", None)])
def test_a_busy_receiver_says_when_to_come_back(
    files: Files, secret_file: Path, header: str, pause: float | None
) -> None:
    with receiving(files, 503, {"retry-after": header}) as receiver:
        assert refused(sender(files, secret_file, receiver.port)).after_seconds == pause


def test_a_redirect_is_not_followed(files: Files, secret_file: Path) -> None:
    with receiving(files) as other, receiving(files, 307, {"location": f"https://hook.test:{other.port}/"}) as first:
        fault = refused(sender(files, secret_file, first.port))
    assert (fault.again, other.got) == (False, [])


def test_a_slow_receiver_costs_no_more_than_the_limit(files: Files, secret_file: Path) -> None:
    with receiving(files, slow_seconds=2) as receiver:
        fault = refused(sender(files, secret_file, receiver.port, seconds_limit=0.5))
    assert fault.reason == "The target did not answer in time."


def test_a_long_answer_is_not_read(files: Files, secret_file: Path) -> None:
    with receiving(files, 200, {"content-length": str(10**12)}, b"x" * 200_000) as receiver:
        sender(files, secret_file, receiver.port).send(parcel())


def test_a_receiver_that_cannot_prove_its_name_gets_nothing(files: Files, secret_file: Path) -> None:
    with receiving(files) as receiver:
        url = f"https://another.test:{receiver.port}/"
        assert refused(sender(files, secret_file, receiver.port, url=url)).again
    assert receiver.got == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.1.2.3"], ["172.16.0.1"], ["192.168.1.1"], ["169.254.1.1"], ["100.64.0.1"],
        ["0.0.0.0"],  # noqa: S104
        ["::1"], ["fe80::1%eth0"], ["fd00::1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::"],
        ["224.0.0.1"],
        ["93.184.216.34", "127.0.0.1"], ["127.0.0.1", "93.184.216.34"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_address_inside_is_called_unless_allowed(files: Files, secret_file: Path, addresses: list[str]) -> None:
    with receiving(files) as receiver:
        fault = refused(sender(files, secret_file, receiver.port, addresses, allow_private=False))
    assert not fault.again
    assert receiver.got == []


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254"])
def test_a_clouds_metadata_service_is_never_called(files: Files, secret_file: Path, address: str) -> None:
    assert "metadata" in refused(sender(files, secret_file, 443, [address], allow_private=True)).reason


def test_the_name_is_looked_up_once(files: Files, secret_file: Path) -> None:
    """A second look-up could be answered with an address that was not checked."""
    asked = []

    def resolver(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with receiving(files) as receiver:
        one = sender(files, secret_file, receiver.port)
        one._resolver = resolver
        one.send(parcel())
    assert asked == ["hook.test"]


@pytest.mark.parametrize(
    "url", ["http://hook.test/", "https://", "https://user:word@hook.test/", "https://hook.test:99999/", "file:///etc"]
)
def test_only_plain_https_addresses_are_targets(url: str, secret_file: Path) -> None:
    with pytest.raises(ValidationError):
        WebhookTarget(name="hook", events=("result.final",), url=url, secret_file=secret_file)


def test_a_short_secret_is_none(files: Files, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"12345678")
    with pytest.raises(SecretUnusable):
        sender(files, tmp_path / "short", 443)
