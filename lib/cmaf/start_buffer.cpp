#include "start_buffer.hpp"

#include <algorithm>
#include <utility>

namespace streamkit::cmaf {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMaxLeadingAudio{500};
constexpr std::size_t kFramesToMeasure = 12;

std::int64_t in_ms(Timestamp time) { return time.in(1000).ticks; }

}  // namespace

void StartBuffer::add(HeldPacket held, TimePoint now) {
    if (packets_.empty()) since_ = now;
    bytes_ += held.packet.payload.size();
    packets_.push_back(std::move(held));
}

std::size_t StartBuffer::clear() { return take().size(); }

bool StartBuffer::has(TrackKind kind) const noexcept { return first(kind) != nullptr; }

bool StartBuffer::is_complete(const PackagerConfig& config, bool frame_rate_known,
                              TimePoint now) const {
    std::size_t video = 0;
    std::size_t audio = 0;
    auto earliest = packets_.front().packet.dts;
    auto latest = earliest;
    for (const auto& held : packets_) {
        ++(held.kind == TrackKind::video ? video : audio);
        earliest = std::min(earliest, held.packet.dts);
        latest = std::max(latest, held.packet.dts);
    }
    if (now - since_ >= config.start_wait) return true;
    if (milliseconds{in_ms(latest) - in_ms(earliest)} >= config.start_wait) return true;
    if (bytes_ >= config.max_segment_bytes) return true;
    return video > 0 && audio > 0 && (frame_rate_known || video >= kFramesToMeasure);
}

std::int64_t StartBuffer::earliest_ms() const {
    std::int64_t earliest = packets_.empty() ? 0 : in_ms(packets_.front().packet.pts);
    for (const auto& held : packets_)
        earliest = std::min(earliest, in_ms(held.packet.pts));
    return earliest;
}

std::int64_t StartBuffer::latest_ms() const {
    std::int64_t latest = packets_.empty() ? 0 : in_ms(packets_.front().packet.pts);
    for (const auto& held : packets_)
        latest = std::max(latest, in_ms(held.packet.pts));
    return latest;
}

std::size_t StartBuffer::drop_leading_audio() {
    const auto* video = first(TrackKind::video);
    if (video == nullptr) return 0;
    const auto limit = in_ms(video->packet.pts) - kMaxLeadingAudio.count();
    const auto kept =
        std::remove_if(packets_.begin(), packets_.end(), [limit](const HeldPacket& held) {
            return held.kind == TrackKind::audio && in_ms(held.packet.pts) < limit;
        });
    const auto dropped = static_cast<std::size_t>(packets_.end() - kept);
    packets_.erase(kept, packets_.end());
    return dropped;
}

std::int64_t StartBuffer::seconds_below_zero() const {
    std::int64_t earliest = 0;
    for (const auto& held : packets_) {
        const auto dts = in_ms(held.packet.dts);
        const auto pts = in_ms(held.packet.pts);
        // A negative composition offset may grow by the tolerance of the frame grid.
        earliest = std::min({earliest, dts, pts < dts ? pts - 2 : pts});
    }
    return (999 - earliest) / 1000;
}

std::vector<std::int64_t> StartBuffer::video_decoding_times_ms() const {
    std::vector<std::int64_t> times;
    for (const auto& held : packets_) {
        if (held.kind == TrackKind::video) times.push_back(in_ms(held.packet.dts));
    }
    return times;
}

const HeldPacket* StartBuffer::first(TrackKind kind) const noexcept {
    const auto found = std::find_if(packets_.begin(), packets_.end(),
                                    [kind](const HeldPacket& held) { return held.kind == kind; });
    return found == packets_.end() ? nullptr : &*found;
}

std::vector<HeldPacket> StartBuffer::take() {
    bytes_ = 0;
    return std::exchange(packets_, {});
}

}  // namespace streamkit::cmaf
