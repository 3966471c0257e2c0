#pragma once

// What client and server say to each other: "streamkit-file/1".
//
// The client opens one stream both ways, on which messages go: type (one byte), length and fields.
// For each Read the server opens a one-way stream of its own: a header, then the bytes of the file
// and the end of the stream. So a lost packet of one read holds no other one up, several under way
// keep the line full, and a read that a seek has made useless is given up without a trace: the
// client stops its stream (or sends Cancel, if it has not seen it yet), the server resets it, and
// what had not left never will. docs/file.md has the formats.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/file/block_layout.hpp"
#include "streamkit/file/catalogue.hpp"
#include "streamkit/file/hash_tree.hpp"

namespace streamkit::file {

/// The application protocol of the connection: `rudp::ClientConfig::protocol`.
inline constexpr std::string_view kProtocolName = "streamkit-file/1";

inline constexpr std::size_t kMaxMessageBytes = 256U << 10;  ///< the fields of one message
inline constexpr std::uint32_t kMaxHashesPerMessage = 4096;
inline constexpr std::uint64_t kMaxReadBytes = std::uint64_t{64} << 20;
inline constexpr std::size_t kMaxErrorTextBytes = 256;
inline constexpr std::size_t kMaxCandidates = 16;  ///< entries of an ambiguous name

/// Names a List, Open or Read of one connection. The client counts up from 0 over all three; an
/// Open's number names the transfer that it begins.
using RequestId = std::uint64_t;

// From the client.

/// Wants one page of the catalogue. Answer: `Listing`.
struct List {
    RequestId request = 0;
    std::uint32_t limit = 0;  ///< entries, at most; 0: as many as the server likes
    Bytes page_token{};       ///< empty: the first page
    friend bool operator==(const List&, const List&) = default;
};
/// Begins a transfer. Answer: `Opened`, perhaps some `Preparing` before it.
struct Open {
    RequestId transfer = 0;
    std::variant<EntryId, std::string> what{};  ///< the id, or the exact name
    friend bool operator==(const Open&, const Open&) = default;
};
/// Wants hashes of blocks. Answer: `Hashes`, in one message.
struct GetHashes {
    RequestId transfer = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;  ///< 1 to `kMaxHashesPerMessage`
    friend bool operator==(const GetHashes&, const GetHashes&) = default;
};
/// What goes first on a line that is not wide enough.
enum class Urgency : std::uint8_t {
    waited_for = 0,  ///< a reader stands still without it
    soon = 1,        ///< close behind the player, or the index of the file
    ahead = 2,       ///< behind that
    gap = 3,         ///< before the player: nobody plays it as things are
};
/// Wants bytes of a file. Answer: a stream with a `DataHeader`, then the bytes.
struct Read {
    RequestId request = 0;
    RequestId transfer = 0;
    FileRange range{};  ///< 1 to `kMaxReadBytes` bytes, within the file
    Urgency urgency = Urgency::ahead;
    friend bool operator==(const Read&, const Read&) = default;
};
/// Takes a Read back. No answer: its stream is reset, or never opened, or done already.
struct Cancel {
    RequestId request = 0;
    friend bool operator==(const Cancel&, const Cancel&) = default;
};
enum class PlayerState : std::uint8_t {
    stopped = 0,  ///< not begun, or closed
    playing = 1,
    paused = 2,
    starved = 3,  ///< wants to play and has nothing to
};
/// Tells what the player does, at each change and every second or so.
struct Position {
    RequestId transfer = 0;
    milliseconds position{0};  ///< in the media
    milliseconds buffered{0};  ///< verified and in one run from there on
    PlayerState state = PlayerState::stopped;
    friend bool operator==(const Position&, const Position&) = default;
};
/// Ends a transfer and all reads of it. No answer.
struct CloseTransfer {
    RequestId transfer = 0;
    friend bool operator==(const CloseTransfer&, const CloseTransfer&) = default;
};

using ClientMessage = std::variant<List, Open, GetHashes, Read, Cancel, Position, CloseTransfer>;

// From the server.

struct Listing {
    RequestId request = 0;
    std::vector<Entry> entries{};  ///< at most `kMaxPageEntries`
    Bytes next{};                  ///< the token of the next page; empty: this was the last
    friend bool operator==(const Listing&, const Listing&) = default;
};
/// The file is being hashed: so far it has got, of the size that the catalogue says.
struct Preparing {
    RequestId transfer = 0;
    std::uint64_t done = 0;
    friend bool operator==(const Preparing&, const Preparing&) = default;
};
/// The number of hashes follows from size and block size: there is one for each block.
struct Opened {
    RequestId transfer = 0;
    Entry entry{};
    BlockLayout layout{};
    Hash content{};  ///< see `content_id`
    Hash root{};
    friend bool operator==(const Opened&, const Opened&) = default;
};
struct Hashes {
    RequestId transfer = 0;
    std::uint32_t first = 0;
    std::vector<Hash> hashes{};  ///< 1 to `kMaxHashesPerMessage`
    friend bool operator==(const Hashes&, const Hashes&) = default;
};
/// The file is not what it was when it was opened; the transfer is over.
struct Changed {
    RequestId transfer = 0;
    friend bool operator==(const Changed&, const Changed&) = default;
};
/// Why a request got nothing. Numbers that a reader does not know are kept as they are.
enum class ErrorCode : std::uint8_t {
    invalid_request = 0,  ///< a range outside of the file, a transfer that is not open, …
    not_found = 1,
    ambiguous = 2,   ///< several entries have the name: see `candidates`
    busy = 3,        ///< a limit of the server is met: try later
    read_error = 4,  ///< the server cannot read the file
};
/// Answers a List, Open or Read, or ends a transfer.
struct Refused {
    RequestId request = 0;  ///< or the transfer
    ErrorCode code = ErrorCode::invalid_request;
    std::string text{};               ///< for people: at most `kMaxErrorTextBytes` of UTF-8
    std::vector<Entry> candidates{};  ///< at most `kMaxCandidates`
    friend bool operator==(const Refused&, const Refused&) = default;
};

using ServerMessage = std::variant<Listing, Preparing, Opened, Hashes, Changed, Refused>;

/// One message as it goes on the stream. What is in it must keep to its limits.
[[nodiscard]] Bytes encode(const ClientMessage& message);
[[nodiscard]] Bytes encode(const ServerMessage& message);

/// Cuts a stream into messages. Holds at most one that is not whole yet.
///
/// @tparam Message  `ClientMessage` at a server, `ServerMessage` at a client
template <class Message>
class MessageReader {
public:
    /// Takes bytes off the front of `bytes`, up to the end of a message or all of them.
    ///
    /// @return the message; nothing when all bytes were taken and more are needed; an error after
    ///         which the stream is of no more use: `Errc::message_too_long`,
    ///         `Errc::unknown_message`, `Errc::truncated`, `Errc::trailing_bytes`,
    ///         `Errc::too_many_items`, `Errc::value_out_of_range`, `Errc::invalid_block_size`,
    ///         `Errc::file_too_large`, or one of `check_name` and `check_text`. The offset is that
    ///         in the message.
    Result<std::optional<Message>> next(BytesView& bytes);
    /// Bytes of a message that is not whole yet: at the end of the stream there must be none.
    [[nodiscard]] std::size_t held_bytes() const noexcept { return held_.size(); }

private:
    Bytes held_;
};

extern template class MessageReader<ClientMessage>;
extern template class MessageReader<ServerMessage>;

/// What a one-way stream of the server begins with.
struct DataHeader {
    RequestId request = 0;
    FileRange range{};  ///< that of the Read
    friend bool operator==(const DataHeader&, const DataHeader&) = default;
};
/// Bytes of the longest header.
inline constexpr std::size_t kMaxDataHeaderBytes = 25;

[[nodiscard]] Bytes encode(const DataHeader& header);
/// Takes a header off the front of `bytes` when it is there as a whole; else nothing is taken.
///
/// @return nothing when more bytes are needed; `Errc::unknown_message`, `Errc::value_out_of_range`
Result<std::optional<DataHeader>> read_data_header(BytesView& bytes);

}  // namespace streamkit::file
