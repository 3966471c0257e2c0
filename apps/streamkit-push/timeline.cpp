#include "timeline.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace streamkit::push {
namespace {

constexpr std::uint32_t kNanoseconds = 1'000'000'000;
// Read ahead to see where each track begins; enough for files that are badly interleaved.
constexpr std::size_t kMaxReadAhead = 1'000;

std::int64_t nanoseconds(Timestamp time) { return time.in(kNanoseconds).ticks; }

Timestamp moved(Timestamp time, std::int64_t by_nanoseconds) {
    return {time.ticks + rescale(by_nanoseconds, kNanoseconds, time.timescale), time.timescale};
}

}  // namespace

Result<std::optional<Packet>> Timeline::next() {
    for (;;) {
        if (!in_pass_) {
            STREAMKIT_TRY(find_origin());
            in_pass_ = true;
        }
        auto packet = next_of_pass();
        if (!packet) return packet.error();
        if (*packet) {
            note(**packet);
            (*packet)->dts = moved((*packet)->dts, base_ - origin_);
            (*packet)->pts = moved((*packet)->pts, base_ - origin_);
            return packet;
        }
        const auto length = length_of_pass();
        if (at_end_ == AtEnd::stop || length <= 0) return std::nullopt;
        base_ += length;
        states_.clear();
        in_pass_ = false;
        STREAMKIT_TRY(source_->rewind());
    }
}

/// The earliest of the first decoding times of all tracks.
Result<void> Timeline::find_origin() {
    std::set<TrackId> seen;
    while (seen.size() < source_->tracks().size() && read_ahead_.size() < kMaxReadAhead) {
        auto packet = source_->next();
        if (!packet) return packet.error();
        if (!*packet) break;
        const auto dts = nanoseconds((*packet)->dts);
        if (seen.insert((*packet)->track).second) {
            origin_ = seen.size() == 1 ? dts : std::min(origin_, dts);
        }
        read_ahead_.push_back(**std::move(packet));
    }
    return {};
}

Result<std::optional<Packet>> Timeline::next_of_pass() {
    if (read_ahead_.empty()) return source_->next();
    auto packet = std::move(read_ahead_.front());
    read_ahead_.pop_front();
    return packet;
}

void Timeline::note(const Packet& packet) {
    const auto dts = nanoseconds(packet.dts);
    auto& state = states_.try_emplace(packet.track, TrackState{dts, dts}).first->second;
    state.end = dts + (dts - state.last_dts);
    state.last_dts = dts;
}

Timeline::Nanoseconds Timeline::length_of_pass() const {
    Nanoseconds end = origin_;
    for (const auto& [track, state] : states_)
        end = std::max(end, state.end);
    return end - origin_;
}

}  // namespace streamkit::push
