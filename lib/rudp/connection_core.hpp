#pragma once

// A connection that has its keys: what a `Connection` does, and what its endpoint asks of it.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "clock_filter.hpp"
#include "connection_ids.hpp"
#include "event_queue.hpp"
#include "frame.hpp"
#include "loss_detector.hpp"
#include "message_receiver.hpp"
#include "message_sender.hpp"
#include "packet_protection.hpp"
#include "path_state.hpp"
#include "received_packets.hpp"
#include "sent_packets.hpp"
#include "stream_set.hpp"
#include "streamkit/base/random.hpp"
#include "streamkit/rudp/connection.hpp"
#include "streamkit/rudp/trace.hpp"
#include "transport_parameters.hpp"

namespace streamkit::rudp {

/// Told when a connection may have something to send, or another deadline.
class Waker {
public:
    virtual void wake() = 0;

protected:
    ~Waker() = default;
};

class ConnectionCore final : private LossDetector::Listener {
public:
    /// What the endpoint shares with its connections; all of it outlives them.
    struct Surroundings {
        RandomSource& random;
        EventQueue& events;
        IdDirectory& directory;
        Waker& waker;
        TraceSink* trace = nullptr;
    };
    /// What the handshake has brought.
    struct Start {
        LinkId link = 0;
        bool client = true;
        TransportParameters peer{};
        ConnectionId local_id = 0;
        ConnectionId peer_id = 0;
        std::optional<ResetToken> peer_reset_token{};
        Path path{};
        std::optional<congestion::Duration> rtt{};
        // At the server:
        bool address_known = false;  ///< by a cookie
        std::uint64_t hello_bytes = 0;
        Bytes reply{};
        milliseconds half_open_timeout{0};
    };
    ConnectionCore(const ConnectionConfig& config, Start start, const noise::TransportKeys& keys,
                   const Surroundings& surroundings, TimePoint now);
    ~ConnectionCore();
    ConnectionCore(const ConnectionCore&) = delete;
    ConnectionCore& operator=(const ConnectionCore&) = delete;

    // What the endpoint calls.

    /// Takes a short packet for one of our ids.
    ///
    /// @return why it was dropped: `Errc::not_authentic`, `Errc::duplicate_packet`, …; what the peer
    ///         may not do ends the connection
    Result<void> handle_packet(const DatagramInfo& info, std::span<std::uint8_t> datagram,
                               TimePoint now);
    /// The client has repeated its HELLO: so has our REPLY to be, as far as amplification allows.
    void on_repeated_hello(std::size_t bytes, TimePoint now) noexcept;
    void on_stateless_reset();
    void on_too_large(std::uint32_t datagram_bytes, TimePoint now);
    /// Something to send, into `buffer`; empty: not now.
    [[nodiscard]] std::optional<Transmit> transmit(TimePoint now, std::span<std::uint8_t> buffer);
    void handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const;
    /// Ends it, as the application wants it to.
    void close(const CloseReason& reason, std::uint64_t code, std::string_view text, TimePoint now);

    /// How it ended.
    struct Ending {
        CloseReason reason{};
        Bytes close_packet{};  ///< to be sent, and repeated; empty: nothing is sent any more
        congestion::Duration linger{};
    };
    /// Once it has ended, nothing happens any more.
    [[nodiscard]] std::optional<Ending>& ending() noexcept { return ending_; }
    /// The peer has proved its address and its keys (always so at the client).
    [[nodiscard]] bool is_confirmed() const noexcept { return confirmed_; }
    /// Ids that the peer may still send to; they stay in the directory.
    [[nodiscard]] std::vector<ConnectionId> release_ids();

    // What the application calls: see `Connection`.

