#include "media_directory.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace streamkit;
using test::TemporaryDirectory;

namespace {

SharedBuffer buffer(std::string_view text) { return SharedBuffer::copy_of(as_bytes(text)); }

void touch(const std::filesystem::path& path) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << "old";
}

std::string content(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("a media folder is cleaned of the last run's files and of nothing else", "[service]") {
    const TemporaryDirectory root;
    const char* const ours[] = {"live/app/manifest.mpd", "live/app/live-manifest.mpd",
                                "live/app/init-x-1.mp4", "live/app/x-1-0.m4s",
                                "live/app/x-1-0.m4s.tmp"};
    const char* const theirs[] = {".gitkeep", "live/app/.gitkeep", "live/app/film.mp4",
                                  "notes.txt"};
    for (const auto* name : ours)
        touch(root.path() / name);
    for (const auto* name : theirs)
        touch(root.path() / name);
    {
        MediaDirectory disk{root.path(), {}};
        REQUIRE(disk.start());
    }
    for (const auto* name : ours)
        CHECK_FALSE(std::filesystem::exists(root.path() / name));
    for (const auto* name : theirs)
        CHECK(std::filesystem::exists(root.path() / name));
}

TEST_CASE("what is queued is on disk when the media folder is closed", "[service]") {
    const TemporaryDirectory root;
    {
        MediaDirectory disk{root.path() / "made", {}};
        REQUIRE(disk.start());
        disk.write_object("live/app", "a.m4s", {buffer("one, "), buffer("two")});
        disk.write_object("live/app", "b.m4s", {buffer("gone")});
        disk.write_manifest("live/app", "manifest.mpd", buffer("first"));
        disk.write_manifest("live/app", "manifest.mpd", buffer("second"));
        disk.remove_object("live/app", "b.m4s");
    }
    const auto folder = root.path() / "made/live/app";
    CHECK(content(folder / "a.m4s") == "one, two");
    CHECK(content(folder / "manifest.mpd") == "second");
    CHECK_FALSE(std::filesystem::exists(folder / "b.m4s"));
    CHECK(std::distance(std::filesystem::directory_iterator{folder}, {}) == 2);
}

TEST_CASE("an object of very many slices is written in full", "[service]") {
    const TemporaryDirectory root;
    std::string expected;
    {
        MediaDirectory disk{root.path(), {}};
        REQUIRE(disk.start());
        std::vector<SharedBuffer> slices;
        for (int i = 0; i < 3000; ++i) {
            const auto text = std::to_string(i) + ",";
            expected += text;
            slices.push_back(buffer(text));
        }
        disk.write_object("s", "many.m4s", std::move(slices));
    }
    CHECK(content(root.path() / "s/many.m4s") == expected);
}

TEST_CASE("no manifest lists what could not be written", "[service]") {
    const TemporaryDirectory root;
    // A folder in the place of the file: the rename fails, for root too.
    std::filesystem::create_directories(root.path() / "s/bad.m4s/in-the-way");
    {
        MediaDirectory disk{root.path(), {}};
        REQUIRE(disk.start());
        disk.write_manifest("s", "manifest.mpd", buffer("before"));
        disk.write_object("s", "bad.m4s", {buffer("x")});
        disk.write_manifest("s", "manifest.mpd", buffer("lists bad.m4s"));
        disk.write_manifest("other", "manifest.mpd", buffer("goes on"));
    }
    CHECK(content(root.path() / "s/manifest.mpd") == "before");
    CHECK(content(root.path() / "other/manifest.mpd") == "goes on");
    CHECK_FALSE(std::filesystem::exists(root.path() / "s/bad.m4s.tmp"));
    {
        MediaDirectory disk{root.path(), {}};
        REQUIRE(disk.start());
        disk.write_object("s", "bad.m4s", {buffer("x")});
        disk.remove_object("s", "bad.m4s");  // it left the window
        disk.write_manifest("s", "manifest.mpd", buffer("after"));
    }
    CHECK(content(root.path() / "s/manifest.mpd") == "after");
}

TEST_CASE("a media folder that cannot be made is an error at the start", "[service]") {
    const TemporaryDirectory root;
    touch(root.path() / "file");
    MediaDirectory disk{root.path() / "file/below", {}};
    const auto started = disk.start();
    REQUIRE_FALSE(started);
    CHECK(std::string_view{started.error().what} == "create media folder");
}
