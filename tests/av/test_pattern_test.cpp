#include "streamkit/av/test_pattern.hpp"

#include <map>
#include <vector>

#include "streamkit/aac/audio_specific_config.hpp"
#include "streamkit/av/errc.hpp"
#include "streamkit/h264/access_unit.hpp"
#include "streamkit/h264/avc_config.hpp"
#include "streamkit/h264/sps.hpp"
#include "support/catch.hpp"

namespace streamkit::av {
namespace {

using namespace std::chrono_literals;
using test::Approx;

std::vector<Packet> read_all(PacketSource& source) {
    std::vector<Packet> packets;
    for (;;) {
        auto packet = source.next();
        REQUIRE(packet);
        if (!*packet) return packets;
        packets.push_back(**std::move(packet));
    }
}

bool lacks_encoder(const Result<TestPattern>& pattern) {
    return !pattern && pattern.error().code == Errc::encoder_missing;
}

TEST_CASE("the test pattern is H.264 and AAC of the asked length", "[av][test_pattern]") {
    auto pattern = TestPattern::open(
        {.width = 320, .height = 180, .frame_rate_numerator = 25, .duration = 4s});
    if (lacks_encoder(pattern)) SKIP("this FFmpeg has no H.264 encoder");
    REQUIRE(pattern);
    REQUIRE(pattern->tracks().size() == 2);
    const auto& video = pattern->tracks()[0];
    CHECK(video.codec == CodecId::h264);
    CHECK(video.video == VideoFormat{320, 180, 25});
    CHECK(h264::AvcConfig::parse(video.codec_config));
    const auto& audio = pattern->tracks()[1];
    CHECK(audio.codec == CodecId::aac);
    CHECK(audio.audio == AudioFormat{48'000, 2});
    CHECK(aac::AudioSpecificConfig::parse(audio.codec_config));

    const auto packets = read_all(*pattern);
    std::vector<double> key_frames;
    std::map<TrackId, std::size_t> count;
    std::optional<Timestamp> last;
    for (const auto& packet : packets) {
        if (last) CHECK(*last <= packet.dts);
        last = packet.dts;
        ++count[packet.track];
        if (packet.track != video.id) continue;
        CHECK(packet.dts <= packet.pts);
        CHECK(packet.key_frame == h264::is_idr(packet.payload, 4));
        if (packet.key_frame) key_frames.push_back(packet.pts.seconds());
    }
    CHECK(count[video.id] == 100);
    CHECK(count[audio.id] == Approx(4 * 48'000 / 1024).margin(2));
    CHECK(key_frames == std::vector<double>{0, 2});

    REQUIRE(pattern->rewind());
    CHECK(read_all(*pattern) == packets);
}

TEST_CASE("the test pattern keeps a fractional frame rate exact", "[av][test_pattern]") {
    auto pattern = TestPattern::open({.width = 64,
                                      .height = 64,
                                      .frame_rate_numerator = 30'000,
                                      .frame_rate_denominator = 1'001});
    if (lacks_encoder(pattern)) SKIP("this FFmpeg has no H.264 encoder");
    REQUIRE(pattern);
    std::vector<Timestamp> times;
    while (times.size() < 10) {
        const auto packet = pattern->next();
        REQUIRE(packet);
        REQUIRE(*packet);
        if ((*packet)->track == 1) times.push_back((*packet)->dts);
    }
    for (std::size_t i = 1; i < times.size(); ++i) {
        CHECK(times[i].timescale == 30'000);
        CHECK(times[i].ticks - times[i - 1].ticks == 1'001);
    }
}

TEST_CASE("a test pattern that cannot be made is an error", "[av][test_pattern]") {
    CHECK(TestPattern::open({.width = 0}).error().code == Failure::unsupported);
    CHECK(TestPattern::open({.frame_rate_denominator = 0}).error().code == Failure::unsupported);
}

}  // namespace
}  // namespace streamkit::av
