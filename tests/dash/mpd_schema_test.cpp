// Our MPDs against the schemas of ISO/IEC 23009-1, by xmllint. Skipped where either is missing.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "presentations.hpp"
#include "streamkit/dash/mpd_writer.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::dash;
using streamkit::dash::test::ended_presentation;
using streamkit::dash::test::live_presentation;
using streamkit::dash::test::timed_event;

namespace {

const std::filesystem::path kSchemas = STREAMKIT_DASH_SCHEMA_DIR;
const std::string kXmllint = STREAMKIT_XMLLINT;

/// A file that is gone with its owner.
class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& content) {
        static int count = 0;
        path_ = std::filesystem::current_path() / ("schema-test-" + std::to_string(++count));
        std::ofstream{path_, std::ios::binary} << content;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { std::filesystem::remove(path_); }
    [[nodiscard]] std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

bool is_valid(const std::string& xml, const char* edition) {
    const TemporaryFile file{xml};
    const auto command = "XML_CATALOG_FILES='" + (kSchemas / "catalog.xml").string() + "' '" +
                         kXmllint + "' --nonet --noout --schema '" +
                         (kSchemas / edition / "DASH-MPD.xsd").string() + "' '" + file.path() + "'";
    return std::system(command.c_str()) == 0;
}

}  // namespace

TEST_CASE("MPDs follow the schemas of the 5th and the 6th edition", "[dash][schema]") {
    if (kXmllint.empty()) SKIP("xmllint is not installed: apt install libxml2-utils");
    if (!std::filesystem::exists(kSchemas / "catalog.xml")) {
        SKIP("no MPD schemas in STREAMKIT_DASH_SCHEMA_DIR");
    }
    MpdOptions everything;
    everything.events = WithEvents::yes;
    everything.event_streams.push_back({"urn:scte:scte35:2014:xml+bin", ""});
    everything.location = "http://[::1]:8080/live/app/live-manifest.mpd?token=a&b=c";
    everything.base_url = "http://cdn.example/live/app/";
    everything.target_latency = std::chrono::milliseconds{1500};

    auto live = live_presentation();
    live.events = {timed_event(1, 0, "plain"), timed_event(2, 5, "<a href=\"x\">&\n\x01\xff'</a>"),
                   timed_event(0xffffffff, 1'000'000'000'000, "")};
    auto ended = ended_presentation();
    ended.events = live.events;
    auto empty = live_presentation();
    for (auto& track : empty.tracks) {
        track.segments.clear();
        track.bandwidth = 0;
        track.frame_rate_numerator = 0;
        track.info.audio = {};
    }
    for (const auto* edition : {"5th-amd1", "6th-draft"}) {
        INFO(edition);
        CHECK(is_valid(write_mpd(live, {}), edition));
        CHECK(is_valid(write_mpd(live, everything), edition));
        CHECK(is_valid(write_mpd(ended, {}), edition));
        CHECK(is_valid(write_mpd(ended, everything), edition));
        CHECK(is_valid(write_mpd(empty, {}), edition));
        // and the check can fail
        CHECK_FALSE(is_valid(R"(<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>)", edition));
    }
}
