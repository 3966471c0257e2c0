#include "transfer.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <deque>
#include <iterator>
#include <memory>

#include "streamkit/base/random.hpp"
#include "streamkit/congestion/delivery_rate.hpp"
#include "streamkit/congestion/pacer.hpp"
#include "streamkit/congestion/rtt.hpp"

namespace streamkit::congestion::test {

namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1s};
constexpr Duration kMaxAckDelay = 25ms;

/// Acknowledges each second packet, at once after a gap, or after a delay.
class Receiver {
public:
    explicit Receiver(std::uint32_t flow) : flow_{flow} {}

    /// @return true: an acknowledgement is due now
    bool on_data(TimePoint now, const DataPacket& packet, std::uint8_t ecn) {
        if (ecn == sim::kCe) ++ce_marks_;
        const auto number = packet.number;
        const auto gap = number != next_;
        if (number >= next_) {
            largest_time_ = now;
            next_ = number + 1;
        }
        if (!insert(number)) return false;
        received_bytes_ += packet.bytes;
        if (++unacknowledged_ == 1) ack_time_ = now + kMaxAckDelay;
        return unacknowledged_ >= 2 || gap || ecn == sim::kCe;
    }
    [[nodiscard]] std::optional<TimePoint> ack_time() const { return ack_time_; }
    [[nodiscard]] AckPacket make_ack(TimePoint now) {
        ack_time_.reset();
        unacknowledged_ = 0;
        AckPacket ack;
        ack.flow = flow_;
        ack.delay = now - largest_time_;
        ack.ce_marks = ce_marks_;
        for (auto i = ranges_.rbegin(); i != ranges_.rend(); ++i) {
            if (ack.range_count == AckPacket::kMaxRanges) break;
            ack.ranges[ack.range_count++] = *i;
        }
        return ack;
    }
    [[nodiscard]] std::uint64_t received_bytes() const { return received_bytes_; }

private:
    bool insert(std::uint64_t number) {
        auto i = ranges_.rbegin();
        while (i != ranges_.rend() && i->first > number + 1)
            ++i;
        if (i == ranges_.rend()) {
            ranges_.push_front({number, number});
        } else if (number >= i->first && number <= i->last) {
            return false;
        } else if (number + 1 == i->first) {
            i->first = number;
            if (const auto below = std::next(i);
                below != ranges_.rend() && below->last + 1 == number) {
                i->first = below->first;
                ranges_.erase(std::next(below).base());
            }
        } else if (number == i->last + 1) {
            i->last = number;
        } else {
            ranges_.insert(i.base(), {number, number});
        }
        if (ranges_.size() > 2 * AckPacket::kMaxRanges) ranges_.pop_front();
        return true;
    }

    std::uint32_t flow_;
    std::deque<AckPacket::Range> ranges_;  // ascending
    std::uint64_t next_ = 0;
    TimePoint largest_time_{};
    int unacknowledged_ = 0;
    std::optional<TimePoint> ack_time_;
    std::uint64_t ce_marks_ = 0;
    std::uint64_t received_bytes_ = 0;
};

/// Sends packets of one size as the controller and the pacer allow. What it sends has no content,
/// so a lost packet is made up for by sending one more at the end.
class Sender {
public:
    Sender(std::uint32_t flow, const FlowConfig& config, std::uint64_t seed)
        : flow_{flow}, config_{config}, random_{seed}, noise_{seed ^ 0x5bd1e995} {
        ControllerConfig controller_config;
        controller_config.max_datagram_bytes = config.datagram_bytes;
        controller_ = make_controller(config.algorithm, controller_config, random_);
        pacer_.set_max_datagram_bytes(config.datagram_bytes);
        pacer_.set_rate(controller_->pacing_rate());
        payload_bytes_ = config.datagram_bytes - config.header_bytes;
    }

    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    /// When it wants to be woken; nothing while it waits for an acknowledgement.
    [[nodiscard]] std::optional<TimePoint> next_event() const {
        std::optional<TimePoint> out = loss_time_;
        const auto earlier = [&out](TimePoint time) { out = out ? std::min(*out, time) : time; };
        if (in_flight_ > 0) earlier(probe_time_);
        if (send_time_) earlier(*send_time_);
        return out;
    }
    [[nodiscard]] bool done() const { return delivered_payload() >= config_.total_bytes; }
    [[nodiscard]] std::uint64_t delivered_payload() const {
        return delivered_packets_ * payload_bytes_;
    }
    [[nodiscard]] std::uint64_t sent() const { return next_number_; }
    [[nodiscard]] std::uint64_t lost() const { return lost_packets_; }
    [[nodiscard]] std::uint64_t spurious() const { return spurious_; }

