#include "streamkit/file/part_record.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "streamkit/base/assert.hpp"
#include "streamkit/base/byte_reader.hpp"
#include "streamkit/file/errc.hpp"

namespace streamkit::file {
namespace {

constexpr std::string_view kMagic = "SKPART1\n";
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kEntriesWorthCompacting = 1024;

std::uint64_t checksum(BytesView bytes) {
    const auto hash = crypto::sha256(bytes);
    return ByteReader{hash}.u64();
}

// Of an entry, and with it of all that is before it.
std::uint64_t entry_checksum(std::uint64_t before, std::uint32_t first, std::uint32_t count) {
    ByteWriter out{2 * kChecksumBytes};
    out.u64(before);
    out.u32(first);
    out.u32(count);
    return checksum(out.view());
}

Hash read_hash(ByteReader& in) {
    Hash out{};
    const auto bytes = in.bytes(out.size());
    std::copy(bytes.begin(), bytes.end(), out.begin());
    return out;
}

}  // namespace

PartRecord::PartRecord(const PartContent& content)
    : content_(content), blocks_(content.layout.block_count()) {}

Result<PartRecord> PartRecord::read(BytesView bytes) {
    ByteReader in{bytes};
    const auto magic = as_text(in.bytes(kMagic.size()));
    PartContent content;
    content.content = read_hash(in);
    content.root = read_hash(in);
    const auto size = in.u64();
    const auto block_bytes = in.u32();
    const auto header_checksum = in.u64();
    if (!in.ok() || magic != kMagic ||
        header_checksum != checksum(bytes.first(kHeaderBytes - kChecksumBytes))) {
        return Error{Errc::record_damaged, "header"};
    }
    const auto layout = BlockLayout::make(size, block_bytes);
    if (!layout) return layout.error();
    content.layout = *layout;

    PartRecord record{content};
    record.chain_ = header_checksum;
    record.size_ = kHeaderBytes;
    for (;;) {
        const auto first = in.u32();
        const auto count = in.u32();
        const auto stored = in.u64();
        const auto blocks = layout->block_count();
        if (!in.ok() || stored != entry_checksum(record.chain_, first, count)) break;
        if (count == 0 || first >= blocks || count > blocks - first) break;
        record.insert(first, count);
        record.chain_ = stored;
        record.size_ += kEntryBytes;
    }
    return record;
}

Result<PartRecord> PartRecord::read(BytesView bytes, const PartContent& expected) {
    auto record = read(bytes);
    if (record && record->content() != expected) {
        return Error{Errc::record_of_other_file, "header"};
    }
    return record;
}

Bytes PartRecord::add(std::uint32_t first, std::uint32_t count) {
    STREAMKIT_ASSERT(size_ >= kHeaderBytes);
    ByteWriter out{kEntryBytes};
    insert(first, count);
    write_entry(out, first, count);
    return out.take();
}

bool PartRecord::should_compact() const noexcept {
    if (size_ < kHeaderBytes) return false;
    const auto entries = (size_ - kHeaderBytes) / kEntryBytes;
    return entries >= kEntriesWorthCompacting && entries >= 2 * runs_;
}

Bytes PartRecord::compact() {
    ByteWriter out{kHeaderBytes + runs_ * kEntryBytes};
    size_ = 0;
    write_header(out);
    for (auto first = blocks_.next_in(0); first < blocks_.capacity();) {
        const auto end = blocks_.next_out(first);
        write_entry(out, first, end - first);
        first = blocks_.next_in(end);
    }
    return out.take();
}

void PartRecord::write_header(ByteWriter& out) {
    out.text(kMagic);
    out.bytes(content_.content);
    out.bytes(content_.root);
    out.u64(content_.layout.size());
    out.u32(content_.layout.block_bytes());
    chain_ = checksum(out.view());
    out.u64(chain_);
    size_ += kHeaderBytes;
}

void PartRecord::write_entry(ByteWriter& out, std::uint32_t first, std::uint32_t count) {
    chain_ = entry_checksum(chain_, first, count);
    out.u32(first);
    out.u32(count);
    out.u64(chain_);
    size_ += kEntryBytes;
}

void PartRecord::insert(std::uint32_t first, std::uint32_t count) noexcept {
    STREAMKIT_ASSERT(count > 0 && first + count <= blocks_.capacity());
    for (auto block = first; block < first + count; ++block) {
        if (!blocks_.insert(block)) continue;
        const bool joins_left = block > 0 && blocks_.contains(block - 1);
        const bool joins_right = block + 1 < blocks_.capacity() && blocks_.contains(block + 1);
        if (!joins_left && !joins_right) ++runs_;
        if (joins_left && joins_right) --runs_;
    }
}

}  // namespace streamkit::file
