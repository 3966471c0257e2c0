#pragma once

// Clients whose handshake is not done: how many there may be, and from where.

#include <cstddef>
#include <cstdint>
#include <map>

#include "streamkit/base/socket_address.hpp"

namespace streamkit::rudp {

/// The part of an address that one customer of a network usually has: a /24 of IPv4, a /56 of IPv6.
[[nodiscard]] IpAddress prefix_of(const IpAddress& address) noexcept;

/// Counts half-open connections, all and by prefix.
class HalfOpenCount {
public:
    HalfOpenCount(std::size_t maximum, std::size_t maximum_per_prefix) noexcept
        : maximum_(maximum), maximum_per_prefix_(maximum_per_prefix) {}

    [[nodiscard]] bool may_add(const IpAddress& address) const;
    void add(const IpAddress& address);
    void remove(const IpAddress& address);
    [[nodiscard]] std::size_t total() const noexcept { return total_; }

private:
    std::size_t maximum_;
    std::size_t maximum_per_prefix_;
    std::size_t total_ = 0;
    std::map<IpAddress, std::size_t> by_prefix_;
};

}  // namespace streamkit::rudp
