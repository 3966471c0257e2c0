#pragma once

// What happened inside a connection, event by event, in the shape of qlog.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "streamkit/base/time.hpp"
#include "streamkit/congestion/bandwidth.hpp"

namespace streamkit::rudp {

/// Names follow draft-ietf-quic-qlog-quic-events where that has them.
namespace trace {
struct PacketSent {
    std::uint64_t packet_number;
    std::uint32_t bytes;
    bool ack_eliciting;
};
struct PacketReceived {
    std::uint64_t packet_number;
    std::uint32_t bytes;
};
struct PacketDropped {
    std::uint32_t bytes;
    std::string_view reason;  ///< a literal
};
struct PacketLost {
    std::uint64_t packet_number;
    std::uint32_t bytes;
    std::string_view trigger;  ///< "reordering_threshold", "time_threshold", "probe": a literal
};
struct MetricsUpdated {
    congestion::Duration smoothed_rtt;
    congestion::Duration latest_rtt;
    congestion::Duration minimum_rtt;
    std::uint64_t window;
    std::uint64_t in_flight;
    congestion::Bandwidth pacing_rate;
    congestion::Bandwidth bandwidth;
};
struct CongestionPhase {
    std::string_view phase;  ///< a literal
};
struct DeadlineDropped {
    std::uint64_t first_message;
    std::uint64_t last_message;
};
struct PeerBufferLevel {
    std::int64_t milliseconds;
};
struct MtuUpdated {
    std::uint32_t datagram_bytes;
};
struct PathValidated {
    bool ok;
};
struct KeyUpdated {
    std::uint64_t phase;
};
struct StateChanged {
    std::string_view state;  ///< "handshake", "connected", "closing", "closed": a literal
};
using Event = std::variant<PacketSent, PacketReceived, PacketDropped, PacketLost, MetricsUpdated,
                           CongestionPhase, DeadlineDropped, PeerBufferLevel, MtuUpdated,
                           PathValidated, KeyUpdated, StateChanged>;
}  // namespace trace

/// Where trace events go. Called from within the core: must not call it back.
class TraceSink {
public:
    virtual ~TraceSink() = default;
    virtual void record(TimePoint now, std::uint64_t link, const trace::Event& event) = 0;

protected:
    TraceSink() = default;
    TraceSink(const TraceSink&) = default;
    TraceSink& operator=(const TraceSink&) = default;
};

/// Keeps the newest events; writes them out when asked to, such as after an error.
class TraceRing final : public TraceSink {
public:
    /// @param capacity  events, about 80 bytes each, taken at once: nothing is allocated per event
    explicit TraceRing(std::size_t capacity);
    void record(TimePoint now, std::uint64_t link, const trace::Event& event) override;
    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); }
    /// qlog in JSON text sequences (RFC 7464): a header, then a record per event, oldest first. Times
    /// are milliseconds since the oldest; `group_id` is the link.
    ///
    /// @param title  of the trace
    /// @see draft-ietf-quic-qlog-main-schema
    [[nodiscard]] std::string to_json_seq(std::string_view title) const;

private:
    struct Record {
        TimePoint time;
        std::uint64_t link;
        trace::Event event;
    };
    std::vector<Record> records_;
    std::size_t capacity_;
    std::size_t oldest_ = 0;
};

/// Hands each event on as one JSON record of a text sequence, at once; the header when it is made.
class TraceWriter final : public TraceSink {
public:
    /// @param record  with its separator and line feed; valid during the call
    using Output = std::function<void(std::string_view record)>;
    TraceWriter(std::string_view title, Output output);
    void record(TimePoint now, std::uint64_t link, const trace::Event& event) override;

private:
    Output output_;
    std::optional<TimePoint> start_;
};

}  // namespace streamkit::rudp
