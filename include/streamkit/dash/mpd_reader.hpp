#pragma once

// XML to the model of the MPD.

#include <cstddef>
#include <string_view>

#include "streamkit/base/result.hpp"
#include "streamkit/dash/mpd.hpp"

namespace streamkit::dash {

/// What a peer's MPD may cost us; beyond it, reading fails.
struct MpdLimits {
    std::size_t max_bytes = 4U << 20;  ///< of XML; its tree takes up to 30 times as much memory
    std::size_t max_periods = 1000;
    std::size_t max_adaptation_sets = 1000;      ///< in one Period
    std::size_t max_representations = 1000;      ///< in one AdaptationSet
    std::size_t max_timeline_entries = 100'000;  ///< in one SegmentTimeline
    std::size_t max_event_streams = 1000;        ///< in one Period
    std::size_t max_events = 100'000;            ///< in one EventStream
    std::size_t max_descriptors = 100;           ///< BaseURL, Location, UTCTiming: of each kind
};

/// Reads an MPD. Elements and attributes that the model does not have are ignored; names must not
/// have a namespace prefix.
///
/// @return `Errc::mpd_too_large`, `Errc::malformed_xml`, `Errc::not_an_mpd`,
///         `Errc::missing_attribute`, `Errc::malformed_attribute`, `Errc::unsupported_duration`,
///         `Errc::too_many_elements`; the error names the element and attribute, its offset is that
///         of the line where the element begins
Result<Mpd> read_mpd(std::string_view xml, const MpdLimits& limits = {});

}  // namespace streamkit::dash
