#pragma once

// One way to the peer: whether it is the peer's, and what it carries.

#include <cstdint>
#include <memory>
#include <optional>

#include "mtu_prober.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/congestion/controller.hpp"
#include "streamkit/congestion/delivery_rate.hpp"
#include "streamkit/congestion/pacer.hpp"
#include "streamkit/congestion/rtt.hpp"
#include "streamkit/rudp/datagram.hpp"

namespace streamkit::rudp {

/// What a connection knows of a path. A new path starts from nothing: RFC 9000, 9.4.
class PathState {
public:
    /// What may leave before the peer has shown that it receives there. RFC 9000, 8.1
    static constexpr std::uint64_t kAmplification = 3;

    PathState(const Path& path, std::uint32_t generation, const MtuProber& prober)
        : path_(path), generation_(generation), mtu(prober) {}

    [[nodiscard]] const Path& path() const noexcept { return path_; }
    void set_local(const SocketAddress& local) noexcept { path_.local = local; }
    /// Counts the paths of a connection.
    [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }

    [[nodiscard]] bool is_validated() const noexcept { return validated_; }
    void set_validated() noexcept {
        validated_ = true;
        challenge_.reset();
    }
    void on_received(std::uint64_t bytes) noexcept { received_ += bytes; }
    void on_sent(std::uint64_t bytes) noexcept { sent_ += bytes; }
    /// Bytes that may leave as far as amplification is concerned.
    [[nodiscard]] std::uint64_t budget() const noexcept;

    /// Begins to ask whether the peer receives here. RFC 9000, 8.2
    void begin_validation(std::uint64_t data, TimePoint now, congestion::Duration give_up_after);
    /// The PATH_CHALLENGE to send now.
    [[nodiscard]] std::optional<std::uint64_t> challenge_due(TimePoint now) const noexcept;
    void on_challenge_sent(TimePoint now, congestion::Duration again_after) noexcept;
    [[nodiscard]] bool answers_challenge(std::uint64_t data) const noexcept;
    [[nodiscard]] bool has_failed(TimePoint now) const noexcept;
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;

private:
    struct Challenge {
        std::uint64_t data;
        TimePoint next;
        TimePoint give_up;
        int sent;
    };
    Path path_;
    std::uint32_t generation_;
    bool validated_ = false;
    std::uint64_t received_ = 0;
    std::uint64_t sent_ = 0;
    std::optional<Challenge> challenge_;

public:
    // What it carries. The RTT is kept by the connection while the path is in use.
    MtuProber mtu;
    congestion::RttEstimator rtt{};
    congestion::DeliveryRateSampler sampler{};
    congestion::Pacer pacer{};
    std::unique_ptr<congestion::Controller> controller{};
};

}  // namespace streamkit::rudp
