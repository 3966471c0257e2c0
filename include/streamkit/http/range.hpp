#pragma once

// Byte ranges: RFC 9110, section 14.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/base/shared_buffer.hpp"

namespace streamkit::http {

/// Which part of a body a Range field selects.
struct RangeSelection {
    enum class Kind : std::uint8_t {
        whole,          ///< no usable range: answer 200
        part,           ///< answer 206
        unsatisfiable,  ///< answer 416
    };
    Kind kind = Kind::whole;
    std::uint64_t first = 0;   ///< of the first byte, for `part`
    std::uint64_t length = 0;  ///< at least 1, for `part`

    friend bool operator==(const RangeSelection&, const RangeSelection&) = default;
};

/// Reads `bytes=first-last`, `bytes=first-` or `bytes=-suffix`. As the section allows, a field that
/// is malformed, in another unit, or asks for several ranges is ignored: the whole is sent.
///
/// @param size  of the complete body, in bytes
[[nodiscard]] RangeSelection select_range(std::string_view range, std::uint64_t size) noexcept;

/// "bytes 0-499/1234", or "bytes */1234" for an unsatisfiable range.
[[nodiscard]] std::string content_range(const RangeSelection& selection, std::uint64_t size);

/// `length` bytes from `first` on out of a gather list, sharing its blocks.
[[nodiscard]] std::vector<SharedBuffer> slice_of(std::span<const SharedBuffer> slices,
                                                 std::uint64_t first, std::uint64_t length);

}  // namespace streamkit::http
