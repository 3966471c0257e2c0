#include "streamkit/file/rate_policy.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "streamkit/file/media_map.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::file;
using congestion::Algorithm;
using congestion::Bandwidth;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t kBitRate = 8'000'000;  // 1000 bytes a millisecond
constexpr std::uint32_t kBlock = kDefaultBlockBytes;
constexpr TimePoint kStart = TimePoint{} + std::chrono::hours{1};

// A player, a client that asks for whole blocks, and a server at the other end of a line of so many
// bytes a millisecond, in steps of 10 ms. Reports come every half second, and at each change.
class Playback {
public:
    explicit Playback(milliseconds duration, std::uint64_t line_bytes_per_ms,
                      RateConfig config = {}, std::uint32_t block = kBlock,
                      std::uint64_t bit_rate = kBitRate)
        : duration_(duration),
          size_(bit_rate * static_cast<std::uint64_t>(duration.count()) / 8000),
          line_(line_bytes_per_ms),
          block_(block),
          map_(entry()),
          client_(config, bit_rate, block),
          server_(config, bit_rate, block) {
        needs_ = [this](milliseconds at) { return map_mean(at); };
    }

    void play() { change(PlayerState::playing); }
    void pause() { change(PlayerState::paused); }
    void seek(milliseconds to) {
        position_ = to;
        run_begin_ = asked_ = received_ = needs_(to) / block_ * block_;  // nothing is there
        starving_ = false;
        change(state_);
    }
    /// By how much the file needs up to a position; by the mean rate unless it is said otherwise.
    void needs(std::function<std::uint64_t(milliseconds)> curve) { needs_ = std::move(curve); }
    void line(std::uint64_t bytes_per_ms) { line_ = bytes_per_ms; }

    void run(milliseconds time) {
        for (const auto end = now_ + time; now_ < end;)
            step();
    }

    [[nodiscard]] milliseconds position() const { return position_; }
    [[nodiscard]] std::uint64_t received() const { return received_ - run_begin_; }
    [[nodiscard]] int stalls() const { return stalls_; }
    [[nodiscard]] milliseconds stalled() const { return stalled_; }
    /// The most that was asked for beyond what the player had played.
    [[nodiscard]] std::uint64_t most_waste() const { return most_waste_; }
    [[nodiscard]] milliseconds ahead() const { return map_.time_at(received_) - position_; }
    [[nodiscard]] RateDecision server() { return server_.decide(now_); }
    [[nodiscard]] int switches() const { return switches_; }

private:
    static constexpr milliseconds kStep{10};

    [[nodiscard]] Entry entry() const {
        Entry out;
        out.size = size_;
        out.duration = duration_;
        return out;
    }
    [[nodiscard]] std::uint64_t map_mean(milliseconds at) const { return map_.offset_at(at); }

    void change(PlayerState state) {
        state_ = state;
        report();
    }
    void report() {
        const auto state = starving_ ? PlayerState::starved : state_;
        const auto buffered = std::max(map_.time_at(received_) - position_, milliseconds{0});
        client_.report(position_, buffered, state, now_);
        server_.report(position_, buffered, state, now_);
        last_report_ = now_;
    }
    void step() {
        now_ += kStep;
        // The client asks.
        const auto until = map_.offset_at(client_.decide(now_).fetch_until);
        const auto head = needs_(position_) / block_ * block_;
        while (asked_ < size_ && (asked_ + block_ <= until || asked_ <= head + block_))
            asked_ = std::min(asked_ + block_, size_);
        // The line brings it.
        const auto decision = server_.decide(now_);
        if (decision.algorithm != last_algorithm_) ++switches_;
        last_algorithm_ = decision.algorithm;
        const auto bytes =
            std::min(Bandwidth::bytes_per_second(line_ * 1000), decision.max_rate).bytes_in(kStep);
        received_ = std::min(received_ + bytes, asked_);
        // The player plays.
        if (state_ == PlayerState::playing && position_ < duration_) {
            const bool can = needs_(position_ + kStep) <= received_;
            if (can) position_ += kStep;
            if (!can) stalled_ += kStep;
            if (can == starving_) {
                starving_ = !can;
                if (!can) {
                    ++stalls_;
                    map_.add(position_, received_);
                }
                report();
            }
        }
        most_waste_ = std::max(most_waste_, asked_ - std::min(asked_, needs_(position_)));
        client_.set_buffered_until(map_.time_at(received_), now_);
        if (now_ - last_report_ >= milliseconds{500}) report();
    }

