#include "incoming.hpp"

#include <algorithm>

namespace streamkit::rudp {

IpAddress prefix_of(const IpAddress& address) noexcept {
    constexpr std::size_t kV4Bytes = 15;  // ::ffff:a.b.c, and d left out
    constexpr std::size_t kV6Bytes = 7;
    IpAddress out;
    std::copy_n(address.bytes.begin(), address.is_v4() ? kV4Bytes : kV6Bytes, out.bytes.begin());
    return out;
}

bool HalfOpenCount::may_add(const IpAddress& address) const {
    if (total_ >= maximum_) return false;
    const auto found = by_prefix_.find(prefix_of(address));
    return found == by_prefix_.end() || found->second < maximum_per_prefix_;
}

void HalfOpenCount::add(const IpAddress& address) {
    ++total_;
    ++by_prefix_[prefix_of(address)];
}

void HalfOpenCount::remove(const IpAddress& address) {
    const auto found = by_prefix_.find(prefix_of(address));
    if (found == by_prefix_.end()) return;
    --total_;
    if (--found->second == 0) by_prefix_.erase(found);
}

}  // namespace streamkit::rudp
