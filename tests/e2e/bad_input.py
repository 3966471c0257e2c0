"""What strangers send: each gets an error or a close, and the stream next to it goes on."""

import contextlib
import re
import socket
import struct

from support import (
    Failure,
    check,
    check_equal,
    framemd5_command,
    frames_of,
    need,
    note,
    parse_framemd5,
    publish_command,
    run,
)

CLOSED_WITHIN = 10  # seconds, once what is wrong has arrived
SILENCE_ENDS_WITHIN = 15  # seconds; the limits of handshake and head are 10

TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(195)


def amf_string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"\x02" + struct.pack(">H", len(data)) + data


def amf_number(value):
    return b"\x00" + struct.pack(">d", value)


def amf_object(**fields):
    body = b"".join(amf_string(k)[1:] + amf_string(v) for k, v in fields.items())
    return b"\x03" + body + b"\x00\x00\x09"


AMF_NULL = b"\x05"


def chunk(stream, message_type, payload, message_stream=0, length=None, chunk_size=128):
    """A whole message in chunks; `length` is what its header claims."""
    header = b"\x00\x00\x00" + struct.pack(">I", length or len(payload))[1:]
    header += bytes([message_type]) + struct.pack("<I", message_stream)
    out = bytes([stream]) + header + payload[:chunk_size]
    for at in range(chunk_size, len(payload), chunk_size):
        out += bytes([0xC0 | stream]) + payload[at : at + chunk_size]
    return out


def command(*values, message_stream=0):
    return chunk(3, 20, b"".join(values), message_stream)


def connect_command(app="live"):
    fields = amf_object(app=app, tcUrl=f"rtmp://127.0.0.1/{app}", type="nonprivate")
    return command(amf_string("connect"), amf_number(1), fields)


def publish(name):
    return command(
        amf_string("publish"), amf_number(3), AMF_NULL, amf_string(name), amf_string("live"),
        message_stream=1,
    )


CREATE_STREAM = command(amf_string("createStream"), amf_number(2), AMF_NULL)


def many_chunk_streams():
    """The beginning of a message of 1 MB on each of 5000 chunk streams."""
    out = b""
    for stream in range(320, 5320):
        out += b"\x01" + struct.pack("<H", stream - 64)  # the form of three bytes
        out += b"\x00\x00\x00" + struct.pack(">I", 1 << 20)[1:] + b"\x09" + bytes(4)
        out += bytes(128)
    return out


def deep_amf():
    nested = b"".join(b"\x03\x00\x01a" for _ in range(10_000))
    return chunk(3, 20, amf_string("connect") + amf_number(1) + nested)


BEFORE_HANDSHAKE = {
    "garbage": b"\xde\xad\xbe\xef" * 1024,
    "a TLS hello": TLS_HELLO,
    "an HTTP request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "RTMP version 9": b"\x09" + bytes(1536),
}
AFTER_HANDSHAKE = {
    "garbage in chunks": b"\xff" * 20_000,
    "Set Chunk Size 0": chunk(2, 1, bytes(4)),
    "Set Chunk Size 2^31": chunk(2, 1, b"\x80\x00\x00\x00"),
    "5000 messages that never complete": many_chunk_streams(),
    "AMF nested 10 000 deep": deep_amf(),
    "a string longer than its message": chunk(3, 20, b"\x02\xff\xffconnect"),
    "publish before connect": publish("early"),
    "createStream before connect": CREATE_STREAM,
}
REFUSED_NAMES = {
    "a name that goes up": "../../etc/passwd",
    "a name with NUL": "a\0b",
    "a name of 64 KB": "x" * 65_535,
    "a name that is not UTF-8": b"\xff\xfe\xfd",
    "a name with a line break": "a\r\nX-Injected: yes",
}
STRANGE_NAMES = {
    "quotes": "\"quoted\" 'name'",
    "XML": "<MPD/>&amp;",
    "an emoji": "\U0001f600",
}


