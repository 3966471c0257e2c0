"""Events that a POST injects: in the next MPD, under their time, in order, unique, unharmed."""

import http.client
import json
import xml.etree.ElementTree as ElementTree

from support import Failure, check, need, note, publish_command, run, wait_for

NAMESPACE = {"d": "urn:mpeg:dash:schema:mpd:2011"}
MPD = "/live/app/live-manifest.mpd"
COUNT = 1000

TEXTS = [
    "plain",
    "",
    'quotes "double" and \'single\'',
    "<Event id='1'/> & &amp; ]]> <!-- -->",
    "line\nbreak\r\nand\ttab",
    "Grüße, 世界, \U0001f600",
    "../../etc/passwd",
    "x" * 60_000,
    "$Time$ %s {n}",
]


class Client:
    """One connection for all requests."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)

    def request(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def post(self, **fields):
        status, body = self.request("POST", "/metadata", json.dumps(fields).encode())
        check(status == 200, f"POST: {status} {body[:300]!r}")
        answer = json.loads(body)
        check(answer["status"] == "ok", f"POST answered {answer}")
        check(answer["received"] == fields["metadata"], f"POST received {body[:300]!r}")
        return answer

    def events(self):
        """[(seconds, id, message)] as they stand in the MPD."""
        status, body = self.request("GET", MPD)
        check(status == 200, f"GET {MPD}: {status}")
        out = []
        streams = ElementTree.fromstring(body).findall("d:Period/d:EventStream", NAMESPACE)
        for stream in streams:
            check(stream.get("value") is not None, "an EventStream has @value")
            offset = int(stream.get("presentationTimeOffset", 0))
            timescale = int(stream.get("timescale", 1))
            keys = []
            for event in stream:
                time = int(event.get("presentationTime"))
                check(int(event.get("duration")) > 0, "an event has a duration")
                keys.append((time, int(event.get("id"))))
                out.append(((time - offset) / timescale, keys[-1][1], event.get("messageData")))
            check(keys == sorted(keys), "an EventStream is sorted by time, then id")
        check(len({id_ for _, id_, _ in out}) == len(out), "ids are unique")
        return out


def check_refusals(client):
    """What is no event is refused, with a reason, and changes nothing."""
    before = client.events()
    for name, body in {
        "no JSON": b"metadata=hello",
        "JSON that is cut off": b'{"metadata": "hel',
        "no object": b'["hello"]',
        "no message": b'{"time": 5}',
        "a NUL": b'{"metadata": "a\\u0000b"}',
        "invalid UTF-8": b'{"metadata": "\xff\xfe"}',
        "a message that is too long": b'{"metadata": "' + b"x" * 70_000 + b'"}',
        "a control character": b'{"metadata": "a\\u0007b"}',
        "a time that is no number": b'{"metadata": "m", "time": "soon"}',
        "an unknown stream": b'{"metadata": "m", "stream": "live/nobody"}',
        "nested 10 000 deep": b'{"metadata": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    }.items():
        status, answer = client.request("POST", "/metadata", body)
        check(400 <= status < 500, f"{name}: {status} {answer[:200]!r}")
        check(answer, f"{name}: refused without a reason")
    check(client.events() == before, "a refused event has left a trace")


def main(test):
    need("ffmpeg")
    clip = test.clip("dash", seconds=45, key_frame_every=2)
    server = test.server()
    encoder = test.start("publish", publish_command(clip, server.rtmp()))
    server.wait_alive()
    client = Client(server.http_port)
    wait_for(lambda: client.request("GET", MPD)[0] == 200, 20, "the MPD")

    first = client.post(metadata="at five", time=5)
    note(f"POST answers {first}")
    check([(t, m) for t, _, m in client.events()] == [(5.0, "at five")], "not under its time")
    for text in TEXTS:
        client.post(metadata=text, time=6)
    got = [m for t, _, m in client.events() if t == 6.0]
    check(got == TEXTS, "event texts have changed on their way")
    client.post(metadata="now")
    check("now" in [m for _, _, m in client.events()], "an event without a time")
    check_refusals(client)

    already = len(client.events())
    for n in range(COUNT):
        client.post(metadata=f"event {n}", time=10 + n % 100 * 0.25)
        if n % 100 == 99:
            check(len(client.events()) == already + n + 1, f"events are missing after {n + 1}")
    events = [(t, m) for t, _, m in client.events() if m.startswith("event ")]
    expected = sorted(
        ((10 + n % 100 * 0.25, f"event {n}") for n in range(COUNT)),
        key=lambda e: (e[0], int(e[1][6:])),
    )
    check(events == expected, "the events are not in order")
    note(f"{COUNT} events in order and unique")

    feed = json.loads(client.request("GET", "/metadata_feed?stream=live/app")[1])
    arrived = [e["metadata"] for e in feed if e["metadata"].startswith("event ")]
    check(arrived == [f"event {n}" for n in range(COUNT)], "the feed is not in order of arrival")
    test.validate_mpd(client.request("GET", MPD)[1], "events")
    check(encoder.running(), "the publisher has been disturbed")
    encoder.stop()
    server.wait_ended()
    wait_for(
        lambda: b'type="static"' in client.request("GET", MPD)[1], 20, "the static MPD"
    )
    test.validate_mpd(client.request("GET", MPD)[1], "events-static")
    status, _ = client.request("POST", "/metadata", b'{"metadata": "too late"}')
    if status == 200:
        raise Failure("an event was accepted after the end")


run(main, seconds=90)
