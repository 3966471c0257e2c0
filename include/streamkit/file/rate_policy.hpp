#pragma once

// How fast a file that plays may come: fast until the player has enough, then as fast as it plays.

#include <cstdint>
#include <optional>

#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"
#include "streamkit/congestion/controller.hpp"
#include "streamkit/file/catalogue.hpp"
#include "streamkit/file/protocol.hpp"

namespace streamkit::file {

struct RateConfig {
    bool pace = true;  ///< false: always the full rate of the line, to the end of the file
    /// The player is kept so far ahead at most: what is wasted at most when it stops.
    milliseconds high_water{30'000};
    /// Below it everything goes as fast as the line takes it.
    milliseconds low_water{10'000};
    /// While following, times the bit rate of the media: the one at the high-water mark, the other
    /// one at the low-water mark.
    double least_gain = 1.1;
    double most_gain = 1.25;
};

struct RateDecision {
    /// Data may leave no faster; infinite: as fast as the line takes it.
    congestion::Bandwidth max_rate = congestion::Bandwidth::infinite();
    congestion::Algorithm algorithm = congestion::Algorithm::bbr;
    /// What plays later than this is not asked for yet; `kMaxDuration`: no such bound.
    milliseconds fetch_until = kMaxDuration;

    friend bool operator==(const RateDecision&, const RateDecision&) = default;
};

/// Two states. *Filling*: the full rate, until the player has nearly the high-water mark before it.
/// *Following*: a little faster than the media plays, as a background transfer that yields to
/// others, until less than the low-water mark is left or the player starves.
///
/// Both sides run one, from the same reports: the client asks for nothing behind `fetch_until`,
/// which bounds the waste; the server sets rate and algorithm of the connection.
class RatePolicy {
public:
    /// @param bit_rate     of the media, bits per second; 0: not known, so nothing is paced
    /// @param block_bytes  what is asked for at once at the least
    RatePolicy(const RateConfig& config, std::uint64_t bit_rate, std::uint32_t block_bytes);

    /// A player whose position nobody tells begins to play at `position`: from now on time moves it
    /// along what it has (see `set_buffered_until`), until a report comes.
    void play_started(milliseconds position, TimePoint now);
    /// What the player tells, or what a `Position` says. A seek is a report of another position.
    ///
    /// @param buffered  in one run from `position` on; not believed of a player that starves
    void report(milliseconds position, milliseconds buffered, PlayerState state, TimePoint now);
    /// More is there, in one run from the player's position up to `end`.
    void set_buffered_until(milliseconds end, TimePoint now);

    [[nodiscard]] RateDecision decide(TimePoint now);
    /// When `decide` gives another rate by time alone.
    [[nodiscard]] std::optional<TimePoint> next_timeout(TimePoint now) const;

    /// Where the player is now: never behind what it has to play.
    [[nodiscard]] milliseconds position(TimePoint now) const;
    [[nodiscard]] milliseconds buffered(TimePoint now) const;
    [[nodiscard]] bool filling() const noexcept { return filling_; }

private:
    [[nodiscard]] bool paced() const noexcept { return config_.pace && bit_rate_ > 0; }
    [[nodiscard]] milliseconds enough() const noexcept;
    [[nodiscard]] congestion::Bandwidth follow_rate(milliseconds ahead) const noexcept;

    RateConfig config_;
    std::uint64_t bit_rate_;
    std::uint32_t block_bytes_;
    bool filling_ = true;
    PlayerState state_ = PlayerState::stopped;
    milliseconds position_{0};  // at `since_`
    milliseconds end_{0};       // of what it has; not before `position_`
    TimePoint since_{};
};

}  // namespace streamkit::file
