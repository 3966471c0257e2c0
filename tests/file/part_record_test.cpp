#include "streamkit/file/part_record.hpp"

#include "streamkit/base/random.hpp"
#include "streamkit/file/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::file;
using streamkit::test::concat;
using streamkit::test::hex;

namespace {

constexpr std::uint32_t kBlocks = 100;

PartContent film(std::uint32_t blocks = kBlocks) {
    PartContent out;
    out.content.fill(0xcc);
    out.root.fill(0xdd);
    out.layout =
        BlockLayout::make(std::uint64_t{blocks} * kMinBlockBytes - 1, kMinBlockBytes).value();
    return out;
}

void append(Bytes& to, BytesView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

BlockSet set_of(std::initializer_list<std::uint32_t> blocks) {
    BlockSet out{kBlocks};
    for (const auto block : blocks)
        out.insert(block);
    return out;
}

struct Journal {
    Bytes bytes;
    std::vector<BlockSet> after;  // the header, and each entry
};

Journal journal() {
    PartRecord record{film()};
    Journal out{record.compact(), {record.blocks()}};
    const std::pair<std::uint32_t, std::uint32_t> runs[] = {
        {0, 4}, {99, 1}, {50, 10}, {4, 2}, {52, 1}};
    for (const auto& [first, count] : runs) {
        append(out.bytes, record.add(first, count));
        out.after.push_back(record.blocks());
    }
    CHECK(record.size_bytes() == out.bytes.size());
    return out;
}

}  // namespace

TEST_CASE("a set of blocks finds the next one in it and out of it", "[file][block_set]") {
    BlockSet set{130};
    CHECK(set.next_in(0) == 130);
    CHECK(set.next_out(0) == 0);
    CHECK(set.insert(63));
    CHECK_FALSE(set.insert(63));
    set.insert(64, 66);
    CHECK(set.count() == 67);
    CHECK(set.next_in(0) == 63);
    CHECK(set.next_in(64) == 64);
    CHECK(set.next_out(62) == 62);
    CHECK(set.next_out(63) == 130);  // not the bits behind the last block
    CHECK(set.next_in(130) == 130);
    CHECK(set.next_out(500) == 130);
    CHECK(set.erase(100));
    CHECK_FALSE(set.erase(100));
    CHECK(set.next_out(63) == 100);
    CHECK(set.next_in(100) == 101);
    CHECK_FALSE(set.full());
    set.insert(0, 130);
    CHECK(set.full());
    CHECK(BlockSet{}.full());
    CHECK(BlockSet{}.next_in(0) == 0);
}

TEST_CASE("a set of blocks agrees with a plain one", "[file][block_set]") {
    const std::uint64_t seed = 20'240'611;
    INFO("seed " << seed);
    SeededRandom random{seed};
    for (const std::uint32_t capacity : {1U, 63U, 64U, 65U, 200U}) {
        BlockSet set{capacity};
        std::vector<bool> plain(capacity);
        for (int step = 0; step < 500; ++step) {
            const auto block = static_cast<std::uint32_t>(random.below(capacity));
            const bool insert = random.below(3) > 0;
            CHECK((insert ? set.insert(block) : set.erase(block)) == (plain[block] != insert));
            plain[block] = insert;
            const auto from = static_cast<std::uint32_t>(random.below(capacity + 1));
            auto in = from;
            while (in < capacity && !plain[in])
                ++in;
            auto out = from;
            while (out < capacity && plain[out])
                ++out;
            CHECK(set.next_in(from) == in);
            CHECK(set.next_out(from) == out);
        }
    }
}

TEST_CASE("a record is laid out as documented", "[file][part_record]") {
    PartRecord record{film()};
    Bytes bytes = record.compact();
    append(bytes, record.add(7, 3));
    Hash content;
    content.fill(0xcc);
    Hash root;
    root.fill(0xdd);
    const auto header = concat({hex("534b50415254310a"),  // magic, "SKPART1\n"
                                content, root,
                                hex("000000000018ffff"),  // size, 100 blocks but one byte
                                hex("00004000")});        // block bytes
    const auto header_hash = crypto::sha256(header);
    const auto header_checksum = BytesView{header_hash}.first(8);
    const auto entry =
        hex("00000007"    // first
            "00000003");  // count
    const auto entry_hash = crypto::sha256(concat({header_checksum, entry}));
    CHECK(bytes == concat({header, header_checksum, entry, BytesView{entry_hash}.first(8)}));
    CHECK(bytes.size() == PartRecord::kHeaderBytes + PartRecord::kEntryBytes);
}

TEST_CASE("a record that was read goes on where it was", "[file][part_record]") {
    auto [bytes, after] = journal();
    auto record = PartRecord::read(bytes, film()).value();
    CHECK(record.content() == film());
    CHECK(record.blocks() == after.back());
    CHECK(record.size_bytes() == bytes.size());
    append(bytes, record.add(98, 1));
    const auto again = PartRecord::read(bytes).value();
    CHECK(again.blocks() == record.blocks());
    CHECK(again.size_bytes() == bytes.size());
}

TEST_CASE("a record cut anywhere is an older record", "[file][part_record]") {
    const auto [bytes, after] = journal();
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        CAPTURE(size);
        const Bytes cut{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
        const auto record = PartRecord::read(cut);
        if (size < PartRecord::kHeaderBytes) {
            REQUIRE_FALSE(record);
            CHECK(record.error().code == Errc::record_damaged);
            continue;
        }
        const auto entries = (size - PartRecord::kHeaderBytes) / PartRecord::kEntryBytes;
        REQUIRE(record);
        CHECK(record->blocks() == after[entries]);
        CHECK(record->size_bytes() == PartRecord::kHeaderBytes + entries * PartRecord::kEntryBytes);
    }
}

TEST_CASE("a record with a changed bit anywhere is an older record", "[file][part_record]") {
    const auto [bytes, after] = journal();
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            CAPTURE(at, bit);
            auto changed = bytes;
            changed[at] ^= static_cast<std::uint8_t>(1 << bit);
            const auto record = PartRecord::read(changed);
            if (at < PartRecord::kHeaderBytes) {
                REQUIRE_FALSE(record);
                CHECK(record.error().code == Errc::record_damaged);
                continue;
            }
            const auto whole = (at - PartRecord::kHeaderBytes) / PartRecord::kEntryBytes;
            REQUIRE(record);
            CHECK(record->blocks() == after[whole]);
        }
    }
}

