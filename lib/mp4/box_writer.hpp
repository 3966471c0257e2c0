#pragma once

// Boxes as scopes: what is written while one is alive is inside it.

#include <cstdint>

#include "streamkit/base/byte_writer.hpp"
#include "streamkit/base/fourcc.hpp"

namespace streamkit::mp4 {

/// Writes the header of a box, and its size when the scope ends. ISO/IEC 14496-12, 4.2.
class BoxScope {
public:
    BoxScope(ByteWriter& out, FourCc type) : out_(out), begin_(out.size()) {
        out_.u32(0);  // size, patched
        out_.u32(type.value);
    }
    /// A full box.
    BoxScope(ByteWriter& out, FourCc type, std::uint8_t version, std::uint32_t flags)
        : BoxScope(out, type) {
        out_.u8(version);
        out_.u24(flags);
    }
    ~BoxScope() { out_.patch_u32(begin_, static_cast<std::uint32_t>(out_.size() - begin_)); }
    BoxScope(const BoxScope&) = delete;
    BoxScope& operator=(const BoxScope&) = delete;

private:
    ByteWriter& out_;
    std::size_t begin_;
};

}  // namespace streamkit::mp4