    [[nodiscard]] bool is_open() const noexcept { return !ending_; }
    [[nodiscard]] StreamSet& streams() noexcept { return streams_; }
    [[nodiscard]] const StreamSet& streams() const noexcept { return streams_; }
    Result<MessageId> send(OutgoingMessage message, TimePoint now);
    void set_buffer_level(milliseconds level);
    void set_max_rate(congestion::Bandwidth rate);
    void set_congestion(congestion::Algorithm algorithm);
    [[nodiscard]] std::optional<std::chrono::microseconds> clock_offset() const;
    [[nodiscard]] ConnectionStats stats() const;
    [[nodiscard]] const Path& path() const noexcept { return path_->path(); }
    [[nodiscard]] std::size_t held_bytes() const noexcept;
    void wake() noexcept { waker_.wake(); }

private:
    // connection_core.cpp: making, ending, time.
    [[nodiscard]] std::unique_ptr<PathState> make_path(const Path& path);
    void fail(const Error& error, TimePoint now);
    void end(const CloseReason& reason, Bytes close_packet, congestion::Duration linger);
    [[nodiscard]] congestion::Duration probe_timeout() const noexcept;
    [[nodiscard]] congestion::Duration idle_after() const noexcept;
    [[nodiscard]] std::optional<TimePoint> idle_deadline() const noexcept;
    [[nodiscard]] std::optional<TimePoint> keep_alive_due() const noexcept;
    [[nodiscard]] MessageSender::PathView path_view() const;
    void tell_fates(TimePoint now);
    void record(TimePoint now, const trace::Event& event) const {
        if (trace_ != nullptr) trace_->record(now, link_, event);
    }

    // connection_receive.cpp: packets and frames in.
    Result<void> take_frames(std::span<const std::uint8_t> frames, const Path& path, TimePoint now,
                             bool& ack_eliciting);
    Result<void> take(const PingFrame&, const Path&, TimePoint) { return {}; }
    Result<void> take(const AckFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const ResetStreamFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const StopSendingFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const MaxDataFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const MaxStreamDataFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const MaxStreamsFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const StreamFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const MessageFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const DropFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const FecFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const FecRecoveredFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const NewConnectionIdFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const RetireConnectionIdFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const PathChallengeFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const PathResponseFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const HandshakeDoneFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const TimeFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const AckFrequencyFrame& frame, const Path& path, TimePoint now);
    Result<void> take(const CloseFrame& frame, const Path& path, TimePoint now);
    void confirm(bool same_peer, TimePoint now);
    void deliver_messages();
    void on_new_path(const Path& path, std::size_t bytes, TimePoint now);
    void change_path(std::unique_ptr<PathState> next);

    // connection_recovery.cpp: what became of our packets.
    void on_packet_acked(const SentPacket& packet, bool was_lost) override;
    void on_packet_lost(const SentPacket& packet, std::string_view trigger) override;
    void on_frame_acked(const SentFrame& frame);
    void on_frame_lost(const SentFrame& frame);
    void on_control_lost(const SentControl& frame);
    void check_ecn(const AckFrame& ack);
    void ask_for_ack_frequency();
    void update_rates();
    void update_datagram_size(std::uint32_t before, TimePoint now);
    void prepare_probes(int probes);

    // connection_send.cpp: packets out.
    /// What a packet will have carried.
    struct Cargo {
        std::array<SentFrame, kMaxSentFrames> frames{};
        std::uint8_t count = 0;
        bool ack_eliciting = false;
        bool is_mtu_probe = false;

        [[nodiscard]] bool is_full() const noexcept { return count == kMaxSentFrames; }
        void add(const SentFrame& frame) noexcept { frames[count++] = frame; }
    };
    [[nodiscard]] std::optional<Transmit> transmit_reply(std::span<std::uint8_t> buffer);
    [[nodiscard]] std::optional<Transmit> transmit_path_frames(TimePoint now,
                                                               std::span<std::uint8_t> buffer);
    /// The path takes more: an address that has not proved to be the peer's gets three times what
    /// came from there.
    [[nodiscard]] bool may_send() const noexcept;
    [[nodiscard]] std::optional<Transmit> transmit_batch(TimePoint now,
                                                         std::span<std::uint8_t> buffer);
    [[nodiscard]] std::optional<Transmit> transmit_mtu_probe(TimePoint now,
                                                             std::span<std::uint8_t> buffer);
    [[nodiscard]] std::size_t build(std::span<std::uint8_t> room, TimePoint now,
                                    bool may_send_data);
    void add_ack(SpanWriter& out, Cargo& cargo, TimePoint now);
    void add_control(SpanWriter& out, Cargo& cargo, TimePoint now);
    void add_data(SpanWriter& out, Cargo& cargo, TimePoint now);
    bool add_messages(SpanWriter& out, Cargo& cargo, TimePoint now);
    bool add_stream_data(SpanWriter& out, Cargo& cargo, TimePoint now);
    /// Gives the packet its number, counts it and seals it.
    ///
    /// @param out  over the part of `room` that is for frames
    [[nodiscard]] std::size_t finish(std::span<std::uint8_t> room, SpanWriter& out,
                                     const Cargo& cargo, PathState& path, TimePoint now);
    [[nodiscard]] SpanWriter frames_of(std::span<std::uint8_t> room) const noexcept;
    void follow_progress(TimePoint now) noexcept;
    [[nodiscard]] bool has_control() const noexcept;
    [[nodiscard]] bool has_stream_data(TimePoint now) const noexcept;
    [[nodiscard]] Ecn marking() const noexcept { return ecn_ ? Ecn::ect0 : Ecn::not_ect; }
    [[nodiscard]] Bytes make_close_packet(std::uint64_t code, std::string_view text, TimePoint now);

