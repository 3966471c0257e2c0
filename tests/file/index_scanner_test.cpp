#include "streamkit/file/index_scanner.hpp"

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::file;
using streamkit::test::concat;
using streamkit::test::hex;

namespace {

const Bytes kFtyp =
    hex("00000010 66747970"                    // size 16, "ftyp"
        "69736f6d 00000200");                  // "isom", version
const Bytes kFree = hex("00000008 66726565");  // size 8, "free"
const Bytes kMoov =
    hex("0000000c 6d6f6f76"  // size 12, "moov"
        "00000000");
const Bytes kMdat = hex("0000000b 6d646174 aabbcc");  // size 11, "mdat"
const Bytes kLargeMdat =
    hex("00000001 6d646174"                               // size 1: largesize follows; "mdat"
        "0000000000000013 aabbcc");                       // largesize 19
const Bytes kOpenMdat = hex("00000000 6d646174 aabbcc");  // size 0: to the end
const Bytes kMoof = hex("00000008 6d6f6f66");             // size 8, "moof"

// Gives the scanner what it asks for, at most `piece` bytes at a time.
IndexScanner scan(BytesView file, std::size_t piece = SIZE_MAX) {
    IndexScanner scanner{file.size()};
    for (int i = 0; scanner.wanted() && i < 10'000; ++i) {
        const auto wanted = *scanner.wanted();
        REQUIRE(wanted.end() <= file.size());
        const auto n = std::min<std::uint64_t>(wanted.length, piece);
        scanner.handle(wanted.offset, file.subspan(static_cast<std::size_t>(wanted.offset),
                                                   static_cast<std::size_t>(n)));
    }
    CHECK_FALSE(scanner.wanted());
    return scanner;
}

}  // namespace

TEST_CASE("the index of an MP4 is found wherever it is", "[file][index]") {
    const struct {
        const char* name;
        Bytes file;
        std::optional<FileRange> index;
    } cases[] = {
        {"at the front", concat({kFtyp, kMoov, kMdat}), FileRange{16, 12}},
        {"at the end", concat({kFtyp, kFree, kMdat, kMoov}), FileRange{35, 12}},
        {"behind a largesize", concat({kFtyp, kLargeMdat, kMoov}), FileRange{35, 12}},
        {"between others", concat({kFtyp, kMdat, kMoov, kMdat}), FileRange{27, 12}},
        {"QuickTime without ftyp", concat({hex("00000008 77696465"), kMdat, kMoov}),
         FileRange{19, 12}},
        {"to the end of the file", concat({kFtyp, hex("00000000 6d6f6f76 0011")}),
         FileRange{16, 10}},
        {"with a largesize", concat({kFtyp, hex("00000001 6d6f6f76 0000000000000010")}),
         FileRange{16, 16}},
        {"none: media to the end", concat({kFtyp, kOpenMdat}), std::nullopt},
        {"none: the file ends", concat({kFtyp, kMdat}), std::nullopt},
        {"none: bytes at the end", concat({kFtyp, kMdat, hex("0000000c 6d6f6f")}), std::nullopt},
        {"fragments", concat({kFtyp, kMoof, kMdat, kMoov}), std::nullopt},
        {"size below a header", concat({kFtyp, hex("00000007 6d646174"), kMoov}), std::nullopt},
        {"largesize below its header",
         concat({kFtyp, hex("00000001 6d646174 000000000000000f"), kMoov}), std::nullopt},
        {"size behind the end", concat({kFtyp, hex("0000ffff 6d646174"), kMoov}), std::nullopt},
        {"largesize near 2^64", concat({kFtyp, hex("00000001 6d646174 ffffffffffffffff"), kMoov}),
         std::nullopt},
        {"largesize cut off", concat({kFtyp, hex("00000001 6d646174 000000")}), std::nullopt},
        {"index cut off", concat({kFtyp, hex("0000000d 6d6f6f76 00000000")}), std::nullopt},
        {"Matroska", hex("1a45dfa3 9f428681 01428681"), std::nullopt},
        {"MPEG-TS", Bytes(188, 0x47), std::nullopt},
        {"an unknown first box", concat({hex("00000008 78787878"), kMoov}), std::nullopt},
        {"empty", {}, std::nullopt},
        {"short", hex("00000010 667479"), std::nullopt},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, SIZE_MAX}) {
            CAPTURE(piece);
            CHECK(scan(c.file, piece).index() == c.index);
        }
        // All at once, and in two halves.
        IndexScanner whole{c.file.size()};
        whole.handle(0, c.file);
        CHECK(whole.index() == c.index);
        test::every_split(c.file, [&](BytesView first, BytesView second) {
            IndexScanner split{c.file.size()};
            split.handle(0, first);
            split.handle(first.size(), second);
            CHECK(split.index() == c.index);
        });
    }
}

TEST_CASE("a scanner passes over bytes that it does not want", "[file][index]") {
    const auto file = concat({kFtyp, kFree, kMdat, kMoov});
    IndexScanner scanner{file.size()};
    scanner.handle(35, BytesView{file}.subspan(35));
    scanner.handle(1, BytesView{file}.subspan(1));
    CHECK(scanner.wanted() == FileRange{0, 8});
    scanner.handle(0, BytesView{file}.first(20));
    CHECK(scanner.wanted() == FileRange{20, 4});
    scanner.handle(35, BytesView{file}.subspan(35));
    scanner.handle(0, BytesView{file}.first(35));
    CHECK(scanner.wanted() == FileRange{35, 8});
    scanner.handle(35, BytesView{file}.subspan(35));
    CHECK(scanner.index() == FileRange{35, 12});
}

TEST_CASE("a scanner gives up on a file of nothing but small boxes", "[file][index]") {
    Bytes file = kFtyp;
    for (int i = 0; i < 100; ++i)
        file.insert(file.end(), kFree.begin(), kFree.end());
    CHECK_FALSE(scan(concat({file, kMoov})).index());
}
