#pragma once

// One direction of an emulated link, in virtual time.
//
// The same model as the emulator that the programs are measured with (a bottleneck with a drop-tail
// queue, then loss, duplication, corruption, then delay and jitter), so that what holds in the
// simulation is to be expected there. Same seed and same calls: same deliveries.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/time.hpp"

namespace streamkit::sim {

using Duration = std::chrono::nanoseconds;

/// IPv4 and UDP headers: counted for the rate, the queue and the MTU, beside each datagram's bytes.
inline constexpr std::uint32_t kDatagramOverhead = 28;

// The two ECN bits of the IP header (RFC 3168, 5).
inline constexpr std::uint8_t kNotEct = 0;
inline constexpr std::uint8_t kEct1 = 1;
inline constexpr std::uint8_t kEct0 = 2;
inline constexpr std::uint8_t kCe = 3;

/// Splitmix64: small, seeded, good enough for loss processes.
class LinkRandom {
public:
    explicit LinkRandom(std::uint64_t seed) noexcept : state_{seed} {}
    [[nodiscard]] std::uint64_t u64() noexcept {
        state_ += 0x9E3779B97F4A7C15;
        auto mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
    /// Evenly in [0, 1).
    [[nodiscard]] double uniform() noexcept { return static_cast<double>(u64() >> 11) * 0x1p-53; }
    [[nodiscard]] bool hit(double probability) noexcept {
        return probability > 0 && uniform() < probability;
    }

private:
    std::uint64_t state_;
};

/// From a time on, the bottleneck sends at a rate.
struct RateStep {
    Duration from{};  ///< since the start of the link
    double megabits_per_second = 0;
};

/// Bursty loss: a chain of two states that moves once for each packet.
/// Mean loss p / (p + r) * loss_bad; mean burst 1 / r packets.
struct GilbertElliott {
    double p = 0;          ///< from good to bad; 0: off
    double r = 1;          ///< from bad to good
    double loss_bad = 1;   ///< loss in the bad state
    double loss_good = 0;  ///< loss in the good state
};

enum class JitterKind : std::uint8_t {
    uniform,      ///< from 0 to the jitter
    exponential,  ///< with the jitter as mean, cut at eight times that
};

struct LinkConfig {
    double megabits_per_second = 0;      ///< of IP packets; 0: no bottleneck, and so no queue
    std::vector<RateStep> rate_steps{};  ///< later rates, in order of time
    Duration queue = std::chrono::milliseconds{100};  ///< drop-tail limit at the rate of the moment
    std::optional<std::uint64_t> queue_bytes{};       ///< drop-tail limit; wins over `queue`
    std::optional<Duration> ce_threshold{};  ///< a longer queue than this marks ECT packets with CE
    Duration delay{};                        ///< one way
    Duration jitter{};
    JitterKind jitter_kind = JitterKind::uniform;
    bool reorder = false;          ///< jitter may reorder; otherwise the order is kept
    double spike_probability = 0;  ///< one packet is held for longer, and may be overtaken
    Duration spike{};
    double loss = 0;  ///< after the bottleneck: a lost packet has used time of the link
    GilbertElliott burst_loss{};
    double duplication = 0;
    double corruption = 0;        ///< one random bit is flipped
    std::uint32_t mtu = 1500;     ///< larger IP packets vanish
    bool drop_corrupted = false;  ///< as with UDP checksums on
};

struct LinkCounters {
    std::uint64_t sent = 0;  ///< datagrams handed in
    std::uint64_t sent_bytes = 0;
    std::uint64_t delivered = 0;
    std::uint64_t delivered_bytes = 0;
    std::uint64_t dropped_by_queue = 0;
    std::uint64_t dropped_by_loss = 0;
    std::uint64_t dropped_by_mtu = 0;
    std::uint64_t dropped_as_corrupt = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t corrupted = 0;
    std::uint64_t reordered = 0;
    std::uint64_t ce_marked = 0;
};

/// What a link must know of what it carries: its size, and how to flip a bit.
template <class Payload>
struct PayloadTraits;

template <>
struct PayloadTraits<Bytes> {
    static std::size_t size(const Bytes& datagram) noexcept { return datagram.size(); }
    /// @param bit  any number; taken modulo the number of bits
    static void flip(Bytes& datagram, std::uint64_t bit) noexcept {
        if (datagram.empty()) return;
        const auto at = static_cast<std::size_t>(bit % (datagram.size() * 8));
        datagram[at / 8] = static_cast<std::uint8_t>(datagram[at / 8] ^ (1U << (at % 8)));
    }
};

/// A datagram at the far end.
template <class Payload>
struct BasicDelivery {
    TimePoint at{};
    Payload datagram{};
    std::uint8_t ecn = kNotEct;
};

/// One direction of a link. Time never runs backwards between calls.
template <class Payload>
class BasicLink {
public:
    using Delivery = BasicDelivery<Payload>;

