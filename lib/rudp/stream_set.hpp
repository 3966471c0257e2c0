#pragma once

// The streams of a connection: their ids, limits, credit, and whose turn it is.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "event_queue.hpp"
#include "intrusive_list.hpp"
#include "receive_stream.hpp"
#include "send_stream.hpp"
#include "sent_packets.hpp"
#include "streamkit/rudp/connection.hpp"

namespace streamkit::rudp {

class StreamSet {
public:
    struct Config {
        LinkId link = 0;
        bool client = true;
        std::uint64_t receive_window = 0;  ///< of all streams together
        std::uint64_t stream_receive_window = 0;
        std::uint32_t max_peer_streams = 0;
        std::uint64_t send_buffer = 0;
        // What the peer allows at the start.
        std::uint64_t peer_max_data = 0;
        std::uint64_t peer_max_stream_data = 0;
        std::uint64_t peer_max_streams = 0;
    };
    /// @param events  must outlive the set
    StreamSet(const Config& config, EventQueue& events);
    ~StreamSet();

    // The application's side: see `Connection`.
    Result<StreamId> open(StreamKind kind);
    [[nodiscard]] std::uint64_t writable(StreamId id) const;
    Result<void> write(StreamId id, SharedBuffer bytes);
    Result<void> finish(StreamId id);
    Result<void> reset(StreamId id, std::uint64_t code);
    Result<void> stop(StreamId id, std::uint64_t code);
    Result<void> set_priority(StreamId id, std::uint8_t priority);
    [[nodiscard]] BytesView readable(StreamId id) const;
    void consume(StreamId id, std::size_t n);
    [[nodiscard]] bool at_end(StreamId id) const;
    [[nodiscard]] std::size_t held_bytes() const noexcept;
    [[nodiscard]] std::uint64_t buffered() const noexcept { return buffered_; }

    // Frames in. Every error closes the connection.
    Result<void> receive(const StreamFrame& frame);
    Result<void> receive(const ResetStreamFrame& frame);
    Result<void> receive(const StopSendingFrame& frame);
    Result<void> receive(const MaxStreamDataFrame& frame);
    void receive_max_data(std::uint64_t maximum);
    void receive_max_streams(std::uint64_t maximum);

    // Frames out.
    /// RESET_STREAM, MAX_DATA and the like wait to be sent.
    [[nodiscard]] bool has_control() const noexcept;
    /// Writes one such frame.
    ///
    /// @return empty if none is left, or none fits
    [[nodiscard]] std::optional<SentControl> next_control(SpanWriter& out);
    /// The best priority of a stream with data; empty: no stream has any (or credit for it).
    [[nodiscard]] std::optional<std::uint8_t> best_priority() const noexcept;
    struct SentData {
        SentStream frame;
        std::uint32_t new_bytes = 0;
    };
    /// Writes a STREAM frame of the stream whose turn it is.
    [[nodiscard]] std::optional<SentData> next_data(SpanWriter& out);
    void on_acked(const SentStream& frame);
    void on_lost(const SentStream& frame);
    void on_acked(const SentControl& frame);
    void on_lost(const SentControl& frame);

    /// What the peer may send up to, to be told by an acknowledgement.
    [[nodiscard]] std::uint64_t allow_max_data() noexcept;
    /// Without duplicates, and with what was skipped by resets.
    [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
    /// Something waits for the peer's credit only.
    [[nodiscard]] bool is_blocked() const noexcept { return buffered_ > 0 && lanes_are_empty(); }

private:
    struct Stream;
    /// Streams of one priority that have something to send, in turn.
    struct Lane {
        std::uint8_t priority;
        IntrusiveList<Stream> streams{};
    };

    [[nodiscard]] Stream* find(StreamId id) const noexcept;
    [[nodiscard]] bool is_ours(StreamId id) const noexcept;
    [[nodiscard]] bool was_opened(StreamId id) const noexcept;
    Stream& make(StreamId id);
    /// The stream of a frame: opened by it if it is the peer's; null if it has ended.
    Result<Stream*> of_frame(StreamId id);
    [[nodiscard]] Result<Stream*> to_write(StreamId id) const;

    void activate(Stream& stream);
    void deactivate(Stream& stream);
    [[nodiscard]] Lane& lane(std::uint8_t priority);
    [[nodiscard]] bool lanes_are_empty() const noexcept;
    void ask_for(Stream& stream, std::uint8_t control);
    [[nodiscard]] std::uint64_t credit() const noexcept { return peer_max_data_ - data_sent_; }
    void start_reset(Stream& stream, std::uint64_t code);
    void count_consumed(Stream& stream, std::uint64_t up_to);
    void after_receive(Stream& stream);
    void remove_if_done(Stream& stream);
    void expect_no_write(Stream& stream) noexcept;
    void tell_writable();
    [[nodiscard]] std::uint64_t max_data() const noexcept {
        return consumed_ + config_.receive_window;
    }

    Config config_;
    EventQueue& events_;
    std::unordered_map<StreamId, std::unique_ptr<Stream>> streams_;
    mutable Stream* newest_ = nullptr;  // the one found last
    std::vector<Lane> lanes_;           // the best priority first
    std::vector<StreamId> control_;     // streams with control frames to send

    // Numbers of streams opened so far, by the bits of `StreamId`.
    std::array<std::uint64_t, 4> opened_{};
    std::uint64_t peer_max_streams_;
    std::uint64_t max_streams_;  // what we have allowed
    std::uint64_t peer_streams_ended_ = 0;
    bool send_max_streams_ = false;

    std::uint64_t peer_max_data_;
    std::uint64_t data_sent_ = 0;
    bool starved_ = false;  // a stream had data and the connection had no credit

    std::uint64_t received_ = 0;  // the sum of all highest offsets
    std::uint64_t consumed_ = 0;
    std::uint64_t announced_;     // by a MAX_DATA frame, which is sent until it arrives
    std::uint64_t most_allowed_;  // by any frame: what the peer may believe
    bool send_max_data_ = false;

    std::uint64_t buffered_ = 0;
    std::uint64_t refused_ = 0;  // streams whose `write` had no room
};

}  // namespace streamkit::rudp