class Stranger:
    """A connection that does not behave."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=CLOSED_WITHIN)

    def send(self, data):
        # The other side may have closed already.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.socket.sendall(data)

    def handshake(self):
        self.send(b"\x03" + bytes(1536))
        answer = self.read(1 + 2 * 1536)
        self.send(answer[1:1537])

    def read(self, size):
        data = b""
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            check(piece, "closed in the handshake")
            data += piece
        return data

    def rest(self, who):
        """What comes until the other side closes."""
        data = b""
        try:
            while piece := self.socket.recv(65536):
                data += piece
        except ConnectionResetError:
            pass
        except TimeoutError:
            raise Failure(f"{who}: not closed in {CLOSED_WITHIN} s, got {data[-200:]!r}") from None
        self.socket.close()
        return data


def rtmp_cases(server):
    for name, data in BEFORE_HANDSHAKE.items():
        stranger = Stranger(server.rtmp_port)
        stranger.send(data)
        stranger.rest(f"RTMP, {name}")
        note(f"RTMP, {name}: closed")
    for name, data in AFTER_HANDSHAKE.items():
        stranger = Stranger(server.rtmp_port)
        stranger.handshake()
        stranger.send(data)
        stranger.rest(f"RTMP, {name}")
        note(f"RTMP, {name}: closed")
    for name, stream in REFUSED_NAMES.items():
        stranger = Stranger(server.rtmp_port)
        stranger.handshake()
        stranger.send(connect_command() + CREATE_STREAM + publish(stream))
        answer = stranger.rest(f"RTMP, {name}")
        check(b"NetStream.Publish.Start" not in answer, f"RTMP, {name}: accepted")
        check(b"error" in answer, f"RTMP, {name}: refused without a word")
        note(f"RTMP, {name}: refused")
    for name, stream in STRANGE_NAMES.items():
        # Taken or refused, but what the API says of it stays JSON.
        stranger = Stranger(server.rtmp_port)
        stranger.handshake()
        stranger.send(connect_command() + CREATE_STREAM + publish(stream))
        stranger.socket.recv(4096)
        server.get_json("/api/v1/streams")
        stranger.socket.close()
        note(f"RTMP, a name with {name}: the API is still JSON")


def second_publisher(test, server, clip):
    """Is told why, and goes."""
    peer = test.start("second-publisher", publish_command(clip, server.rtmp()))
    check(peer.wait(20) != 0, "a second publisher was taken")
    note(f"second publisher: {peer.stderr().strip().splitlines()[-1]}")


def http_status(server, request):
    """The status that a raw request gets, or None if it is closed without an answer."""
    stranger = Stranger(server.http_port)
    stranger.send(request)
    try:
        data = stranger.socket.recv(65536)
    except ConnectionResetError:
        return None
    finally:
        stranger.socket.close()
    return int(data.split(b" ", 2)[1]) if data.startswith(b"HTTP/1.") else None


def http_cases(server):
    host = b" HTTP/1.1\r\nHost: localhost\r\n"
    cases = {
        "garbage": (b"\xde\xad\xbe\xef" * 64 + b"\r\n\r\n", {400, 405, 501, 505, None}),
        "a TLS hello": (TLS_HELLO, {400, 405, 501, 505, None}),
        "a path that goes up": (b"GET /live/../../../etc/passwd" + host + b"\r\n", {400, 404}),
        "an encoded path that goes up": (
            b"GET /live/app/%2e%2e%2f%2e%2e%2fetc%2fpasswd" + host + b"\r\n", {400, 404}),
        "an encoded NUL": (b"GET /live/app/manifest.mpd%00.txt" + host + b"\r\n", {400, 404}),
        "a target of 64 KB": (b"GET /" + b"a" * 65_536 + host + b"\r\n", {400, 414, 431}),
        "headers of 256 KB": (
            b"GET /" + host + b"X-Long: " + b"a" * 262_144 + b"\r\n\r\n", {400, 413, 431}),
        "a body of 1 GB": (
            b"POST /metadata" + host + b"Content-Length: 1000000000\r\n\r\n" + b"x" * 10_000, {413}),
        "two lengths": (
            b"POST /metadata" + host + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\n", {400, None}),
    }
    for name, (request, expected) in cases.items():
        status = http_status(server, request)
        check(status in expected, f"HTTP, {name}: {status}")
        note(f"HTTP, {name}: {status or 'closed'}")


def check_reasons(server):
    """Every close has a reason in the log."""
    closes = [line for line in server.peer.stderr().splitlines() if "connection closed" in line]
    strangers = len(BEFORE_HANDSHAKE) + len(AFTER_HANDSHAKE) + len(REFUSED_NAMES)
    check(len(closes) >= strangers, f"only {len(closes)} closes in the log")
    for line in closes:
        check(re.search(r'reason="[^"]+"', line), f"a close without a reason: {line}")


def main(test):
    need("ffmpeg")
    clip = test.clip("one", seconds=18, key_frame_every=15)
    expected = frames_of(test, "clip-frames", clip)
    server = test.server()
    encoder = test.start("publish", publish_command(clip, server.rtmp()))
    server.wait_alive()
    player = test.start("play", framemd5_command(server.rtmp()))
    half_a_handshake = Stranger(server.rtmp_port)
    half_a_handshake.send(b"\x03" + bytes(700))
    slow_headers = Stranger(server.http_port)
    slow_headers.send(b"GET / HTTP/1.1\r\nHost: local")

    rtmp_cases(server)
    http_cases(server)
    second_publisher(test, server, clip)
    for name, silent in {
        "RTMP, half a handshake and silence": half_a_handshake,
        "HTTP, half a head and silence": slow_headers,
    }.items():
        silent.socket.settimeout(SILENCE_ENDS_WITHIN)
        silent.rest(name)
        note(f"{name}: closed")
    check_reasons(server)

    check(encoder.wait(60) == 0, f"the publisher was disturbed\n{encoder.tail()}")
    check(player.wait(20) == 0, f"the player was disturbed\n{player.tail()}")
    got = parse_framemd5(player.stdout())
    check_equal({"video": got.get("video")}, {"video": expected["video"]}, "the player beside it")
    check(server.peer.running(), "the server is gone")
    server.get("/healthz")


run(main, seconds=120)