    const LinkId link_;
    const bool client_;
    const ConnectionConfig config_;
    const TransportParameters peer_;
    const TimePoint start_;
    RandomSource& random_;
    EventQueue& events_;
    Waker& waker_;
    TraceSink* const trace_;

    PacketProtection protection_;
    LocalIds local_ids_;
    PeerIds peer_ids_;
    StreamSet streams_;
    MessageSender message_sender_;
    MessageReceiver message_receiver_;
    ClockFilter clock_;

    std::optional<Ending> ending_;
    milliseconds half_open_timeout_;
    bool confirmed_;

    // Paths: the one in use, and where to go back to if it turns out not to be the peer's.
    std::uint32_t generation_ = 0;
    congestion::Algorithm algorithm_;
    std::unique_ptr<PathState> path_;
    std::unique_ptr<PathState> fallback_;

    // Receiving.
    ReceivedPackets received_;
    std::uint64_t told_max_data_ = 0;  // by the last acknowledgement
    std::optional<std::uint64_t> peer_buffer_level_ms_;

    // Sending.
    congestion::RttEstimator rtt_;
    SentPackets sent_;
    LossDetector detector_;
    std::uint64_t next_skip_ = 0;
    std::uint64_t skip_range_ = 16;
    int probes_ = 0;
    std::uint32_t acks_without_data_ = 0;
    bool pacing_blocked_ = false;
    bool rate_blocked_ = false;  // by `set_max_rate`
    std::optional<congestion::Pacer> rate_limit_;
    double loss_ = 0;  // share of packets lost, of late
    std::string_view phase_ = "";

    // Of the acknowledgement at hand.
    TimePoint ack_time_{};
    std::uint64_t acked_now_ = 0;  // packets

    // ECN: RFC 9000, 13.4.2.
    bool ecn_;
    std::uint64_t marked_end_ = kMaxPacketNumber;  // packets from here on are not marked
    std::uint64_t marked_acked_ = 0;
    EcnCounts peer_ecn_{};
    std::optional<std::uint64_t> largest_acked_;

    // Frames that wait.
    struct PathReply {
        Path path;
        std::uint64_t data;
    };
    static constexpr std::size_t kMaxPathReplies = 4;
    std::vector<PathReply> path_replies_;
    static constexpr std::size_t kMaxRecovered = 64;  // what is beyond only costs a packet more
    std::vector<FecRecoveredFrame> recovered_;
    Bytes reply_;
    bool send_reply_ = false;
    bool send_handshake_done_ = false;
    bool send_time_;
    bool send_ping_ = false;
    bool send_ack_frequency_ = false;
    bool answer_time_ = true;  // the client's first exchange
    TimePoint time_sent_{};
    AckFrequencyFrame ack_frequency_{};
    std::optional<std::uint64_t> buffer_level_ms_;

    // Timers.
    TimePoint last_received_;
    std::optional<TimePoint> first_sent_since_received_;  // of those that ask for an answer
    std::optional<TimePoint> half_open_until_;
    TimePoint last_progress_;  // of our stream data, while some waits
    bool data_waits_ = false;

    ConnectionStats stats_{};
};

}  // namespace streamkit::rudp
