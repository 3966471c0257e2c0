#pragma once

// Frames: what a packet carries. A frame is a type (u8) and its fields in the order of its struct here,
// unless a comment says otherwise. Numbers are varints (RFC 9000, 16) unless a width is given; bytes
// have their length in front.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "packet.hpp"
#include "span_writer.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/rudp/errc.hpp"
#include "streamkit/rudp/event.hpp"

namespace streamkit::rudp {

enum class FrameType : std::uint8_t {
    padding = 0x00,
    ping = 0x01,
    ack = 0x02,
    reset_stream = 0x03,
    stop_sending = 0x04,
    max_data = 0x05,
    max_stream_data = 0x06,
    max_streams = 0x07,
    stream = 0x08,   ///< 0x08 to 0x0b: bit 0 the end of the stream, bit 1 has a length
    message = 0x10,  ///< bit 0: part of a FEC block
    message_in_block = 0x11,
    drop = 0x12,
    fec = 0x13,
    fec_recovered = 0x14,
    new_connection_id = 0x15,
    retire_connection_id = 0x16,
    path_challenge = 0x17,
    path_response = 0x18,
    handshake_done = 0x19,
    time = 0x1a,
    ack_frequency = 0x1b,
    close = 0x1c,
};

inline constexpr std::size_t kMaxAckRanges = 32;
inline constexpr std::size_t kMaxReasonBytes = 256;
/// RFC 9000, 19.11: ids of streams have two bits that are no count.
inline constexpr std::uint64_t kMaxStreamCount = std::uint64_t{1} << 60;
/// No time on the wire is longer, 35 years: a sum of some fits into 64 bits of nanoseconds.
inline constexpr std::uint64_t kMaxMicroseconds = std::uint64_t{1} << 50;
/// RFC 9000, 18.2: an acknowledgement is never put off for longer.
inline constexpr std::uint64_t kMaxAckDelayMicroseconds = 16'384'000;

struct PingFrame {};

/// Packet numbers `first` to `last`, both included.
struct AckRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    friend bool operator==(const AckRange&, const AckRange&) = default;
};
struct EcnCounts {
    std::uint64_t ect0 = 0;
    std::uint64_t ect1 = 0;
    std::uint64_t ce = 0;
    friend bool operator==(const EcnCounts&, const EcnCounts&) = default;
};
/// u8 flags (1 ECN counts, 2 buffer level, 4 receive window); largest; delay in µs; number of further
/// ranges; length of the first range - 1; per further range the gap - 1 and the length - 1; then
/// what the flags name. Ranges from the newest down; RFC 9000, 19.3.1. The gap is how many numbers
/// lie between two ranges, so that ranges can neither touch nor overlap.
struct AckFrame {
    std::uint64_t delay_us = 0;                    ///< up to kMaxMicroseconds
    std::array<AckRange, kMaxAckRanges> ranges{};  ///< the first holds the largest
    std::size_t range_count = 0;                   ///< 1 to kMaxAckRanges
    std::optional<EcnCounts> ecn{};
    std::optional<std::uint64_t> buffer_level_ms{};  ///< up to kMaxMicroseconds / 1000
    std::optional<std::uint64_t> max_data{};
};
struct ResetStreamFrame {
    StreamId stream = 0;
    std::uint64_t code = 0;
    std::uint64_t final_size = 0;
};
struct StopSendingFrame {
    StreamId stream = 0;
    std::uint64_t code = 0;
};
struct MaxDataFrame {
    std::uint64_t maximum = 0;
};
struct MaxStreamDataFrame {
    StreamId stream = 0;
    std::uint64_t maximum = 0;
};
/// How many streams the peer may have opened, of both kinds together, since the start.
struct MaxStreamsFrame {
    std::uint64_t maximum = 0;  ///< up to kMaxStreamCount
};
/// Without its length (bit 1 of the type) the data goes to the end of the packet.
struct StreamFrame {
    StreamId stream = 0;
    std::uint64_t offset = 0;  ///< with the length of the data up to kMaxVarint
    BytesView data{};
    bool fin = false;  ///< in the type
};
/// Where a part of a message stands in a FEC block.
struct FecPosition {
    std::uint64_t block = 0;
    std::uint8_t index = 0;  ///< u8; below kMaxSourceSymbols
};
/// id; channel u8; µs of the sender's clock when it was given to us; µs from then to its deadline,
/// 0 for none (both up to kMaxMicroseconds); length of the whole message; offset of this part;
/// length of this part; [block, index]; the part, which is not empty unless the message is
struct MessageFrame {
    MessageId id = 0;
    std::uint8_t channel = 0;
    std::uint64_t sent_at_us = 0;
    std::uint64_t lifetime_us = 0;
    std::uint64_t total = 0;
    std::uint64_t offset = 0;
    BytesView data{};
    std::optional<FecPosition> position{};
};
struct DropFrame {
    MessageId first = 0;
    MessageId last = 0;  ///< not below `first`
};
/// block; source symbols u8; repair symbols u8; index of this one among the repair symbols u8;
/// length, bytes of the symbol
struct FecFrame {
    std::uint64_t block = 0;
    std::uint8_t source_symbols = 0;  ///< 1 to fec::kMaxSourceSymbols
    std::uint8_t repair_symbols = 0;  ///< 1 to fec::kMaxRepairSymbols
    std::uint8_t index = 0;           ///< below `repair_symbols`
    BytesView symbol{};               ///< not empty
};
/// block; u32 bits: which source symbols need not be sent again
struct FecRecoveredFrame {
    std::uint64_t block = 0;
    std::uint32_t recovered = 0;
};
struct NewConnectionIdFrame {
    std::uint64_t sequence = 0;
    std::uint64_t retire_prior_to = 0;  ///< not above `sequence`
    ConnectionId id = 0;                ///< u64
    ResetToken token{};                 ///< 16 bytes
};
struct RetireConnectionIdFrame {
    std::uint64_t sequence = 0;
};
struct PathChallengeFrame {
    std::uint64_t data = 0;  ///< u64
};
struct PathResponseFrame {
    std::uint64_t data = 0;  ///< u64
};
struct HandshakeDoneFrame {};
/// The sender's clock in µs, and, of the newest TIME it has got, the number and how long ago that
/// was: the receiver computes the offset as NTP does. All up to kMaxMicroseconds.
struct TimeFrame {
    std::uint64_t sent_us = 0;
    std::uint64_t echo_us = 0;  ///< `sent_us` of the newest one received; 0: none yet
    std::uint64_t held_us = 0;  ///< how long ago it was received
};
/// Please acknowledge every `packets` packets that ask for it, or after `max_delay_us`.
struct AckFrequencyFrame {
    std::uint64_t sequence = 0;
    std::uint64_t packets = 2;            ///< not 0
    std::uint64_t max_delay_us = 25'000;  ///< up to kMaxAckDelayMicroseconds
};
struct CloseFrame {
    std::uint64_t code = 0;
    /// At most kMaxReasonBytes of UTF-8. Of a text that is no UTF-8 the reader gives what is before.
    std::string_view text{};
};

