#include "streamkit/av/file_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <vector>

#include "clip.hpp"
#include "streamkit/aac/audio_specific_config.hpp"
#include "streamkit/av/errc.hpp"
#include "streamkit/av/ffmpeg_log.hpp"
#include "streamkit/h264/avc_config.hpp"
#include "streamkit/h264/nal_unit.hpp"
#include "streamkit/h264/sps.hpp"
#include "support/catch.hpp"

namespace streamkit::av {
namespace {

using test::Approx;
using test::ClipFolder;

/// FFmpeg's complaints about bad files are expected here.
const bool kSilent = (redirect_ffmpeg_log(Logger{}), true);

std::vector<Packet> read_all(PacketSource& source) {
    std::vector<Packet> packets;
    for (;;) {
        auto packet = source.next();
        REQUIRE(packet);
        if (!*packet) return packets;
        packets.push_back(**std::move(packet));
    }
}

std::vector<SharedBuffer> payloads(const std::vector<Packet>& packets, TrackId track) {
    std::vector<SharedBuffer> result;
    for (const auto& packet : packets) {
        if (packet.track == track) result.push_back(packet.payload);
    }
    return result;
}

/// The slices only: a transport stream repeats parameter sets and has delimiters.
std::vector<Bytes> slices(const std::vector<SharedBuffer>& samples) {
    std::vector<Bytes> result;
    for (const auto& sample : samples) {
        h264::NalUnitReader reader{sample, 4};
        while (const auto nal_unit = reader.next()) {
            const auto type = h264::nal_unit_type(*nal_unit);
            if (type == h264::NalUnitType::slice || type == h264::NalUnitType::slice_idr) {
                result.emplace_back(nal_unit->begin(), nal_unit->end());
            }
        }
        CHECK(reader.ok());
    }
    return result;
}

TEST_CASE("an MP4 file gives its tracks and packets", "[av][file_reader]") {
    STREAMKIT_NEEDS_FFMPEG();
    const ClipFolder folder;
    REQUIRE(folder.make_clip("clip.mp4"));
    auto reader = FileReader::open(folder.file("clip.mp4"));
    REQUIRE(reader);
    REQUIRE(reader->tracks().size() == 2);

    const auto& video = reader->tracks()[0];
    CHECK(video.id == 1);
    CHECK(video.kind == TrackKind::video);
    CHECK(video.codec == CodecId::h264);
    CHECK(video.video == VideoFormat{320, 180, 25});
    const auto avc = h264::AvcConfig::parse(video.codec_config);
    REQUIRE(avc);
    CHECK(avc->sps.size() == 1);

    const auto& audio = reader->tracks()[1];
    CHECK(audio.id == 2);
    CHECK(audio.kind == TrackKind::audio);
    CHECK(audio.codec == CodecId::aac);
    CHECK(audio.audio == AudioFormat{44'100, 2});
    CHECK(aac::AudioSpecificConfig::parse(audio.codec_config));

    const auto packets = read_all(*reader);
    std::map<TrackId, Timestamp> last;
    std::size_t frames = 0;
    std::size_t key_frames = 0;
    bool reordered = false;
    for (const auto& packet : packets) {
        CHECK_FALSE(packet.payload.empty());
        if (last.contains(packet.track)) CHECK(last[packet.track] < packet.dts);
        last[packet.track] = packet.dts;
        if (packet.track != video.id) {
            CHECK(packet.key_frame);
            continue;
        }
        ++frames;
        if (packet.key_frame) ++key_frames;
        if (packet.pts != packet.dts) reordered = true;
        CHECK(packet.dts.timescale == video.timescale);
    }
    CHECK(frames == 50);
    CHECK(key_frames == 2);
    CHECK(reordered);
    CHECK(last[audio.id].seconds() == Approx(2).margin(0.1));
    CHECK(reader->next().value() == std::nullopt);
}

TEST_CASE("the payloads are the same whatever the container", "[av][file_reader]") {
    STREAMKIT_NEEDS_FFMPEG();
    const ClipFolder folder;
    REQUIRE(folder.make_clip("clip.mp4"));
    auto mp4 = FileReader::open(folder.file("clip.mp4"));
    REQUIRE(mp4);
    const auto expected = read_all(*mp4);
    for (const auto* name : {"clip.flv", "clip.mkv", "clip.ts"}) {
        CAPTURE(name);
        REQUIRE(folder.make("-i clip.mp4 -c copy", name));
        auto reader = FileReader::open(folder.file(name));
        REQUIRE(reader);
        REQUIRE(reader->tracks().size() == 2);
        const std::string_view container{name};
        if (container.ends_with(".ts")) {
            CHECK(reader->tracks()[0].timescale == 90'000);
        } else {
            CHECK(reader->tracks()[0].timescale == 1'000);
            CHECK(reader->tracks()[0].codec_config == mp4->tracks()[0].codec_config);
        }
        const auto config = h264::AvcConfig::parse(reader->tracks()[0].codec_config);
        REQUIRE(config);
        CHECK(config->sps == h264::AvcConfig::parse(mp4->tracks()[0].codec_config)->sps);
        // A longer spelling of the same configuration is allowed (explicit SBR signalling).
        const auto sound = aac::AudioSpecificConfig::parse(reader->tracks()[1].codec_config);
        REQUIRE(sound);
        CHECK(sound->sample_rate() == 44'100);

        const auto packets = read_all(*reader);
        CHECK(slices(payloads(packets, 1)) == slices(payloads(expected, 1)));
        CHECK(payloads(packets, 2) == payloads(expected, 2));
    }
}

TEST_CASE("elementary streams and sound alone are read", "[av][file_reader]") {
    STREAMKIT_NEEDS_FFMPEG();
    const ClipFolder folder;
    REQUIRE(folder.make_clip("clip.mp4"));
    SECTION("H.264 of Annex B") {
        REQUIRE(folder.make("-i clip.mp4 -c:v copy -an", "clip.h264"));
        auto reader = FileReader::open(folder.file("clip.h264"));
        REQUIRE(reader);
        REQUIRE(reader->tracks().size() == 1);
        // With B-frames, nothing in the file says when a picture is due.
        const auto packet = reader->next();
        REQUIRE_FALSE(packet);
        CHECK(packet.error().code == Errc::missing_timestamp);
    }
    SECTION("ADTS") {
        REQUIRE(folder.make("-i clip.mp4 -c:a copy -vn", "clip.aac"));
        auto reader = FileReader::open(folder.file("clip.aac"));
        REQUIRE(reader);
        REQUIRE(reader->tracks().size() == 1);
        CHECK(reader->tracks()[0].codec == CodecId::aac);
        CHECK(aac::AudioSpecificConfig::parse(reader->tracks()[0].codec_config));
        auto mp4 = FileReader::open(folder.file("clip.mp4"));
        REQUIRE(mp4);
        CHECK(payloads(read_all(*reader), 1) == payloads(read_all(*mp4), 2));
    }
    SECTION("MP3 with a cover") {
        REQUIRE(folder.make("-i clip.mp4 -frames:v 1", "cover.png"));
        if (!folder.make("-i clip.mp4 -i cover.png -map 0:a -map 1:v -c:a libmp3lame "
                         "-disposition:v attached_pic",
                         "clip.mp3")) {
            SKIP("this ffmpeg has no MP3 encoder");
        }
        auto reader = FileReader::open(folder.file("clip.mp3"));
        REQUIRE(reader);
        REQUIRE(reader->tracks().size() == 1);
        CHECK(reader->tracks()[0].codec == CodecId::mp3);
        CHECK(read_all(*reader).size() > 50);
    }
}

TEST_CASE("a transport stream that begins anywhere is read from its first parameter sets",
          "[av][file_reader]") {
    STREAMKIT_NEEDS_FFMPEG();
    const ClipFolder folder;
    REQUIRE(folder.make_clip("clip.ts"));
    std::ifstream whole{folder.file("clip.ts"), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{whole}, {}};
    std::ofstream{folder.file("cut.ts"), std::ios::binary} << bytes.substr(188 * 20);
    auto reader = FileReader::open(folder.file("cut.ts"));
    REQUIRE(reader);
    REQUIRE(reader->tracks().size() == 2);
    const auto packets = read_all(*reader);
    CHECK(payloads(packets, 1).size() >= 25);
}

TEST_CASE("rewind gives the same packets again", "[av][file_reader]") {
    STREAMKIT_NEEDS_FFMPEG();
    const ClipFolder folder;
    REQUIRE(folder.make_clip("clip.mp4"));
    for (const auto* name : {"clip.mp4", "clip.flv", "clip.ts"}) {
        CAPTURE(name);
        if (name != std::string_view{"clip.mp4"}) REQUIRE(folder.make("-i clip.mp4 -c copy", name));
        auto reader = FileReader::open(folder.file(name));
        REQUIRE(reader);
        const auto tracks = reader->tracks();
        const auto first = read_all(*reader);
        REQUIRE(reader->rewind());
        CHECK(read_all(*reader) == first);
        CHECK(tracks.data() == reader->tracks().data());
    }
}

TEST_CASE("rewind notices another file in the place of the first", "[av][file_reader]") {
    STREAMKIT_NEEDS_FFMPEG();
    const ClipFolder folder;
    REQUIRE(folder.make_clip("clip.mp4"));
    auto reader = FileReader::open(folder.file("clip.mp4"));
    REQUIRE(reader);
    REQUIRE(folder.make("-f lavfi -i sine -t 1", "clip.mp4"));
    const auto result = reader->rewind();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::file_changed);
}

TEST_CASE("the standard input is read but not rewound", "[av][file_reader]") {
    STREAMKIT_NEEDS_FFMPEG();
    const ClipFolder folder;
    REQUIRE(folder.make_clip("clip.flv"));
    const int old_input = dup(STDIN_FILENO);
    const int file = ::open(folder.file("clip.flv").c_str(), O_RDONLY);
    REQUIRE(file >= 0);
    dup2(file, STDIN_FILENO);
    ::close(file);
    auto reader = FileReader::open("-");
    REQUIRE(reader);
    CHECK(payloads(read_all(*reader), 1).size() == 50);
    const auto result = reader->rewind();
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::not_seekable);
    dup2(old_input, STDIN_FILENO);
    ::close(old_input);
}

TEST_CASE("what cannot be read is an error with its reason in the log", "[av][file_reader]") {
    const ClipFolder folder;
    std::string reasons;
    const auto sink = [&](const LogRecord& record) {
        for (const auto& field : record.fields) {
            if (const auto* text = std::get_if<std::string_view>(&field.value)) {
                reasons.append(*text).append(" ");
            }
        }
    };
    const auto open = [&](const std::string& name) {
        const auto reader = FileReader::open(folder.file(name), {.log = Logger{sink, "av"}});
        REQUIRE_FALSE(reader);
        return reader.error();
    };
    SECTION("no such file") {
        CHECK(open("none.mp4").code == std::errc::no_such_file_or_directory);
        CHECK_THAT(reasons, test::ContainsSubstring("No such file"));
    }
    SECTION("an empty file") {
        std::ofstream{folder.file("empty")};
        CHECK(open("empty").code == Failure::malformed);
    }
    SECTION("garbage") {
        std::ofstream{folder.file("garbage")} << std::string(5'000, '\xa5');
        CHECK(open("garbage").code == Failure::malformed);
    }
    SECTION("a playlist of other places") {
        std::ofstream{folder.file("list.m3u8")} << "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"
                                                   "#EXTINF:2,\nhttp://192.0.2.1/a.ts\n";
        static_cast<void>(open("list.m3u8"));
    }
    SECTION("a name that looks like a URL") {
        CHECK(open("http:x").code == std::errc::no_such_file_or_directory);
    }
}

TEST_CASE("a file cut short ends or fails, and nothing else", "[av][file_reader]") {
    STREAMKIT_NEEDS_FFMPEG();
    const ClipFolder folder;
    REQUIRE(folder.make_clip("clip.flv"));
    REQUIRE(folder.make("-i clip.flv -c copy -movflags +faststart", "clip.mp4"));
    for (const auto* name : {"clip.flv", "clip.mp4"}) {
        std::ifstream whole{folder.file(name), std::ios::binary};
        const std::string bytes{std::istreambuf_iterator<char>{whole}, {}};
        for (std::size_t size = 0; size < bytes.size(); size += bytes.size() / 40 + 1) {
            std::ofstream{folder.file("cut"), std::ios::binary} << bytes.substr(0, size);
            auto reader = FileReader::open(folder.file("cut"));
            while (reader) {
                const auto packet = reader->next();
                if (!packet || !*packet) break;
            }
        }
    }
    SUCCEED();
}

}  // namespace
}  // namespace streamkit::av
