#pragma once

// One UDP socket and its system calls: many datagrams each, where the system can.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "streamkit/base/result.hpp"
#include "streamkit/base/socket_address.hpp"
#include "streamkit/net/errc.hpp"
#include "streamkit/rudp/datagram.hpp"

namespace streamkit::net {

/// Reads "host:port" as `parse_listen_address` does, for a datagram socket or its peer.
///
/// @return `Errc::malformed_address` with the offset, or `Errc::unknown_host`
[[nodiscard]] Result<SocketAddress> parse_datagram_address(std::string_view text);

struct DatagramSocketConfig {
    /// What the kernel may hold for us, each way. A wish: without CAP_NET_ADMIN the system's limits
    /// apply (net.core.rmem_max and wmem_max). A burst of a fast sender that does not fit is lost.
    int receive_buffer_bytes = 4 << 20;
    int send_buffer_bytes = 4 << 20;
    /// Many datagrams in one system call and one pass through the network stack, out (UDP_SEGMENT,
    /// Linux 4.18) and in (UDP_GRO, Linux 5.0). Without, or where the system or the device does not
    /// offer it: sendmmsg and recvmmsg.
    bool gso = true;
    bool gro = true;
};

/// A run of datagrams from one peer, in the order they came.
struct Arrival {
    rudp::DatagramInfo info{};
    std::span<std::uint8_t> bytes{};
    std::size_t segment_size = 0;  ///< bytes of each datagram but the last, which may be shorter
};

/// What became of a `Transmit`.
struct SendResult {
    enum class Outcome : std::uint8_t {
        sent,       ///< all of it
        blocked,    ///< the kernel takes no more for now
        too_large,  ///< datagrams of this size do not leave here
        failed,     ///< no route, say, or a firewall: as good as lost
    };
    Outcome outcome = Outcome::sent;
    std::size_t bytes = 0;      ///< that have left, from the front
    std::size_t datagrams = 0;  ///< that have left
    std::size_t calls = 0;      ///< system calls
    Error error{};              ///< of `failed`
};

/// Does not block, and does not let the kernel split a datagram into fragments (RFC 8899, section
/// 4.6 wants that of whoever probes for the path's MTU). On one thread.
class DatagramSocket {
public:
    /// Without a GRO of the kernel's, longer datagrams are dropped.
    static constexpr std::size_t kMaxDatagramBytes = 16 * 1024;
    /// The size of buffer from which on `receive` needs no more calls than it must.
    static constexpr std::size_t kReceiveBufferBytes = 256 * 1024;

    /// @param local  with port 0 the system chooses. All zeros (`::`) means every address, IPv4 ones
    ///               included; where the system has no IPv6, every IPv4 address
    /// @return `Errc::address_in_use`, `address_not_available`, `permission_denied`,
    ///         `out_of_descriptors`, or an error of the system
    [[nodiscard]] static Result<DatagramSocket> open(const SocketAddress& local,
                                                     DatagramSocketConfig config = {});
    /// Several on one port: the kernel sends all datagrams from one address to the same one of them
    /// (SO_REUSEPORT). A port that another program has is in use as with `open`.
    ///
    /// @param count  1 or more
    [[nodiscard]] static Result<std::vector<DatagramSocket>> open_sharing_port(
        const SocketAddress& local, std::size_t count, DatagramSocketConfig config = {});

    DatagramSocket(DatagramSocket&&) noexcept;
    DatagramSocket& operator=(DatagramSocket&&) noexcept;
    ~DatagramSocket();

    /// Takes what has arrived, as far as it fits into the buffer.
    ///
    /// @param buffer  64 KiB or more; the arrivals are views of it
    /// @return empty when there is nothing (more) to receive; valid until the next call. An error
    ///         means that the socket is of no more use
    [[nodiscard]] Result<std::span<const Arrival>> receive(std::span<std::uint8_t> buffer);
    /// The last `receive` got all there was.
    [[nodiscard]] bool drained() const noexcept;
    /// Datagrams that did not fit into the kernel's receive buffer, as far as it has told.
    [[nodiscard]] std::uint32_t overflowed() const noexcept;
    /// Datagrams longer than `kMaxDatagramBytes`.
    [[nodiscard]] std::uint64_t truncated() const noexcept;

    /// Sends as much as the kernel takes.
    [[nodiscard]] SendResult send(const rudp::Transmit& transmit);

    /// The address it was opened with, and the port it got.
    [[nodiscard]] const SocketAddress& local_address() const noexcept;
    /// False too when the system or the device turned out to have none.
    [[nodiscard]] bool uses_gso() const noexcept;
    [[nodiscard]] bool uses_gro() const noexcept;
    [[nodiscard]] int native_handle() const noexcept;
    void close() noexcept;

private:
    struct State;
    enum class Port : std::uint8_t { own, first_of_shared, shared };
    explicit DatagramSocket(std::unique_ptr<State> state) noexcept;
    static Result<DatagramSocket> open(const SocketAddress& local,
                                       const DatagramSocketConfig& config, Port port);

    std::unique_ptr<State> state_;
};

}  // namespace streamkit::net
