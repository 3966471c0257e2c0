#pragma once

// NAL units: their header, and the two ways of storing them in a row.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::h264 {

/// ITU-T H.264, table 7-1; the values that are named here are those that are used.
enum class NalUnitType : std::uint8_t {
    slice = 1,
    slice_data_partition_a = 2,
    slice_idr = 5,
    sei = 6,
    sps = 7,
    pps = 8,
    access_unit_delimiter = 9,
    end_of_sequence = 10,
    end_of_stream = 11,
    filler_data = 12,
    sps_extension = 13,
};

/// nal_unit_type; 0 for an empty NAL unit.
[[nodiscard]] constexpr NalUnitType nal_unit_type(BytesView nal_unit) noexcept {
    return static_cast<NalUnitType>(nal_unit.empty() ? 0 : nal_unit[0] & 0x1f);
}

/// Goes through the NAL units of a sample with length prefixes (ISO/IEC 14496-15, 5.3.4.2).
/// Empty NAL units, which some encoders leave, are passed over.
class NalUnitReader {
public:
    /// @param sample           must outlive the reader and the views it gives out
    /// @param nal_length_size  bytes of each length: 1, 2 or 4
    NalUnitReader(BytesView sample, std::size_t nal_length_size) noexcept
        : reader_(sample), nal_length_size_(nal_length_size) {}

    /// The next NAL unit, or nothing at the end or where a length exceeds what is left.
    [[nodiscard]] std::optional<BytesView> next() noexcept;

    /// Whether all lengths so far fitted.
    [[nodiscard]] bool ok() const noexcept { return reader_.ok(); }
    /// Bytes read so far.
    [[nodiscard]] std::size_t offset() const noexcept { return reader_.offset(); }

private:
    ByteReader reader_;
    std::size_t nal_length_size_;
};

/// Goes through the NAL units of a byte stream with start codes (ITU-T H.264, Annex B).
class AnnexBReader {
public:
    /// @param stream  must outlive the reader and the views it gives out
    explicit AnnexBReader(BytesView stream) noexcept;

    /// The next NAL unit without trailing zero bytes, or nothing at the end.
    [[nodiscard]] std::optional<BytesView> next() noexcept;

private:
    BytesView rest_;  // behind the last start code that was found
};

/// The same NAL units with four-byte length prefixes.
///
/// @return `Errc::no_start_code` if there is none
[[nodiscard]] Result<Bytes> annex_b_to_length_prefixed(BytesView stream);

/// The bytes of a NAL unit without its emulation_prevention_three_bytes (7.3.1).
[[nodiscard]] Bytes remove_emulation_prevention(BytesView nal_unit);

}  // namespace streamkit::h264