TEST_CASE("a record with an entry lost, doubled, swapped or of another record is an older one",
          "[file][part_record]") {
    const auto [bytes, after] = journal();
    const BytesView view{bytes};
    const auto header = view.first(PartRecord::kHeaderBytes);
    const auto entry = [&](std::size_t i) {
        return view.subspan(PartRecord::kHeaderBytes + i * PartRecord::kEntryBytes,
                            PartRecord::kEntryBytes);
    };
    CHECK(PartRecord::read(concat({header, entry(0), entry(2)}))->blocks() == after[1]);
    CHECK(PartRecord::read(concat({header, entry(0), entry(0), entry(1)}))->blocks() == after[1]);
    CHECK(PartRecord::read(concat({header, entry(1), entry(0)}))->blocks() == after[0]);
    CHECK(PartRecord::read(concat({header, Bytes(160, 0)}))->blocks() == after[0]);

    auto other = film();
    other.root[0] ^= 1;
    const auto other_header = PartRecord{other}.compact();
    CHECK(PartRecord::read(concat({other_header, entry(0)}))->blocks() == after[0]);
}

TEST_CASE("a record of another content is refused", "[file][part_record]") {
    const auto bytes = journal().bytes;
    auto other_content = film();
    other_content.content[31] ^= 1;
    auto other_root = film();
    other_root.root[0] ^= 1;
    for (const auto& other : {other_content, other_root, film(kBlocks + 1)}) {
        const auto record = PartRecord::read(bytes, other);
        REQUIRE_FALSE(record);
        CHECK(record.error().code == Errc::record_of_other_file);
    }
    CHECK(PartRecord::read({}, film()).error().code == Errc::record_damaged);
}

TEST_CASE("entries out of the file end the record, though their checksum is right",
          "[file][part_record]") {
    // Written by a record of a larger file whose header says the same: so by nobody.
    const std::pair<std::uint32_t, std::uint32_t> cases[] = {
        {0, 0}, {100, 1}, {99, 2}, {0, 101}, {1, 0xffff'ffff}, {0xffff'ffff, 1}};
    for (const auto& [first, count] : cases) {
        CAPTURE(first, count);
        Bytes bytes = PartRecord{film()}.compact();
        ByteWriter entry;
        entry.u32(first);
        entry.u32(count);
        const auto hash = crypto::sha256(concat({BytesView{bytes}.last(8), entry.view()}));
        append(bytes, entry.view());
        append(bytes, BytesView{hash}.first(8));
        const auto record = PartRecord::read(bytes);
        REQUIRE(record);
        CHECK(record->blocks() == set_of({}));
        CHECK(record->size_bytes() == PartRecord::kHeaderBytes);
    }
}

TEST_CASE("compacting keeps the blocks and forgets the journal", "[file][part_record]") {
    auto [bytes, after] = journal();
    auto record = PartRecord::read(bytes).value();
    const auto compacted = record.compact();
    CHECK(compacted.size() == PartRecord::kHeaderBytes + 3 * PartRecord::kEntryBytes);
    CHECK(record.size_bytes() == compacted.size());
    CHECK(PartRecord::read(compacted)->blocks() == after.back());
    const auto more = concat({compacted, record.add(20, 1)});
    CHECK(PartRecord::read(more)->blocks() == record.blocks());
}

TEST_CASE("a record asks to be compacted when that halves it", "[file][part_record]") {
    PartRecord record{film(5000)};
    CHECK_FALSE(record.should_compact());
    static_cast<void>(record.compact());
    std::size_t most = 0;
    int compactions = 0;
    const std::uint64_t seed = 7;
    INFO("seed " << seed);
    SeededRandom random{seed};
    while (!record.blocks().full()) {
        static_cast<void>(record.add(static_cast<std::uint32_t>(random.below(5000)), 1));
        most = std::max(most, record.size_bytes());
        if (!record.should_compact()) continue;
        const auto before = record.size_bytes();
        CHECK(record.compact().size() <= before / 2 + PartRecord::kHeaderBytes);
        ++compactions;
    }
    CHECK(compactions > 0);
    CHECK(most < PartRecord::kHeaderBytes + 10'000 * PartRecord::kEntryBytes);
}

TEST_CASE("the record of a file without bytes is its header", "[file][part_record]") {
    PartRecord record{PartContent{}};
    const auto bytes = record.compact();
    CHECK(bytes.size() == PartRecord::kHeaderBytes);
    CHECK(PartRecord::read(bytes)->blocks().full());
}
