#!/usr/bin/env python3
"""Tests of the lints beside this file: each fault that they are there for is found, and plain code passes."""

import tempfile
import unittest
from pathlib import Path

import coroutines
import layers


class Coroutines(unittest.TestCase):
    def faults(self, code):
        return [what for _, what in coroutines.check(code)]

    def test_finds(self):
        for code in (
            "co_await f(Limits{1, 2});",
            "co_await f({1, 2});",
            "co_await f({.x = a});",
            "auto r = co_await f(a, [a] { return a; });",
            "co_await f([&](int x) { return x; });",
            "co_await f([this]() mutable { go(); });",
            "if (co_await f(Agg{a})) { return; }",
            "co_spawn(ex, [s = std::move(s)]() -> asio::awaitable<void> { co_return; }, asio::detached);",
            "auto [ec, n] = co_await read(buffer);",
        ):
            self.assertEqual(len(self.faults(code)), 1, code)

    def test_passes(self):
        for code in (
            "const auto read = co_await socket.async_read_some(buffer, use_awaitable);",
            "if (co_await f(a)) { x = Agg{1, 2}; }",
            "while (auto more = co_await next(reader)) { g({1}); }",
            "{ Agg a{1, 2}; co_await f(a); }",
            "// co_await f({1, 2});\n",
            'co_await f("{", \'{\');',
            "co_await f([](int x) { return x; });",
            "const Limits limits{1, 2};\nauto r = co_await f(limits);\nauto& [ec, n] = r;",
            "co_await f(table[i], [] { return 1; });",
            "void f() { g([this] { h(); }); }",
            "co_spawn(ex, run(std::move(self)), asio::detached);",
        ):
            self.assertEqual(self.faults(code), [], code)

    def test_names_the_line(self):
        self.assertEqual([line for line, _ in coroutines.check("\n/* x\n */\nco_await f({1});")], [4])


class Layers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.write("cmake/modules.txt", "# rank module\n0 base\n4 rtmp\n5 live\n6 net av\n7 service\nnever service av\n")
        for module, uses in (("base", ""), ("rtmp", "base"), ("live", "rtmp"), ("net", "base"), ("av", "base"), ("service", "net")):
            self.write(f"lib/{module}/CMakeLists.txt", f"streamkit_module({module} SOURCES a.cpp USES {uses})\n")
        self.write("include/streamkit/base/bytes.hpp", "#include <vector>\n")

    def tearDown(self):
        self.folder.cleanup()

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def faults(self, path, text):
        self.write(path, text)
        found = layers.check(layers.Tree(self.root))
        (self.root / path).unlink()
        return found

    def test_finds(self):
        for path, text in (
            ("lib/base/a.cpp", '#include "streamkit/rtmp/session.hpp"\n'),
            ("lib/rtmp/a.cpp", '#include "streamkit/live/hub.hpp"\n'),
            ("lib/rtmp/a.cpp", '#include "streamkit/nothing/x.hpp"\n'),
            ("lib/service/a.cpp", '#include "streamkit/av/file.hpp"\n'),
            ("lib/av/a.cpp", '#include "streamkit/rtmp/session.hpp"\n'),
            ("lib/live/a.cpp", "#include <asio.hpp>\n"),
            ("lib/av/a.cpp", "#include <asio/ip/tcp.hpp>\n"),
            ("lib/net/a.cpp", "#include <libavformat/avformat.h>\n"),
            ("include/streamkit/av/a.hpp", "#include <libavformat/avformat.h>\n"),
            ("include/streamkit/rtmp/a.hpp", "#include <llhttp.h>\n"),
            ("lib/rtmp/a.cpp", "#include <thread>\n"),
            ("lib/rtmp/a.cpp", "#include <sys/socket.h>\n"),
            ("lib/rtmp/a.cpp", "auto t = std::chrono::steady_clock::now();\n"),
            ("lib/base/bytes.cpp", '#include <vector>\n#include "streamkit/base/bytes.hpp"\n'),
            ("apps/server/main.cpp", "#include <libavformat/avformat.h>\n"),
        ):
            self.assertEqual(len(self.faults(path, text)), 1, (path, text))

    def test_passes(self):
        for path, text in (
            ("lib/live/a.cpp", '#include "streamkit/base/bytes.hpp"\n'),
            ("lib/rtmp/a.cpp", '#include "streamkit/version.hpp"\n// steady_clock::now\n'),
            ("lib/net/a.cpp", "#include <asio.hpp>\n#include <sys/socket.h>\n"),
            ("include/streamkit/net/a.hpp", "#include <asio.hpp>\n"),
            ("lib/av/a.cpp", "#include <libavformat/avformat.h>\n"),
            ("lib/base/bytes.cpp", '#include "streamkit/base/bytes.hpp"\n\n#include <vector>\n'),
        ):
            self.assertEqual(self.faults(path, text), [], (path, text))


if __name__ == "__main__":
    unittest.main()
