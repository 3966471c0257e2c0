// Run under ThreadSanitizer by `tools/check --full`.

#include <atomic>
#include <semaphore>
#include <thread>

#include "publisher.hpp"
#include "support/catch.hpp"

namespace streamkit::live {
namespace {

using namespace test;

/// Takes a stream to its end on its own thread, as a player does. Returns how many packets came.
int play(const std::shared_ptr<Subscriber>& subscriber) {
    // Shared: the publisher may be about to call while we have seen the end already.
    const auto woken = std::make_shared<std::counting_semaphore<>>(0);
    subscriber->on_wake([woken] { woken->release(); });
    int packets = 0;
    for (bool ended = false; !ended;) {
        woken->acquire();
        while (const auto event = subscriber->poll()) {
            if (event->encoded()) packets += std::holds_alternative<Packet>(event->event()) ? 1 : 0;
            ended = std::holds_alternative<EndOfStream>(event->event());
        }
    }
    return packets;
}

}  // namespace

TEST_CASE("players on other threads get every packet of a publisher", "[live][threads]") {
    constexpr int kPlayers = 3;
    constexpr int kPackets = 3000;
    Hub hub;
    Publisher publisher{hub.open("live/app").value()};
    publisher.announce();
    SubscriberConfig patient;
    patient.max_events = 10 * kPackets;
    patient.max_delay = 1h;

    std::vector<std::shared_ptr<Subscriber>> subscribers;
    for (int i = 0; i < kPlayers; ++i)
        subscribers.push_back(publisher.stream->subscribe(patient));
    std::atomic<int> observed{0};
    publisher.stream->observe([&](const MediaEvent&, TimePoint) { ++observed; });

    int received[kPlayers] = {};
    {
        std::vector<std::jthread> players;
        for (int i = 0; i < kPlayers; ++i) {
            players.emplace_back(
                [&, i] { received[i] = play(subscribers[static_cast<std::size_t>(i)]); });
        }
        // Viewers that come and go, events and questions from elsewhere.
        std::atomic<bool> running{true};
        std::jthread others([&] {
            std::uint32_t id = 0;
            while (running) {
                const auto stream = hub.find("live/app");
                if (!stream) break;
                const auto visitor = stream->subscribe();
                visitor->on_wake([] {});
                drain(*visitor);
                stream->inject(timed_event(++id, 0), publisher.now);
                static_cast<void>(hub.stats(publisher.now));
            }
        });
        for (int i = 0; i < kPackets; ++i) {
            i % 50 == 0 ? publisher.key(i * 40) : publisher.frame(i * 40);
        }
        running = false;
        others.join();
        publisher.stream->end(publisher.now);
    }
    for (const int packets : received)
        CHECK(packets == kPackets);
    CHECK(observed >= kPackets);
    CHECK(publisher.stream->stats(publisher.now).dropped_packets == 0);
}

TEST_CASE("publishers on many threads share a hub", "[live][threads]") {
    Hub hub({.on_conflict = OnConflict::take_over});
    std::atomic<int> started{0};
    std::atomic<int> ended{0};
    const auto on_started = hub.on_stream_started([&](const auto&) { ++started; });
    const auto on_ended = hub.on_stream_ended([&](const auto&) { ++ended; });
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&, i] {
                for (int round = 0; round < 100; ++round) {
                    // Two of them fight for each path.
                    auto stream = hub.open("live/" + std::to_string(i % 2));
                    if (!stream) continue;
                    Publisher publisher{*stream};
                    publisher.announce();
                    const auto subscriber = publisher.stream->subscribe();
                    publisher.key(0);
                    publisher.stream->end(publisher.now);
                    drain(*subscriber);
                }
            });
        }
    }
    CHECK(started == ended);
    CHECK(hub.stats(TimePoint{1h}).streams.empty());
}

}  // namespace streamkit::live
