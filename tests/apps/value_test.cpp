#include "cli/value.hpp"

#include "support/catch.hpp"

namespace streamkit::cli {
namespace {

using namespace std::chrono_literals;

template <class T>
struct Case {
    std::string_view text;
    std::optional<T> value;
};

TEST_CASE("durations are read with and without a unit", "[apps][value]") {
    const Case<std::chrono::milliseconds> cases[] = {
        {"2", 2s},     {"2s", 2s},  {"0.2", 200ms},    {"200ms", 200ms}, {"1.5m", 90s},
        {"1h", 3600s}, {"0", 0ms},  {"0.0004", 0ms},   {"", {}},         {"s", {}},
        {"-1", {}},    {"2 s", {}}, {"2d", {}},        {"1e3", {}},      {"nan", {}},
        {"inf", {}},   {" 2", {}},  {"99999999h", {}}, {"0x10", {}},
    };
    for (const auto& [text, value] : cases) {
        CAPTURE(text);
        CHECK(parse_duration(text) == value);
    }
}

TEST_CASE("sizes are powers of 1024, rates powers of 1000", "[apps][value]") {
    const Case<ByteSize> sizes[] = {
        {"500", ByteSize{500}},
        {"64K", ByteSize{65536}},
        {"10MiB", ByteSize{10 << 20}},
        {"1G", ByteSize{1 << 30}},
        {"1.5K", ByteSize{1536}},
        {"7B", ByteSize{7}},
        {"1k", {}},
        {"99999999999G", {}},
        {"", {}},
    };
    for (const auto& [text, value] : sizes) {
        CAPTURE(text);
        CHECK(parse_size(text) == value);
    }
    const Case<Bitrate> rates[] = {
        {"800k", Bitrate{800'000}},
        {"2.5M", Bitrate{2'500'000}},
        {"1Gbit/s", Bitrate{1'000'000'000}},
        {"9600", Bitrate{9600}},
        {"1K", {}},
        {"fast", {}},
    };
    for (const auto& [text, value] : rates) {
        CAPTURE(text);
        CHECK(parse_rate(text) == value);
    }
}

TEST_CASE("what is written reads back as the same value", "[apps][value]") {
    for (const auto value : {0ms, 1ms, 200ms, 2000ms, 90'000ms}) {
        CHECK(Format<std::chrono::milliseconds>::read(
                  Format<std::chrono::milliseconds>::write(value)) == value);
    }
    for (const std::uint64_t bytes : {0U, 1U, 1023U, 1024U, 10U << 20, 3U << 30}) {
        CHECK(parse_size(Format<ByteSize>::write(ByteSize{bytes})) == ByteSize{bytes});
        CHECK(parse_rate(Format<Bitrate>::write(Bitrate{bytes})) == Bitrate{bytes});
    }
    CHECK(Format<ByteSize>::write(ByteSize{10 << 20}) == "10M");
    CHECK(Format<double>::read(Format<double>::write(0.1)) == 0.1);
}

TEST_CASE("whole numbers stay within their type", "[apps][value]") {
    CHECK(Format<std::uint16_t>::read("65535") == std::uint16_t{65535});
    CHECK_FALSE(Format<std::uint16_t>::read("65536"));
    CHECK_FALSE(Format<std::uint16_t>::read("-1"));
    CHECK_FALSE(Format<std::uint16_t>::read("1x"));
    CHECK_FALSE(Format<std::uint16_t>::read(""));
}

}  // namespace
}  // namespace streamkit::cli
