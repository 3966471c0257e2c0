"""A clip goes in over RTMP and comes out, byte for byte, at three RTMP players and over DASH.

Variants, by who publishes: ffmpeg, gstreamer, push (streamkit-push).
"""

import shutil
import xml.etree.ElementTree as ElementTree

from support import (
    Skip,
    check,
    check_equal,
    check_run,
    framemd5_command,
    frames_of,
    frames_of_mpd,
    has_gstreamer,
    need,
    note,
    parse_framemd5,
    publish_command,
    run,
    wait_for,
)

STATIC_AFTER = 20  # seconds, for the server to see the end and close the last segment


def publisher(test, variant, clip, url):
    """The command that publishes the clip in real time."""
    if variant == "ffmpeg":
        return publish_command(clip, url)
    if variant == "push":
        return [test.program("streamkit-push"), clip, url]
    if not has_gstreamer("rtmp2sink", "flvdemux", "flvmux", "h264parse", "aacparse"):
        raise Skip("GStreamer with rtmp2sink is not installed")
    # From FLV: qtdemux would cut at the edit list.
    flv = test.folder / "clip.flv"
    test.run("to-flv", ["ffmpeg", "-v", "error", "-nostdin", "-i", clip, "-c", "copy", flv], 60)
    return (
        ["gst-launch-1.0", "-q", "filesrc", f"location={flv}", "!", "flvdemux", "name=in"]
        + ["flvmux", "name=out", "streamable=true", "!", "rtmp2sink", f"location={url}"]
        + ["in.video", "!", "queue", "!", "h264parse", "!", "out.video"]
        + ["in.audio", "!", "queue", "!", "aacparse", "!", "out.audio"]
    )


def start_players(test, url):
    """{name: function that gives the frames it got, once it has ended}"""
    ffmpeg = test.start("play-ffmpeg", framemd5_command(url))
    players = {"ffmpeg": (ffmpeg, lambda: parse_framemd5(ffmpeg.stdout()))}
    if shutil.which("rtmpdump") is None:
        note("rtmpdump is not installed: not tried")
    else:
        flv = test.folder / "rtmpdump.flv"
        peer = test.start("play-rtmpdump", ["rtmpdump", "-q", "--live", "-r", url, "-o", flv])
        players["rtmpdump"] = (peer, lambda: frames_of(test, "rtmpdump-frames", flv))
    if not has_gstreamer("rtmp2src"):
        note("GStreamer with rtmp2src is not installed: not tried")
    else:
        out = test.folder / "gstreamer.flv"
        peer = test.start(
            "play-gstreamer",
            ["gst-launch-1.0", "-q", "rtmp2src", f"location={url}", "!"]
            + ["filesink", f"location={out}"],
        )
        players["gstreamer"] = (peer, lambda: frames_of(test, "gstreamer-frames", out))
    return players


def check_static_dash(test, server, expected):
    """After the end the MPD is static, and readers take the whole clip from it in silence."""
    path = "/live/app/manifest.mpd"

    def mpd():
        return ElementTree.fromstring(server.get(path))

    wait_for(lambda: mpd().get("type") == "static", STATIC_AFTER, "the static MPD")
    check(mpd().get("minimumUpdatePeriod") is None, "a static MPD has no minimumUpdatePeriod")
    check(mpd().get("mediaPresentationDuration") is not None, "a static MPD has a duration")
    for name in ("manifest.mpd", "live-manifest.mpd"):
        test.validate_mpd(server.get(f"/live/app/{name}"), f"static-{name}")

    check_equal(frames_of_mpd(test, "dash", server.url(path)), expected, "DASH, static")
    reader = test.run("dash-together", framemd5_command(server.url(path)), timeout=60)
    check(not reader.stderr(), f"ffmpeg is not silent on the static MPD\n{reader.tail()}")
    check_run(
        parse_framemd5(reader.stdout()),
        expected,
        "DASH, static, both streams at once",
        at_least={"video": len(expected["video"]), "audio": len(expected["audio"]) - 2},
    )
    probe = test.run(
        "dash-ffprobe",
        ["ffprobe", "-v", "warning", "-show_entries", "stream=codec_name", server.url(path)],
        timeout=60,
    )
    check(not probe.stderr(), f"ffprobe is not silent on the static MPD\n{probe.tail()}")


def main(test):
    need("ffmpeg", "ffprobe")
    variant = test.arguments.words[0] if test.arguments.words else "ffmpeg"
    # One key frame at the start and one half way: who comes within 6 s gets all frames.
    clip = test.clip("rtmp", seconds=12, key_frame_every=6)
    expected = frames_of(test, "clip-frames", clip)
    server = test.server()
    command = publisher(test, variant, clip, server.rtmp())
    encoder = test.start("publish", command)
    server.wait_alive()
    players = start_players(test, server.rtmp())

    check(encoder.wait(60) == 0, f"the publisher failed\n{encoder.tail()}")
    server.wait_ended()
    for name, (peer, frames) in players.items():
        code = peer.wait(20)
        # rtmpdump calls a live stream that ends incomplete: 2.
        check(code == 0 or (name, code) == ("rtmpdump", 2), f"{name} ended with {code}\n{peer.tail()}")
        got = frames()
        check_equal({"video": got.get("video")}, {"video": expected["video"]}, f"RTMP to {name}")
        # Audio that came before the first key frame is not kept for those who come later.
        check_run(
            {"audio": got.get("audio", [])},
            {"audio": expected["audio"]},
            f"RTMP to {name}",
            at_least={"audio": len(expected["audio"]) - 5},
            through_end=True,
        )
    check_static_dash(test, server, expected)


run(main, seconds=110)
