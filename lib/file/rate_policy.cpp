#include "streamkit/file/rate_policy.hpp"

#include <algorithm>
#include <chrono>

namespace streamkit::file {

RatePolicy::RatePolicy(const RateConfig& config, std::uint64_t bit_rate, std::uint32_t block_bytes)
    : config_(config), bit_rate_(bit_rate), block_bytes_(block_bytes) {}

void RatePolicy::play_started(milliseconds position, TimePoint now) {
    position_ = position;
    end_ = std::max(end_, position);
    state_ = PlayerState::playing;
    since_ = now;
}

void RatePolicy::report(milliseconds position, milliseconds buffered, PlayerState state,
                        TimePoint now) {
    position_ = position;
    // Who counts by the mean bit rate may see a buffer where the film needed more than that.
    end_ = state == PlayerState::starved ? position : position + buffered;
    state_ = state;
    since_ = now;
}

void RatePolicy::set_buffered_until(milliseconds end, TimePoint now) {
    // A player that stood at the end of what it had goes on from there only now.
    position_ = position(now);
    since_ = now;
    end_ = std::max(end, position_);
}

RateDecision RatePolicy::decide(TimePoint now) {
    if (!paced()) return {};
    const auto ahead = buffered(now);
    if (ahead < config_.low_water) {
        filling_ = true;
    } else if (ahead >= enough()) {
        filling_ = false;
    }
    RateDecision out;
    out.fetch_until = std::min(position(now) + config_.high_water, kMaxDuration);
    if (!filling_) {
        out.max_rate = follow_rate(ahead);
        out.algorithm = congestion::Algorithm::background;
    }
    return out;
}

std::optional<TimePoint> RatePolicy::next_timeout(TimePoint now) const {
    if (!paced() || filling_ || state_ != PlayerState::playing) return std::nullopt;
    const auto left = buffered(now) - config_.low_water;
    return now + std::max(left, milliseconds{0}) + milliseconds{1};
}

milliseconds RatePolicy::position(TimePoint now) const {
    if (state_ != PlayerState::playing || now <= since_) return position_;
    const auto played = std::chrono::floor<milliseconds>(now - since_);
    return std::min(position_ + played, end_);
}

milliseconds RatePolicy::buffered(TimePoint now) const { return end_ - position(now); }

// Nearly the high-water mark: a client that asks for whole blocks stays below it by up to one, and
// its reports come with a delay.
milliseconds RatePolicy::enough() const noexcept {
    const auto block_seconds =
        static_cast<double>(block_bytes_) * 8 / static_cast<double>(bit_rate_);
    const auto high = static_cast<double>(config_.high_water.count());
    const auto nearly = static_cast<std::int64_t>(0.9 * high - 1000 * block_seconds);
    return std::max(milliseconds{nearly}, config_.low_water);
}

congestion::Bandwidth RatePolicy::follow_rate(milliseconds ahead) const noexcept {
    const auto span = static_cast<double>((config_.high_water - config_.low_water).count());
    const auto above = static_cast<double>((ahead - config_.low_water).count());
    const auto part = span <= 0 ? 1.0 : std::clamp(above / span, 0.0, 1.0);
    const auto gain = config_.most_gain + part * (config_.least_gain - config_.most_gain);
    return congestion::Bandwidth::bits_per_second(bit_rate_).times(gain);
}

}  // namespace streamkit::file
