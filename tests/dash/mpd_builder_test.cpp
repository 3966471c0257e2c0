#include "streamkit/dash/mpd_builder.hpp"

#include "presentations.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::dash;
using namespace std::chrono_literals;
using streamkit::dash::test::ended_presentation;
using streamkit::dash::test::kStart;
using streamkit::dash::test::live_presentation;
using streamkit::dash::test::timed_event;

namespace {

MpdOptions with_events() {
    MpdOptions options;
    options.events = WithEvents::yes;
    return options;
}

}  // namespace

TEST_CASE("a live presentation becomes a dynamic MPD", "[dash][builder]") {
    const auto mpd = make_mpd(live_presentation());
    CHECK(mpd.type == PresentationType::dynamic);
    CHECK(mpd.profiles == "urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019");
    CHECK(mpd.availability_start_time == kStart);
    CHECK(mpd.publish_time == kStart + 7500ms);
    CHECK(mpd.minimum_update_period == 2s);
    CHECK(mpd.min_buffer_time == 2s);
    CHECK(mpd.time_shift_buffer_depth == 60s);
    CHECK(mpd.suggested_presentation_delay == 6s);
    CHECK(mpd.max_segment_duration == 12s);
    CHECK_FALSE(mpd.media_presentation_duration);
    CHECK(mpd.utc_timings ==
          std::vector<Descriptor>{{"urn:mpeg:dash:utc:http-xsdate:2014", "/time"}});
    CHECK(mpd.base_urls.empty());
    CHECK(mpd.locations.empty());

    REQUIRE(mpd.periods.size() == 1);
    const auto& period = mpd.periods[0];
    CHECK(period.id == "mi8x2p3f");
    CHECK(period.start == 0s);
    CHECK_FALSE(period.duration);
    CHECK(period.event_streams.empty());
    REQUIRE(period.adaptation_sets.size() == 2);

    const auto& video = period.adaptation_sets[0];
    CHECK(video.id == 1U);
    CHECK(video.content_type == "video");
    CHECK(video.mime_type == "video/mp4");
    CHECK(video.segment_alignment);
    CHECK(video.start_with_sap == 1);
    REQUIRE(video.segment_template);
    CHECK(video.segment_template->timescale == 30'000);
    CHECK(video.segment_template->presentation_time_offset == 2002);
    CHECK(video.segment_template->initialization == "init-mi8x2p3f-1.mp4");
    CHECK(video.segment_template->media == "mi8x2p3f-1-$Time$.m4s");
    CHECK_FALSE(video.segment_template->start_number);
    CHECK_FALSE(video.segment_template->duration);
    CHECK(video.segment_template->timeline ==
          std::vector<TimelineEntry>{{62'062, 60'060, 1}, {std::nullopt, 45'045, 0}});
    REQUIRE(video.representations.size() == 1);
    const auto& picture = video.representations[0];
    CHECK(picture.id == "1");
    CHECK(picture.bandwidth == 2'345'678);
    CHECK(picture.codecs == "avc1.64001f");
    CHECK(picture.width == 1280);
    CHECK(picture.height == 720);
    CHECK(picture.frame_rate == Ratio{30'000, 1001});
    CHECK(picture.sar == Ratio{1, 1});
    CHECK_FALSE(picture.audio_channel_configuration);

    const auto& audio = period.adaptation_sets[1];
    CHECK(audio.id == 2U);
    CHECK(audio.content_type == "audio");
    CHECK(audio.mime_type == "audio/mp4");
    REQUIRE(audio.representations.size() == 1);
    const auto& sound = audio.representations[0];
    CHECK(sound.codecs == "mp4a.40.2");
    CHECK(sound.audio_sampling_rate == 44'100);
    CHECK(sound.audio_channel_configuration ==
          Descriptor{"urn:mpeg:dash:23003:3:audio_channel_configuration:2011", "2"});
    CHECK(sound.width == 0);
    CHECK(sound.sar == Ratio{});
}

TEST_CASE("a presentation that has ended becomes a static MPD", "[dash][builder]") {
    MpdOptions options;
    options.minimum_update_period = 1s;
    options.suggested_presentation_delay = 9s;
    const auto mpd = make_mpd(ended_presentation(), options);
    const auto live = make_mpd(live_presentation(), options);
    CHECK(live.minimum_update_period == 1s);
    CHECK(live.suggested_presentation_delay == 9s);

    CHECK(mpd.type == PresentationType::static_);
    CHECK(mpd.media_presentation_duration == 7'507'500us);
    CHECK_FALSE(mpd.minimum_update_period);
    CHECK_FALSE(mpd.time_shift_buffer_depth);
    CHECK_FALSE(mpd.suggested_presentation_delay);
    CHECK(mpd.availability_start_time == kStart);
    CHECK(mpd.periods == live.periods);  // start and presentationTimeOffset, too

    auto uneven = ended_presentation();
    uneven.duration = {1, 3};
    uneven.period_start = {500, 1000};
    CHECK(make_mpd(uneven).media_presentation_duration == 833'334us);  // never too short
    CHECK(make_mpd(uneven).periods[0].start == 500ms);
}

TEST_CASE("MPD options name other addresses", "[dash][builder]") {
    MpdOptions options;
    options.utc_timing_url.clear();
    options.location = "http://host/live/app/manifest.mpd";
    options.base_url = "http://host/live/app/";
    options.target_latency = 1500ms;
    const auto mpd = make_mpd(live_presentation(), options);
    CHECK(mpd.utc_timings.empty());
    CHECK(mpd.locations == std::vector<std::string>{options.location});
    CHECK(mpd.base_urls == std::vector<std::string>{options.base_url});
    CHECK(mpd.target_latency == 1500ms);
}

TEST_CASE("events stand in one EventStream per scheme and value", "[dash][builder][event]") {
    auto p = live_presentation();
    p.events = {timed_event(10, 1000, "one"), timed_event(11, 2000, "two")};
    auto other_value = timed_event(12, 1500, "other value");
    other_value.value = "2";
    auto other_scheme = timed_event(13, 500, "other scheme");
    other_scheme.scheme_id_uri = "urn:example:a";
    other_scheme.value = "";
    p.events.push_back(other_value);
    p.events.push_back(other_scheme);

    CHECK(make_mpd(p).periods[0].event_streams.empty());
    const auto streams = make_mpd(p, with_events()).periods[0].event_streams;
    REQUIRE(streams.size() == 3);
    for (const auto& stream : streams) {
        CHECK(stream.timescale == 1000);
        CHECK(stream.presentation_time_offset == 0);
    }
    CHECK(streams[0].scheme_id_uri == "urn:example:a");
    CHECK(streams[0].value == "");
    CHECK(streams[0].events == std::vector<Event>{{500, 10'000, 13, "other scheme"}});
    CHECK(streams[1].scheme_id_uri == "urn:streamkit:metadata");
    CHECK(streams[1].value == "1");
    CHECK(streams[1].events ==
          std::vector<Event>{{1000, 10'000, 10, "one"}, {2000, 10'000, 11, "two"}});
    CHECK(streams[2].value == "2");
    CHECK(streams[2].events == std::vector<Event>{{1500, 10'000, 12, "other value"}});
}

TEST_CASE("event times become milliseconds, and stay in order", "[dash][builder][event]") {
    auto p = live_presentation();
    p.events = {timed_event(1, 0, "")};
    p.events[0].time = {90'045, 90'000};  // 1000.5 ms
    p.events[0].duration = {1, 3};
    p.events.push_back(timed_event(0, 0, ""));
    p.events[1].time = {1001, 1000};  // the same after rounding, but a lower id
    p.events.push_back(timed_event(2, -5, "before the start"));
    const auto streams = make_mpd(p, with_events()).periods[0].event_streams;
    REQUIRE(streams.size() == 1);
    CHECK(streams[0].events == std::vector<Event>{{0, 10'000, 2, "before the start"},
                                                  {1001, 10'000, 0, ""},
                                                  {1001, 333, 1, ""}});
}

TEST_CASE("the usual EventStream is there without an event", "[dash][builder][event]") {
    const auto streams = make_mpd(live_presentation(), with_events()).periods[0].event_streams;
    REQUIRE(streams.size() == 1);
    CHECK(streams[0].scheme_id_uri == "urn:streamkit:metadata");
    CHECK(streams[0].value == "1");
    CHECK(streams[0].events.empty());

    auto none = with_events();
    none.event_streams.clear();
    CHECK(make_mpd(live_presentation(), none).periods[0].event_streams.empty());
}

TEST_CASE("the sample aspect ratio comes from the sequence parameter set", "[dash][builder]") {
    auto p = live_presentation();
    // x264, 720x576 anamorphic: `ffmpeg -f lavfi -i testsrc2=s=720x576:r=25,setsar=64/45`
    p.tracks[0].info.codec_config = SharedBuffer::take(streamkit::test::hex(
        "0164001effe1001d6764001eacd940b4126ffc010000b440000003004000000c83c58b65"
        "8001000668ebe3cb22c0fdf8f800"));
    CHECK(make_mpd(p).periods[0].adaptation_sets[0].representations[0].sar == Ratio{64, 45});
    p.tracks[0].info.codec_config = p.tracks[0].info.codec_config.slice(0, 9);
    CHECK(make_mpd(p).periods[0].adaptation_sets[0].representations[0].sar == Ratio{1, 1});
}

TEST_CASE("an MPD does not promise access points that are not there", "[dash][builder]") {
    auto p = live_presentation();
    p.tracks[0].starts_with_sap = 0;
    const auto sets = make_mpd(p).periods[0].adaptation_sets;
    CHECK(sets[0].start_with_sap == 0);
    CHECK(sets[1].start_with_sap == 1);
}

TEST_CASE("channel counts become ChannelConfigurations", "[dash][builder]") {
    const struct {
        std::uint32_t channels;
        const char* value;
    } cases[] = {{1, "1"}, {2, "2"}, {6, "6"}, {7, "11"}, {8, "7"}};
    auto p = live_presentation();
    const auto configuration = [&] {
        return make_mpd(p)
            .periods[0]
            .adaptation_sets[1]
            .representations[0]
            .audio_channel_configuration;
    };
    for (const auto& c : cases) {
        p.tracks[1].info.audio.channels = c.channels;
        REQUIRE(configuration());
        CHECK(configuration()->value == c.value);
    }
    for (const std::uint32_t channels : {0U, 9U, 24U}) {
        p.tracks[1].info.audio.channels = channels;
        CHECK_FALSE(configuration());
    }
}

TEST_CASE("what a packager does not know yet is left out or harmless", "[dash][builder]") {
    auto p = live_presentation();
    for (auto& track : p.tracks) {
        track.segments.clear();
        track.bandwidth = 0;
        track.frame_rate_numerator = 0;
        track.frame_rate_denominator = 0;
        track.info.audio = {};
    }
    const auto mpd = make_mpd(p);
    const auto& video = mpd.periods[0].adaptation_sets[0];
    CHECK(video.segment_template->timeline.empty());
    CHECK(video.representations[0].bandwidth == 1);
    CHECK(video.representations[0].frame_rate == Ratio{0, 1});
    p.tracks[0].bandwidth = std::uint64_t{1} << 40;
    CHECK(make_mpd(p).periods[0].adaptation_sets[0].representations[0].bandwidth == 0xffffffff);
}
