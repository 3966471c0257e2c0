#include "path_state.hpp"

#include <algorithm>
#include <limits>

namespace streamkit::rudp {

std::uint64_t PathState::budget() const noexcept {
    if (validated_) return std::numeric_limits<std::uint64_t>::max();
    return kAmplification * received_ - std::min(kAmplification * received_, sent_);
}

void PathState::begin_validation(std::uint64_t data, TimePoint now,
                                 congestion::Duration give_up_after) {
    challenge_ = Challenge{data, now, now + give_up_after, 0};
}

std::optional<std::uint64_t> PathState::challenge_due(TimePoint now) const noexcept {
    if (!challenge_ || challenge_->next > now) return std::nullopt;
    return challenge_->data;
}

void PathState::on_challenge_sent(TimePoint now, congestion::Duration again_after) noexcept {
    if (!challenge_) return;
    challenge_->next = now + again_after * (1 << std::min(challenge_->sent, 6));
    ++challenge_->sent;
}

bool PathState::answers_challenge(std::uint64_t data) const noexcept {
    return challenge_ && challenge_->sent > 0 && challenge_->data == data;
}

bool PathState::has_failed(TimePoint now) const noexcept {
    return challenge_ && now >= challenge_->give_up;
}

std::optional<TimePoint> PathState::next_timeout() const noexcept {
    if (!challenge_) return std::nullopt;
    return std::min(challenge_->next, challenge_->give_up);
}

}  // namespace streamkit::rudp
