#include "streamkit/dash/mpd_reader.hpp"

#include "presentations.hpp"
#include "streamkit/dash/errc.hpp"
#include "streamkit/dash/mpd_writer.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::dash;
using namespace std::chrono_literals;
using streamkit::dash::test::ended_presentation;
using streamkit::dash::test::live_presentation;
using streamkit::dash::test::timed_event;

namespace {

/// What `ffmpeg -f dash` 5.1 writes for a live stream, shortened to the video.
constexpr const char* kFfmpegMpd = R"(<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
	xmlns="urn:mpeg:dash:schema:mpd:2011"
	profiles="urn:mpeg:dash:profile:isoff-live:2011"
	type="dynamic"
	minimumUpdatePeriod="PT500S"
	timeShiftBufferDepth="PT10.0S"
	availabilityStartTime="2026-11-20T13:00:00.123Z"
	publishTime="2026-11-20T13:00:10.000Z"
	minBufferTime="PT4.0S">
	<ProgramInformation>
	</ProgramInformation>
	<ServiceDescription id="0">
		<Latency target="3500"/>
	</ServiceDescription>
	<Period id="0" start="PT0.0S">
		<AdaptationSet id="0" contentType="video" startWithSAP="1" segmentAlignment="true" frameRate="30/1" par="16:9">
			<Representation id="0" mimeType="video/mp4" codecs="avc1.64001f" bandwidth="2000000" width="1280" height="720" sar="1:1">
				<SegmentTemplate timescale="15360" initialization="init-stream$RepresentationID$.m4s" media="chunk-stream$RepresentationID$-$Number%05d$.m4s" startNumber="3">
					<SegmentTimeline>
						<S t="61440" d="30720" r="2" />
						<S d="15360" />
					</SegmentTimeline>
				</SegmentTemplate>
			</Representation>
		</AdaptationSet>
	</Period>
</MPD>
)";

std::string mpd_with(std::string_view inside, std::string_view attributes = "") {
    std::string xml = "<MPD ";
    xml += attributes;
    xml += ">\n<Period>\n";
    xml += inside;
    return xml + "\n</Period></MPD>";
}

Error read_error(std::string_view xml, const MpdLimits& limits = {}) {
    INFO(xml);
    const auto mpd = read_mpd(xml, limits);
    REQUIRE_FALSE(mpd);
    return mpd.error();
}

