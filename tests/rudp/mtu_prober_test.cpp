#include "mtu_prober.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kStart = TimePoint{} + 1h;

// Probes until there is nothing left to try on a path that takes `limit` bytes.
std::vector<std::uint32_t> search(MtuProber& prober, std::uint32_t limit, TimePoint now) {
    std::vector<std::uint32_t> probes;
    while (const auto size = prober.probe_size(now)) {
        REQUIRE(probes.size() < 100);
        probes.push_back(*size);
        prober.on_probe_sent(*size, now);
        CHECK_FALSE(prober.probe_size(now));  // one at a time
        if (*size <= limit) {
            prober.on_probe_acked(*size, now);
        } else {
            prober.on_probe_lost(*size, now);
        }
    }
    return probes;
}

}  // namespace

TEST_CASE("an MTU prober takes the usual sizes as far as allowed", "[rudp][mtu_prober]") {
    MtuProber prober{1200, 9000};
    CHECK(prober.current() == 1200);
    CHECK(search(prober, 65'000, kStart) ==
          std::vector<std::uint32_t>{1452, 1472, 8952, 8972, 9000});
    CHECK(prober.current() == 9000);
    CHECK_FALSE(prober.next_timeout());

    MtuProber bounded{1200, 1460};
    CHECK(search(bounded, 65'000, kStart) == std::vector<std::uint32_t>{1452, 1460});
    CHECK(bounded.current() == 1460);

    MtuProber fixed{1200, 1200};
    CHECK_FALSE(fixed.probe_size(kStart));
    MtuProber reversed{1400, 1200};
    CHECK(reversed.current() == 1400);
    CHECK_FALSE(reversed.probe_size(kStart));
}

TEST_CASE("an MTU prober finds what lies between the usual sizes", "[rudp][mtu_prober]") {
    for (const std::uint32_t limit : {1200U, 1231U, 1280U, 1372U, 1451U, 1452U, 1471U, 1472U, 2000U,
                                      4322U, 8951U, 8960U, 8999U, 9000U}) {
        INFO("limit " << limit);
        MtuProber prober{1200, 9000};
        const auto probes = search(prober, limit, kStart);
        CHECK(prober.current() <= limit);
        CHECK(prober.current() + (prober.current() < 1472 ? 32 : 512) > limit);
        CHECK(probes.size() <= 5 + 3 * 6);
    }
}

TEST_CASE("three lost probes of a size mean that it does not fit", "[rudp][mtu_prober]") {
    MtuProber prober{1200, 1452};
    for (int i = 0; i < 2; ++i) {
        REQUIRE(prober.probe_size(kStart) == 1452);
        prober.on_probe_sent(1452, kStart);
        prober.on_probe_lost(1452, kStart);
        prober.on_probe_lost(1452, kStart);  // of none that is in flight
    }
    REQUIRE(prober.probe_size(kStart) == 1452);
    prober.on_probe_sent(1452, kStart);
    prober.on_probe_acked(1452, kStart);
    CHECK(prober.current() == 1452);
}

TEST_CASE("a probe that arrives after all still counts", "[rudp][mtu_prober]") {
    MtuProber prober{1200, 1452};
    for (int i = 0; i < 3; ++i) {
        prober.on_probe_sent(1452, kStart);
        prober.on_probe_lost(1452, kStart);
    }
    CHECK(prober.probe_size(kStart) == 1326);
    prober.on_probe_sent(1326, kStart);
    prober.on_probe_acked(1452, kStart);
    CHECK(prober.current() == 1452);
    CHECK_FALSE(prober.probe_size(kStart));
    prober.on_probe_acked(1326, kStart);
    CHECK(prober.current() == 1452);
    prober.on_probe_acked(5000, kStart);  // never sent
    CHECK(prober.current() == 1452);
}

TEST_CASE("the search begins anew after ten minutes", "[rudp][mtu_prober]") {
    MtuProber prober{1200, 9000};
    search(prober, 1472, kStart);
    CHECK(prober.current() == 1472);
    CHECK(prober.next_timeout() == kStart + 10min);
    CHECK_FALSE(prober.probe_size(kStart + 10min - 1ns));
    CHECK(search(prober, 9000, kStart + 10min) == std::vector<std::uint32_t>{8952, 8972, 9000});
    CHECK(prober.current() == 9000);
    CHECK_FALSE(prober.next_timeout());
}

TEST_CASE("a size that the interface refuses is not tried again", "[rudp][mtu_prober]") {
    MtuProber prober{1200, 9000};
    prober.on_probe_sent(1452, kStart);
    prober.on_probe_acked(1452, kStart);
    prober.on_probe_sent(1472, kStart);
    prober.on_probe_acked(1472, kStart);
    REQUIRE(prober.probe_size(kStart) == 8952);
    prober.on_probe_sent(8952, kStart);
    prober.on_too_large(8952, kStart);
    CHECK(prober.probe_size(kStart) == 5212);
    prober.on_too_large(1500, kStart);
    CHECK_FALSE(prober.probe_size(kStart));
    CHECK(prober.current() == 1472);
    CHECK(prober.next_timeout() == kStart + 10min);

    // The interface changed to one that takes less.
    prober.on_too_large(1472, kStart + 1min);
    CHECK(prober.current() == 1200);
    CHECK(search(prober, 1400, kStart + 1min).front() == 1452);
    CHECK(prober.current() >= 1369);
    prober.on_too_large(1200, kStart + 2min);  // nothing can be done about that
    CHECK(prober.current() >= 1369);
}

TEST_CASE("a black hole for large packets is left for the minimum", "[rudp][mtu_prober]") {
    MtuProber prober{1200, 1472};
    search(prober, 1472, kStart);
    const auto lose = [&](int count) {
        bool fell_back = false;
        for (; count > 0; --count)
            fell_back = prober.on_packet_lost(1472, kStart + 1s) || fell_back;
        return fell_back;
    };
    SECTION("large ones get lost and small ones do not") {
        CHECK_FALSE(lose(3));
        prober.on_packet_acked(100);
        CHECK_FALSE(lose(2));
        CHECK(lose(1));
        CHECK(prober.current() == 1200);
        CHECK(search(prober, 1300, kStart + 1s).front() == 1452);
        CHECK(prober.current() >= 1269);
    }
    SECTION("all get lost") {
        CHECK_FALSE(lose(100));
        CHECK(prober.current() == 1472);
    }
    SECTION("some large ones arrive") {
        for (int i = 0; i < 50; ++i) {
            prober.on_packet_acked(100);
            CHECK_FALSE(lose(5));
            prober.on_packet_acked(1472);
        }
        // Those found lost by the acknowledgement of a large one.
        CHECK_FALSE(lose(50));
        CHECK(prober.current() == 1472);
    }
    SECTION("small ones get lost") {
        prober.on_packet_acked(100);
        for (int i = 0; i < 100; ++i)
            CHECK_FALSE(prober.on_packet_lost(1200, kStart + 1s));
        CHECK(prober.current() == 1472);
    }
}
