#include "streamkit/live/stream.hpp"

#include "publisher.hpp"
#include "support/catch.hpp"

namespace streamkit::live {
namespace {

using namespace test;
using streamkit::test::Approx;

struct Scene {
    Hub hub;
    Publisher publisher{hub.open("live/app").value()};
    Stream& stream = *publisher.stream;
};

}  // namespace

TEST_CASE("a new subscriber gets what it takes to begin, in one burst", "[live][stream]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    publisher.write(Metadata{"onMetaData", {0, 1000}, SharedBuffer::copy_of(as_bytes("old"))});
    publisher.write(Metadata{"onMetaData", {0, 1000}, SharedBuffer::copy_of(as_bytes("new"))});
    publisher.write(Metadata{"onCuePoint", {0, 1000}, {}});  // of its moment only
    publisher.write(timed_event(1, 1000, 500));
    publisher.write(timed_event(2, 60'000));
    publisher.key(0);
    publisher.key(4000);  // event 1 is over
    publisher.audio(4010);
    publisher.frame(4040);

    const auto subscriber = scene.stream.subscribe();
    std::vector<EventPointer> events;
    while (auto event = subscriber->poll())
        events.push_back(std::move(event));
    Names names;
    for (const auto& event : events)
        names.push_back(name_of(event->event()));
    CHECK(names == Names{"onMetaData", "video", "audio", "event 2", "K4000", "A4010", "P4040"});
    CHECK(as_text(std::get<Metadata>(events[0]->event()).body) == "new");
    CHECK(events[0]->body()->timestamp_ms == 0);
    // The sequence headers stand where the packets begin, for players that start their clock there.
    CHECK(events[1]->body()->timestamp_ms == 4000);
    CHECK(events[2]->body()->timestamp_ms == 4000);

    publisher.frame(4080);
    CHECK(drain(*subscriber) == Names{"P4080"});
}

TEST_CASE("a new subscriber without a cached group of pictures waits for a key frame",
          "[live][stream]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    publisher.key(0);
    publisher.frame(40);
    const auto subscriber = scene.stream.subscribe({.start = StartAt::next_key_frame});
    CHECK(drain(*subscriber) == Names{"video", "audio"});
    publisher.frame(80);
    publisher.audio(90);
    CHECK(drain(*subscriber).empty());
    publisher.key(120);
    publisher.audio(130);
    CHECK(drain(*subscriber) == Names{"K120", "A130"});
    CHECK(subscriber->stats().dropped_packets == 0);
}

TEST_CASE("one that came before the first frame never sees a loose one", "[live][stream]") {
    Scene scene;
    auto& publisher = scene.publisher;
    const auto subscriber = scene.stream.subscribe();
    publisher.announce();
    publisher.audio(0);
    publisher.frame(40);  // the encoder was joined in the middle of a group
    publisher.key(80);
    CHECK(drain(*subscriber) == Names{"video", "audio", "A0", "K80"});
}

TEST_CASE("a changed configuration takes the old packets out of the cache", "[live][stream]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    publisher.key(0);
    publisher.audio(10);
    SECTION("the same again changes nothing") {
        publisher.announce();
        CHECK(drain(*scene.stream.subscribe()) == Names{"video", "audio", "K0", "A10"});
    }
    SECTION("audio") {
        publisher.write(audio_track("1390"));
        CHECK(drain(*scene.stream.subscribe()) == Names{"video", "audio", "K0"});
    }
    SECTION("video") {
        publisher.write(video_track("01420029"));
        const auto subscriber = scene.stream.subscribe();
        const auto event = subscriber->poll();
        CHECK(std::get<TrackInfo>(event->event()) == video_track("01420029"));
        publisher.frame(40);
        publisher.key(80);
        CHECK(drain(*subscriber) == Names{"audio", "K80"});
    }
}

TEST_CASE("the burst out of the cache has no weight of its own", "[live][stream]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    publisher.key(0, 100'000);
    for (std::int64_t ms = 40; ms < 2000; ms += 40)
        publisher.frame(ms, 10'000);
    const auto subscriber = scene.stream.subscribe({.max_bytes = 50'000});
    publisher.frame(2000, 10'000);
    CHECK(subscriber->stats().dropped_packets == 0);
    CHECK(subscriber->stats().queued_events == 53);
    CHECK(subscriber->stats().queued_bytes < 12'000);
    CHECK(drain(*subscriber).size() == 53);
    CHECK(subscriber->stats().queued_bytes == 0);
}

TEST_CASE("all subscribers share one encoded message", "[live][stream]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    const auto first = scene.stream.subscribe();
    const auto second = scene.stream.subscribe();
    drain(*first);
    drain(*second);
    publisher.key(40, 5000);
    const auto one = first->poll();
    const auto other = second->poll();
    REQUIRE(one->encoded());
    CHECK(one->encoded() == other->encoded());
    CHECK(one->encoded()->type() == flv::TagType::video);
    CHECK(one->encoded()->size_bytes() > 5000);
    // The payload itself is the publisher's, not a copy.
    const auto& payload = std::get<Packet>(one->event()).payload;
    const auto slices = one->encoded()->slices();
    CHECK(std::any_of(slices.begin(), slices.end(),
                      [&](const SharedBuffer& slice) { return slice.data() == payload.data(); }));

    publisher.write(timed_event(1, 0));
    CHECK_FALSE(first->poll()->encoded());  // RTMP has no message for it
}

TEST_CASE("observers see everything on the spot", "[live][stream]") {
    Scene scene;
    auto& publisher = scene.publisher;
    Names seen;
    std::vector<TimePoint> times;
    const auto record = [&](const MediaEvent& event, TimePoint now) {
        seen.push_back(name_of(event));
        times.push_back(now);
    };
    publisher.announce();
    publisher.write(timed_event(3, 60'000));
    publisher.key(0);
    publisher.now += 40ms;
    scene.stream.observe(record);
    CHECK(seen == Names{"video", "audio", "event 3"});  // what is there, but no packets of the past
    seen.clear();
    publisher.frame(40);
    CHECK(seen == Names{"P40"});
    CHECK(times.back() == publisher.now);
    scene.stream.inject(timed_event(4, 60'000), publisher.now);
    scene.stream.end(publisher.now);
    publisher.frame(80);  // too late
    CHECK(seen == Names{"P40", "event 4", "end"});

    seen.clear();
    scene.stream.observe(record);
    CHECK(seen == Names{"video", "audio", "end"});
}

TEST_CASE("an observer may subscribe and ask for statistics", "[live][stream]") {
    Scene scene;
    std::shared_ptr<Subscriber> subscriber;
    scene.stream.observe([&](const MediaEvent&, TimePoint now) {
        if (!subscriber) subscriber = scene.stream.subscribe();
        CHECK(scene.stream.stats(now).viewers == 1);
    });
    scene.publisher.announce();
    CHECK(drain(*subscriber) == Names{"video", "audio"});
}

TEST_CASE("whoever comes after the end is told so", "[live][stream]") {
    Scene scene;
    scene.publisher.announce();
    scene.publisher.key(0);
    const auto before = scene.stream.subscribe();
    scene.stream.write(EndOfStream{}, scene.publisher.now);  // the same as end()
    CHECK_FALSE(scene.stream.is_live());
    scene.stream.end(scene.publisher.now);
    CHECK(drain(*before) == Names{"video", "audio", "K0", "end"});
    CHECK(drain(*scene.stream.subscribe()) == Names{"video", "audio", "end"});
}

TEST_CASE("pending timed events are bounded", "[live][stream]") {
    Hub hub({.stream = {.max_pending_events = 2}});
    Publisher publisher{hub.open("a").value()};
    for (std::uint32_t id = 1; id <= 3; ++id)
        publisher.write(timed_event(id, 1000));
    CHECK(drain(*publisher.stream->subscribe()) == Names{"event 2", "event 3"});
}

TEST_CASE("a stream tells its codecs, sizes and rates", "[live][stats]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    const auto viewer = scene.stream.subscribe();
    const auto started = publisher.now;
    for (std::int64_t ms = 0; ms < 8000; ms += 40, publisher.now += 40ms) {
        ms % 2000 == 0 ? publisher.key(ms, 1000) : publisher.frame(ms, 1000);
        publisher.audio(ms, 50);
    }
    const auto stats = scene.stream.stats(publisher.now);
    CHECK(stats.path == "live/app");
    CHECK(stats.started == started);
    CHECK(stats.viewers == 1);
    CHECK(stats.total_viewers == 1);
    CHECK(stats.gop_packets == 100);
    REQUIRE(stats.tracks.size() == 2);
    const auto& video = stats.tracks[0];
    CHECK(video.info.codec == CodecId::h264);
    CHECK(video.info.video.width == 1280);
    CHECK(video.info.video.frame_rate == 25);
    CHECK(video.frame_rate == Approx(25));
    CHECK(video.packets == 200);
    CHECK(video.bytes == 200'000);
    CHECK(video.bits_per_second == Approx(200'000));
    CHECK(stats.tracks[1].bits_per_second == Approx(10'000));
    CHECK(stats.bits_per_second == Approx(210'000));
    CHECK(stats.bytes == 210'000);
}

}  // namespace streamkit::live
