#pragma once

// Reads movie fragments: what tests, recorders and relays want to know of a chunk.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/mp4/box_reader.hpp"

namespace streamkit::mp4 {

struct FragmentLimits {
    std::size_t max_samples = 100'000;  ///< of one fragment; more are an error
};

/// A sample as its fragment describes it, in ticks.
struct FragmentSample {
    std::uint32_t duration = 0;
    std::uint32_t size = 0;
    std::uint32_t flags = 0;
    std::int64_t composition_time_offset = 0;
    std::uint64_t data_offset = 0;  ///< from the first byte of the moof

    friend bool operator==(const FragmentSample&, const FragmentSample&) = default;
};

/// The moof of one track, with the defaults of tfhd filled in (those of trex are not known here).
struct Fragment {
    std::uint32_t sequence_number = 0;
    std::uint32_t track_id = 0;
    std::uint64_t base_media_decode_time = 0;
    std::vector<FragmentSample> samples;
};

/// Reads the first traf of a moof.
///
/// @param moof  as `BoxReader` gives it
/// @return `Errc::missing_box`, `Errc::truncated_box`, `Errc::unsupported_version`,
///         `Errc::too_many_samples`, `Errc::value_out_of_range` (an offset outside the file)
Result<Fragment> read_fragment(const Box& moof, const FragmentLimits& limits = {});

}  // namespace streamkit::mp4
