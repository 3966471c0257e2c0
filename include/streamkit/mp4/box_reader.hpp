#pragma once

// Boxes of a file or a segment in memory.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/bytes.hpp"
#include "streamkit/base/fourcc.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::mp4 {

/// One box. ISO/IEC 14496-12, 4.2.
struct Box {
    FourCc type;
    std::size_t offset = 0;  ///< of its first byte, from the start of what is read
    std::size_t size = 0;    ///< header and payload
    BytesView payload;       ///< behind size, type, largesize and usertype; lives as the input does
};

/// Goes through the boxes that stand side by side.
class BoxReader {
public:
    /// @param bytes  whole boxes; must outlive the reader and the boxes it gives out
    explicit BoxReader(BytesView bytes) noexcept : bytes_(bytes), reader_(bytes) {}

    /// The next box, or nothing at the end.
    ///
    /// @return `Errc::truncated_box` or `Errc::bad_box_size`, with the offset of the box
    Result<std::optional<Box>> next();

private:
    BytesView bytes_;
    ByteReader reader_;
};

/// The first box at the end of a path of plain containers, such as moof, traf, tfhd.
///
/// @return an error of `BoxReader`, or `Errc::missing_box`
Result<Box> find_box(BytesView bytes, std::initializer_list<FourCc> path);

}  // namespace streamkit::mp4
