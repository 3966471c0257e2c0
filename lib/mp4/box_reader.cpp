#include "streamkit/mp4/box_reader.hpp"

#include "streamkit/mp4/errc.hpp"

namespace streamkit::mp4 {

Result<std::optional<Box>> BoxReader::next() {
    if (reader_.at_end()) return std::optional<Box>{};
    Box box;
    box.offset = reader_.offset();
    std::uint64_t size = reader_.u32();
    box.type = FourCc{reader_.u32()};
    if (size == 1) size = reader_.u64();  // largesize
    if (box.type == FourCc{"uuid"}) reader_.skip(16);
    if (!reader_.ok()) return Error{Errc::truncated_box, "box header", box.offset};
    const auto header_size = reader_.offset() - box.offset;
    if (size == 0) size = header_size + reader_.remaining();  // to the end
    if (size < header_size) return Error{Errc::bad_box_size, "size", box.offset};
    if (size - header_size > reader_.remaining()) {
        return Error{Errc::truncated_box, "box", box.offset};
    }
    box.size = static_cast<std::size_t>(size);
    box.payload = reader_.bytes(box.size - header_size);
    return std::optional{box};
}

Result<Box> find_box(BytesView bytes, std::initializer_list<FourCc> path) {
    Box found;
    found.payload = bytes;
    for (const auto type : path) {
        BoxReader reader{found.payload};
        for (;;) {
            auto box = reader.next();
            if (!box) return box.error();
            if (!*box) return Error{Errc::missing_box, "path"};
            if ((*box)->type == type) {
                const auto outer = static_cast<std::size_t>(found.payload.data() - bytes.data());
                found = **box;
                found.offset += outer;
                break;
            }
        }
    }
    return found;
}

}  // namespace streamkit::mp4
