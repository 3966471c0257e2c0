#include "streamkit/service/dash_files.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "cmaf/synthetic_stream.hpp"
#include "streamkit/dash/mpd_reader.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace streamkit;

namespace {

const std::array kTracks{cmaf::test::video_info(), cmaf::test::audio_info()};

std::string content(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("DashFiles writes init segments, media segments and a static manifest", "[service]") {
    const test::TemporaryDirectory root;
    DashFiles packager{{.output = root.path() / "site/talk"}};
    REQUIRE(packager.add_tracks(kTracks));
    TimedEvent event;
    event.scheme_id_uri = "urn:test";
    event.time = {1500, 1000};
    event.duration = {30, 1};
    event.message = {'a', 'd'};
    REQUIRE(packager.add(event));
    for (const auto& packet : cmaf::test::make_packets({}, 5)) {
        REQUIRE(packager.write(packet));
    }
    REQUIRE(packager.finish());

    const auto folder = root.path() / "site/talk";
    const auto mpd = dash::read_mpd(content(folder / "manifest.mpd"));
    REQUIRE(mpd);
    CHECK(content(folder / "manifest.mpd").find("type=\"static\"") != std::string::npos);
    REQUIRE(mpd->periods.size() == 1);
    const auto& period = mpd->periods.front();
    CHECK(period.adaptation_sets.size() == 2);
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        CHECK(entry.file_size() > 0);
        CHECK(entry.path().extension() != ".tmp");
        ++files;
    }
    CHECK(files == 1 + 2 + 2 * 3);  // manifest, init segments, 5 s in segments of 2 s
    CHECK(content(folder / "manifest.mpd").find("messageData=\"ad\"") != std::string::npos);
}

TEST_CASE("DashFiles says when the disk takes nothing", "[service]") {
    const test::TemporaryDirectory root;
    std::ofstream{root.path() / "file"} << "in the way";
    DashFiles packager{{.output = root.path() / "file/below"}};
    auto result = packager.add_tracks(kTracks);
    for (const auto& packet : cmaf::test::make_packets({}, 3)) {
        if (!result) break;
        result = packager.write(packet);
    }
    if (result) result = packager.finish();
    REQUIRE_FALSE(result);
    CHECK(std::string_view{result.error().what} == "write segment");
}
