#pragma once

// One client of a file server, as a state machine on a connection: no files, no sockets.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/file/catalogue.hpp"
#include "streamkit/file/hash_tree.hpp"
#include "streamkit/file/protocol.hpp"
#include "streamkit/file/rate_policy.hpp"
#include "streamkit/rudp/connection.hpp"

namespace streamkit::file {

struct ServerSessionConfig {
    std::size_t max_transfers = 8;           ///< open at once; above: refused as busy
    std::size_t max_reads = 64;              ///< Reads that wait or run; above: refused as busy
    std::uint32_t chunk_bytes = 256U << 10;  ///< read from the file at a time
    RateConfig rate{};
    /// Never faster, whatever a player needs.
    congestion::Bandwidth max_rate = congestion::Bandwidth::infinite();
};

/// A client wants a file. Answer with `open` once its hashes are known, `preparing` meanwhile, or
/// `refuse`.
struct OpenRequested {
    RequestId transfer;
    Entry entry;
};
/// Bytes of a file to send. Answer with `provide`, `changed` or `refuse`, in any order with others.
struct NeedBytes {
    RequestId read;
    RequestId transfer;
    FileRange range;  ///< at most `chunk_bytes`
};
/// For whoever shows or logs it.
struct PlayerMoved {
    Position position;
};
/// The transfer is over, for whatever reason: the file may be closed.
struct TransferClosed {
    RequestId transfer;
    std::uint64_t bytes;  ///< of the file, given to the connection
};

using ServerEvent = std::variant<OpenRequested, NeedBytes, PlayerMoved, TransferClosed>;

class ServerSession {
public:
    /// @param connection  of a client that was accepted; must outlive the session, as must the
    ///                    catalogue, which may change between calls
    ServerSession(rudp::Connection& connection, const Catalogue& catalogue,
                  const ServerSessionConfig& config);
    ~ServerSession();
    ServerSession(const ServerSession&) = delete;
    ServerSession& operator=(const ServerSession&) = delete;

    /// Takes an event of the connection; those that are not about streams do nothing.
    ///
    /// @return what the client did wrong (see `MessageReader::next`, `Errc::out_of_order`): close
    ///         the connection then
    Result<void> handle_event(const rudp::Event& event, TimePoint now);
    void handle_timeout(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const;
    [[nodiscard]] std::optional<ServerEvent> poll_event();

    // Answers. A transfer or read that is over in the meantime is passed over.

    /// @param file  of the entry; shared, as the hashes of one file serve all of its clients, and
    ///              nobody knows which of them is the last
    void open(RequestId transfer, std::shared_ptr<const HashedFile> file, TimePoint now);
    /// @param done  bytes hashed so far
    void preparing(RequestId transfer, std::uint64_t done);
    /// Ends the transfer; see `ErrorCode`.
    ///
    /// @param text  at most `kMaxErrorTextBytes` of UTF-8 without control characters
    void refuse(RequestId transfer, ErrorCode code, std::string text, TimePoint now);
    /// @param bytes  all that `NeedBytes` asked for; fewer mean that the file was cut: see `changed`
    void provide(RequestId read, SharedBuffer bytes, TimePoint now);
    /// The file is not what was opened: ends the transfer and tells the client.
    void changed(RequestId transfer, TimePoint now);

    [[nodiscard]] std::size_t transfers() const noexcept;
    [[nodiscard]] std::size_t reads() const noexcept;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace streamkit::file
