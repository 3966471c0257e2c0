#include "streamkit/cmaf/packager.hpp"

#include <set>

#include "synthetic_stream.hpp"

namespace streamkit::cmaf {
namespace {

using namespace std::chrono_literals;
using namespace test;

std::vector<Bytes> payloads_of(const std::vector<Packet>& packets, TrackId track) {
    std::vector<Bytes> out;
    for (const auto& packet : packets) {
        if (packet.track != track) continue;
        out.emplace_back(packet.payload.view().begin(), packet.payload.view().end());
    }
    return out;
}

TEST_CASE("a stream with B-frames becomes a timeline without gap, byte for byte", "[cmaf]") {
    for (const double rate : {25.0, 30.0, 30000 / 1001.0, 60.0}) {
        INFO(rate);
        Bench bench;
        const auto packets = make_packets({.frame_rate = rate, .gop = 50}, 20);
        REQUIRE(bench.write(video_info()));
        REQUIRE(bench.write(audio_info()));
        bench.write_all(packets);
        bench.packager.finish(bench.wall);

        const auto p = bench.packager.snapshot();
        REQUIRE(p);
        CHECK(p->ended);
        REQUIRE(p->tracks.size() == 2);
        const auto video = read_track(bench.store, p->tracks[0]);
        const auto audio = read_track(bench.store, p->tracks[1]);
        CHECK(video.payloads == payloads_of(packets, kVideoTrack));
        CHECK(audio.payloads == payloads_of(packets, kAudioTrack));
        CHECK(std::set(audio.durations.begin(), audio.durations.end()) == std::set{1024U});
        CHECK(p->tracks[0].segments.size() == p->tracks[1].segments.size());
        CHECK(std::set(video.times.begin(), video.times.end()).size() == video.times.size());
        CHECK(video.last_has_lmsg);
        CHECK(bench.packager.stats().packets == packets.size());
        CHECK(bench.packager.stats().skipped_packets == 0);
        CHECK(bench.packager.stats().forced_cuts == 0);
    }
}

TEST_CASE("video of the rate that its SPS names has frames of equal length", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    bench.write_all(make_packets({}, 9));
    bench.packager.finish(bench.wall);
    const auto p = bench.packager.snapshot();
    const auto& track = p->tracks[0];
    CHECK(track.timescale == 30000);
    CHECK(track.codec_string == "avc1.64001f");
    CHECK(track.frame_rate_numerator == 30);
    CHECK(track.frame_rate_denominator == 1);
    CHECK(track.starts_with_sap == 1);
    CHECK(track.info.video.width == 1280);
    // The first picture is shown a frame after it is decoded at 0; every GOP is 2 s. The
    // last one lacks the B-frame in front of its last picture.
    REQUIRE(track.segments.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(track.segments[i].time == 1000 + static_cast<std::int64_t>(i) * 60'000);
        CHECK(track.segments[i].duration == (i < 4 ? 60'000 : 31'000));
    }
    const auto read = read_track(bench.store, track);
    CHECK(std::set(read.durations.begin(), read.durations.end()) == std::set{1000U});
    CHECK(read.chunks == 45);  // of 200 ms
    CHECK(read.flags[0] == 0x02000000);
    CHECK(read.flags[1] == 0x01010000);
    CHECK(p->tracks[1].codec_string == "mp4a.40.2");
    CHECK(p->tracks[1].timescale == 48000);
}

TEST_CASE("audio is cut at the sample nearest to the video's boundary", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    bench.write_all(make_packets({.gop = 37}, 30));
    bench.packager.finish(bench.wall);
    const auto p = bench.packager.snapshot();
    const auto& video = p->tracks[0];
    const auto& audio = p->tracks[1];
    REQUIRE(video.segments.size() == audio.segments.size());
    for (std::size_t i = 1; i < video.segments.size(); ++i) {
        const auto boundary = rescale(video.segments[i].time, video.timescale, audio.timescale);
        CHECK(std::abs(audio.segments[i].time - boundary) <= 512);
    }
}

TEST_CASE("names, times and clocks of a presentation", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    CHECK(bench.packager.snapshot() == nullptr);
    bench.write_all(make_packets({.offset_ms = 5000}, 4.5));
    const auto p = bench.packager.snapshot();
    REQUIRE(p);
    CHECK(p->id == "mubbsbd4");  // 1 790 000 005 000 in base 36
    CHECK_FALSE(p->ended);
    CHECK(p->availability_start == kStart + 5s);  // when the first packet came
    CHECK(p->period_start.ticks == 0);
    CHECK(p->segment_duration == 2s);
    CHECK(p->window == 60s);
    const auto& video = p->tracks[0];
    const auto& audio = p->tracks[1];
    CHECK(video.init_name == "init-mubbsbd4-1.mp4");
    CHECK(video.media_prefix == "mubbsbd4-1-");
    CHECK(video.media_suffix == ".m4s");
    CHECK(audio.init_name == "init-mubbsbd4-2.mp4");
    // The presentation begins with the first audio, 33 ms before the first picture.
    CHECK(video.presentation_time_offset == 150'000);
    CHECK(video.segments.front().time == 151'000);
    CHECK(audio.presentation_time_offset == 240'000);
    CHECK(audio.segments.front().time == 240'000);

    const auto object = bench.store.find("mubbsbd4-1-151000.m4s");
    REQUIRE(object);
    CHECK(object->content_type == "video/mp4");
    CHECK(object->etag == "\"mubbsbd4-1-151000.m4s-" + std::to_string(object->size) + "\"");
    CHECK(bench.store.find("init-mubbsbd4-2.mp4")->content_type == "audio/mp4");
    // held until complete, and nothing further ahead
    CHECK(bench.store.is_next_segment("mubbsbd4-1-271000.m4s"));
    CHECK_FALSE(bench.store.is_next_segment("mubbsbd4-1-331000.m4s"));
}

TEST_CASE("media goes into a segment without being copied", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    const auto packets = make_packets({}, 3);
    bench.write_all(packets);
    const auto object =
        bench.store.find(bench.packager.snapshot()->tracks[0].media_prefix + "1000.m4s");
    REQUIRE(object);
    const auto shared =
        std::count_if(object->slices.begin(), object->slices.end(), [&](const SharedBuffer& slice) {
            return std::any_of(packets.begin(), packets.end(), [&](const Packet& packet) {
                return packet.payload.data() == slice.data();
            });
        });
    CHECK(shared == 60);
    CHECK(object->slices.size() == 70);  // and a header for each chunk of 200 ms
}

TEST_CASE("a snapshot begins when both tracks have a segment, then lists each at once", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    std::vector<Packet> late_audio;
    std::size_t ahead = 0;
    for (const auto& packet : make_packets({}, 5)) {
        // audio arrives half a second late
        bench.at_ms(packet.dts.ticks);
        if (packet.track == kAudioTrack) {
            late_audio.push_back(packet);
            while (late_audio.front().dts.ticks < packet.dts.ticks - 500) {
                REQUIRE(bench.write(late_audio.front()));
                late_audio.erase(late_audio.begin());
            }
            continue;
        }
        REQUIRE(bench.write(packet));
        if (const auto p = bench.packager.snapshot()) {
            const auto video = p->tracks[0].segments.size();
            const auto audio = p->tracks[1].segments.size();
            CHECK(audio >= 1);
            CHECK((video == audio || video == audio + 1));
            ahead += video - audio;
            for (const auto& track : p->tracks)
                static_cast<void>(read_track(bench.store, track));
        }
    }
    CHECK(ahead > 0);
    REQUIRE(bench.packager.snapshot());
    CHECK(bench.packager.snapshot()->tracks[0].segments.size() == 2);
}

TEST_CASE("the composition delay covers what the first picture does not show", "[cmaf]") {
    // GStreamer's flvmux: the first picture is decoded when it is shown, the next ones are not.
    Bench bench;
    REQUIRE(bench.write(video_info()));
    auto packets = make_packets({.audio = false}, 5);
    packets.front().dts = packets.front().pts;
    packets[1].dts = packets.front().pts;
    bench.write_all(packets);
    bench.packager.finish(bench.wall);
    const auto p = bench.packager.snapshot();
    REQUIRE(p);
    const auto& track = p->tracks.at(0);
    const auto delay = edit_media_time(*bench.store.find(track.init_name));
    CHECK(delay == 2 * track.timescale / 30);  // max_num_reorder_frames is 2
    static_cast<void>(read_track(bench.store, track));
}

TEST_CASE("the window moves on, and two more segments stay fetchable", "[cmaf]") {
    PackagerConfig config;
    config.window = 10s;
    Bench bench{config};
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    bench.write_all(make_packets({}, 60.5));
    const auto p = bench.packager.snapshot();
    const auto& video = p->tracks[0];
    REQUIRE(video.segments.size() == 5);
    CHECK(p->tracks[1].segments.size() == 5);
    CHECK(video.segments.back().time == 1000 + 29 * 60'000 - 60'000 + 60'000);
    const auto name = [&](std::int64_t time) {
        return video.media_prefix + std::to_string(time) + video.media_suffix;
    };
    const auto first = video.segments.front().time;
    CHECK(bench.store.find(name(first - 60'000)));
    CHECK(bench.store.find(name(first - 120'000)));
    CHECK_FALSE(bench.store.find(name(first - 180'000)));
    CHECK(bench.store.object_count() == 2 + 2 * 7);
    static_cast<void>(read_track(bench.store, video));

    bench.packager.remove_objects();
    CHECK(bench.store.object_count() == 0);
    CHECK(bench.store.total_bytes() == 0);
    CHECK_FALSE(bench.store.is_next_segment(name(video.segments.back().time + 60'000)));
}

TEST_CASE("a finished presentation is static and runs to its last sample", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    bench.write_all(make_packets({}, 5));
    const auto live = bench.packager.snapshot();
    CHECK(bench.packager.snapshot() == live);  // nothing has changed
    REQUIRE(bench.write(EndOfStream{}));
    const auto ended = bench.packager.snapshot();
    REQUIRE(ended != live);
    CHECK(ended->ended);
    CHECK(ended->version > live->version);
    CHECK(ended->publish_time > live->publish_time);
    CHECK(ended->availability_start == live->availability_start);
    CHECK(ended->tracks[0].presentation_time_offset == live->tracks[0].presentation_time_offset);
    // 150 frames from 33 ms on; the last picture is shown one later, as its B-frame is missing
    CHECK(ended->duration == Timestamp{152'000, 30'000});
    CHECK(bench.packager.finished());
    CHECK(bench.write(EndOfStream{}).error().code == Errc::finished);
    CHECK(bench.packager.post({}, kStart).error().code == Errc::finished);
    bench.packager.finish(bench.wall);
    CHECK(bench.packager.snapshot() == ended);
    CHECK(bench.packager.held_bytes() == 0);
    CHECK_FALSE(bench.store.is_next_segment(ended->tracks[0].media_prefix + "151000.m4s"));
}

TEST_CASE("audio alone is cut by duration", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(audio_info()));
    bench.write_all(make_packets({.video = false}, 21));
    bench.packager.finish(bench.wall);
    const auto p = bench.packager.snapshot();
    REQUIRE(p->tracks.size() == 1);
    static_cast<void>(read_track(bench.store, p->tracks[0]));
    const auto& segments = p->tracks[0].segments;
    REQUIRE(segments.size() == 11);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        CHECK(std::abs(segments[i].time - static_cast<std::int64_t>(i) * 96'000) <= 512);
    }
}

TEST_CASE("video alone begins after the wait for audio", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    bench.write_all(make_packets({.audio = false}, 9));
    bench.packager.finish(bench.wall);
    const auto p = bench.packager.snapshot();
    REQUIRE(p->tracks.size() == 1);
    CHECK(p->tracks[0].segments.size() == 5);
    CHECK(p->tracks[0].presentation_time_offset == 1000);
    CHECK(read_track(bench.store, p->tracks[0]).durations.size() == 270);
}

TEST_CASE("a clip shorter than the wait is packaged at the end", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    bench.write_all(make_packets({.audio = false}, 0.5));
    CHECK(bench.packager.snapshot() == nullptr);
    CHECK(bench.packager.held_bytes() > 0);
    bench.packager.finish(bench.wall);
    REQUIRE(bench.packager.snapshot());
    CHECK(bench.packager.snapshot()->tracks[0].segments.size() == 1);

    Bench empty;
    empty.packager.finish(kStart);
    CHECK(empty.packager.snapshot() == nullptr);
}

TEST_CASE("one chunk a segment if asked for", "[cmaf]") {
    PackagerConfig config;
    config.chunk_duration = 0ms;
    Bench bench{config};
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    bench.write_all(make_packets({}, 10));
    const auto p = bench.packager.snapshot();
    CHECK(read_track(bench.store, p->tracks[0]).chunks == p->tracks[0].segments.size());
}

TEST_CASE("a second presentation within the same millisecond has another id", "[cmaf]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    bench.write_all(make_packets({.audio = false}, 1));
    bench.packager.finish(kStart);
    Packager second{{}, bench.store, bench.schedule};
    REQUIRE(second.write(video_info(), {}, kStart));
    for (const auto& packet : make_packets({.audio = false}, 1)) {
        REQUIRE(second.write(packet, {}, kStart));
    }
    second.finish(kStart);
    CHECK(bench.packager.snapshot()->id == "mubbs7i8");
    CHECK(second.snapshot()->id == "mubbs7i9");
}

TEST_CASE("a posted event stands in the next snapshot under its time", "[cmaf][events]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    REQUIRE(bench.write(audio_info()));
    bench.write_all(make_packets({.offset_ms = 5000}, 6.5));
    const auto before = bench.packager.snapshot();

    EventRequest request;
    request.message = streamkit::test::text("hello");
    request.time = Timestamp{3, 1};
    const auto posted = bench.packager.post(request, bench.wall);
    REQUIRE(posted);
    CHECK(posted->scheduled->event.time == Timestamp{3, 1});
    CHECK(posted->scheduled->event.duration == Timestamp{10, 1});
    CHECK(posted->stream_event.time == Timestamp{8, 1});
    CHECK(posted->wall == kStart + 8s);
    CHECK(posted->late);

    request.time.reset();
    const auto at_edge = bench.packager.post(request, bench.wall);
    REQUIRE(at_edge);
    CHECK_FALSE(at_edge->late);
    CHECK(at_edge->scheduled->event.time == bench.packager.live_edge());
    CHECK(std::abs(bench.packager.live_edge().ticks - 6500) < 100);

    const auto after = bench.packager.snapshot();
    CHECK(after->version > before->version);
    CHECK(after->publish_time > before->publish_time);
    REQUIRE(after->events.size() == 2);
    CHECK(after->events[0] == posted->scheduled->event);
    CHECK(after->events[1].id == after->events[0].id + 1);
    CHECK(before->events.empty());

    // the same event coming back in the stream is known; another one is taken
    REQUIRE(bench.write(posted->stream_event));
    CHECK(bench.packager.snapshot() == after);
    TimedEvent foreign{"urn:x", "", 0, {7000, 1000}, {}, {}};
    REQUIRE(bench.write(foreign));
    const auto last = bench.packager.snapshot();
    REQUIRE(last->events.size() == 3);
    CHECK(last->events[0].time == Timestamp{2, 1});
    CHECK(last->events[0].duration == Timestamp{10, 1});
}

TEST_CASE("an event may be posted before the presentation begins", "[cmaf][events]") {
    Bench bench;
    EventRequest request;
    request.time = Timestamp{5, 1};
    REQUIRE(bench.packager.post(request, kStart));
    REQUIRE(bench.write(TimedEvent{"urn:x", "1", 0, {6000, 1000}, {1, 1}, {}}));
    REQUIRE(bench.write(video_info()));
    bench.write_all(make_packets({.audio = false, .offset_ms = 1000}, 5));
    const auto events = bench.packager.snapshot()->events;
    REQUIRE(events.size() == 2);
    CHECK(events[0].time == Timestamp{4967, 1000});  // 6 s less the first picture's 1.033 s
    CHECK(events[1].time == Timestamp{5, 1});

    request.time = Timestamp{-1, 1};
    CHECK(bench.packager.post(request, kStart).error().code == Errc::event_time_out_of_range);
    request.time = Timestamp{INT64_MAX, 1};
    CHECK(bench.packager.post(request, kStart).error().code == Errc::event_time_out_of_range);
}

TEST_CASE("a new presentation has the ids but not the events of the last", "[cmaf][events]") {
    Bench bench;
    REQUIRE(bench.write(video_info()));
    bench.write_all(make_packets({.audio = false}, 5));
    const auto first = bench.packager.post({}, bench.wall);
    bench.packager.finish(bench.wall);
    Packager second{{}, bench.store, bench.schedule};
    REQUIRE(second.write(video_info(), bench.now, bench.wall));
    for (const auto& packet : make_packets({.audio = false}, 5)) {
        REQUIRE(second.write(packet, bench.now, bench.wall));
    }
    CHECK(second.snapshot()->events.empty());
    CHECK(bench.packager.snapshot()->events.size() == 1);
    CHECK(second.post({}, bench.wall)->scheduled->event.id == first->scheduled->event.id + 1);
    CHECK(bench.schedule.all().size() == 2);
}

}  // namespace
}  // namespace streamkit::cmaf
