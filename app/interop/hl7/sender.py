"""Sends a result message over MLLP and waits for its acknowledgement."""

import asyncio
import re
import ssl
from contextlib import suppress

import hl7
from hl7.mllp import InvalidBlockError, open_hl7_connection

from app.interop.hl7.oru import NoPatient, oru_r01
from app.interop.hl7.target import PYTHON_ENCODINGS, Hl7Target
from app.outbox.delivery import Parcel, Undelivered

_ACCEPTED = frozenset({"AA", "CA"})
_REFUSED = frozenset({"AE", "AR", "CE", "CR"})
_CODE = re.compile(r"[A-Za-z0-9._-]{1,20}\Z")
_CLOSE_SECONDS = 1.0


class Hl7Sender:
    """Sends to one listener: a connection a message, and no message counts as sent before its own acknowledgement."""

    def __init__(self, target: Hl7Target) -> None:
        self._target = target
        self._encoding = PYTHON_ENCODINGS[target.charset]
        self._tls = _tls(target) if target.tls else None

    def send(self, parcel: Parcel) -> None:
        """Send, and wait for AA."""
        try:
            message = oru_r01(self._target, parcel.id, parcel.created_at, parcel.payload)
            message.encode(self._encoding)
        except NoPatient:
            raise Undelivered("The result names no patient whom the receiver knows.", again=False) from None
        except UnicodeEncodeError:
            raise Undelivered("The result has signs that the target's charset lacks.", again=False) from None
        try:
            answer = asyncio.run(self._exchange(message))
        except TimeoutError:
            raise Undelivered("The target did not acknowledge in time.") from None
        except ssl.SSLError:
            raise Undelivered("No trusted TLS connection to the target.") from None
        except (OSError, EOFError):
            raise Undelivered("The connection failed or was dropped.") from None
        except (InvalidBlockError, ValueError, LookupError, hl7.HL7Exception):
            raise Undelivered("The target's answer is no acknowledgement.") from None
        _judge(answer, parcel.id)

    async def _exchange(self, message: str) -> hl7.Message:
        async with asyncio.timeout(self._target.seconds_limit):
            reader, writer = await open_hl7_connection(
                self._target.host, self._target.port, ssl=self._tls, encoding=self._encoding
            )
            try:
                writer.writeblock(message.encode(self._encoding))
                await writer.drain()
                return await reader.readmessage()
            finally:
                writer.close()
                with suppress(OSError, TimeoutError):
                    await asyncio.wait_for(writer.wait_closed(), _CLOSE_SECONDS)


def _judge(answer: hl7.Message, message_id: str) -> None:
    try:
        acknowledgement = answer.segment("MSA")
        code, told_id = str(acknowledgement[1]), str(acknowledgement[2])
    except LookupError:
        raise Undelivered("The target's answer is no acknowledgement.") from None
    if told_id != message_id:
        raise Undelivered("The target acknowledged another message.")
    if code in _REFUSED:
        raise Undelivered(f"The target refused the message ({code}{_error_code(answer)}).", again=False)
    if code not in _ACCEPTED:
        raise Undelivered("The target's answer is no acknowledgement.")


def _error_code(answer: hl7.Message) -> str:
    """The code of ERR-3, if it looks like one; the receiver's words are left alone, they may quote the patient."""
    try:
        code = str(answer.segment("ERR")[3]).partition("^")[0]
    except LookupError:
        return ""
    return f", error {code}" if _CODE.match(code) else ""


def _tls(target: Hl7Target) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(target.ca_file) if target.ca_file else None)
    if target.client_certificate_file and target.client_key_file:
        context.load_cert_chain(target.client_certificate_file, target.client_key_file)
    return context
