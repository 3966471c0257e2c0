#pragma once

// How large datagrams may be: probing upwards, and noticing when the path takes less.

#include <cstdint>
#include <optional>

#include "streamkit/base/time.hpp"

namespace streamkit::rudp {

/// Datagram packetization layer path MTU discovery. RFC 8899.
///
/// Probes the sizes that paths usually have (1452, 1472, 8952, 8972 as far as allowed), then
/// between them, as long as there are 32 bytes to win, or 512 above Ethernet. Three lost probes of a
/// size mean that it does not fit.
class MtuProber {
public:
    /// @param minimum  at least 1200, what the path must carry
    /// @param maximum  the lesser of our limit and the peer's
    MtuProber(std::uint32_t minimum, std::uint32_t maximum);

    /// UDP payload bytes that are known to pass.
    [[nodiscard]] std::uint32_t current() const noexcept { return current_; }
    /// The size of a probe that should be sent now, if there is one.
    [[nodiscard]] std::optional<std::uint32_t> probe_size(TimePoint now) const noexcept;
    void on_probe_sent(std::uint32_t size, TimePoint now) noexcept;
    void on_probe_acked(std::uint32_t size, TimePoint now) noexcept;
    void on_probe_lost(std::uint32_t size, TimePoint now) noexcept;
    /// The local interface takes no datagram of this size.
    void on_too_large(std::uint32_t size, TimePoint now) noexcept;
    /// For black holes, RFC 8899, 4.3: full-sized packets get lost and small ones do not. To notice
    /// one, somebody has to send a small one: a probe after the second timeout in a row.
    ///
    /// @param size  of a packet that was no MTU probe
    /// @return whether `current()` fell back to the minimum
    bool on_packet_lost(std::uint32_t size, TimePoint now) noexcept;
    void on_packet_acked(std::uint32_t size) noexcept;
    /// When a search should begin anew; 10 minutes after the last one ended.
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;

private:
    [[nodiscard]] std::optional<std::uint32_t> candidate(std::uint32_t too_large) const noexcept;
    void search_from(std::uint32_t current) noexcept;
    void finish_probe(TimePoint now) noexcept;

    std::uint32_t minimum_;
    std::uint32_t maximum_;
    std::uint32_t current_;
    std::uint32_t too_large_;     // the smallest size that is known not to pass
    std::uint32_t probe_ = 0;     // the size of the probe in flight; 0: there is none
    int lost_probes_ = 0;         // of the next size
    int lost_full_ = 0;           // packets above the minimum, since one of them arrived
    bool small_arrived_ = false;  // since then
    std::optional<TimePoint> search_again_;
};

}  // namespace streamkit::rudp
