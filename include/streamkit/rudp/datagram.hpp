#pragma once

// Datagrams as the core sees them: bytes, where from and where to.

#include <cstddef>
#include <cstdint>
#include <span>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/socket_address.hpp"

namespace streamkit::rudp {

/// The two bits of the IP header. RFC 3168, section 5.
enum class Ecn : std::uint8_t { not_ect = 0, ect1 = 1, ect0 = 2, ce = 3 };

/// Both ends of a datagram's way.
struct Path {
    SocketAddress local{};  ///< the address may be all zeros where the driver does not know it
    SocketAddress peer{};
    friend auto operator<=>(const Path&, const Path&) = default;
};

struct DatagramInfo {
    Path path{};
    Ecn ecn = Ecn::not_ect;
};

/// One or more datagrams of equal size (the last may be shorter) for one system call.
struct Transmit {
    Path path{};
    /// Valid until the next call of a function of the endpoint that is not const.
    BytesView bytes{};
    /// Bytes of each datagram; equal to `bytes.size()` for one alone.
    std::size_t segment_size = 0;
    Ecn ecn = Ecn::not_ect;
};

}  // namespace streamkit::rudp
