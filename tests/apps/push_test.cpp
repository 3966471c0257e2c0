#include <deque>

#include "streamkit-push/config.hpp"
#include "streamkit-push/timeline.hpp"
#include "support/catch.hpp"

namespace streamkit::push {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kVideoScale = 90'000;
constexpr std::uint32_t kAudioScale = 48'000;

/// Packets from a list.
class ListSource final : public PacketSource {
public:
    explicit ListSource(std::vector<Packet> packets) : packets_(std::move(packets)) {
        tracks_[0].id = 1;
        tracks_[0].timescale = kVideoScale;
        tracks_[1].id = 2;
        tracks_[1].kind = TrackKind::audio;
        tracks_[1].timescale = kAudioScale;
    }

    [[nodiscard]] std::span<const TrackInfo> tracks() const override { return tracks_; }
    [[nodiscard]] Result<std::optional<Packet>> next() override {
        if (at_ == packets_.size()) return std::nullopt;
        return packets_[at_++];
    }
    Result<void> rewind() override {
        at_ = 0;
        return {};
    }

private:
    std::array<TrackInfo, 2> tracks_;
    std::vector<Packet> packets_;
    std::size_t at_ = 0;
};

Packet video(std::int64_t dts, std::int64_t pts) {
    return {1, {dts, kVideoScale}, {pts, kVideoScale}, true, {}};
}
Packet audio(std::int64_t dts) { return {2, {dts, kAudioScale}, {dts, kAudioScale}, true, {}}; }

Timeline over(std::vector<Packet> packets, AtEnd at_end) {
    return {std::make_unique<ListSource>(std::move(packets)), at_end};
}

// Three frames of 1/30 s with a B-frame's delay, and sound that begins 1024 samples early.
std::vector<Packet> clip() {
    return {video(-3'000, 0), audio(-1'024),       video(0, 6'000),
            audio(0),         video(3'000, 3'000), audio(1'024)};
}

TEST_CASE("a timeline begins at 0 and keeps the tracks together", "[apps][push]") {
    auto timeline = over(clip(), AtEnd::stop);
    // The first decoding time of all is that of the picture, 1/30 s before 0.
    const Packet expected[] = {video(0, 3'000), audio(576),          video(3'000, 9'000),
                               audio(1'600),    video(6'000, 6'000), audio(2'624)};
    for (const auto& packet : expected) {
        const auto next = timeline.next();
        REQUIRE(next);
        CHECK(*next == packet);
    }
    CHECK(timeline.next().value() == std::nullopt);
    CHECK(timeline.next().value() == std::nullopt);
}

TEST_CASE("a file that begins late begins at 0", "[apps][push]") {
    auto timeline = over({audio(480'000), video(900'000 - 90, 900'000)}, AtEnd::stop);
    CHECK(timeline.next().value() == audio(48));
    CHECK(timeline.next().value() == video(0, 90));
}

TEST_CASE("a repetition goes on where the longest track has ended", "[apps][push]") {
    auto timeline = over(clip(), AtEnd::begin_again);
    std::int64_t last_video = -1;
    std::int64_t last_audio = -1;
    for (int i = 0; i < 600; ++i) {
        const auto next = timeline.next();
        REQUIRE(next);
        REQUIRE(*next);
        auto& last = (*next)->track == 1 ? last_video : last_audio;
        CHECK(last < (*next)->dts.ticks);
        last = (*next)->dts.ticks;
        // Three frames of 1/30 s are longer than the sound: each pass takes 0.1 s.
        const auto pass = i / 6;
        if (i % 6 == 0) CHECK((*next)->dts == Timestamp{pass, 10});
        if (i % 6 == 1) CHECK((*next)->dts == Timestamp{pass * 4'800 + 576, kAudioScale});
    }
}

TEST_CASE("what takes no time is not repeated", "[apps][push]") {
    auto one = over({video(7, 7)}, AtEnd::begin_again);
    CHECK(one.next().value() == video(0, 0));
    CHECK(one.next().value() == std::nullopt);
    auto none = over({}, AtEnd::begin_again);
    CHECK(none.next().value() == std::nullopt);
}

std::optional<cli::ExitCode> parse_all(std::vector<const char*> arguments, Config& config) {
    arguments.insert(arguments.begin(), "streamkit-push");
    return parse(static_cast<int>(arguments.size()), arguments.data(), config);
}

TEST_CASE("the command line of streamkit-push", "[apps][push]") {
    Config config;
    SECTION("a file and a URL") {
        CHECK_FALSE(
            parse_all({"clip.mp4", "rtmp://h/live/app", "--metadata-every", "0.25"}, config));
        CHECK(config.file == "clip.mp4");
        CHECK(config.url == "rtmp://h/live/app");
        CHECK(config.metadata_every == 250ms);
        CHECK(config.metadata_count == 99);
        CHECK(config.metadata_template == "message {n}");
    }
    SECTION("a test pattern takes the place of the file") {
        CHECK_FALSE(parse_all({"--test-pattern", "640x360@25", "rtmp://h/live/app"}, config));
        CHECK(config.file.empty());
        CHECK(config.url == "rtmp://h/live/app");
        CHECK(config.pattern == Pattern{640, 360, 25, 1});
    }
    SECTION("what does not go together") {
        CHECK(parse_all({"clip.mp4"}, config) == cli::exit_usage);
        CHECK(parse_all({"--test-pattern", "640x360@25", "a", "b"}, config) == cli::exit_usage);
        CHECK(parse_all({"clip.mp4", "http://h/live/app"}, config) == cli::exit_usage);
        CHECK(parse_all({"clip.mp4", "rtmp://h"}, config) == cli::exit_usage);
        CHECK(parse_all({"-", "rtmp://h/live/app", "--loop"}, config) == cli::exit_usage);
        CHECK(parse_all({"a", "rtmp://h/a/b", "--metadata-every", "0"}, config) == cli::exit_usage);
    }
}

TEST_CASE("a test picture is written WxH@FPS", "[apps][push]") {
    using cli::Format;
    CHECK(Format<Pattern>::read("1280x720@30") == Pattern{1280, 720, 30, 1});
    CHECK(Format<Pattern>::read("640x360@30000/1001") == Pattern{640, 360, 30'000, 1'001});
    CHECK(Format<Pattern>::write({640, 360, 30'000, 1'001}) == "640x360@30000/1001");
    for (const auto* wrong : {"", "1280x720", "1280@30", "0x0@30", "1280x720@0", "1281x720@30",
                              "1280x720@30/0", "1280x720@30fps", "-2x2@1", "99999999999x2@1"}) {
        CAPTURE(wrong);
        CHECK_FALSE(Format<Pattern>::read(wrong));
    }
}

}  // namespace
}  // namespace streamkit::push