    milliseconds duration_;
    std::uint64_t size_;
    std::uint64_t line_;
    std::uint32_t block_;
    MediaMap map_;
    RatePolicy client_;
    RatePolicy server_;
    std::function<std::uint64_t(milliseconds)> needs_;
    TimePoint now_ = kStart;
    TimePoint last_report_ = kStart;
    PlayerState state_ = PlayerState::stopped;
    milliseconds position_{0};
    std::uint64_t run_begin_ = 0;
    std::uint64_t asked_ = 0;
    std::uint64_t received_ = 0;
    bool starving_ = false;
    int stalls_ = 0;
    milliseconds stalled_{0};
    std::uint64_t most_waste_ = 0;
    Algorithm last_algorithm_ = Algorithm::bbr;
    int switches_ = 0;
};

constexpr std::uint64_t bytes_of(milliseconds time) {
    return static_cast<std::uint64_t>(time.count()) * kBitRate / 8000;
}

}  // namespace

TEST_CASE("the buffer fills at full rate, then follows the player", "[file][rate_policy]") {
    RatePolicy policy{{}, kBitRate, kBlock};
    auto now = kStart;
    CHECK(policy.decide(now) == RateDecision{Bandwidth::infinite(), Algorithm::bbr, seconds{30}});

    policy.report(seconds{0}, milliseconds{26'500}, PlayerState::playing, now);
    CHECK(policy.decide(now).max_rate.is_infinite());
    policy.report(seconds{0}, seconds{27}, PlayerState::playing, now);
    const auto follow = policy.decide(now);
    CHECK(follow.algorithm == Algorithm::background);
    CHECK(follow.max_rate > Bandwidth::bits_per_second(kBitRate).times(1.10));
    CHECK(follow.max_rate < Bandwidth::bits_per_second(kBitRate).times(1.13));

    now += seconds{10};  // time alone moves the player on
    CHECK(policy.position(now) == seconds{10});
    CHECK(policy.buffered(now) == seconds{17});
    const auto later = policy.decide(now);
    CHECK(later.fetch_until == seconds{40});
    CHECK(later.max_rate > follow.max_rate);
    CHECK(later.max_rate <= Bandwidth::bits_per_second(kBitRate).times(1.25));
}

TEST_CASE("the rate has hysteresis between the two marks", "[file][rate_policy]") {
    RatePolicy policy{{}, kBitRate, kBlock};
    const auto filling_at = [&](milliseconds buffered) {
        policy.report(seconds{60}, buffered, PlayerState::playing, kStart);
        return policy.decide(kStart).max_rate.is_infinite();
    };
    CHECK(filling_at(seconds{20}));
    CHECK(filling_at(seconds{25}));
    CHECK_FALSE(filling_at(seconds{28}));
    CHECK_FALSE(filling_at(seconds{20}));
    CHECK_FALSE(filling_at(seconds{10}));
    CHECK(filling_at(milliseconds{9'999}));
    CHECK(filling_at(seconds{10}));
    CHECK(filling_at(seconds{25}));
    CHECK_FALSE(filling_at(seconds{30}));
}

TEST_CASE("a policy says when time alone changes its mind", "[file][rate_policy]") {
    RatePolicy policy{{}, kBitRate, kBlock};
    CHECK_FALSE(policy.next_timeout(kStart));
    policy.report(seconds{0}, seconds{30}, PlayerState::playing, kStart);
    CHECK_FALSE(policy.decide(kStart).max_rate.is_infinite());
    const auto timeout = policy.next_timeout(kStart);
    REQUIRE(timeout);
    CHECK_FALSE(policy.decide(*timeout - milliseconds{1}).max_rate.is_infinite());
    CHECK(policy.decide(*timeout).max_rate.is_infinite());
    CHECK_FALSE(policy.next_timeout(*timeout));

    policy.report(seconds{0}, seconds{30}, PlayerState::paused, kStart);
    CHECK_FALSE(policy.decide(kStart).max_rate.is_infinite());
    CHECK_FALSE(policy.next_timeout(kStart));
}

TEST_CASE("a player that starves is not believed to have a buffer", "[file][rate_policy]") {
    RatePolicy policy{{}, kBitRate, kBlock};
    policy.report(seconds{60}, seconds{30}, PlayerState::playing, kStart);
    CHECK_FALSE(policy.decide(kStart).max_rate.is_infinite());
    policy.report(seconds{70}, seconds{20}, PlayerState::starved, kStart);
    CHECK(policy.decide(kStart).max_rate.is_infinite());
    CHECK(policy.position(kStart + seconds{5}) == seconds{70});
}

TEST_CASE("a player of unknown position plays by the clock what there is", "[file][rate_policy]") {
    RatePolicy policy{{}, kBitRate, kBlock};
    auto now = kStart;
    policy.play_started(seconds{0}, now);
    now += seconds{2};
    CHECK(policy.position(now) == seconds{0});  // it has nothing yet
    policy.set_buffered_until(seconds{5}, now);
    now += seconds{3};
    CHECK(policy.position(now) == seconds{3});
    now += seconds{4};
    CHECK(policy.position(now) == seconds{5});
    CHECK(policy.decide(now).fetch_until == seconds{35});
    policy.set_buffered_until(seconds{34}, now);
    CHECK(policy.decide(now).algorithm == Algorithm::background);
    policy.report(seconds{100}, seconds{0}, PlayerState::playing, now);  // it tells after all
    CHECK(policy.position(now) == seconds{100});
    CHECK(policy.decide(now).max_rate.is_infinite());
}

TEST_CASE("without pacing, or without a bit rate, everything goes at line rate",
          "[file][rate_policy]") {
    RateConfig no_pace;
    no_pace.pace = false;
    for (auto policy : {RatePolicy{no_pace, kBitRate, kBlock}, RatePolicy{{}, 0, kBlock}}) {
        policy.report(seconds{0}, seconds{500}, PlayerState::paused, kStart);
        CHECK(policy.decide(kStart) == RateDecision{});
        CHECK_FALSE(policy.next_timeout(kStart));
    }
}

TEST_CASE("a steady player never waits, and little is wasted", "[file][rate_policy]") {
    Playback playback{seconds{600}, 10'000};  // a line of ten times the bit rate
    playback.play();
    playback.run(seconds{4});
    CHECK(playback.ahead() > seconds{26});  // 30 s in 3 s
    CHECK(playback.server().algorithm == Algorithm::background);
    const auto before = playback.received();
    playback.run(seconds{60});
    const auto rate = playback.received() - before;
    CHECK(rate > bytes_of(seconds{59}));
    CHECK(rate < bytes_of(seconds{64}));
    CHECK(playback.stalls() <= 1);  // at the very start
    CHECK(playback.most_waste() <= bytes_of(seconds{30}));
    CHECK(playback.switches() == 1);  // and no more line rate
    playback.run(seconds{600});
    CHECK(playback.position() == seconds{600});
    CHECK(playback.stalls() <= 1);
    CHECK(playback.most_waste() <= bytes_of(seconds{30}));
}

TEST_CASE("a player that pauses for long gets nothing more", "[file][rate_policy]") {
    Playback playback{seconds{600}, 10'000};
    playback.play();
    playback.run(seconds{20});
    playback.pause();
    playback.run(seconds{10});
    const auto received = playback.received();
    playback.run(seconds{3600});
    CHECK(playback.received() == received);
    CHECK(playback.most_waste() <= bytes_of(seconds{30}));
    const auto stalls = playback.stalls();
    playback.play();
    playback.run(seconds{60});
    CHECK(playback.stalls() == stalls);
    CHECK(playback.ahead() > seconds{25});
}

TEST_CASE("before a player begins, its buffer is filled and no more", "[file][rate_policy]") {
    Playback playback{seconds{600}, 10'000};
    playback.run(seconds{60});
    CHECK(playback.received() > bytes_of(seconds{29}));
    CHECK(playback.received() <= bytes_of(seconds{30}));
}

TEST_CASE("a seek fills at full rate from there", "[file][rate_policy]") {
    Playback playback{seconds{600}, 10'000};
    playback.play();
    playback.run(seconds{30});
    playback.seek(seconds{400});
    CHECK(playback.server().max_rate.is_infinite());
    playback.run(seconds{5});
    CHECK(playback.ahead() > seconds{25});
    CHECK(playback.position() > milliseconds{404'500});
    // Until the player says that it waits, the clock moves it on.
    CHECK(playback.most_waste() <= bytes_of(milliseconds{30'050}));
}

TEST_CASE("a line that was slow for a time is used to the full after it", "[file][rate_policy]") {
    Playback playback{seconds{600}, 2'000};
    playback.play();
    playback.run(seconds{60});
    CHECK(playback.server().algorithm == Algorithm::background);
    playback.line(300);
    playback.run(seconds{25});  // loses 17 s
    CHECK(playback.server().algorithm == Algorithm::background);
    playback.run(seconds{10});
    CHECK(playback.server().max_rate.is_infinite());
    playback.line(2'000);
    playback.run(seconds{22});
    CHECK(playback.server().algorithm == Algorithm::background);
    CHECK(playback.stalls() <= 1);
    CHECK(playback.most_waste() <= bytes_of(seconds{30}));
}

TEST_CASE("a bit rate that goes up and down is carried by the buffer", "[file][rate_policy]") {
    Playback playback{seconds{600}, 10'000};
    // Waves of 40 s, between 0.2 and 1.8 times the mean.
    playback.needs([](milliseconds at) {
        const auto t = static_cast<double>(at.count());
        const auto wave = 2 * 3.141592653589793 / 40'000;
        return static_cast<std::uint64_t>(1000 * (t + 0.8 / wave * (1 - std::cos(wave * t))));
    });
    playback.play();
    playback.run(seconds{620});
    CHECK(playback.position() >= seconds{599});
    CHECK(playback.stalls() <= 1);
}

TEST_CASE("a film that needs more at its beginning stalls for moments only",
          "[file][rate_policy]") {
    Playback playback{seconds{600}, 10'000};
    // 1.5 times the mean in the first half, half of it in the second.
    playback.needs([](milliseconds at) {
        const auto t = static_cast<std::uint64_t>(at.count());
        return t <= 300'000 ? 1500 * t : 450'000'000 + 500 * (t - 300'000);
    });
    playback.play();
    playback.run(seconds{620});
    CHECK(playback.position() == seconds{600});
    CHECK(playback.stalls() <= 10);
    CHECK(playback.stalled() < seconds{3});
}

TEST_CASE("blocks that play for longer than the marks do not stop a player",
          "[file][rate_policy]") {
    // Speech at 24 kbit/s: a block of 256 KiB plays for 87 s.
    Playback playback{seconds{3600}, 100, {}, kBlock, 24'000};
    playback.play();
    playback.run(seconds{3700});
    CHECK(playback.position() == seconds{3600});
    CHECK(playback.stalls() <= 1);
    CHECK(playback.most_waste() <= 2 * std::uint64_t{kBlock});
}

TEST_CASE("marks of one's own are kept", "[file][rate_policy]") {
    RateConfig config;
    config.high_water = seconds{8};
    config.low_water = seconds{3};
    Playback playback{seconds{300}, 10'000, config};
    playback.play();
    playback.run(seconds{310});
    CHECK(playback.position() == seconds{300});
    CHECK(playback.stalls() <= 1);
    CHECK(playback.most_waste() <= bytes_of(seconds{8}));
}
