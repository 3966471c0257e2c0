"""A live MPD: valid, read without a word by ffmpeg and ffprobe, with the events that are posted."""

import time
import xml.etree.ElementTree as ElementTree

from support import (
    check,
    check_run,
    framemd5_command,
    frames_of,
    need,
    note,
    parse_framemd5,
    publish_command,
    run,
    wait_for,
)

NAMESPACE = {"d": "urn:mpeg:dash:schema:mpd:2011"}
READ_SECONDS = 20


def segments(mpd):
    """How many segments the first AdaptationSet lists."""
    timeline = mpd.find("d:Period/d:AdaptationSet/d:SegmentTemplate/d:SegmentTimeline", NAMESPACE)
    if timeline is None:
        return 0
    return sum(1 + int(s.get("r", 0)) for s in timeline)


def check_live_mpd(test, server):
    xml = server.get("/live/app/live-manifest.mpd")
    mpd = ElementTree.fromstring(xml)
    check(mpd.get("type") == "dynamic", "the MPD of a live stream is dynamic")
    for name in ("availabilityStartTime", "publishTime", "minimumUpdatePeriod"):
        check(mpd.get(name) is not None, f"a dynamic MPD has {name}")
    check(mpd.find("d:UTCTiming", NAMESPACE) is not None, "the MPD has UTCTiming")
    test.validate_mpd(xml, "live-manifest")
    plain = server.get("/live/app/manifest.mpd")
    test.validate_mpd(plain, "manifest")
    check(b"EventStream" not in plain, "manifest.mpd has no events")
    return mpd.get("availabilityStartTime")


def main(test):
    need("ffmpeg", "ffprobe")
    clip = test.clip("dash", seconds=45, key_frame_every=2)
    expected = frames_of(test, "clip-frames", clip)
    server = test.server()
    url = server.url("/live/app/live-manifest.mpd")
    encoder = test.start("publish", publish_command(clip, server.rtmp()))
    server.wait_alive()
    wait_for(lambda: server.request("/live/app/live-manifest.mpd")[0] == 200, 20, "the MPD")
    wait_for(
        lambda: segments(ElementTree.fromstring(server.get("/live/app/live-manifest.mpd"))) >= 4,
        30,
        "four segments",
    )
    start = check_live_mpd(test, server)
    reader = test.start(
        "read-ffmpeg",
        ["timeout", "-s", "KILL", str(3 * READ_SECONDS)]
        + framemd5_command(url, "-t", str(READ_SECONDS)),
    )
    probe = test.start(
        "read-ffprobe",
        ["timeout", "-s", "KILL", "30", "ffprobe", "-v", "warning"]
        + ["-show_entries", "stream=codec_name", url],
    )
    # Meanwhile, events: each is in the MPD that is fetched next.
    for n in range(10):
        server.post_event(metadata=f"message {n}")
        check(
            f'messageData="message {n}"'.encode() in server.get("/live/app/live-manifest.mpd"),
            f"event {n} is not in the next MPD",
        )
        time.sleep(0.3)

    check(probe.wait(40) == 0, f"ffprobe failed\n{probe.tail()}")
    check(not probe.stderr(), f"ffprobe is not silent\n{probe.tail()}")
    check("h264" in probe.stdout() and "aac" in probe.stdout(), probe.stdout())
    check(reader.wait(70) == 0, f"ffmpeg failed\n{reader.tail()}")
    check(not reader.stderr(), f"ffmpeg is not silent\n{reader.tail()}")
    seconds = READ_SECONDS - 1
    check_run(
        parse_framemd5(reader.stdout()),
        expected,
        "DASH, live",
        at_least={"video": 30 * seconds, "audio": 43 * seconds},
    )
    if encoder.running():
        check(check_live_mpd(test, server) == start, "availabilityStartTime never moves")
    note("stopping the publisher")
    encoder.stop()
    server.wait_ended()


run(main, seconds=115)
