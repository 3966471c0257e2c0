#include "streamkit/dash/mpd_writer.hpp"

#include "presentations.hpp"
#include "streamkit/dash/mpd_reader.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::dash;
using streamkit::dash::test::ended_presentation;
using streamkit::dash::test::live_presentation;
using streamkit::dash::test::timed_event;
using streamkit::test::ContainsSubstring;

namespace {

MpdOptions with_events() {
    MpdOptions options;
    options.events = WithEvents::yes;
    return options;
}

/// What a reader gets for a message that went in as `message`.
std::string round_trip(std::string_view message) {
    auto p = live_presentation();
    p.events = {timed_event(1, 0, message)};
    const auto mpd = read_mpd(write_mpd(p, with_events()));
    REQUIRE(mpd);
    return mpd->periods.at(0).event_streams.at(0).events.at(0).message_data;
}

}  // namespace

TEST_CASE("a live MPD, to the letter", "[dash][writer]") {
    auto p = live_presentation();
    p.events = {timed_event(60'000'001, 5000, "hello")};
    CHECK(write_mpd(p, with_events()) == R"(<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011,urn:mpeg:dash:profile:cmaf:2019" type="dynamic" availabilityStartTime="2026-11-20T13:00:00.123Z" publishTime="2026-11-20T13:00:07.623Z" minimumUpdatePeriod="PT2S" minBufferTime="PT2S" timeShiftBufferDepth="PT60S" suggestedPresentationDelay="PT6S" maxSegmentDuration="PT12S">
    <Period id="mi8x2p3f" start="PT0S">
        <EventStream schemeIdUri="urn:streamkit:metadata" value="1" timescale="1000" presentationTimeOffset="0">
            <Event presentationTime="5000" duration="10000" id="60000001" messageData="hello"/>
        </EventStream>
        <AdaptationSet id="1" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">
            <SegmentTemplate timescale="30000" presentationTimeOffset="2002" media="mi8x2p3f-1-$Time$.m4s" initialization="init-mi8x2p3f-1.mp4">
                <SegmentTimeline>
                    <S t="62062" d="60060" r="1"/>
                    <S d="45045"/>
                </SegmentTimeline>
            </SegmentTemplate>
            <Representation id="1" codecs="avc1.64001f" bandwidth="2345678" width="1280" height="720" frameRate="30000/1001" sar="1:1"/>
        </AdaptationSet>
        <AdaptationSet id="2" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">
            <SegmentTemplate timescale="44100" presentationTimeOffset="2943" media="mi8x2p3f-2-$Time$.m4s" initialization="init-mi8x2p3f-2.mp4">
                <SegmentTimeline>
                    <S t="91007" d="88064" r="1"/>
                    <S d="66560"/>
                </SegmentTimeline>
            </SegmentTemplate>
            <Representation id="2" codecs="mp4a.40.2" bandwidth="128000" audioSamplingRate="44100">
                <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="2"/>
            </Representation>
        </AdaptationSet>
    </Period>
    <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-xsdate:2014" value="/time"/>
</MPD>
)");
}

TEST_CASE("a static MPD has no update period and a duration", "[dash][writer]") {
    const auto xml = write_mpd(ended_presentation(), {});
    CHECK_THAT(xml, ContainsSubstring(R"(type="static")"));
    CHECK_THAT(xml, ContainsSubstring(R"(mediaPresentationDuration="PT7.5075S")"));
    for (const auto* absent : {"minimumUpdatePeriod", "timeShiftBufferDepth",
                               "suggestedPresentationDelay", "EventStream"}) {
        CHECK_THAT(xml, !ContainsSubstring(absent));
    }
}

TEST_CASE("an EventStream keeps @value when it is empty", "[dash][writer][event]") {
    auto options = with_events();
    options.event_streams = {{"urn:example:a", ""}};
    CHECK_THAT(write_mpd(live_presentation(), options),
               ContainsSubstring(R"(<EventStream schemeIdUri="urn:example:a" value="" )"));
}

TEST_CASE("event texts survive XML", "[dash][writer][event]") {
    for (const std::string_view text :
         {"plain", "", R"(<Event id="7"/> & 'quotes' "too" ]]> <!-- --> &amp; &#10;)",
          "line\nfeed\r\nand\ttab", " spaces  kept ", "Grüße, 世界, \U0001F600",
          R"({"metadata": "message", "time": 12345})", "\x7f is allowed", "$Time$"}) {
        INFO(text);
        CHECK(round_trip(text) == text);
    }
    CHECK(round_trip(std::string(64 << 10, '&')) == std::string(64 << 10, '&'));
    auto p = live_presentation();
    p.events = {timed_event(1, 0, "a\nb\tc\rd")};
    // A bare line feed would be a space to a parser: XML 1.0, 3.3.3.
    CHECK_THAT(write_mpd(p, with_events()),
               ContainsSubstring(R"(messageData="a&#10;b&#9;c&#13;d")"));
}

TEST_CASE("what XML cannot carry becomes U+FFFD", "[dash][writer][event]") {
    using namespace std::string_view_literals;
    const struct {
        const char* name;
        std::string_view message;
        std::string_view read;
    } cases[] = {
        {"NUL", "a\0b"sv, "a\ufffdb"},
        {"control characters", "\x01\x08\x0b\x0c\x0e\x1f"sv,
         "\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"},
        {"U+FFFE and U+FFFF", "\xef\xbf\xbe|\xef\xbf\xbf"sv, "\ufffd|\ufffd"},
        {"a byte that is not UTF-8", "a\xffz"sv, "a\ufffdz"},
        {"an overlong form", "\xc0\xaf"sv, "\ufffd\ufffd"},
        {"a surrogate", "\xed\xa0\x80"sv, "\ufffd\ufffd\ufffd"},
        {"a sequence that is cut off", "\xe4\xb8"sv, "\ufffd\ufffd"},
        {"U+FFFD itself", "\ufffd"sv, "\ufffd"},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(round_trip(c.message) == c.read);
    }
}

TEST_CASE("a thousand events stay in order and unique", "[dash][writer][event]") {
    auto p = live_presentation();
    for (std::uint32_t i = 0; i < 1000; ++i) {
        p.events.push_back(timed_event(90'000'000 + i, std::int64_t{i} * 37, std::to_string(i)));
    }
    const auto mpd = read_mpd(write_mpd(p, with_events()));
    REQUIRE(mpd);
    const auto& events = mpd->periods.at(0).event_streams.at(0).events;
    REQUIRE(events.size() == 1000);
    for (std::uint32_t i = 0; i < 1000; ++i) {
        CHECK(events[i] == Event{std::uint64_t{i} * 37, 10'000, 90'000'000 + i, std::to_string(i)});
    }
}