using Frame = std::variant<PingFrame, AckFrame, ResetStreamFrame, StopSendingFrame, MaxDataFrame,
                           MaxStreamDataFrame, MaxStreamsFrame, StreamFrame, MessageFrame,
                           DropFrame, FecFrame, FecRecoveredFrame, NewConnectionIdFrame,
                           RetireConnectionIdFrame, PathChallengeFrame, PathResponseFrame,
                           HandshakeDoneFrame, TimeFrame, AckFrequencyFrame, CloseFrame>;

/// Walks over the frames of a packet; padding is passed over.
///
///     for (FrameReader reader{frames};;) {
///         const auto frame = reader.next();
///         if (!frame) return close_with(frame.error());
///         if (*frame == nullptr) break;
///         std::visit(…, **frame);
///     }
///
/// The frame stays in the reader, as its largest kind (ACK) has half a kilobyte that the others
/// should not pay for.
class FrameReader {
public:
    /// @param frames  must outlive the reader; the views in its frames are into these bytes
    explicit FrameReader(BytesView frames) noexcept : in_(frames) {}
    /// The next frame, valid until the next call; null at the end, and on every call after an error.
    ///
    /// @return an `Errc` of "datagrams and frames", `invalid_ack_ranges`, `too_many_ack_ranges`,
    ///         `invalid_message`, `invalid_drop`, `invalid_fec`; with the name of the field and its
    ///         offset from the first frame
    Result<const Frame*> next();
    [[nodiscard]] std::size_t offset() const noexcept { return in_.offset(); }

private:
    ByteReader in_;
    Frame frame_;
    bool failed_ = false;
};

/// Bytes of a STREAM frame in front of its data, with a length.
[[nodiscard]] std::size_t stream_header_bytes(StreamId stream, std::uint64_t offset,
                                              std::size_t length) noexcept;
/// Bytes of a MESSAGE frame in front of its data.
[[nodiscard]] std::size_t message_header_bytes(const MessageFrame& frame) noexcept;
/// Bytes of a whole frame of any kind.
[[nodiscard]] std::size_t frame_bytes(const Frame& frame) noexcept;
/// Writes a whole frame; there must be room for it. STREAM always with a length.
void write_frame(SpanWriter& out, const Frame& frame);
/// The part of a STREAM frame in front of its data, which the caller puts behind it.
void write_stream_header(SpanWriter& out, StreamId stream, std::uint64_t offset, std::size_t length,
                         bool fin);
/// As many ranges as fit into `room`, the newest first; at least the first one.
void write_ack(SpanWriter& out, const AckFrame& frame, std::size_t room);

/// Whether the peer must acknowledge a packet with this frame: all but ACK and CLOSE (and padding).
[[nodiscard]] bool is_ack_eliciting(const Frame& frame) noexcept;

}  // namespace streamkit::rudp
