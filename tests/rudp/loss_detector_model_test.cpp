// The loss detector beside a model of it that looks at every packet each time.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "loss_detector.hpp"
#include "streamkit/base/random.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;
using namespace std::chrono_literals;

namespace {

using congestion::Duration;
using Status = SentPacket::Status;

struct Told {
    std::string events;
    std::uint64_t acked_bytes = 0;
    std::uint64_t lost_bytes = 0;
    bool any_new = false;
    bool persistent_congestion = false;
    std::optional<Duration> rtt;
    friend bool operator==(const Told&, const Told&) = default;
};

std::string event(const char* what, std::uint64_t number) {
    return ' ' + std::string{what} + ' ' + std::to_string(number);
}

// Keeps everything for ever and searches it from the start.
class Naive {
public:
    struct Packet {
        TimePoint time{};
        std::uint32_t bytes = 0;
        bool ack_eliciting = false;
        bool is_mtu_probe = false;
        Status status = Status::in_flight;
    };

    void sent(std::uint64_t number, const Packet& packet) { packets_[number] = packet; }

    // The ring was full: what nobody has to acknowledge is forgotten before it grows.
    void forget_up_to(std::uint64_t oldest) {
        for (const auto& [number, packet] : packets_) {
            if (number >= oldest_ && number < oldest)
                REQUIRE((packet.status == Status::acked || !packet.ack_eliciting));
        }
        oldest_ = std::max(oldest_, oldest);
    }

    Told ack(const std::vector<AckRange>& ranges, TimePoint now, std::uint64_t delay_us) {
        Told told;
        std::set<std::uint64_t> numbers;
        for (const auto& range : ranges) {
            for (auto number = range.first; number <= range.last; ++number)
                numbers.insert(number);
        }
        const auto previous_largest = largest_acked_;
        const auto largest = *numbers.rbegin();
        bool largest_is_new = false;
        for (const auto number : numbers) {
            auto& packet = packets_.at(number);
            if (packet.status == Status::acked || forgotten(number)) continue;
            const bool was_lost = packet.status == Status::lost && packet.ack_eliciting;
            told.any_new = true;
            if (number == largest) largest_is_new = true;
            told.events += event(was_lost ? "found" : "acked", number);
            if (packet.ack_eliciting && !was_lost) told.acked_bytes += packet.bytes;
            packet.status = Status::acked;
            if (number < path_start_ || packet.is_mtu_probe) continue;
            if (previous_largest && number < *previous_largest) reordering_seen_ = true;
            if (!was_lost) continue;
            losses_ = 0;
            if (number < widened_until_) continue;
            widened_until_ = packets_.rbegin()->first + 1;
            if (window() < rtt.smoothed()) ++quarters_;
        }
        if (!told.any_new) return told;
        probes_ = 0;
        largest_acked_ = std::max(largest_acked_.value_or(0), largest);
        if (largest_is_new && largest >= path_start_) {
            newest_rtt_ = now - packets_.at(largest).time;
            if (packets_.at(largest).ack_eliciting) {
                rtt.add_sample(newest_rtt_,
                               std::min<Duration>(std::chrono::microseconds{delay_us}, 25ms));
                told.rtt = newest_rtt_;
                if (!first_sample_) first_sample_ = now;
            }
        }
        find_lost(now, told);
        forget(now);
        return told;
    }

    // @return how many probes
    int timeout(TimePoint now, Told& told) {
        if (loss_time_) {
            if (now >= *loss_time_) {
                find_lost(now, told);
                forget(now);
            }
            return 0;
        }
        const auto due = next_timeout();
        if (!due || now < *due) return 0;
        probed_ = now;
        return ++probes_ == 1 ? 1 : 2;
    }

