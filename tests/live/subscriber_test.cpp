#include "streamkit/live/subscriber.hpp"

#include "publisher.hpp"
#include "support/catch.hpp"

namespace streamkit::live {
namespace {

using namespace test;

struct Scene {
    Hub hub;
    Publisher publisher{hub.open("live/app").value()};

    std::shared_ptr<Subscriber> subscribe(SubscriberConfig config = {}) {
        return publisher.stream->subscribe(config);
    }
};

}  // namespace

TEST_CASE("a subscriber gets what is written, in order", "[live][subscriber]") {
    Scene scene;
    const auto subscriber = scene.subscribe();
    CHECK_FALSE(subscriber->poll());
    scene.publisher.announce();
    scene.publisher.key(0);
    scene.publisher.audio(10);
    scene.publisher.write(timed_event(7, 5000));
    scene.publisher.write(Metadata{"onCuePoint", {20, 1000}, {}});
    scene.publisher.frame(40);
    scene.publisher.stream->end(scene.publisher.now);
    CHECK(drain(*subscriber) ==
          Names{"video", "audio", "K0", "A10", "event 7", "onCuePoint", "P40", "end"});
    CHECK(subscriber->stats().delivered_events == 8);
    CHECK_FALSE(subscriber->closed_reason());
}

TEST_CASE("an overflow drops packets up to the next key frame, and nothing else",
          "[live][subscriber]") {
    struct Case {
        const char* name;
        SubscriberConfig limits;
        std::chrono::milliseconds step;  // between two events
    };
    // Each takes two packets and not a third one.
    const Case cases[] = {
        {"bytes", {.max_bytes = 3000, .max_events = 1000, .max_delay = 1h}, 0ms},
        {"events", {.max_bytes = 1 << 20, .max_events = 2, .max_delay = 1h}, 0ms},
        {"delay", {.max_bytes = 1 << 20, .max_events = 1000, .max_delay = 70ms}, 40ms},
    };
    for (const auto& [name, limits, step] : cases) {
        CAPTURE(name);
        Scene scene;
        auto& publisher = scene.publisher;
        publisher.announce();
        const auto subscriber = scene.subscribe(limits);
        drain(*subscriber);
        const auto write = [&publisher, pause = step](MediaEvent event) {
            publisher.write(std::move(event));
            publisher.now += pause;
        };
        write(packet(kVideo, 0, true, 700));
        write(packet(kAudio, 20, true, 700));
        write(packet(kVideo, 40, false, 2000));
        CHECK(subscriber->stats().overflows == 1);
        write(packet(kAudio, 50, true, 1));  // of the same span
        write(timed_event(1, 5000));
        write(packet(kVideo, 80, false, 1));  // depends on what was dropped
        write(Metadata{"onCuePoint", {90, 1000}, {}});
        write(audio_track("1390"));
        CHECK(drain(*subscriber) == Names{"K0", "A20", "event 1", "onCuePoint", "audio"});
        write(packet(kVideo, 120, false));
        write(packet(kVideo, 160, true));
        write(packet(kVideo, 200, false));
        CHECK(drain(*subscriber) == Names{"K160", "P200"});
        CHECK(subscriber->stats().overflows == 1);
        CHECK(subscriber->stats().dropped_packets == 4);
        CHECK(subscriber->stats().dropped_bytes > 2000);
    }
}

TEST_CASE("after an overflow it goes on at the first key frame that fits", "[live][subscriber]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    const auto subscriber = scene.subscribe({.max_events = 2});
    drain(*subscriber);
    publisher.key(0);
    publisher.frame(40);
    publisher.frame(80);  // overflow
    publisher.key(120);   // still full
    CHECK(name_of(subscriber->poll()->event()) == "K0");
    publisher.frame(160);  // there is room, but its key frame was dropped
    publisher.key(200);
    CHECK(drain(*subscriber) == Names{"P40", "K200"});
    CHECK(subscriber->stats().dropped_packets == 3);
    CHECK(subscriber->stats().overflows == 1);
    CHECK(publisher.stream->stats(publisher.now).dropped_packets == 3);
}

TEST_CASE("an event of any size is taken while the queue is empty", "[live][subscriber]") {
    Scene scene;
    scene.publisher.announce();
    const auto subscriber = scene.subscribe({.max_bytes = 1000});
    drain(*subscriber);
    scene.publisher.key(0, 1500);
    CHECK(drain(*subscriber) == Names{"K0"});
}

TEST_CASE("without video an overflow drops the oldest second", "[live][subscriber]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.write(audio_track());
    const auto subscriber = scene.subscribe({.max_events = 8});
    drain(*subscriber);
    publisher.write(timed_event(1, 60'000));
    for (std::int64_t ms = 0; ms < 1750; ms += 250)
        publisher.audio(ms);
    CHECK(subscriber->stats().queued_events == 8);
    publisher.audio(1750);
    CHECK(drain(*subscriber) == Names{"event 1", "A1000", "A1250", "A1500", "A1750"});
    CHECK(subscriber->stats().dropped_packets == 4);
    CHECK(subscriber->stats().overflows == 1);
}

TEST_CASE("a video track that has fallen silent does not hold the sound back",
          "[live][subscriber]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    publisher.key(0);
    const auto subscriber = scene.subscribe({.max_events = 2, .max_behind = 1h});
    drain(*subscriber);
    publisher.frame(40);
    publisher.frame(80);
    publisher.frame(120);  // overflow
    drain(*subscriber);
    publisher.audio(130);
    CHECK(drain(*subscriber).empty());  // a key frame may come any moment
    publisher.now += 6s;
    publisher.audio(6130);
    CHECK(drain(*subscriber) == Names{"A6130"});
    publisher.frame(6200);  // the camera is back: only a key frame will do
    publisher.audio(6210);
    CHECK(drain(*subscriber).empty());
    publisher.key(6240);
    publisher.audio(6250);
    CHECK(drain(*subscriber) == Names{"K6240", "A6250"});
}

TEST_CASE("a subscriber that stays behind is closed with a reason", "[live][subscriber]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    const auto stalled = scene.subscribe({.max_delay = 1s, .max_behind = 5s});
    const auto slow = scene.subscribe({.max_delay = 1s, .max_behind = 5s});
    int wakes = 0;
    drain(*stalled);
    drain(*slow);
    stalled->on_wake([&] { ++wakes; });
    for (std::int64_t ms = 0; ms < 20'000; ms += 40, publisher.now += 40ms) {
        ms % 2000 == 0 ? publisher.key(ms) : publisher.frame(ms);
        if (ms % 4000 == 0) drain(*slow);  // misses frames, but comes back each time
    }
    REQUIRE(stalled->closed_reason());
    CHECK(stalled->closed_reason()->code == Errc::too_far_behind);
    CHECK_FALSE(stalled->poll());
    CHECK(wakes == 2);  // the first packet, and the end
    CHECK_FALSE(slow->closed_reason());
    CHECK(slow->stats().overflows > 3);
    CHECK(publisher.stream->stats(publisher.now).closed_subscribers == 1);
}

TEST_CASE("what must not be dropped cannot grow without end either", "[live][subscriber]") {
    Scene scene;
    const auto subscriber = scene.subscribe({.max_events = 10});
    for (std::uint32_t id = 0; id < 30; ++id)
        scene.publisher.write(timed_event(id, 1000));
    REQUIRE(subscriber->closed_reason());
    CHECK(subscriber->closed_reason()->code == Errc::queue_overflow);
    CHECK(subscriber->stats().queued_events == 0);
}

TEST_CASE("the wake comes when the queue turns from empty to not empty", "[live][subscriber]") {
    Scene scene;
    auto& publisher = scene.publisher;
    const auto subscriber = scene.subscribe();
    int wakes = 0;
    subscriber->on_wake([&] { ++wakes; });
    CHECK(wakes == 0);
    publisher.announce();
    publisher.key(0);
    CHECK(wakes == 1);
    drain(*subscriber);
    publisher.frame(40);
    CHECK(wakes == 2);

    int others = 0;
    subscriber->on_wake([&] { ++others; });  // something is queued: at once
    CHECK(others == 1);
    drain(*subscriber);
    subscriber->on_wake([&, &queue = *subscriber] {  // a wake may poll
        ++others;
        drain(queue);
    });
    publisher.frame(80);
    publisher.frame(120);
    CHECK(others == 3);
    CHECK(wakes == 2);
}

TEST_CASE("one subscriber's trouble is nobody else's", "[live][subscriber]") {
    Scene scene;
    auto& publisher = scene.publisher;
    publisher.announce();
    const auto stalled = scene.subscribe({.max_events = 3});
    const auto good = scene.subscribe();
    drain(*good);
    std::size_t received = 0;
    for (std::int64_t ms = 0; ms < 4000; ms += 40) {
        ms % 2000 == 0 ? publisher.key(ms) : publisher.frame(ms);
        received += drain(*good).size();
    }
    CHECK(received == 100);
    CHECK(stalled->stats().queued_events == 3);
    CHECK(stalled->stats().dropped_packets > 0);
}

}  // namespace streamkit::live