    /// @param start  the zero of the rate steps
    BasicLink(LinkConfig config, std::uint64_t seed, TimePoint start = {})
        : config_{std::move(config)}, random_{seed * 2654435761U + 1}, start_{start} {}

    /// What is changed here holds for the packets sent from then on.
    [[nodiscard]] LinkConfig& config() noexcept { return config_; }
    [[nodiscard]] const LinkCounters& counters() const noexcept { return counters_; }

    void send(TimePoint now, Payload datagram, std::uint8_t ecn = kNotEct) {
        const auto datagram_bytes = PayloadTraits<Payload>::size(datagram);
        const auto bytes = datagram_bytes + kDatagramOverhead;
        ++counters_.sent;
        counters_.sent_bytes += datagram_bytes;
        if (bytes > config_.mtu) {
            ++counters_.dropped_by_mtu;
            return;
        }
        auto departure = now;
        if (const auto rate = rate_at(now); rate > 0) {
            const auto nanoseconds_per_byte = 8000.0 / rate;
            const auto backlog = queue_delay(now);
            const auto limit =
                config_.queue_bytes
                    ? to_duration(static_cast<double>(*config_.queue_bytes) * nanoseconds_per_byte)
                    : config_.queue;
            const auto transmission =
                to_duration(static_cast<double>(bytes) * nanoseconds_per_byte);
            // An empty queue always takes one packet.
            if (backlog > Duration::zero() && backlog + transmission > limit) {
                ++counters_.dropped_by_queue;
                return;
            }
            queue_delays_.push_back(static_cast<float>(backlog.count()) / 1e6F);
            if (config_.ce_threshold && backlog > *config_.ce_threshold && ecn != kNotEct) {
                ecn = kCe;
                ++counters_.ce_marked;
            }
            link_free_ = std::max(now, link_free_) + transmission;
            departure = link_free_;
        }
        if (loses()) {
            ++counters_.dropped_by_loss;
            return;
        }
        if (random_.hit(config_.corruption)) {
            ++counters_.corrupted;
            const auto bit = random_.u64();
            if (config_.drop_corrupted) {
                ++counters_.dropped_as_corrupt;
                return;
            }
            PayloadTraits<Payload>::flip(datagram, bit);
        }
        if (random_.hit(config_.duplication)) {
            ++counters_.duplicated;
            push(departure, Payload{datagram}, ecn);
        }
        push(departure, std::move(datagram), ecn);
    }

    /// When `poll` has something next; nothing while nothing is under way.
    [[nodiscard]] std::optional<TimePoint> next_delivery() const {
        if (under_way_.empty()) return std::nullopt;
        return under_way_.front().delivery.at;
    }

    /// The next datagram that has arrived by `now`.
    [[nodiscard]] std::optional<Delivery> poll(TimePoint now) {
        if (under_way_.empty() || under_way_.front().delivery.at > now) return std::nullopt;
        std::pop_heap(under_way_.begin(), under_way_.end(), later);
        std::optional<Delivery> out{std::move(under_way_.back().delivery)};
        const auto order = under_way_.back().order;
        under_way_.pop_back();
        if (order < last_order_) ++counters_.reordered;
        last_order_ = std::max(last_order_, order);
        ++counters_.delivered;
        counters_.delivered_bytes += PayloadTraits<Payload>::size(out->datagram);
        return out;
    }

