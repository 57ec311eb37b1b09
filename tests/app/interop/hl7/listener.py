"""A receiver of HL7 messages on a real socket that answers as the test says."""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import hl7
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

Answer = Callable[[hl7.Message], str | None]
"""The acknowledgement; ``None``: silence, then the connection is dropped."""


@dataclass
class Listener:
    port: int = 0
    received: list[hl7.Message] = field(default_factory=list)


def acknowledge(code: str, message_id: str | None = None, error: str = "") -> Answer:
    def answer(message: hl7.Message) -> str:
        told = str(message.segment("MSH")[10]) if message_id is None else message_id
        lines = ["MSH|^~\\&|EHR||ASPECTS||20260301120000||ACK^R01^ACK|1|P|2.5.1", f"MSA|{code}|{told}"]
        return "\r".join([*lines, *([f"ERR|||{error}"] if error else [])]) + "\r"

    return answer


@contextmanager
def listening(answer: Answer, *, drop: bool = False, tls: ssl.SSLContext | None = None) -> Iterator[Listener]:
    """``drop``: the connection ends as soon as the message is there; otherwise no answer means silence."""
    told, loop, ready = Listener(), asyncio.new_event_loop(), threading.Event()

    async def serve(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                message = await reader.readmessage()
                told.received.append(message)
                text = answer(message)
                if text is not None:
                    writer.writeblock(text.encode())
                    await writer.drain()
                elif drop:
                    break
        writer.close()

    async def run() -> None:
        server = await start_hl7_server(serve, "127.0.0.1", 0, encoding="utf-8", ssl=tls)
        told.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()

    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield told
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
