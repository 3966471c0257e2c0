#include "streamkit/http/range.hpp"

#include <string>

#include "support/catch.hpp"

namespace streamkit::http {
namespace {

using Kind = RangeSelection::Kind;

TEST_CASE("HTTP range selects a part of the body", "[http][range]") {
    struct Case {
        std::string_view range;
        std::uint64_t size;
        RangeSelection selection;
    };
    const Case cases[] = {
        {"bytes=0-0", 10, {Kind::part, 0, 1}},
        {"bytes=2-4", 10, {Kind::part, 2, 3}},
        {"Bytes=2-", 10, {Kind::part, 2, 8}},
        {"bytes=9-", 10, {Kind::part, 9, 1}},
        {"bytes=0-99", 10, {Kind::part, 0, 10}},
        {"bytes=0-18446744073709551615", 10, {Kind::part, 0, 10}},
        {"bytes=0-99999999999999999999999", 10, {Kind::part, 0, 10}},
        {"bytes=-3", 10, {Kind::part, 7, 3}},
        {"bytes=-99", 10, {Kind::part, 0, 10}},
        {"bytes=10-", 10, {Kind::unsatisfiable, 0, 0}},
        {"bytes=99999999999999999999999-", 10, {Kind::unsatisfiable, 0, 0}},
        {"bytes=-0", 10, {Kind::unsatisfiable, 0, 0}},
        {"bytes=0-", 0, {Kind::unsatisfiable, 0, 0}},
        {"bytes=-1", 0, {Kind::unsatisfiable, 0, 0}},
        // Ignored: RFC 9110, 14.2
        {"", 10, {}},
        {"bytes=", 10, {}},
        {"bytes=-", 10, {}},
        {"bytes=5", 10, {}},
        {"bytes=4-2", 10, {}},
        {"bytes=+1-2", 10, {}},
        {"bytes=1--2", 10, {}},
        {"bytes=a-b", 10, {}},
        {"bytes=0-1,3-4", 10, {}},
        {"items=0-1", 10, {}},
    };
    for (const auto& c : cases) {
        INFO(c.range);
        CHECK(select_range(c.range, c.size) == c.selection);
    }
}

TEST_CASE("HTTP range is told with the answer", "[http][range]") {
    CHECK(content_range({Kind::part, 0, 500}, 1234) == "bytes 0-499/1234");
    CHECK(content_range({Kind::unsatisfiable, 0, 0}, 1234) == "bytes */1234");
}

TEST_CASE("HTTP range is cut out of a gather list without copying", "[http][range]") {
    const auto buffer = [](std::string_view text) { return SharedBuffer::copy_of(as_bytes(text)); };
    const std::vector<SharedBuffer> slices{buffer("012"), buffer(""), buffer("34"),
                                           buffer("56789")};
    const std::string whole = "0123456789";
    for (std::size_t first = 0; first < whole.size(); ++first) {
        for (std::size_t length = 1; first + length <= whole.size(); ++length) {
            std::string part;
            for (const auto& slice : slice_of(slices, first, length)) {
                CHECK_FALSE(slice.empty());
                part += as_text(slice);
            }
            CHECK(part == whole.substr(first, length));
        }
    }
    CHECK(slice_of(slices, 4, 3)[0].data() == slices[2].data() + 1);
}

}  // namespace
}  // namespace streamkit::http
