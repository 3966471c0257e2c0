#include "streamkit/live/gop_cache.hpp"

#include "publisher.hpp"
#include "support/catch.hpp"

namespace streamkit::live {
namespace {

using namespace test;

EventPointer queued(Packet packet) {
    return std::make_shared<const QueuedEvent>(std::move(packet), std::nullopt, 128);
}

Names names_of(const GopCache& cache) {
    Names names;
    for (const auto& event : cache.events())
        names.push_back(name_of(event->event()));
    return names;
}

}  // namespace

TEST_CASE("the cache holds all packets since the last key frame", "[live][gop]") {
    GopCache cache;
    const TimePoint now{1h};
    cache.add(queued(packet(kVideo, 0, false)), false, now);
    CHECK(cache.events().empty());
    cache.add(queued(packet(kVideo, 40, true)), true, now);
    cache.add(queued(packet(kAudio, 50, true)), false, now);
    cache.add(queued(packet(kVideo, 80, false)), false, now);
    CHECK(names_of(cache) == Names{"K40", "A50", "P80"});
    CHECK(cache.size_bytes() > 300);
    cache.add(queued(packet(kVideo, 120, true)), true, now);
    CHECK(names_of(cache) == Names{"K120"});

    cache.add(queued(packet(kAudio, 130, true)), false, now);
    cache.add(queued(packet(kVideo, 160, false)), false, now);
    cache.forget_track(kAudio);
    CHECK(names_of(cache) == Names{"K120", "P160"});
    cache.clear();
    CHECK(cache.events().empty());
    CHECK(cache.size_bytes() == 0);
}

TEST_CASE("a group of pictures that goes over a limit is given up until the next key frame",
          "[live][gop]") {
    struct Case {
        const char* name;
        GopCacheConfig limits;
    };
    const auto weight = queued(packet(kVideo, 0, true))->size_bytes();
    const Case cases[] = {
        {"bytes", {.max_bytes = 2 * weight}},
        {"packets", {.max_packets = 2}},
        {"duration", {.max_duration = 50ms}},
    };
    for (const auto& [name, limits] : cases) {
        CAPTURE(name);
        GopCache cache(limits);
        TimePoint now{1h};
        cache.add(queued(packet(kVideo, 0, true)), true, now);
        cache.add(queued(packet(kVideo, 40, false)), false, now += 40ms);
        CHECK(cache.events().size() == 2);
        cache.add(queued(packet(kVideo, 80, false)), false, now += 40ms);
        CHECK(cache.events().empty());
        CHECK(cache.overflows() == 1);
        cache.add(queued(packet(kVideo, 120, false)), false, now += 40ms);
        CHECK(cache.events().empty());
        cache.add(queued(packet(kVideo, 160, true)), true, now += 40ms);
        CHECK(cache.events().size() == 1);
        CHECK(cache.overflows() == 1);
    }
    GopCache off({.max_bytes = 0});
    off.add(queued(packet(kVideo, 0, true)), true, TimePoint{1h});
    CHECK(off.events().empty());
    CHECK(off.overflows() == 0);
}

}  // namespace streamkit::live
