#include "streamkit/live/hub.hpp"

#include "publisher.hpp"
#include "support/catch.hpp"

namespace streamkit::live {

using namespace test;

TEST_CASE("a path has one publisher at a time", "[live][hub]") {
    Hub hub;
    const TimePoint now{1h};
    const auto first = hub.open("live/app").value();
    CHECK(first->path() == "live/app");
    CHECK(hub.find("live/app") == first);
    CHECK_FALSE(hub.find("live/other"));

    const auto second = hub.open("live/app");
    REQUIRE_FALSE(second);
    CHECK(second.error().code == Errc::already_publishing);
    CHECK(hub.open("live/other"));

    first->end(now);
    CHECK_FALSE(hub.find("live/app"));
    const auto next = hub.open("live/app").value();
    first->end(now);  // once more does no harm to the next
    CHECK(hub.find("live/app") == next);
    CHECK(hub.stats(now).total_streams == 3);
}

TEST_CASE("a hub takes streams up to its limits", "[live][hub]") {
    Hub hub({.max_streams = 2, .max_path_bytes = 4});
    CHECK(hub.open("").error().code == Errc::invalid_path);
    CHECK(hub.open("12345").error().code == Errc::path_too_long);
    const auto first = hub.open("1234").value();
    CHECK(hub.open("b"));
    CHECK(hub.open("c").error().code == Errc::too_many_streams);
    first->end(TimePoint{1h});
    CHECK(hub.open("c"));
}

TEST_CASE("a hub may let a second publisher take over", "[live][hub]") {
    Hub hub({.on_conflict = OnConflict::take_over});
    Names order;
    const auto started = hub.on_stream_started([&](const auto&) { order.push_back("started"); });
    const auto ended = hub.on_stream_ended([&](const auto&) { order.push_back("ended"); });

    Publisher old{hub.open("live/app").value()};
    std::optional<Error> told;
    old.stream->on_revoked([&](Error reason) { told = reason; });
    old.announce();
    const auto viewer = old.stream->subscribe();
    const auto fresh = hub.open("live/app").value();
    CHECK(hub.find("live/app") == fresh);
    REQUIRE(told);
    CHECK(told->code == Errc::taken_over);
    CHECK(old.stream->revoked() == *told);
    old.key(0);  // goes nowhere
    CHECK(drain(*viewer) == Names{"video", "audio", "end"});
    CHECK(order == Names{"started", "ended", "started"});
    old.stream->end(old.now);
    CHECK(hub.find("live/app") == fresh);
}

TEST_CASE("who wants to know hears of each stream", "[live][hub]") {
    Hub hub;
    Names heard;
    Names media;
    {
        const auto started = hub.on_stream_started([&](const std::shared_ptr<Stream>& stream) {
            heard.push_back("+" + stream->path());
            stream->observe(
                [&](const MediaEvent& event, TimePoint) { media.push_back(name_of(event)); });
        });
        auto ended = hub.on_stream_ended([&](const std::shared_ptr<Stream>& stream) {
            heard.push_back("-" + stream->path());
            CHECK_FALSE(hub.find(stream->path()));
        });
        Publisher publisher{hub.open("a").value()};
        publisher.announce();
        publisher.key(0);
        publisher.stream->end(publisher.now);
        CHECK(heard == Names{"+a", "-a"});
        CHECK(media == Names{"video", "audio", "K0", "end"});
        ended = {};
        hub.open("b").value()->end(publisher.now);
        CHECK(heard == Names{"+a", "-a", "+b"});
    }
    CHECK(hub.open("c"));
    CHECK(heard.size() == 3);
}

TEST_CASE("the statistics name the live streams", "[live][hub]") {
    Hub hub;
    const TimePoint now{1h};
    const auto b = hub.open("live/b").value();
    const auto a = hub.open("live/a").value();
    const auto viewer = a->subscribe();
    { const auto left = b->subscribe(); }
    const auto stats = hub.stats(now);
    CHECK(stats.total_streams == 2);
    CHECK(stats.viewers == 1);
    REQUIRE(stats.streams.size() == 2);
    CHECK(stats.streams[0].path == "live/a");
    CHECK(stats.streams[1].viewers == 0);
    CHECK(stats.streams[1].total_viewers == 1);
}

TEST_CASE("streams, subscribers and registrations may outlive their hub", "[live][hub]") {
    auto hub = std::make_unique<Hub>();
    const auto started = hub->on_stream_started([](const auto&) {});
    Publisher publisher{hub->open("a").value()};
    auto subscriber = publisher.stream->subscribe();
    hub.reset();
    publisher.announce();
    publisher.stream->end(publisher.now);
    publisher.stream.reset();
    CHECK(drain(*subscriber) == Names{"video", "audio", "end"});
}

}  // namespace streamkit::live