    std::optional<TimePoint> next_timeout() const {
        if (loss_time_) return loss_time_;
        if (in_flight() == 0) return std::nullopt;
        auto last = probed_;
        for (const auto& [number, packet] : packets_) {
            if (packet.ack_eliciting && number >= path_start_) last = std::max(last, packet.time);
        }
        const auto first = rtt.probe_timeout(25ms);
        return last + std::min<Duration>(first * (1 << std::min(probes_, 10)),
                                         std::max<Duration>(first, 4s));
    }

    std::uint64_t in_flight() const {
        std::uint64_t bytes = 0;
        for (const auto& [number, packet] : packets_) {
            if (packet.ack_eliciting && packet.status == Status::in_flight) bytes += packet.bytes;
        }
        return bytes;
    }

    Told change_path(std::uint64_t next_number) {
        Told told;
        for (auto& [number, packet] : packets_) {
            if (packet.status != Status::in_flight || forgotten(number)) continue;
            packet.status = Status::lost;
            if (packet.ack_eliciting) told.events += event("lost", number);
        }
        path_start_ = next_number;
        loss_time_.reset();
        probes_ = 0;
        reordering_seen_ = false;
        quarters_ = 1;
        widened_until_ = 0;
        losses_ = 0;
        reported_until_ = next_number;
        first_sample_.reset();
        return told;
    }

    Duration window() const {
        if (!rtt.has_sample()) return rtt.smoothed() / 4;
        return std::min(quarters_ * (rtt.minimum() / 4), rtt.smoothed());
    }

    congestion::RttEstimator rtt;

private:
    void find_lost(TimePoint now, Told& told) {
        loss_time_.reset();
        for (auto& [number, packet] : packets_) {
            if (packet.status != Status::in_flight || number >= *largest_acked_ ||
                forgotten(number))
                continue;
            const auto deadline = packet.time + newest_rtt_ + window_before_losses(number);
            const bool overtaken = !reordering_seen_ && *largest_acked_ - number >= 3;
            if (deadline > now && !overtaken) {
                if (!loss_time_) loss_time_ = deadline;
                continue;
            }
            REQUIRE_FALSE(loss_time_);  // the first that is not lost ends the search
            packet.status = Status::lost;
            if (!packet.ack_eliciting) continue;
            told.events += event("lost", number);
            if (packet.is_mtu_probe) continue;
            told.lost_bytes += packet.bytes;
            pending_losses_.push_back(number);
            if (persistent(number)) told.persistent_congestion = true;
        }
        for ([[maybe_unused]] const auto number : pending_losses_) {
            if (++losses_ == 16) {
                losses_ = 0;
                quarters_ = std::max(1, quarters_ - 1);
            }
        }
        pending_losses_.clear();
        window_in_use_.reset();
    }

    // One window for the whole search, whatever it finds.
    Duration window_before_losses(std::uint64_t) {
        if (!window_in_use_) window_in_use_ = window();
        return *window_in_use_;
    }

    // RFC 9002, 7.6.2: backwards from this loss, as long as nothing arrived.
    bool persistent(std::uint64_t number) {
        const auto& last = packets_.at(number);
        if (!first_sample_ || last.time <= *first_sample_) return false;
        auto first_time = last.time;
        for (auto at = packets_.find(number); at != packets_.begin();) {
            --at;
            const auto& packet = at->second;
            if (packet.status == Status::acked || at->first < reported_until_) break;
            if (packet.status != Status::lost || !packet.ack_eliciting || packet.is_mtu_probe)
                continue;
            if (packet.time <= *first_sample_) break;
            first_time = packet.time;
        }
        if (last.time - first_time <= 3 * rtt.probe_timeout(25ms)) return false;
        reported_until_ = number;
        return true;
    }

    bool forgotten(std::uint64_t number) const { return number < oldest_; }
    void forget(TimePoint now) {
        const auto keep_after = now - 2 * rtt.smoothed() - rtt.probe_timeout(25ms);
        for (const auto& [number, packet] : packets_) {
            if (number < oldest_) continue;
            const bool settled = packet.status == Status::acked;
            const bool may_come = packet.status == Status::in_flight && packet.ack_eliciting;
            if (!settled && (may_come || packet.time > keep_after)) break;
            oldest_ = number + 1;
        }
    }

