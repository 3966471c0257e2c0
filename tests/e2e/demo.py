"""The demo: a live stream with injected events, end to end, and what a stranger sees of it.

Makes a clip (or takes the file named in STREAMKIT_DEMO_INPUT), publishes it with streamkit-push,
which posts events meanwhile, and reads everything back with ffprobe and ffmpeg. With the word
`keep` the server stays up, and the clip goes round, until Ctrl-C.
"""

import json
import os
import pathlib
import signal
import time
import xml.etree.ElementTree as ElementTree

from support import (
    Failure,
    check,
    check_equal,
    frames_of,
    frames_of_mpd,
    need,
    run,
    wait_for,
)

NAMESPACE = {"d": "urn:mpeg:dash:schema:mpd:2011"}
MPD = "/live/app/live-manifest.mpd"
SECONDS = 16
EVENT_EVERY = 0.5
# No longer than the window of the server, so that all of it can be read after the end.
LONGEST_INPUT = 55

results = []


def step(name, value, good=True):
    results.append((name, value, good))
    print(f"  {'ok  ' if good else 'FAIL'}  {name:<44} {value}", flush=True)


def input_clip(test):
    given = os.environ.get("STREAMKIT_DEMO_INPUT")
    if not given:
        return test.clip("demo", seconds=SECONDS, key_frame_every=2, size="1280x720", bit_rate="2M")
    check(pathlib.Path(given).is_file(), f"STREAMKIT_DEMO_INPUT={given} is no file")
    return pathlib.Path(given)


def duration_of(test, clip):
    probe = test.run(
        "probe-clip", ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "json", clip],
        timeout=30,
    )
    return float(json.loads(probe.stdout())["format"]["duration"])


def probe(test, name, url):
    """{codec type: description} of what ffprobe finds at a URL."""
    found = test.run(
        name,
        ["timeout", "-s", "KILL", "40", "ffprobe", "-v", "error", "-show_streams", "-of", "json", url],
        timeout=45,
    )
    streams = {}
    for stream in json.loads(found.stdout())["streams"]:
        kind = stream["codec_type"]
        size = f" {stream['width']}x{stream['height']}" if kind == "video" else ""
        streams.setdefault(kind, f"{stream['codec_name']}{size}")
    return streams


def events_of(server):
    mpd = ElementTree.fromstring(server.get(MPD))
    return [
        (int(event.get("presentationTime")), event.get("messageData"))
        for stream in mpd.findall("d:Period/d:EventStream", NAMESPACE)
        for event in stream
    ]


def print_addresses(server):
    print(
        f"\n  watch   {server.url('/watch')}\n"
        f"  DASH    {server.url(MPD)}\n"
        f"  RTMP    {server.rtmp()}\n",
        flush=True,
    )


def keep_running(test, server, push_command):
    """Loops the clip until Ctrl-C."""
    signal.alarm(0)
    test.start("streamkit-push", push_command + ["--loop", "--metadata-count", "1000000"])
    server.wait_alive()
    print_addresses(server)
    print(f"  curl -d '{{\"metadata\":\"hello\"}}' {server.url('/metadata')}\n\n  Ctrl-C ends it.", flush=True)
    try:
        while server.peer.running():
            time.sleep(0.5)
    except KeyboardInterrupt:
        pass


def while_live(test, server):
    """Reads what a viewer of the live stream reads."""
    wait_for(lambda: server.request(MPD)[0] == 200, 20, "the MPD")
    live = probe(test, "ffprobe-dash", server.url(MPD))
    step("ffprobe reads the live MPD", ", ".join(live.values()), bool(live))
    rtmp = probe(test, "ffprobe-rtmp", server.rtmp())
    step("ffprobe plays over RTMP", ", ".join(rtmp.values()), rtmp == live)
    stream = server.get_json("/api/v1/streams")["streams"][0]
    step("/api/v1/streams names it", stream["name"], stream["name"] == "live/app")
    answer = server.post_event(metadata="from the demo", time=5)
    seen = (5000, "from the demo") in events_of(server)
    step("a POST is in the next GET of the MPD", f"id {answer['id']} at 5 s", seen)


def after_the_end(test, server, expected, posted):
    static = server.get(MPD)
    step("the MPD is static", "", b'type="static"' in static)
    test.validate_mpd(static, "demo")
    step("the MPD follows the schema", f"{len(static)} bytes")
    try:
        check_equal(frames_of_mpd(test, "read-dash", server.url(MPD)), expected, "DASH")
        step("ffmpeg reads it without a word, every frame", f"{sum(map(len, expected.values()))} frames")
    except Failure as failure:
        step("ffmpeg reads it without a word, every frame", str(failure), False)
    pushed = [m for _, m in events_of(server) if m.startswith("message ")]
    wanted = [f"message {n}" for n in range(1, len(pushed) + 1)]
    step("the events are in order", f"{len(pushed)} of streamkit-push", pushed == wanted and len(pushed) >= posted)


def main(test):
    need("ffmpeg", "ffprobe")
    clip = input_clip(test)
    seconds = duration_of(test, clip)
    server = test.server()
    push = [test.program("streamkit-push"), clip, server.rtmp()]
    push += ["--metadata-url", server.url("/metadata"), "--metadata-every", str(EVENT_EVERY)]
    if "keep" in test.arguments.words:
        return keep_running(test, server, push)

    length = min(seconds, LONGEST_INPUT)
    if seconds > LONGEST_INPUT:
        push += ["--duration", str(LONGEST_INPUT)]
    print(f"\n  {clip}, {length:.1f} s, live:", flush=True)
    started = time.monotonic()
    publisher = test.start("streamkit-push", push)
    server.wait_alive()
    while_live(test, server)
    code = publisher.wait(length + 30)
    step("streamkit-push has sent it at its own pace", f"{time.monotonic() - started:.1f} s", code == 0)
    server.wait_ended()
    print("\n  after the end:", flush=True)
    expected = frames_of(test, "clip-frames", clip) if length == seconds else {}
    after_the_end(test, server, expected, posted=int((length - 2) / EVENT_EVERY))
    print_addresses(server)

    failed = [name for name, _, good in results if not good]
    verdict = f"DEMO FAILED: {'; '.join(failed)}" if failed else f"DEMO PASSED: {len(results)} checks"
    print(f"  {verdict}\n  The server is down again; tools/demo --keep leaves one up.\n", flush=True)
    check(not failed, verdict)


run(main, seconds=240)