    void on_timer(TimePoint now) {
        if (loss_time_ && *loss_time_ <= now) detect_losses(now);
        if (in_flight_ > 0 && probe_time_ <= now) on_probe_timeout(now);
    }

    /// @param send  void(TimePoint, DataPacket)
    template <class Send>
    void transmit(TimePoint now, Send&& send) {
        send_time_.reset();
        if (now - kStart >= config_.stop) return;
        while (true) {
            if (probes_ == 0 && outstanding_payload() + delivered_payload() >= config_.total_bytes)
                break;
            if (probes_ == 0 && in_flight_ + config_.datagram_bytes > controller_->window()) break;
            if (const auto ready = application_time(now); ready > now) {
                sampler_.on_app_limited(in_flight_);
                send_time_ = ready;
                break;
            }
            if (config_.paced && probes_ == 0 && pacer_.budget(now) < config_.datagram_bytes) {
                send_time_ = std::max(pacer_.next_send_time(), now + 1us) + lateness();
                break;
            }
            if (probes_ > 0) --probes_;
            send_one(now);
            send(now, DataPacket{flow_, config_.datagram_bytes, next_number_ - 1});
        }
    }

    void on_ack(TimePoint now, const AckPacket& ack) {
        AckEvent event;
        event.now = now;
        event.prior_in_flight = in_flight_;
        sampler_.begin_ack();
        bool any_new = false;
        const auto largest = ack.ranges[0].last;
        for (std::uint32_t i = 0; i < ack.range_count; ++i) {
            const auto& range = ack.ranges[i];
            if (range.last < first_number_) break;
            for (auto n = std::max(range.first, first_number_); n <= range.last; ++n)
                any_new = acknowledge(now, n, n == largest, event) || any_new;
        }
        if (!any_new) return;
        if (event.rtt) rtt_.add_sample(*event.rtt, std::min(ack.delay, kMaxAckDelay));
        probe_count_ = 0;
        event.lost_bytes = detect_losses(now);
        event.new_ce_marks = ack.ce_marks - std::min(ack.ce_marks, ce_marks_);
        ce_marks_ = std::max(ce_marks_, ack.ce_marks);
        event.in_flight = in_flight_;
        event.delivered = sampler_.delivered();
        event.largest_acked = largest;
        event.largest_sent = next_number_ - 1;
        event.smoothed_rtt = rtt_.smoothed();
        event.minimum_rtt = rtt_.minimum();
        event.rate = sampler_.finish_ack(rtt_.minimum());
        controller_->on_ack(event);
        pacer_.set_rate(controller_->pacing_rate());
        set_probe_time(now);
    }

private:
    enum class Status : std::uint8_t { in_flight, acked, lost };
    struct Sent {
        DeliveryState state;
        Status status = Status::in_flight;
    };

    [[nodiscard]] Duration lateness() {
        return to_nanoseconds(static_cast<double>(config_.timer_lateness.count()) *
                              noise_.uniform());
    }
    static Duration to_nanoseconds(double value) {
        return Duration{static_cast<std::int64_t>(value)};
    }
    [[nodiscard]] std::uint64_t outstanding_payload() const {
        return in_flight_ / config_.datagram_bytes * payload_bytes_;
    }
    [[nodiscard]] TimePoint application_time(TimePoint now) const {
        if (config_.application_rate == Bandwidth{}) return now;
        return kStart + config_.start +
               config_.application_rate.time_for(next_number_ * payload_bytes_);
    }

    void send_one(TimePoint now) {
        if (in_flight_ == 0 && next_number_ > 0) controller_->on_idle_restart(now);
        const auto state = sampler_.on_sent(now, config_.datagram_bytes, in_flight_);
        in_flight_ += config_.datagram_bytes;
        controller_->on_sent(now, next_number_, state);
        if (config_.paced) pacer_.on_sent(now, config_.datagram_bytes);
        packets_.push_back({state});
        ++next_number_;
        set_probe_time(now);
    }

    bool acknowledge(TimePoint now, std::uint64_t number, bool largest, AckEvent& event) {
        auto& packet = packets_[static_cast<std::size_t>(number - first_number_)];
        if (packet.status == Status::acked) return false;
        if (packet.status == Status::lost) {
            ++spurious_;
            --lost_packets_;
            // RFC 8985, 6.2.4: wait longer for stragglers.
            reordering_ = std::min(reordering_ + 0.25, 2.0);
            controller_->on_spurious_loss(now, {packet.state, number});
        } else {
            in_flight_ -= packet.state.bytes;
        }
        packet.status = Status::acked;
        ++delivered_packets_;
        event.acked_bytes += packet.state.bytes;
        sampler_.on_acked(now, packet.state);
        if (packet.state.sent_time >= newest_acked_sent_) {
            newest_acked_sent_ = packet.state.sent_time;
            newest_acked_ = std::max(newest_acked_, number);
        }
        if (largest) event.rtt = now - packet.state.sent_time;
        return true;
    }