    /// How long a packet sent now would wait before its first bit leaves.
    [[nodiscard]] Duration queue_delay(TimePoint now) const noexcept {
        return std::max(Duration::zero(), Duration{link_free_ - now});
    }

    /// The waiting time that this share of the packets did not exceed.
    ///
    /// @param share  0.5: the median
    [[nodiscard]] Duration queue_delay_percentile(double share) const {
        if (queue_delays_.empty()) return Duration::zero();
        auto delays = queue_delays_;
        const auto last = delays.size() - 1;
        const auto at =
            std::min(last, static_cast<std::size_t>(share * static_cast<double>(delays.size())));
        const auto nth = delays.begin() + static_cast<std::ptrdiff_t>(at);
        std::nth_element(delays.begin(), nth, delays.end());
        return to_duration(static_cast<double>(*nth) * 1e6);
    }

    /// Starts the measurement over: counters and queue delays, not what is under way.
    void reset_counters() {
        counters_ = {};
        queue_delays_.clear();
    }

private:
    struct UnderWay {
        Delivery delivery;
        std::uint64_t order = 0;  // of entry: what arrives at the same time keeps it
    };

    static Duration to_duration(double nanoseconds) noexcept {
        return Duration{static_cast<std::int64_t>(nanoseconds)};
    }
    static bool later(const UnderWay& a, const UnderWay& b) noexcept {
        return a.delivery.at != b.delivery.at ? a.delivery.at > b.delivery.at : a.order > b.order;
    }

    [[nodiscard]] double rate_at(TimePoint now) const noexcept {
        auto rate = config_.megabits_per_second;
        for (const auto& step : config_.rate_steps)
            if (now - start_ >= step.from) rate = step.megabits_per_second;
        return rate;
    }

    bool loses() noexcept {
        auto lost = random_.hit(config_.loss);
        const auto& burst = config_.burst_loss;
        if (burst.p > 0) {
            bad_ = bad_ ? !random_.hit(burst.r) : random_.hit(burst.p);
            lost = random_.hit(bad_ ? burst.loss_bad : burst.loss_good) || lost;
        }
        return lost;
    }

    Duration next_jitter() noexcept {
        if (config_.jitter <= Duration::zero()) return Duration::zero();
        const auto jitter = static_cast<double>(config_.jitter.count());
        if (config_.jitter_kind == JitterKind::uniform)
            return to_duration(random_.uniform() * jitter);
        return std::min(to_duration(-std::log(1 - random_.uniform()) * jitter), 8 * config_.jitter);
    }

    void push(TimePoint departure, Payload&& datagram, std::uint8_t ecn) {
        auto at = departure + config_.delay + next_jitter();
        const auto held = random_.hit(config_.spike_probability);
        if (held) at += config_.spike;
        if (!held && !config_.reorder) at = std::max(at, last_arrival_);
        if (!held) last_arrival_ = std::max(last_arrival_, at);
        under_way_.push_back(UnderWay{Delivery{at, std::move(datagram), ecn}, next_order_++});
        std::push_heap(under_way_.begin(), under_way_.end(), later);
    }

    LinkConfig config_;
    LinkRandom random_;
    TimePoint start_;
    TimePoint link_free_{};     // when the bottleneck has sent what it holds
    TimePoint last_arrival_{};  // of those that keep the order
    bool bad_ = false;          // Gilbert-Elliott's state
    std::uint64_t next_order_ = 0;
    std::uint64_t last_order_ = 0;
    std::vector<UnderWay> under_way_;  // a heap, the earliest in front
    std::vector<float> queue_delays_;  // milliseconds, of each packet that the bottleneck took
    LinkCounters counters_;
};

/// A link for real datagrams.
using Link = BasicLink<Bytes>;
using Delivery = Link::Delivery;

}  // namespace streamkit::sim
