#include "streamkit/flv/muxer.hpp"

#include <utility>

#include "file_format.hpp"
#include "streamkit/base/byte_writer.hpp"
#include "streamkit/flv/errc.hpp"
#include "streamkit/flv/tag.hpp"

namespace streamkit::flv {
namespace {

constexpr std::size_t kMaxDataSize = 0xffffff;  // DataSize has 24 bits

}  // namespace

// FLV 10.1, E.2 and E.3
SharedBuffer Muxer::header() const {
    ByteWriter out{kFileHeaderBytes + kPreviousTagSizeBytes};
    out.text("FLV");
    out.u8(kFileVersion);
    out.u8(static_cast<std::uint8_t>((config_.has_audio ? kTypeFlagsAudio : 0) |
                                     (config_.has_video ? kTypeFlagsVideo : 0)));
    out.u32(kFileHeaderBytes);  // DataOffset
    out.u32(0);                 // PreviousTagSize0
    return SharedBuffer::take(out.take());
}

// FLV 10.1, E.4.1
Result<std::vector<SharedBuffer>> Muxer::write(const MediaEvent& event) {
    auto muxed = tags_.mux(event);
    STREAMKIT_TRY(muxed);
    if (!*muxed) return std::vector<SharedBuffer>{};
    auto& tag = **muxed;
    if (tag.size() > kMaxDataSize) return Error{Errc::tag_too_large, "DataSize"};
    const auto data_size = static_cast<std::uint32_t>(tag.size());
    const auto timestamp = static_cast<std::uint32_t>(tag.timestamp_ms);

    ByteWriter head{kTagHeaderBytes + tag.header.size()};
    head.u8(static_cast<std::uint8_t>(tag.type));
    head.u24(data_size);
    head.u24(timestamp);
    head.u8(static_cast<std::uint8_t>(timestamp >> 24));  // TimestampExtended
    head.u24(0);                                          // StreamID
    head.bytes(tag.header);
    ByteWriter previous_tag_size{kPreviousTagSizeBytes};
    previous_tag_size.u32(static_cast<std::uint32_t>(kTagHeaderBytes + data_size));

    std::vector<SharedBuffer> slices;
    slices.reserve(3);
    slices.push_back(SharedBuffer::take(head.take()));
    if (!tag.payload.empty()) slices.push_back(std::move(tag.payload));
    slices.push_back(SharedBuffer::take(previous_tag_size.take()));
    return slices;
}

}  // namespace streamkit::flv
