#include "streamkit/service/file_reader.hpp"

#include <fstream>
#include <string>
#include <vector>

#include "cmaf/synthetic_stream.hpp"
#include "streamkit/flv/errc.hpp"
#include "streamkit/flv/muxer.hpp"
#include "streamkit/service/errc.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

using namespace streamkit;

namespace {

void write(const std::filesystem::path& path, BytesView bytes) {
    std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()),
                                                static_cast<std::streamsize>(bytes.size()));
}

Bytes flv_file(const std::vector<MediaEvent>& events) {
    flv::Muxer muxer;
    const auto header = muxer.header();
    Bytes file{header.view().begin(), header.view().end()};
    for (const auto& event : events) {
        for (const auto& slice : muxer.write(event).value()) {
            file.insert(file.end(), slice.view().begin(), slice.view().end());
        }
    }
    return file;
}

std::vector<Packet> read_all(FileReader& reader) {
    std::vector<Packet> packets;
    while (auto packet = reader.next().value())
        packets.push_back(std::move(*packet));
    return packets;
}

}  // namespace

TEST_CASE("FileReader gives tracks and packets of an FLV file, and again after a rewind",
          "[service]") {
    const test::TemporaryDirectory root;
    const auto path = (root.path() / "clip.flv").string();
    const auto packets = cmaf::test::make_packets({}, 3);
    std::vector<MediaEvent> events{cmaf::test::video_info(), cmaf::test::audio_info()};
    events.insert(events.end(), packets.begin(), packets.end());
    write(path, flv_file(events));

    auto reader = FileReader::open(path);
    REQUIRE(reader);
    REQUIRE(reader->tracks().size() == 2);
    CHECK(reader->tracks()[0].codec == CodecId::h264);
    CHECK(reader->tracks()[1].codec == CodecId::aac);
    CHECK(read_all(*reader) == packets);
    CHECK_FALSE(reader->next().value());
    REQUIRE(reader->rewind());
    CHECK(read_all(*reader) == packets);
}

TEST_CASE("FileReader waits no longer than two seconds for a second track", "[service]") {
    const test::TemporaryDirectory root;
    const auto path = (root.path() / "silent.flv").string();
    const auto packets = cmaf::test::make_packets({.audio = false}, 5);
    std::vector<MediaEvent> events{cmaf::test::video_info()};
    events.insert(events.end(), packets.begin(), packets.end());
    write(path, flv_file(events));
    auto reader = FileReader::open(path);
    REQUIRE(reader);
    CHECK(reader->tracks().size() == 1);
    CHECK(read_all(*reader) == packets);
}

TEST_CASE("FileReader says what is wrong with a file", "[service]") {
    const test::TemporaryDirectory root;
    const auto missing = FileReader::open((root.path() / "missing.flv").string());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == std::errc::no_such_file_or_directory);

    const auto path = (root.path() / "text.flv").string();
    write(path, as_bytes("this is no video, but long enough to have a header"));
    const auto text = FileReader::open(path);
    REQUIRE_FALSE(text);
    CHECK(text.error().code == flv::Errc::not_flv);

    write(path, {});
    CHECK_FALSE(FileReader::open(path));

    write(path, flv_file({}));
    const auto no_tracks = FileReader::open(path);
    REQUIRE_FALSE(no_tracks);
    CHECK(no_tracks.error().code == ServiceErrc::unsupported_file);
}