    std::map<std::uint64_t, Packet> packets_;
    std::uint64_t oldest_ = 0;
    std::optional<std::uint64_t> largest_acked_;
    Duration newest_rtt_{};
    std::optional<TimePoint> loss_time_;
    std::optional<TimePoint> first_sample_;
    std::optional<Duration> window_in_use_;
    std::vector<std::uint64_t> pending_losses_;
    std::uint64_t path_start_ = 0;
    std::uint64_t reported_until_ = 0;
    std::uint64_t widened_until_ = 0;
    bool reordering_seen_ = false;
    int quarters_ = 1;
    int losses_ = 0;
    int probes_ = 0;
    TimePoint probed_{};
};

struct Recorder final : LossDetector::Listener {
    void on_packet_acked(const SentPacket& packet, bool was_lost) override {
        events += event(was_lost ? "found" : "acked", packet.packet_number);
    }
    void on_packet_lost(const SentPacket& packet, std::string_view) override {
        events += event("lost", packet.packet_number);
    }
    std::string events;
};

// A path with loss, jitter and outages under both.
class Run {
public:
    Run(std::uint64_t seed, std::uint64_t first_number)
        : random_(seed), packets_(first_number), jitter_(random_.below(3) * random_.below(40'000)) {
        loss_percent_ = random_.below(4) * random_.below(15);
    }

    void run() {
        for (int step = 0; step < 400; ++step) {
            now_ +=
                std::chrono::microseconds{random_.below(random_.below(10) == 0 ? 300'000 : 4'000)};
            fire_timers();
            deliver();
            if (random_.below(60) == 0) outage_until_ = now_ + 1ms * random_.below(3'000);
            if (random_.below(150) == 0) change_path();
            if (random_.below(3) != 0) send();
            compare_state();
        }
    }

    // What came about, so that a test that shows nothing is noticed.
    int acks = 0;
    int spurious = 0;
    int persistent = 0;
    int probes = 0;

private:
    struct Arrival {
        TimePoint at{};
        std::uint64_t number = 0;
    };
    struct AckArrival {
        TimePoint at{};
        std::vector<AckRange> ranges;
    };

    TimePoint trip() {
        return now_ + 20ms + std::chrono::microseconds{jitter_ == 0 ? 0 : random_.below(jitter_)};
    }
    bool is_lost() { return now_ < outage_until_ || random_.below(100) < loss_percent_; }

    void send() {
        for (auto count = 1 + random_.below(8); count > 0; --count) {
            if (random_.below(50) == 0) packets_.skip();
            auto& packet = packets_.add();
            naive_.forget_up_to(packets_.oldest());
            packet.time = now_;
            packet.bytes = static_cast<std::uint32_t>(100 + random_.below(1'000));
            packet.ack_eliciting = random_.below(10) != 0;
            packet.is_mtu_probe = packet.ack_eliciting && random_.below(30) == 0;
            packets_.on_sent(packet);
            if (packet.ack_eliciting) detector_.on_sent(now_);
            naive_.sent(packet.packet_number, {now_, packet.bytes, packet.ack_eliciting,
                                               packet.is_mtu_probe, Status::in_flight});
            if (!is_lost()) arrivals_.push_back({trip(), packet.packet_number});
        }
    }

    void deliver() {
        for (auto at = arrivals_.begin(); at != arrivals_.end();) {
            if (at->at > now_) {
                ++at;
                continue;
            }
            received_.insert(at->number);
            at = arrivals_.erase(at);
            if (random_.below(2) == 0 && !is_lost()) acks_under_way_.push_back({trip(), ranges()});
        }
        for (auto at = acks_under_way_.begin(); at != acks_under_way_.end();) {
            if (at->at > now_) {
                ++at;
                continue;
            }
            ack(at->ranges);
            at = acks_under_way_.erase(at);
        }
    }

    // The newest ranges of what came, as many as fit.
    std::vector<AckRange> ranges() {
        const auto most = random_.below(4) == 0 ? 1 + random_.below(4) : kMaxAckRanges;
        std::vector<AckRange> out;
        for (auto at = received_.rbegin(); at != received_.rend(); ++at) {
            if (!out.empty() && out.back().first == *at + 1) {
                out.back().first = *at;
            } else if (out.size() == most) {
                break;
            } else {
                out.push_back({*at, *at});
            }
        }
        return out;
    }

    void ack(const std::vector<AckRange>& ranges) {
        ++acks;
        AckFrame frame;
        frame.delay_us = random_.below(40'000);
        for (const auto& range : ranges)
            frame.ranges[frame.range_count++] = range;
        Recorder recorder;
        const auto result = detector_.on_ack(frame, now_, recorder);
        REQUIRE(result);
        REQUIRE(result->largest_acked == ranges.front().last);
        const Told told{recorder.events, result->acked_bytes,           result->lost_bytes,
                        result->any_new, result->persistent_congestion, result->rtt};
        const auto expected = naive_.ack(ranges, now_, frame.delay_us);
        CHECK(told.events == expected.events);
        REQUIRE(told == expected);
        if (told.events.find("found") != std::string::npos) ++spurious;
        if (told.persistent_congestion) ++persistent;
        compare_state();
    }

    void fire_timers() {
        for (auto due = detector_.next_timeout(); due && *due <= now_;
             due = detector_.next_timeout()) {
            Recorder recorder;
            Told expected;
            const auto result = detector_.on_timeout(*due, recorder);
            REQUIRE(result.probes == naive_.timeout(*due, expected));
            probes += result.probes;
            CHECK(recorder.events == expected.events);
            REQUIRE(result.lost_bytes == expected.lost_bytes);
            REQUIRE(result.persistent_congestion == expected.persistent_congestion);
            compare_state();
        }
    }

    void change_path() {
        Recorder recorder;
        detector_.on_path_changed(recorder);
        const auto expected = naive_.change_path(packets_.next_number());
        CHECK(recorder.events == expected.events);
        rtt_ = {};
        naive_.rtt = {};
    }

    void compare_state() {
        REQUIRE(packets_.bytes_in_flight() == naive_.in_flight());
        REQUIRE(detector_.next_timeout() == naive_.next_timeout());
        REQUIRE(detector_.reordering_window() == naive_.window());
    }

    SeededRandom random_;
    SentPackets packets_;
    congestion::RttEstimator rtt_;
    LossDetector detector_{packets_, rtt_, {}};
    Naive naive_;
    TimePoint now_ = TimePoint{} + 1h;
    TimePoint outage_until_{};
    std::uint64_t jitter_;  // µs
    std::uint64_t loss_percent_ = 0;
    std::vector<Arrival> arrivals_;
    std::set<std::uint64_t> received_;
    std::vector<AckArrival> acks_under_way_;
};

}  // namespace

TEST_CASE("the loss detector does as one that looks at everything", "[rudp][loss_detector]") {
    const std::uint64_t starts[] = {0, (std::uint64_t{1} << 32) - 10,
                                    (std::uint64_t{1} << 62) - 10};
    int acks = 0;
    int spurious = 0;
    int persistent = 0;
    int probes = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        INFO("seed " << seed);
        Run run{seed, starts[seed % 3]};
        run.run();
        acks += run.acks;
        spurious += run.spurious;
        persistent += run.persistent;
        probes += run.probes;
    }
    CHECK(acks > 5'000);
    CHECK(spurious > 500);
    CHECK(persistent > 10);
    CHECK(probes > 20);
}
