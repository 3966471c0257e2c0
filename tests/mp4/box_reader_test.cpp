#include "streamkit/mp4/box_reader.hpp"

#include "streamkit/mp4/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::mp4 {
namespace {

using test::hex;

const Bytes kTwoBoxes =
    hex("00000014 6d6f6f66"                   // size 20, moof
        "  0000000c 6d666864 00000000"        // size 12, mfhd, version and flags
        "00000001 6d646174 0000000000000012"  // size 1: largesize 18, mdat
        "  abcd");

TEST_CASE("box reader goes through boxes with short and long sizes", "[mp4][box]") {
    BoxReader reader{kTwoBoxes};
    const auto moof = reader.next().value().value();
    CHECK(moof.type == FourCc{"moof"});
    CHECK(moof.offset == 0);
    CHECK(moof.size == 20);
    CHECK(moof.payload.size() == 12);
    const auto mdat = reader.next().value().value();
    CHECK(mdat.type == FourCc{"mdat"});
    CHECK(mdat.offset == 20);
    CHECK(Bytes(mdat.payload.begin(), mdat.payload.end()) == hex("abcd"));
    CHECK_FALSE(reader.next().value().has_value());
}

TEST_CASE("a box of size 0 reaches to the end, a uuid box has a longer header", "[mp4][box]") {
    const auto to_end = hex("00000000 6d646174 010203");
    CHECK(BoxReader{to_end}.next().value()->payload.size() == 3);
    const auto uuid = hex("00000019 75756964 00112233445566778899aabbccddeeff 07");
    CHECK(BoxReader{uuid}.next().value()->payload.size() == 1);
}

TEST_CASE("box reader refuses sizes that do not hold", "[mp4][box]") {
    struct Case {
        const char* name;
        Bytes bytes;
        Errc error;
    };
    const Case kCases[] = {
        {"shorter than its header", hex("00000007 66726565"), Errc::bad_box_size},
        {"largesize shorter than its header", hex("00000001 66726565 000000000000000f"),
         Errc::bad_box_size},
        {"uuid without its usertype", hex("00000008 75756964"), Errc::truncated_box},
        {"longer than the input", hex("00000009 66726565"), Errc::truncated_box},
        {"largesize near 2^64", hex("00000001 66726565 ffffffffffffffff"), Errc::truncated_box},
    };
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto box = BoxReader{c.bytes}.next();
        REQUIRE_FALSE(box);
        CHECK(box.error().code == c.error);
    }
}

TEST_CASE("every truncation of boxes is seen", "[mp4][box]") {
    test::every_truncation(kTwoBoxes, [](BytesView prefix) {
        BoxReader reader{prefix};
        const auto first = reader.next();
        if (prefix.empty()) {
            CHECK_FALSE(first.value().has_value());
        } else if (prefix.size() < 20) {
            REQUIRE_FALSE(first);
            CHECK(first.error().code == Errc::truncated_box);
        } else if (prefix.size() > 20) {
            const auto second = reader.next();
            REQUIRE_FALSE(second);
            CHECK(second.error().code == Errc::truncated_box);
            CHECK(second.error().offset == 20);
        }
    });
}

TEST_CASE("find_box walks a path and keeps the offset of the whole", "[mp4][box]") {
    const auto mfhd = find_box(kTwoBoxes, {FourCc{"moof"}, FourCc{"mfhd"}});
    REQUIRE(mfhd);
    CHECK(mfhd->offset == 8);
    CHECK(find_box(kTwoBoxes, {FourCc{"moov"}}).error().code == Errc::missing_box);
    CHECK(find_box(kTwoBoxes, {FourCc{"moof"}, FourCc{"traf"}}).error().code == Errc::missing_box);
}

}  // namespace
}  // namespace streamkit::mp4
