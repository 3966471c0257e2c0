"""What the end-to-end tests share: the server, its peers, clips, and how to compare frames.

Standard library only. A test is a script with a main function that it hands to `run`; it ends with
0 (passed), 1 (failed, with a reason) or 77 (skipped, with a reason). Nothing that it starts
outlives it.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

SKIPPED = 77


class Failure(Exception):
    """The test has failed; the message says why."""


class Skip(Exception):
    """The test cannot run here; the message says what is missing."""


def check(condition, message):
    if not condition:
        raise Failure(message)


def need(*programs):
    """Skips the test unless all these programs are installed."""
    for program in programs:
        if shutil.which(program) is None:
            raise Skip(f"{program} is not installed")


def has_gstreamer(*elements):
    """Is gst-launch-1.0 there, with these elements?"""
    if shutil.which("gst-launch-1.0") is None or shutil.which("gst-inspect-1.0") is None:
        return False
    return all(
        subprocess.run(["gst-inspect-1.0", "--exists", element], check=False).returncode == 0
        for element in elements
    )


def note(message):
    """A line for the log of the test, with the seconds since its start."""
    print(f"[{time.monotonic() - _started:6.2f}] {message}", flush=True)


_started = time.monotonic()


class Peer:
    """A program that the test has started, in a process group of its own."""

    def __init__(self, name, command, folder, stdout=None, stdin=None):
        self.name = name
        self.stdout_path = pathlib.Path(stdout) if stdout else folder / f"{name}.stdout"
        self.stderr_path = folder / f"{name}.stderr"
        note(f"{name}: {shlex.join(map(str, command))}")
        with open(self.stdout_path, "wb") as out, open(self.stderr_path, "wb") as err:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=stdin or subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def wait(self, timeout):
        """Its exit code."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} has not ended in {timeout} s\n{self.tail()}") from None

    def running(self):
        return self.process.poll() is None

    def stop(self, sign=signal.SIGTERM, grace=5):
        """Asks it to end, then makes it."""
        if self.running():
            self.process.send_signal(sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
        self.kill()

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stdout(self):
        return self.stdout_path.read_text(errors="replace")

    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def tail(self, lines=15):
        text = "\n".join(self.stderr().splitlines()[-lines:])
        return f"--- {self.name}, end of stderr:\n{text}"


class Test:
    """One run: its folder, and everything that it has started."""

    def __init__(self, arguments, folder):
        self.programs = pathlib.Path(arguments.programs)
        self.cache = pathlib.Path(arguments.cache)
        self.schemas = pathlib.Path(arguments.schemas)
        self.folder = folder
        self.arguments = arguments
        self.peers = []

    def program(self, name):
        """One of our own programs; the test is skipped if it was not built."""
        path = self.programs / name
        if not path.exists():
            raise Skip(f"{name} is not built")
        return path

    def start(self, name, command, **kwargs):
        peer = Peer(name, command, self.folder, **kwargs)
        self.peers.append(peer)
        return peer

    def run(self, name, command, timeout, **kwargs):
        """Runs a program to its end; fails unless it ends with 0."""
        peer = self.start(name, command, **kwargs)
        code = peer.wait(timeout)
        check(code == 0, f"{name} ended with {code}\n{peer.tail()}")
        return peer

    def server(self, *flags):
        return Server(self, *flags)

    def clip(self, name, seconds, key_frame_every, size="640x360", rate="30", bit_rate="900k"):
        """An MP4 file of H.264 with B-frames and AAC, made once and then kept."""
        self.cache.mkdir(parents=True, exist_ok=True)
        path = self.cache / f"{name}-{seconds}s-{key_frame_every}s-{size}.mp4"
        if path.exists():
            return path
        need("ffmpeg")
        part = self.folder / path.name
        frames = round(key_frame_every * float(rate))
        self.run(
            f"make-{name}",
            ["ffmpeg", "-v", "error", "-nostdin", "-y"]
            + ["-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}"]
            # A tone that rises, so that no two frames are the same.
            + ["-f", "lavfi", "-i", f"aevalsrc=0.4*sin(2*PI*(200+15*t)*t):s=44100:d={seconds}"]
            + ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-bf", "2"]
            + ["-g", frames, "-keyint_min", frames, "-sc_threshold", "0", "-b:v", bit_rate]
            + ["-c:a", "aac", "-ac", "2", "-b:a", "96k", "-shortest", part],
            timeout=240,
        )
        # Another test may be making the same file at the same time: the last one wins.
        staged = path.with_suffix(f".{os.getpid()}")
        shutil.copy(part, staged)
        os.replace(staged, path)
        return path

    def validate_mpd(self, xml, name):
        """Checks an MPD against the schemas, where xmllint and they are installed."""
        if shutil.which("xmllint") is None or not (self.schemas / "catalog.xml").exists():
            note("not validated: xmllint or the MPD schemas are missing")
            return
        path = self.folder / f"{name}.mpd"
        path.write_bytes(xml)
        for edition in ("5th-amd1", "6th-draft"):
            result = subprocess.run(
                ["xmllint", "--nonet", "--noout", "--schema"]
                + [self.schemas / edition / "DASH-MPD.xsd", path],
                env={**os.environ, "XML_CATALOG_FILES": str(self.schemas / "catalog.xml")},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            check(result.returncode == 0, f"{name} against {edition}:\n{result.stderr}\n{xml.decode()}")

    def close(self):
        for peer in reversed(self.peers):
            peer.kill()


class Server:
    """A streamkit-server on ports of its own choice."""

    def __init__(self, test, *flags):
        port_file = test.folder / "ports"
        self.peer = test.start(
            "streamkit-server",
            [test.program("streamkit-server"), "--host", "127.0.0.1", "--rtmp-port", "0"]
            + ["--http-port", "0", "--port-file", port_file, *flags],
        )
        wait_for(lambda: port_file.exists() or not self.peer.running(), 20, "the port file")
        check(self.peer.running(), f"the server has not started\n{self.peer.tail()}")
        ports = dict(line.split("=", 1) for line in port_file.read_text().split())
        self.rtmp_port = int(ports["rtmp"])
        self.http_port = int(ports["http"])

    def rtmp(self, path="live/app"):
        return f"rtmp://127.0.0.1:{self.rtmp_port}/{path}"

    def url(self, path):
        return f"http://127.0.0.1:{self.http_port}{path}"

    def request(self, path, body=None, method=None, headers=None, timeout=15):
        """(status, headers, body); an HTTP error status is an answer, not an exception."""
        request = urllib.request.Request(self.url(path), body, headers or {}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers, error.read()

    def get(self, path):
        status, _, body = self.request(path)
        check(status == 200, f"GET {path}: {status} {body[:300]!r}")
        return body

    def get_json(self, path):
        return json.loads(self.get(path))

    def post_event(self, **fields):
        """The answer to POST /metadata, which must be 200."""
        body = json.dumps(fields).encode()
        status, _, answer = self.request(
            "/metadata", body, headers={"Content-Type": "application/json"}
        )
        check(status == 200, f"POST /metadata {body[:200]!r}: {status} {answer[:300]!r}")
        return json.loads(answer)

    def alive(self, stream="live/app"):
        return self.get_json(f"/stream_alive?stream={stream}")["alive"]

    def wait_alive(self, stream="live/app", timeout=20):
        wait_for(lambda: self.alive(stream), timeout, f"{stream} to be live")

    def wait_ended(self, stream="live/app", timeout=20):
        wait_for(lambda: not self.alive(stream), timeout, f"{stream} to end")


def wait_for(condition, timeout, what):
    """Polls until the condition holds; fails after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        check(time.monotonic() < deadline, f"waited {timeout} s for {what}")
        time.sleep(0.02)


def publish_command(clip, url):
    """FFmpeg as an encoder sends a clip: in real time, payloads as they are."""
    return (
        ["ffmpeg", "-v", "warning", "-nostdin", "-re", "-i", clip]
        + ["-c", "copy", "-f", "flv", url]
    )


def framemd5_command(source, *options, streams="0"):
    """FFmpeg writes one line for each packet: stream, times, size, MD5 of the payload.

    options   of the output, such as "-t", "20"
    streams   which ones, as FFmpeg's -map has it
    """
    return (
        ["ffmpeg", "-v", "warning", "-nostdin", "-i", source]
        + ["-map", streams, "-c", "copy", *options, "-f", "framemd5", "-"]
    )


def parse_framemd5(text):
    """{"video": [(size, hash), …], "audio": […]} of what framemd5 has written."""
    kinds = {}
    frames = {}
    for line in text.splitlines():
        if match := re.match(r"#media_type (\d+): (\w+)", line):
            kinds[int(match[1])] = match[2]
        elif line and not line.startswith("#"):
            stream, _, _, _, size, digest = (field.strip() for field in line.split(",")[:6])
            frames.setdefault(kinds[int(stream)], []).append((int(size), digest))
    return frames


def frames_of(test, name, source):
    """The payloads of a file."""
    return parse_framemd5(test.run(name, framemd5_command(source), timeout=60).stdout())


def frames_of_mpd(test, name, source):
    """The payloads of a static MPD, one stream at a time, read without a word on stderr.

    FFmpeg's DASH reader ends with the stream that ends first: a joint read may lack the last audio
    frame, of its own manifests too.
    """
    frames = {}
    for kind in ("video", "audio"):
        reader = test.run(
            f"{name}-{kind}",
            ["timeout", "-s", "KILL", "60"] + framemd5_command(source, streams=f"0:{kind[0]}"),
            timeout=70,
        )
        check(not reader.stderr(), f"ffmpeg is not silent on the static MPD\n{reader.tail()}")
        frames.update(parse_framemd5(reader.stdout()))
    return frames


def check_equal(got, expected, who):
    """All streams, frame by frame."""
    for kind, frames in expected.items():
        out = got.get(kind, [])
        if out == frames:
            continue
        first = next((i for i, pair in enumerate(zip(out, frames)) if pair[0] != pair[1]), None)
        where = f"; the first that differs is {first}" if first is not None else ""
        raise Failure(f"{who}: {len(out)} of {len(frames)} {kind} frames{where}")
    note(f"{who}: all {' and '.join(f'{len(f)} {k}' for k, f in expected.items())} frames")


def check_run(got, expected, who, at_least, through_end=False):
    """Each stream is a run of the expected one, without a gap.

    at_least    frames of each stream, by its kind
    through_end the run has to reach the last frame
    """
    counts = {}
    for kind, frames in expected.items():
        out = got.get(kind, [])
        check(len(out) >= at_least[kind], f"{who}: only {len(out)} {kind} frames")
        start = next((i for i in range(len(frames)) if frames[i : i + len(out)] == out), None)
        check(start is not None, f"{who}: the {len(out)} {kind} frames are no run of the clip's")
        check(
            not through_end or start + len(out) == len(frames),
            f"{who}: {kind} ends {len(frames) - start - len(out)} frames early",
        )
        counts[kind] = f"{len(out)} {kind} frames from {start}"
    note(f"{who}: {', '.join(counts.values())}")


def run(main, seconds):
    """Runs a test's main function and ends the process with its outcome.

    seconds   after these, the test has failed, whatever it is doing
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", required=True, help="folder of our programs")
    parser.add_argument("--cache", required=True, help="folder for clips that tests share")
    parser.add_argument("--schemas", default="", help="folder of the MPD schemas")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the run")
    parser.add_argument("words", nargs="*", help="which variant of the test")
    arguments = parser.parse_args()

    def out_of_time(*_):
        raise Failure(f"not done after {seconds} s")

    def terminated(*_):
        raise Failure("terminated")

    signal.signal(signal.SIGALRM, out_of_time)
    signal.signal(signal.SIGTERM, terminated)
    signal.alarm(seconds)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="streamkit-e2e-"))
    test = Test(arguments, folder)
    code = 1
    try:
        main(test)
        note("passed")
        code = 0
    except Skip as skip:
        print(f"SKIPPED: {skip}", flush=True)
        code = SKIPPED
    except Exception as error:  # pylint: disable=broad-except
        print(f"FAILED: {error}", flush=True)
        if not isinstance(error, Failure):
            import traceback

            traceback.print_exc()
        for peer in test.peers:
            if peer.name == "streamkit-server":
                print(peer.tail(40), flush=True)
    finally:
        signal.alarm(0)
        test.close()
        if arguments.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(code)
