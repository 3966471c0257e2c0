"""The examples do what their first line says."""

import re
import signal

from support import check, check_equal, frames_of, frames_of_mpd, need, note, parse_framemd5, run, wait_for


def main(test):
    need("ffmpeg", "ffprobe")
    clip = test.clip("example", seconds=4, key_frame_every=1)
    flv = test.folder / "clip.flv"
    test.run(
        "make-flv", ["ffmpeg", "-v", "error", "-nostdin", "-i", clip, "-c", "copy", flv], timeout=30
    )
    expected = frames_of(test, "clip-frames", clip)

    packager = test.program("example_flv_to_dash")
    test.run("example_flv_to_dash", [packager, flv, test.folder / "site"], timeout=30)
    manifest = test.folder / "site" / "manifest.mpd"
    check_equal(frames_of_mpd(test, "read-dash", manifest), expected, "flv_to_dash")
    test.validate_mpd(manifest.read_bytes(), "flv_to_dash")
    check(b"urn:scte:scte35:2013:bin" in manifest.read_bytes(), "the ad marker is in the MPD")

    server = test.start(
        "example_rtmp_server", [test.program("example_rtmp_server"), "127.0.0.1:0"]
    )
    wait_for(lambda: "listening on port" in server.stdout(), 20, "the server")
    port = re.search(r"port (\d+)", server.stdout())[1]
    push = test.program("example_push_file")
    wrong = test.start("wrong-key", [push, flv, f"rtmp://127.0.0.1:{port}/live/guess"])
    check(wrong.wait(20) == 1, "a wrong key is refused")
    url = f"rtmp://127.0.0.1:{port}/live/letmein"
    publisher = test.start("example_push_file", [push, flv, url])
    played = {}

    def plays():
        player = test.start(
            "play", ["ffmpeg", "-v", "error", "-nostdin", "-i", url, "-c", "copy", "-f", "framemd5", "-"]
        )
        player.wait(30)
        played.update(parse_framemd5(player.stdout()))
        return played.get("video")

    wait_for(plays, 20, "a player to get the stream")
    check(publisher.wait(30) == 0, f"push_file failed\n{publisher.tail()}")
    note(f"played {len(played['video'])} frames")
    server.process.send_signal(signal.SIGTERM)
    check(server.wait(20) == 0, f"the server has not ended in order\n{server.tail()}")


run(main, seconds=120)
