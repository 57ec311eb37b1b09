"""Sending over MLLP to a real listener, with all the ways in which one can answer or not."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from app.interop.hl7.sender import Hl7Sender
from app.interop.hl7.target import Hl7Target
from app.outbox.delivery import Undelivered
from tests.app.interop.certificates import certificate
from tests.app.interop.hl7.listener import Answer, acknowledge, listening
from tests.app.interop.hl7.results import parcel


def sender(port: int, **options: Any) -> Hl7Sender:
    options = {"seconds_limit": 5.0, "host": "127.0.0.1"} | options
    return Hl7Sender(Hl7Target(name="ris", events=("result.final",), port=port, **options))


def refused(port: int, **options: Any) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        sender(port, **options).send(parcel())
    return caught.value


@pytest.mark.parametrize("code", ["AA", "CA"])
def test_an_acknowledged_message_is_sent(code: str) -> None:
    with listening(acknowledge(code)) as listener:
        sender(listener.port).send(parcel())
    (message,) = listener.received
    assert str(message.segment("MSH")[10]) == "ABCDEFGHIJKLMNOPQRST"


@pytest.mark.parametrize("code", ["AE", "AR", "CE", "CR"])
def test_a_refused_message_is_given_up_with_the_code_and_without_the_receivers_words(code: str) -> None:
    with listening(acknowledge(code, error="101^Miller, John^HL70357")) as listener:
        fault = refused(listener.port)
    assert not fault.again
    assert fault.reason == f"The target refused the message ({code}, error 101)."


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (acknowledge("AA", message_id="ANOTHER"), "The target acknowledged another message."),
        (acknowledge("??"), "The target's answer is no acknowledgement."),
        (lambda _: "this is not HL7", "The target's answer is no acknowledgement."),
        (lambda _: "MSH|^~\\&|EHR\r", "The target's answer is no acknowledgement."),
    ],
    ids=["another", "no code", "no HL7", "no MSA"],
)
def test_what_is_no_acknowledgement_is_none(answer: Answer, reason: str) -> None:
    with listening(answer) as listener:
        fault = refused(listener.port)
    assert fault.again
    assert fault.reason == reason


def test_silence_is_no_acknowledgement() -> None:
    with listening(lambda _: None) as listener:
        fault = refused(listener.port, seconds_limit=0.3)
    assert (fault.again, fault.reason) == (True, "The target did not acknowledge in time.")


def test_a_dropped_connection_is_no_acknowledgement() -> None:
    with listening(lambda _: None, drop=True) as listener:
        fault = refused(listener.port)
    assert (fault.again, fault.reason) == (True, "The connection failed or was dropped.")


def test_nobody_there_is_tried_again() -> None:
    with listening(acknowledge("AA")) as listener:
        pass
    assert refused(listener.port).again


def test_signs_that_the_targets_charset_lacks_are_not_sent_as_others() -> None:
    with listening(acknowledge("AA")) as listener, pytest.raises(Undelivered) as caught:
        sender(listener.port, charset="ASCII").send(parcel(notes=["Grüße"]))
    assert not caught.value.again
    assert listener.received == []


def test_over_tls_only_a_trusted_target_gets_the_message(tmp_path: Path) -> None:
    ours, theirs = certificate(tmp_path / "ours", "localhost"), certificate(tmp_path / "theirs", "localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(ours.certificate, ours.key)
    with listening(acknowledge("AA"), tls=context) as listener:
        sender(listener.port, host="localhost", tls=True, ca_file=ours.certificate).send(parcel())
        fault = refused(listener.port, host="localhost", tls=True, ca_file=theirs.certificate)
    assert fault.reason == "No trusted TLS connection to the target."
    assert len(listener.received) == 1