    std::uint64_t detect_losses(TimePoint now) {
        loss_time_.reset();
        std::uint64_t lost_bytes = 0;
        const auto window =
            to_nanoseconds(static_cast<double>(rtt_.minimum().count()) * reordering_);
        const auto rtt = std::max<Duration>(rtt_.latest(), rtt_.smoothed());
        while (!packets_.empty() && (packets_.front().status == Status::acked ||
                                     (packets_.front().status == Status::lost &&
                                      now - packets_.front().state.sent_time > 3 * rtt))) {
            packets_.pop_front();
            ++first_number_;
        }
        for (auto i = std::max(scan_from_, first_number_); i < newest_acked_; ++i) {
            auto& packet = packets_[static_cast<std::size_t>(i - first_number_)];
            if (packet.status != Status::in_flight) {
                if (i == scan_from_) ++scan_from_;
                continue;
            }
            const auto lost_at = packet.state.sent_time + rtt + window;
            if (lost_at > now) {
                loss_time_ = lost_at;
                break;
            }
            mark_lost(now, i, packet);
            lost_bytes += packet.state.bytes;
        }
        return lost_bytes;
    }

    void mark_lost(TimePoint now, std::uint64_t number, Sent& packet) {
        packet.status = Status::lost;
        in_flight_ -= packet.state.bytes;
        ++lost_packets_;
        sampler_.on_lost(packet.state);
        controller_->on_lost(now, {packet.state, number});
        pacer_.set_rate(controller_->pacing_rate());
    }

    void set_probe_time(TimePoint now) {
        probe_time_ = now + rtt_.probe_timeout(kMaxAckDelay) * (1 << std::min(probe_count_, 6));
    }

    void on_probe_timeout(TimePoint now) {
        ++probe_count_;
        probes_ = 2;
        // Three in a row: everything of that time is gone.
        if (probe_count_ == 3) {
            for (auto i = first_number_; i < next_number_; ++i) {
                auto& packet = packets_[static_cast<std::size_t>(i - first_number_)];
                if (packet.status == Status::in_flight) mark_lost(now, i, packet);
            }
            controller_->on_persistent_congestion(now);
        }
        set_probe_time(now);
    }

    std::uint32_t flow_;
    FlowConfig config_;
    SeededRandom random_;
    sim::LinkRandom noise_;
    std::unique_ptr<Controller> controller_;
    DeliveryRateSampler sampler_;
    Pacer pacer_;
    RttEstimator rtt_;
    std::uint64_t payload_bytes_ = 0;

    std::deque<Sent> packets_;        // from first_number_ on
    std::uint64_t first_number_ = 0;  // everything below is settled
    std::uint64_t next_number_ = 0;
    std::uint64_t scan_from_ = 0;  // no packet below is in flight
    std::uint64_t newest_acked_ = 0;
    TimePoint newest_acked_sent_{};
    std::uint64_t in_flight_ = 0;
    std::uint64_t delivered_packets_ = 0;
    std::uint64_t lost_packets_ = 0;
    std::uint64_t spurious_ = 0;
    std::uint64_t ce_marks_ = 0;
    double reordering_ = 0.25;  // of the minimum RTT
    int probe_count_ = 0;
    int probes_ = 0;
    std::optional<TimePoint> loss_time_;
    std::optional<TimePoint> send_time_;
    TimePoint probe_time_{};
};

struct Flow {
    Flow(std::uint32_t index, const FlowConfig& flow_config, std::uint64_t seed)
        : config{flow_config}, sender{index, flow_config, seed}, receiver{index} {}
    FlowConfig config;
    Sender sender;
    Receiver receiver;
    bool started = false;
    std::optional<TimePoint> finished{};
    std::uint64_t payload_before = 0;  // the measurement
};

}  // namespace

double jain_index(const std::vector<double>& shares) {
    double sum = 0;
    double squares = 0;
    for (const auto share : shares) {
        sum += share;
        squares += share * share;
    }
    if (squares <= 0) return 1;
    return sum * sum / (static_cast<double>(shares.size()) * squares);
}

