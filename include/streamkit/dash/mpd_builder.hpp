#pragma once

// From the packager's report to the model of the MPD.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "streamkit/cmaf/presentation.hpp"
#include "streamkit/dash/mpd.hpp"

namespace streamkit::dash {

/// Ticks per second of every EventStream that we write: events are posted in milliseconds.
inline constexpr std::uint32_t kEventTimescale = 1000;

enum class WithEvents : bool { no, yes };

struct MpdOptions {
    WithEvents events = WithEvents::no;
    /// The EventStreams that are there while they have no event, too: players do not like them to
    /// come and go.
    std::vector<Descriptor> event_streams{{"urn:streamkit:metadata", "1"}};
    /// Where players read the clock (`urn:mpeg:dash:utc:http-xsdate:2014`); none if empty. Without
    /// one, some players ask a server in the public internet.
    std::string utc_timing_url = "/time";
    std::string location;  ///< `MPD/Location`; none if empty
    std::string base_url;  ///< `MPD/BaseURL`; none if empty
    /// None: one segment. Never written when static.
    std::optional<std::chrono::milliseconds> minimum_update_period;
    /// None: three segments, with which players do not stall.
    std::optional<std::chrono::milliseconds> suggested_presentation_delay;
    /// `ServiceDescription/Latency@target`; none if not set.
    std::optional<std::chrono::milliseconds> target_latency;
};

/// Describes one state of a presentation.
///
/// One Period with one AdaptationSet per track, in the order of the tracks, their `@id` from 1;
/// segments are addressed by `$Time$`. One EventStream per scheme and value, sorted by them; events
/// sorted by time, then id, in milliseconds from the start of the Period.
[[nodiscard]] Mpd make_mpd(const cmaf::Presentation& presentation, const MpdOptions& options = {});

}  // namespace streamkit::dash
