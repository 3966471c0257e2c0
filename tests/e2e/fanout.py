"""Two streams at once, ten players each: all get all frames of theirs and none of the other's."""

from support import (
    check,
    check_equal,
    check_run,
    framemd5_command,
    frames_of,
    need,
    parse_framemd5,
    publish_command,
    run,
)

PLAYERS = 10


def main(test):
    need("ffmpeg")
    clips = {
        "live/one": test.clip("one", seconds=18, key_frame_every=15, size="640x360"),
        "live/two": test.clip("two", seconds=18, key_frame_every=15, size="320x240"),
    }
    expected = {
        stream: frames_of(test, f"frames-{clip.stem}", clip) for stream, clip in clips.items()
    }
    server = test.server()
    encoders = [
        test.start(f"publish-{stream[5:]}", publish_command(clip, server.rtmp(stream)))
        for stream, clip in clips.items()
    ]
    for stream in clips:
        server.wait_alive(stream)
    players = [
        (stream, test.start(f"play-{stream[5:]}-{i}", framemd5_command(server.rtmp(stream))))
        for i in range(PLAYERS)
        for stream in clips
    ]
    for encoder in encoders:
        check(encoder.wait(60) == 0, f"the publisher failed\n{encoder.tail()}")
    for stream, player in players:
        check(player.wait(30) == 0, f"{player.name} failed\n{player.tail()}")
        got = parse_framemd5(player.stdout())
        video, audio = expected[stream]["video"], expected[stream]["audio"]
        check_equal({"video": got.get("video")}, {"video": video}, player.name)
        # Audio that came before the first key frame is not kept for those who come later.
        check_run(
            {"audio": got.get("audio", [])},
            {"audio": audio},
            player.name,
            at_least={"audio": len(audio) - 5},
            through_end=True,
        )


run(main, seconds=110)
