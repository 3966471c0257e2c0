#include "streamkit/h264/nal_unit.hpp"

#include <algorithm>

#include "streamkit/base/byte_writer.hpp"
#include "streamkit/h264/errc.hpp"

namespace streamkit::h264 {
namespace {

constexpr std::uint8_t kStartCode[] = {0, 0, 1};

// What follows the next start_code_prefix_one_3bytes; empty if there is none.
BytesView behind_start_code(BytesView stream) {
    const auto found =
        std::search(stream.begin(), stream.end(), std::begin(kStartCode), std::end(kStartCode));
    if (found == stream.end()) return {};
    return stream.subspan(static_cast<std::size_t>(found - stream.begin()) + 3);
}

}  // namespace

std::optional<BytesView> NalUnitReader::next() noexcept {
    while (reader_.ok() && !reader_.at_end()) {
        std::size_t length = 0;
        for (std::size_t i = 0; i < nal_length_size_; ++i)
            length = length << 8 | reader_.u8();
        const auto nal_unit = reader_.bytes(length);
        if (!nal_unit.empty()) return nal_unit;
    }
    return std::nullopt;
}

AnnexBReader::AnnexBReader(BytesView stream) noexcept : rest_(behind_start_code(stream)) {}

std::optional<BytesView> AnnexBReader::next() noexcept {
    while (!rest_.empty()) {
        const auto end =
            std::search(rest_.begin(), rest_.end(), std::begin(kStartCode), std::end(kStartCode));
        auto nal_unit = rest_.first(static_cast<std::size_t>(end - rest_.begin()));
        rest_ = behind_start_code(rest_);
        // B.1.1: trailing_zero_8bits, and the zero_byte of a four-byte start code.
        while (!nal_unit.empty() && nal_unit.back() == 0)
            nal_unit = nal_unit.first(nal_unit.size() - 1);
        if (!nal_unit.empty()) return nal_unit;
    }
    return std::nullopt;
}

Result<Bytes> annex_b_to_length_prefixed(BytesView stream) {
    ByteWriter out{stream.size() + 16};
    AnnexBReader reader{stream};
    while (const auto nal_unit = reader.next()) {
        out.u32(static_cast<std::uint32_t>(nal_unit->size()));
        out.bytes(*nal_unit);
    }
    if (out.size() == 0) return Error{Errc::no_start_code, "byte_stream_nal_unit"};
    return out.take();
}

Bytes remove_emulation_prevention(BytesView nal_unit) {
    Bytes out;
    out.reserve(nal_unit.size());
    std::size_t zeros = 0;
    for (const auto byte : nal_unit) {
        if (zeros >= 2 && byte == 3) {
            zeros = 0;
            continue;
        }
        zeros = byte == 0 ? zeros + 1 : 0;
        out.push_back(byte);
    }
    return out;
}

}  // namespace streamkit::h264
