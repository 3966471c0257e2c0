#pragma once

// The client's side of a connection to a file server, as a state machine: no files, no sockets.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/file/block_set.hpp"
#include "streamkit/file/fetch_plan.hpp"
#include "streamkit/file/protocol.hpp"
#include "streamkit/file/rate_policy.hpp"
#include "streamkit/rudp/connection.hpp"

namespace streamkit::file {

struct ClientSessionConfig {
    FetchConfig fetch{};
    RateConfig rate{};
    /// Between two `Position` messages of a transfer that is paced.
    milliseconds report_interval{500};
    /// Streams of one transfer that the server may give up unasked before the transfer fails.
    int max_lost_reads = 64;
};

/// One page of the catalogue.
struct ListingReceived {
    Listing listing;
};
/// A List that got nothing.
struct ListRefused {
    Refused refused;
};
/// The server hashes the file first.
struct TransferPreparing {
    RequestId transfer;
    std::uint64_t done;
};
/// What the server has. Answer with `begin` or `close`.
struct TransferOpened {
    Opened opened;
};
/// Bytes of the file that are right. Store them, then call `stored`.
struct BlockVerified {
    RequestId transfer;
    RequestId read;
    std::uint32_t block;
    std::uint64_t offset;
    SharedBuffer bytes;
};
/// Stored bytes that the plan wants to see: read them from the file and call `content`.
struct ContentWanted {
    RequestId transfer;
    FileRange range;
};
/// Every block is stored. The transfer stays open until `close`.
struct TransferFinished {
    RequestId transfer;
};
/// The transfer is over and closed.
struct TransferFailed {
    RequestId transfer;
    /// `Errc::refused`, `Errc::file_changed`, `Errc::wrong_hashes`, `Errc::integrity`
    Error error;
    Refused refused{};  ///< what the server said, where it is that
};

using ClientEvent = std::variant<ListingReceived, ListRefused, TransferPreparing, TransferOpened,
                                 BlockVerified, ContentWanted, TransferFinished, TransferFailed>;

/// Whether a transfer may run ahead of a player; see `RatePolicy`.
enum class Pacing : std::uint8_t { none, follow_player };

class ClientSession {
public:
    /// @param connection  that is connected; must outlive the session
    ClientSession(rudp::Connection& connection, const ClientSessionConfig& config);
    ~ClientSession();
    ClientSession(const ClientSession&) = delete;
    ClientSession& operator=(const ClientSession&) = delete;

    /// Opens the stream for requests. @return an error of `rudp::Connection::open_stream`
    Result<void> start();
    /// Takes an event of the connection; those that are not about streams do nothing.
    ///
    /// @return what the server did wrong (see `MessageReader::next`, `Errc::out_of_order`): close
    ///         the connection then
    Result<void> handle_event(const rudp::Event& event, TimePoint now);
    void handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const;
    [[nodiscard]] std::optional<ClientEvent> poll_event();

    /// @return the request, which `ListingReceived` or `ListRefused` names
    RequestId list(Bytes page_token, std::uint32_t limit);
    /// @param what  an id, or a name that `check_name` takes
    RequestId open(std::variant<EntryId, std::string> what);

    // Of a transfer; one that is over in the meantime is passed over.

    /// Fetches, after `TransferOpened`: the hashes first.
    ///
    /// @param have  blocks that are stored already, of the same content; empty, or as many as the
    ///              layout has
    void begin(RequestId transfer, BlockSet have, Pacing pacing, TimePoint now);
    void stored(RequestId transfer, RequestId read, std::uint32_t block, TimePoint now);
    void content(RequestId transfer, std::uint64_t offset, BytesView bytes, TimePoint now);
    /// What the player does, at each change and every second or so, where it tells.
    void report_player(RequestId transfer, milliseconds position, PlayerState state, TimePoint now);
    /// A player that tells nothing begins to play.
    void play_started(RequestId transfer, milliseconds position, TimePoint now);
    /// The player jumped: what is under way and not wanted any more is cancelled.
    void seek(RequestId transfer, milliseconds position, TimePoint now);
    /// What readers wait for: see `FetchPlan::set_demands`.
    void set_demands(RequestId transfer, std::span<const FileRange> demands, TimePoint now);
    /// Ends it; nothing more is said about it.
    void close(RequestId transfer);

    /// The plan of a transfer that fetches, or null: for progress. Valid until the next call.
    [[nodiscard]] const FetchPlan* plan(RequestId transfer) const;
    /// What the player has before it; 0 where nothing is known.
    [[nodiscard]] milliseconds buffered(RequestId transfer, TimePoint now) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamkit::file
