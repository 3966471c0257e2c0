// What publishers do wrong, and what cannot go on in the same presentation.

#include <set>

#include "streamkit/cmaf/packager.hpp"
#include "synthetic_stream.hpp"

namespace streamkit::cmaf {
namespace {

using namespace std::chrono_literals;
using namespace test;

/// A bench with a stream of 5 s behind it.
struct RunningBench : Bench {
    explicit RunningBench(StreamShape shape = {}, PackagerConfig config = {}) : Bench(config) {
        if (shape.video) REQUIRE(write(video_info()));
        if (shape.audio) REQUIRE(write(audio_info()));
        write_all(make_packets(shape, 5));
        REQUIRE(packager.snapshot());
    }
};

void check_whole_timeline(Bench& bench) {
    bench.packager.finish(bench.wall);
    for (const auto& track : bench.packager.snapshot()->tracks) {
        static_cast<void>(read_track(bench.store, track));
    }
}

TEST_CASE("a jump of less than a second stretches the last sample", "[cmaf][trouble]") {
    RunningBench bench{{.audio = false}};
    bench.write_all(make_packets({.audio = false, .offset_ms = 5900}, 3));
    check_whole_timeline(bench);
    CHECK(bench.packager.stats().forced_cuts == 0);
}

TEST_CASE("times that go back a little never go back in segments", "[cmaf][trouble]") {
    RunningBench bench;
    bench.write_all(make_packets({.offset_ms = 4300}, 6));
    check_whole_timeline(bench);
}

TEST_CASE("a larger jump is a discontinuity and takes nothing", "[cmaf][trouble]") {
    for (const std::int64_t time : {6100, 1'000'000, 3000, 0}) {
        INFO(time);
        RunningBench bench;
        const auto before = bench.packager.stats().packets;
        const auto refused = bench.write(video_packet(time, time, Picture::idr));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::discontinuity);
        CHECK(bench.packager.stats().packets == before);
        check_whole_timeline(bench);
    }
}

TEST_CASE("a pause that the clock has seen too is no jump", "[cmaf][trouble]") {
    RunningBench bench{{.audio = false}};
    bench.at_ms(8000);
    REQUIRE(bench.write(video_packet(8000, 8033, Picture::idr)));
    bench.at_ms(20'000);  // but this is too long
    CHECK_FALSE(bench.write(video_packet(20'000, 20'033, Picture::idr)));
    check_whole_timeline(bench);
}

TEST_CASE("the owner goes on after a discontinuity with a new packager", "[cmaf][trouble]") {
    RunningBench bench;
    bench.packager.finish(bench.wall);
    Packager second{{}, bench.store, bench.schedule};
    REQUIRE(second.write(video_info(), bench.now, bench.wall));
    REQUIRE(second.write(audio_info(), bench.now, bench.wall));
    for (const auto& packet : make_packets({}, 5)) {
        REQUIRE(second.write(packet, bench.now, bench.wall));
    }
    second.finish(bench.wall);
    CHECK(second.snapshot()->id != bench.packager.snapshot()->id);
    for (const auto& track : second.snapshot()->tracks) {
        static_cast<void>(read_track(bench.store, track));
    }
}

TEST_CASE("the same configuration again is nothing, another is a discontinuity",
          "[cmaf][trouble]") {
    RunningBench bench;
    CHECK(bench.write(video_info()));
    CHECK(bench.write(audio_info()));
    CHECK(bench.write(other_video_info()).error().code == Errc::discontinuity);
    auto mono = audio_info();
    mono.codec_config = SharedBuffer::copy_of(hex("1188"));
    CHECK(bench.write(mono).error().code == Errc::discontinuity);
    check_whole_timeline(bench);
}

TEST_CASE("a track that comes late is a discontinuity", "[cmaf][trouble]") {
    RunningBench video_only{{.audio = false}};
    CHECK(video_only.write(audio_info()));
    CHECK(video_only.write(audio_packet(5000)).error().code == Errc::discontinuity);

    RunningBench audio_only{{.video = false}};
    CHECK(audio_only.write(video_info()));
    CHECK(audio_only.write(video_packet(5000, 5000, Picture::inter)));  // of no use yet
    CHECK(audio_only.write(video_packet(5033, 5033, Picture::idr)).error().code ==
          Errc::discontinuity);
}

TEST_CASE("a track that falls silent ends the presentation in time", "[cmaf][trouble]") {
    RunningBench bench;
    std::optional<std::int64_t> refused_at;
    for (const auto& packet : make_packets({.audio = false, .offset_ms = 5000}, 20)) {
        bench.at_ms(packet.dts.ticks);
        if (const auto written = bench.write(packet); !written) {
            CHECK(written.error().code == Errc::discontinuity);
            refused_at = packet.dts.ticks;
            break;
        }
    }
    REQUIRE(refused_at);
    CHECK(*refused_at > 9500);
    CHECK(*refused_at < 10'500);
    check_whole_timeline(bench);
}

TEST_CASE("tracks that cannot be packaged are left out and the other goes on", "[cmaf][trouble]") {
    Bench bench;
    auto hevc = video_info();
    hevc.codec = CodecId::hevc;
    CHECK(bench.write(hevc).error().code == Errc::unsupported_codec);
    auto broken = video_info();
    broken.codec_config = SharedBuffer::copy_of(hex("0164001fff"));
    CHECK(bench.write(broken).error().code == Errc::malformed_codec_config);
    auto mp3 = audio_info();
    mp3.codec = CodecId::mp3;
    CHECK(bench.write(mp3).error().code == Errc::unsupported_codec);
    auto no_config = audio_info();
    no_config.codec_config = {};
    CHECK(bench.write(no_config).error().code == Errc::malformed_codec_config);

    REQUIRE(bench.write(audio_info()));
    auto second = audio_info();
    second.id = 7;
    CHECK(bench.write(second).error().code == Errc::too_many_tracks);
    bench.write_all(make_packets({}, 10));
    bench.packager.finish(bench.wall);
    REQUIRE(bench.packager.snapshot());
    CHECK(bench.packager.snapshot()->tracks.size() == 1);
    CHECK(bench.packager.stats().skipped_packets == 300);  // the video
}

TEST_CASE("empty packets and pictures before the first IDR are skipped", "[cmaf][trouble]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(Metadata{}));
    REQUIRE(bench.write(video_packet(0, 0, Picture::inter)));
    REQUIRE(bench.write(video_packet(0, 0, Picture::open_gop)));
    REQUIRE(bench.write(Packet{kVideoTrack, {33, 1000}, {33, 1000}, true, {}}));
    REQUIRE(
        bench.write(Packet{kVideoTrack, {INT64_MAX, 1}, {0, 1}, true, video_info().codec_config}));
    REQUIRE(bench.write(Packet{kVideoTrack, {0, 0}, {0, 0}, true, video_info().codec_config}));
    REQUIRE(bench.write(Packet{99, {0, 1000}, {0, 1000}, true, video_info().codec_config}));
    CHECK(bench.packager.stats().skipped_packets == 6);
    bench.write_all(make_packets({.audio = false, .offset_ms = 100}, 5));
    check_whole_timeline(bench);
}

TEST_CASE("without IDR pictures a segment is cut at an I picture, and says so", "[cmaf][trouble]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    for (int i = 0; i < 600; ++i) {
        const auto picture = i == 0        ? Picture::idr
                             : i % 60 == 0 ? Picture::open_gop
                                           : Picture::inter;
        const auto ms = i * 100 / 3;
        bench.at_ms(ms);
        REQUIRE(bench.write(video_packet(ms, ms, picture)));
    }
    bench.packager.finish(bench.wall);
    const auto p = bench.packager.snapshot();
    CHECK(p->tracks[0].segments.size() == 5);  // 4 s each
    CHECK(p->tracks[0].starts_with_sap == 0);
    CHECK(bench.packager.stats().forced_cuts == 4);
    const auto read = read_track(bench.store, p->tracks[0]);
    CHECK(read.flags[120] == 0x02010000);
}

TEST_CASE("without any key frame a segment ends at its longest duration", "[cmaf][trouble]") {
    PackagerConfig config;
    config.max_segment_duration = 6s;
    Bench bench{config};
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    bench.write_all(make_packets({.gop = 10'000, .b_frames = false}, 30));
    bench.packager.finish(bench.wall);
    const auto p = bench.packager.snapshot();
    CHECK(p->tracks[0].segments.size() == 5);
    CHECK(p->tracks[1].segments.size() == 5);
    for (const auto& segment : p->tracks[0].segments)
        CHECK(segment.duration <= 6 * 30'000);
    CHECK(p->tracks[0].starts_with_sap == 0);
}

TEST_CASE("a segment ends when it has too many bytes", "[cmaf][trouble]") {
    PackagerConfig config;
    config.max_segment_bytes = 1000;
    Bench bench{config};
    REQUIRE(bench.write(video_info()));
    bench.write_all(make_packets({.audio = false}, 5));
    CHECK(bench.packager.held_bytes() <= 1000 + 200);
    CHECK(bench.packager.stats().forced_cuts > 10);
}

TEST_CASE("negative times are moved, together, to where they can be written", "[cmaf][trouble]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    auto packets = make_packets({.offset_ms = -1500}, 6);
    for (const auto& packet : packets)
        REQUIRE(bench.write(packet));
    const auto p = bench.packager.snapshot();
    REQUIRE(p);
    CHECK(p->tracks[1].segments.front().time == 24'000);  // -1.5 s moved by 2 s
    CHECK(p->tracks[0].segments.front().time == 16'000);
    EventRequest request;
    request.time = Timestamp{1, 1};
    CHECK(bench.packager.post(request, kStart)->stream_event.time == Timestamp{-500, 1000});
    check_whole_timeline(bench);
}

TEST_CASE("a first picture that is shown before it is decoded", "[cmaf][trouble]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(video_packet(33, 0, Picture::idr)));  // on the grid: -10 ticks
    bench.packager.finish(kStart);
    static_cast<void>(read_track(bench.store, bench.packager.snapshot()->tracks[0]));
}

TEST_CASE("a window that is shorter than one track's delay still lists a segment",
          "[cmaf][trouble]") {
    // Audio is late from there on: after its first segment, or before it.
    const auto late_from_ms = GENERATE(1000, 20);
    PackagerConfig config;
    config.segment_duration = 500ms;
    config.window = 500ms;
    Bench bench{config};
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    auto packets = make_packets({.gop = 15}, 12);
    std::stable_sort(packets.begin(), packets.end(), [&](const Packet& a, const Packet& b) {
        const auto arrival = [&](const Packet& packet) {
            const bool late = packet.track == kAudioTrack && packet.dts.ticks > late_from_ms;
            return packet.dts.ticks + (late ? 4000 : 0);
        };
        return arrival(a) < arrival(b);
    });
    for (const auto& packet : packets) {
        REQUIRE(bench.write(packet));
        if (const auto p = bench.packager.snapshot()) {
            REQUIRE(p->tracks.size() == 2);
            CHECK_FALSE(p->tracks[0].segments.empty());
            CHECK(p->tracks[1].segments.size() == 1);
        }
    }
    check_whole_timeline(bench);
}

TEST_CASE("audio long before the first picture is left out", "[cmaf][trouble]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    auto packets = make_packets({.video = false}, 3);
    const auto video = make_packets({.b_frames = false, .audio = false, .offset_ms = 1200}, 3);
    packets.insert(packets.end(), video.begin(), video.end());
    std::stable_sort(packets.begin(), packets.end(),
                     [](const Packet& a, const Packet& b) { return a.dts < b.dts; });
    bench.write_all(packets);
    bench.packager.finish(bench.wall);
    const auto p = bench.packager.snapshot();
    REQUIRE(p->tracks.size() == 2);
    CHECK(p->tracks[1].segments.front().time == 704 * 48);  // the first not more than 500 ms before
    CHECK(p->availability_start == kStart + 704ms);
}

TEST_CASE("a stream of varying frame rate keeps its times", "[cmaf][trouble]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    std::int64_t ms = 0;
    for (int i = 0; i < 300; ++i) {
        ms += 17 + i * 7919 % 60;
        // the reordering delay changes from GOP to GOP
        const auto delay = 40 + i / 30 % 3 * 25;
        REQUIRE(
            bench.write(video_packet(ms, ms + delay, i % 30 == 0 ? Picture::idr : Picture::inter)));
    }
    check_whole_timeline(bench);
}

}  // namespace
}  // namespace streamkit::cmaf