std::vector<Mpd> models() {
    MpdOptions everything;
    everything.events = WithEvents::yes;
    everything.location = "http://host/live/a?b=c&d=e";
    everything.base_url = "http://cdn/";
    everything.target_latency = 1500ms;
    auto p = live_presentation();
    p.events = {timed_event(1, 0, "one"), timed_event(2, 10, "two")};
    std::vector<Mpd> out{make_mpd(p), make_mpd(p, everything),
                         make_mpd(ended_presentation(), everything)};

    auto numbered = out.front();
    numbered.id = "channel 1";
    auto& period = numbered.periods.emplace_back(numbered.periods.front());
    period.start.reset();
    period.duration = 12'345'678us;
    auto& set = period.adaptation_sets.front();
    set.lang = "de";
    auto& r = set.representations.front();
    r.mime_type = "video/mp4";
    r.sar = {4, 3};
    r.segment_template = set.segment_template;
    r.segment_template->timeline.clear();
    r.segment_template->start_number = 1;
    r.segment_template->duration = 60'000;
    set.segment_template.reset();
    period.event_streams.push_back({"urn:example:b", std::nullopt, 90'000, 5, {{7, {}, {}, "x"}}});
    out.push_back(numbered);
    return out;
}

}  // namespace

TEST_CASE("what the writer writes, the reader reads", "[dash][reader]") {
    for (const auto& mpd : models()) {
        const auto xml = write_mpd(mpd);
        INFO(xml);
        const auto read = read_mpd(xml);
        REQUIRE(read);
        CHECK(*read == mpd);
        CHECK(write_mpd(*read) == xml);
    }
}

TEST_CASE("every truncation of an MPD is refused", "[dash][reader]") {
    const auto xml = write_mpd(models().back());
    const auto end = xml.rfind('>') + 1;  // white space may be missing
    for (std::size_t size = 0; size < end; ++size) {
        const auto prefix = xml.substr(0, size);
        const auto mpd = read_mpd(prefix);
        REQUIRE_FALSE(mpd);
        const bool expected =
            mpd.error().code == Errc::malformed_xml || mpd.error().code == Errc::not_an_mpd;
        CHECK(expected);
    }
}

TEST_CASE("the reader knows other writers' MPDs", "[dash][reader]") {
    const auto mpd = read_mpd(kFfmpegMpd);
    REQUIRE(mpd);
    CHECK(mpd->type == PresentationType::dynamic);
    CHECK(mpd->minimum_update_period == 500s);
    CHECK(mpd->availability_start_time == streamkit::dash::test::kStart);
    CHECK(mpd->target_latency == 3500ms);
    REQUIRE(mpd->periods.size() == 1);
    REQUIRE(mpd->periods[0].adaptation_sets.size() == 1);
    const auto& set = mpd->periods[0].adaptation_sets[0];
    CHECK(set.id == 0U);
    CHECK_FALSE(set.segment_template);
    REQUIRE(set.representations.size() == 1);
    const auto& r = set.representations[0];
    const auto* segments = set.template_of(r);
    REQUIRE(segments != nullptr);
    CHECK(segments->start_number == 3U);
    CHECK(expand_template(segments->media, r, 0, 3) == "chunk-stream0-00003.m4s");
    CHECK(unfold_timeline(segments->timeline)->size() == 4);
}

TEST_CASE("a SegmentTemplate fills in from the one above", "[dash][reader]") {
    const auto mpd = read_mpd(mpd_with(R"(
        <SegmentTemplate timescale="1000" media="$RepresentationID$-$Time$.m4s" startNumber="5"/>
        <AdaptationSet>
          <SegmentTemplate presentationTimeOffset="7"><SegmentTimeline><S t="7" d="2000"/></SegmentTimeline></SegmentTemplate>
          <Representation id="a" bandwidth="1"/>
          <Representation id="b" bandwidth="2"><SegmentTemplate initialization="b.mp4" timescale="90000"/></Representation>
        </AdaptationSet>
        <AdaptationSet><Representation id="c" bandwidth="3"/></AdaptationSet>)"));
    REQUIRE(mpd);
    const auto& sets = mpd->periods[0].adaptation_sets;
    REQUIRE(sets.size() == 2);
    SegmentTemplate expected;
    expected.timescale = 1000;
    expected.media = "$RepresentationID$-$Time$.m4s";
    expected.start_number = 5;
    CHECK(*sets[1].template_of(sets[1].representations[0]) == expected);
    expected.presentation_time_offset = 7;
    expected.timeline = {{7, 2000, 0}};
    CHECK(*sets[0].template_of(sets[0].representations[0]) == expected);
    expected.initialization = "b.mp4";
    expected.timescale = 90'000;
    CHECK(*sets[0].template_of(sets[0].representations[1]) == expected);
}

TEST_CASE("an event's message may stand in the element", "[dash][reader][event]") {
    const auto mpd = read_mpd(mpd_with(R"(
        <EventStream schemeIdUri="urn:x"><Event>a &lt; b</Event><Event><![CDATA[<b>]]></Event><Event/></EventStream>)"));
    REQUIRE(mpd);
    const auto& stream = mpd->periods[0].event_streams[0];
    CHECK_FALSE(stream.value);
    CHECK(stream.timescale == 1);
    CHECK(stream.events == std::vector<Event>{{0, {}, {}, "a < b"}, {0, {}, {}, "<b>"}, {}});
}

TEST_CASE("errors of an MPD name the attribute and its line", "[dash][reader]") {
    const auto video = [](std::string_view attributes, std::string_view inside = "") {
        std::string xml = "<AdaptationSet><Representation id=\"1\" bandwidth=\"1\" ";
        xml += attributes;
        xml += ">";
        xml += inside;
        return mpd_with(xml + "</Representation></AdaptationSet>");
    };
    const struct {
        std::string xml;
        Errc code;
        const char* what;
    } cases[] = {
        {"", Errc::malformed_xml, "MPD"},
        {"{}", Errc::malformed_xml, "MPD"},
        {"<MPD>", Errc::malformed_xml, "MPD"},
        {"<mpd/>", Errc::not_an_mpd, "MPD"},
        {"<!-- nothing -->", Errc::not_an_mpd, "MPD"},
        {"<MPD type=\"live\"/>", Errc::malformed_attribute, "MPD@type"},
        {"<MPD publishTime=\"now\"/>", Errc::malformed_attribute, "MPD@publishTime"},
        {"<MPD availabilityStartTime=\"\"/>", Errc::malformed_attribute,
         "MPD@availabilityStartTime"},
        {"<MPD minBufferTime=\"2\"/>", Errc::malformed_attribute, "MPD@minBufferTime"},
        {"<MPD timeShiftBufferDepth=\"P1Y\"/>", Errc::unsupported_duration,
         "MPD@timeShiftBufferDepth"},
        {"<MPD><UTCTiming/></MPD>", Errc::missing_attribute, "UTCTiming@schemeIdUri"},
        {"<MPD><ServiceDescription><Latency target=\"x\"/></ServiceDescription></MPD>",
         Errc::malformed_attribute, "Latency@target"},
        {mpd_with("<EventStream/>"), Errc::missing_attribute, "EventStream@schemeIdUri"},
        {mpd_with("<EventStream schemeIdUri=\"\" timescale=\"0\"/>"), Errc::malformed_attribute,
         "EventStream@timescale"},
        {mpd_with("<EventStream schemeIdUri=\"\"><Event id=\"seven\"/></EventStream>"),
         Errc::malformed_attribute, "Event@id"},
        {mpd_with("<EventStream schemeIdUri=\"\"><Event id=\"4294967296\"/></EventStream>"),
         Errc::malformed_attribute, "Event@id"},
        {mpd_with("<EventStream schemeIdUri=\"\"><Event presentationTime=\"-1\"/></EventStream>"),
         Errc::malformed_attribute, "Event@presentationTime"},
        {mpd_with("<AdaptationSet id=\"v\"/>"), Errc::malformed_attribute, "AdaptationSet@id"},
        {mpd_with("<AdaptationSet segmentAlignment=\"yes\"/>"), Errc::malformed_attribute,
         "AdaptationSet@segmentAlignment"},
        {mpd_with("<AdaptationSet><Representation bandwidth=\"1\"/></AdaptationSet>"),
         Errc::missing_attribute, "Representation@id"},
        {mpd_with("<AdaptationSet><Representation id=\"1\"/></AdaptationSet>"),
         Errc::missing_attribute, "Representation@bandwidth"},
        {video("frameRate=\"30/0\""), Errc::malformed_attribute, "Representation@frameRate"},
        {video("frameRate=\"29.97\""), Errc::malformed_attribute, "Representation@frameRate"},
        {video("sar=\"4:\""), Errc::malformed_attribute, "Representation@sar"},
        {video("width=\"99999999999\""), Errc::malformed_attribute, "Representation@width"},
        {video("", "<AudioChannelConfiguration/>"), Errc::missing_attribute,
         "AudioChannelConfiguration@schemeIdUri"},
        {video("", "<SegmentTemplate timescale=\"0\"/>"), Errc::malformed_attribute,
         "SegmentTemplate@timescale"},
        {video("",
               "<SegmentTemplate><SegmentTimeline><S t=\"0\"/></SegmentTimeline>"
               "</SegmentTemplate>"),
         Errc::missing_attribute, "S@d"},
        {video("",
               "<SegmentTemplate><SegmentTimeline><S d=\"1\" r=\"\"/></SegmentTimeline>"
               "</SegmentTemplate>"),
         Errc::malformed_attribute, "S@r"},
    };
    for (const auto& c : cases) {
        const auto error = read_error(c.xml);
        CHECK(error.code == c.code);
        CHECK(std::string_view{error.what} == c.what);
    }
    // The second line begins at byte 10.
    const auto error = read_error("<MPD>    \n<Period><AdaptationSet id=\"v\"/></Period></MPD>");
    CHECK(error.offset == 10);
    CHECK(read_error("<MPD>    \n<Period id></Period></MPD>").offset == 10);
}

TEST_CASE("an MPD meets a limit on everything that it can hold many of", "[dash][reader]") {
    MpdLimits limits;
    limits.max_periods = 1;
    limits.max_adaptation_sets = 1;
    limits.max_representations = 1;
    limits.max_timeline_entries = 1;
    limits.max_event_streams = 1;
    limits.max_events = 1;
    limits.max_descriptors = 1;
    const std::string stream = R"(<EventStream schemeIdUri="x"><Event/></EventStream>)";
    const std::string r = R"(<Representation id="1" bandwidth="1"><SegmentTemplate>)"
                          R"(<SegmentTimeline><S d="1"/></SegmentTimeline></SegmentTemplate>)"
                          R"(</Representation>)";
    const std::string set = "<AdaptationSet>" + r + "</AdaptationSet>";
    const std::string period = "<Period>" + stream + set + "</Period>";
    const std::string lists = R"(<BaseURL/><Location/><UTCTiming schemeIdUri="x"/>)";
    const auto whole = "<MPD>" + lists + period + "</MPD>";
    REQUIRE(read_mpd(whole, limits));

    for (const std::string& part :
         {period, set, r, std::string{R"(<S d="1"/>)"}, stream, std::string{"<Event/>"},
          std::string{"<BaseURL/>"}, std::string{"<Location/>"},
          std::string{R"(<UTCTiming schemeIdUri="x"/>)"}}) {
        auto doubled = whole;
        doubled.insert(doubled.find(part), part);
        const auto error = read_error(doubled, limits);
        CHECK(error.code == Errc::too_many_elements);
        CHECK(error.code == Failure::limit_exceeded);
        CHECK(read_mpd(doubled));
    }
    limits.max_bytes = whole.size();
    CHECK(read_mpd(whole, limits));
    CHECK(read_error(whole + " ", limits).code == Errc::mpd_too_large);
}

TEST_CASE("XML that goes deep, or repeats itself, does no harm", "[dash][reader]") {
    std::string deep = "<MPD>";
    for (int i = 0; i < 100'000; ++i)
        deep += "<a>";
    CHECK(read_error(deep).code == Errc::malformed_xml);

    const auto entities = read_mpd(R"(<!DOCTYPE MPD [<!ENTITY a "&b;&b;"><!ENTITY b "ha">]>)"
                                   R"(<MPD id="&a;"/>)");
    if (entities) CHECK(entities->id == "&a;");  // not expanded
}