TransferResult run_transfer(const TransferConfig& config) {
    sim::BasicLink<DataPacket> forward{config.forward, 2 * config.seed, kStart};
    sim::BasicLink<AckPacket> backward{config.backward, 2 * config.seed + 1, kStart};
    std::deque<Flow> flows;  // stay where they are: the controllers refer to their sender's numbers
    for (std::size_t i = 0; i < config.flows.size(); ++i)
        flows.emplace_back(static_cast<std::uint32_t>(i), config.flows[i], config.seed * 1000 + i);
    auto now = kStart;
    const auto end = kStart + config.duration;
    bool measuring = config.measure_from == Duration::zero();
    while (true) {
        auto next = end;
        const auto earlier = [&next](std::optional<TimePoint> time) {
            if (time) next = std::min(next, *time);
        };
        earlier(forward.next_delivery());
        earlier(backward.next_delivery());
        if (!measuring) earlier(kStart + config.measure_from);
        bool all_done = true;
        for (std::size_t i = 0; i < flows.size(); ++i) {
            auto& flow = flows[i];
            if (!flow.started) {
                earlier(kStart + flow.config.start);
            } else {
                if (!flow.finished) earlier(flow.sender.next_event());
                earlier(flow.receiver.ack_time());
            }
            all_done = all_done && flow.finished;
        }
        if (all_done || next >= end) {
            now = std::min(next, end);
            break;
        }
        now = std::max(now, next);

        if (config.delay_step && now >= kStart + config.delay_step->first) {
            forward.config().delay = config.forward.delay + config.delay_step->second;
            backward.config().delay = config.backward.delay + config.delay_step->second;
        }
        if (!measuring && now >= kStart + config.measure_from) {
            measuring = true;
            forward.reset_counters();
            for (auto& flow : flows)
                flow.payload_before = flow.sender.delivered_payload();
        }
        while (const auto delivery = forward.poll(now)) {
            auto& receiver = flows[delivery->datagram.flow].receiver;
            if (receiver.on_data(now, delivery->datagram, delivery->ecn))
                backward.send(now, receiver.make_ack(now));
        }
        while (const auto delivery = backward.poll(now)) {
            flows[delivery->datagram.flow].sender.on_ack(now, delivery->datagram);
        }
        for (std::size_t i = 0; i < flows.size(); ++i) {
            auto& flow = flows[i];
            if (const auto time = flow.receiver.ack_time(); time && *time <= now)
                backward.send(now, flow.receiver.make_ack(now));
            if (now < kStart + flow.config.start || flow.finished) continue;
            flow.started = true;
            flow.sender.on_timer(now);
            flow.sender.transmit(now, [&forward](TimePoint at, const DataPacket& packet) {
                forward.send(at, packet, sim::kEct0);
            });
            if (flow.sender.done()) flow.finished = now;
        }
    }

    TransferResult out;
    std::vector<double> shares;
    for (auto& flow : flows) {
        FlowResult result;
        const auto from = kStart + std::max(flow.config.start, config.measure_from);
        const auto to = flow.finished ? *flow.finished : now;
        const auto time = static_cast<double>((to - from).count()) / 1e9;
        const auto bits =
            static_cast<double>(flow.sender.delivered_payload() - flow.payload_before) * 8;
        result.megabits_per_second = time > 0 ? bits / time / 1e6 : 0;
        if (config.forward.megabits_per_second > 0)
            result.goodput_percent =
                100 * result.megabits_per_second / config.forward.megabits_per_second;
        result.sent = flow.sender.sent();
        result.lost = flow.sender.lost();
        result.spurious = flow.sender.spurious();
        result.finished = to - kStart;
        shares.push_back(result.megabits_per_second);
        out.flows.push_back(result);
    }
    out.queue_p50 = forward.queue_delay_percentile(0.5);
    out.queue_p95 = forward.queue_delay_percentile(0.95);
    out.jain = jain_index(shares);
    return out;
}

std::string TransferResult::text() const {
    std::string out;
    std::array<char, 160> line{};
    for (const auto& flow : flows) {
        std::snprintf(line.data(), line.size(), "%.1f %% (sent %llu lost %llu spurious %llu) ",
                      flow.goodput_percent, static_cast<unsigned long long>(flow.sent),
                      static_cast<unsigned long long>(flow.lost),
                      static_cast<unsigned long long>(flow.spurious));
        out += line.data();
    }
    std::snprintf(line.data(), line.size(), "queue p50 %.1f p95 %.1f ms, Jain %.3f",
                  static_cast<double>(queue_p50.count()) / 1e6,
                  static_cast<double>(queue_p95.count()) / 1e6, jain);
    out += line.data();
    return out;
}

}  // namespace streamkit::congestion::test
