#include "streamkit/amf/reader.hpp"

#include "streamkit/amf/writer.hpp"
#include "streamkit/base/byte_writer.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::amf {
namespace {

using test::hex;

struct Case {
    const char* name;
    Bytes bytes;
    Value value;
};

// What we write is exactly what stands here.
const Case kCases[] = {
    {"number",
     hex("00"                // number
         "3ff8000000000000"  // 1.5
         ),
     1.5},
    {"boolean true", hex("01 01"), true},
    {"boolean false", hex("01 00"), false},
    {"string",
     hex("02"          // string
         "0004"        // length
         "6c697665"),  // "live"
     "live"},
    {"empty string", hex("02 0000"), ""},
    {"null", hex("05"), Null{}},
    {"undefined", hex("06"), Undefined{}},
    {"unsupported", hex("0d"), Unsupported{}},
    {"date",
     hex("0b"                // date
         "4275d3ef79800000"  // milliseconds since 1970
         "0000"),            // time-zone
     Date{1'500'000'000'000.0, 0}},
    {"xml",
     hex("0f"          // xml-document
         "00000004"    // length
         "3c612f3e"),  // "<a/>"
     Xml{"<a/>"}},
    {"object",
     hex("03"  // object
         "0003 617070"
         "02 0004 6c697665"  // app: "live"
         "0000"
         "01 01"  // an empty name: true
         "0001 6e"
         "00 4000000000000000"  // n: 2
         "0000 09"),            // end
     Object{{{"app", "live"}, {"", true}, {"n", 2}}}},
    {"typed object",
     hex("10"         // typed-object
         "0002 4143"  // class-name "AC"
         "0001 78"
         "05"  // x: null
         "0000 09"),
     Object{{{"x", Null{}}}, "AC"}},
    {"ECMA array",
     hex("08"
         "00000001"  // associative-count
         "0005 7769647468"
         "00 4094000000000000"  // width: 1280
         "0000 09"),
     EcmaArray{{{"width", 1280}}}},
    {"strict array",
     hex("0a"
         "00000002"             // array-count
         "00 0000000000000000"  // 0
         "03 0000 09"),         // {}
     StrictArray{{0, Object{}}}},
    {"byte array",
     hex("11"  // avmplus-object
         "0c"  // AMF3 byte-array
         "05"  // U29: length 2, value
         "00ff"),
     ByteArray{hex("00ff")}},
};

Result<Value> read_one(BytesView bytes, const Limits& limits = {}) {
    Reader reader{bytes, limits};
    return reader.read();
}

Bytes written(const Value& value) {
    ByteWriter out;
    write_value(out, value);
    return out.take();
}

TEST_CASE("AMF0 values are read and written as the specification lays them out", "[amf]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        Reader reader{c.bytes};
        const auto value = reader.read();
        REQUIRE(value);
        CHECK(*value == c.value);
        CHECK(reader.at_end());
        CHECK(written(c.value) == c.bytes);
    }
}

TEST_CASE("each truncation of an AMF0 value is an error", "[amf]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        test::every_truncation(c.bytes, [](BytesView prefix) {
            const auto value = read_one(prefix);
            REQUIRE_FALSE(value);
            CHECK(value.error().code == Errc::truncated);
            CHECK(value.error().code == Failure::malformed);
        });
    }
}

TEST_CASE("a string of more than 65535 bytes is a long string", "[amf]") {
    const std::string text(0x10000, 'x');
    const auto bytes = written(text);
    CHECK(Bytes(bytes.begin(), bytes.begin() + 5) == hex("0c 00010000"));
    CHECK(read_one(bytes).value() == Value{text});
    CHECK(written(std::string(0xFFFF, 'x')).front() == 0x02);
}

TEST_CASE("the count of an ECMA array is only a hint", "[amf]") {
    const auto value = read_one(hex("08 ffffffff 0001 61 01 01 0000 09"));
    CHECK(value.value() == Value{EcmaArray{{{"a", true}}}});
}

TEST_CASE("values follow each other", "[amf]") {
    const auto bytes = hex("05 01 01 06");
    Reader reader{bytes};
    CHECK(reader.read().value().is<Null>());
    CHECK(reader.read().value() == Value{true});
    CHECK(reader.offset() == 3);
    CHECK(reader.read().value().is<Undefined>());
    CHECK(reader.at_end());
}

TEST_CASE("a reference reads as a copy of the object it means", "[amf][reference]") {
    const auto bytes =
        hex("0a 00000003"                  // object 0: a strict array
            "03 0001 61 01 01 0000 09"     // object 1: {a: true}
            "08 00000001 0001 62 07 0001"  // object 2: {b: reference to 1}
            "0000 09"
            "07 0002");  // reference to 2
    const Value inner = Object{{{"a", true}}};
    const Value outer = EcmaArray{{{"b", inner}}};
    CHECK(read_one(bytes).value() == Value{StrictArray{{inner, outer, outer}}});
}

TEST_CASE("a reference reaches back to earlier values of the message", "[amf][reference]") {
    const auto bytes = hex("10 0001 54 0000 09  07 0000");
    Reader reader{bytes};
    const auto first = reader.read();
    const auto second = reader.read();
    REQUIRE(second);
    CHECK(*second == *first);
    CHECK(second->get_if<Object>()->class_name == "T");
}

struct BadCase {
    const char* name;
    Bytes bytes;
    Errc errc;
    Failure failure;
};

const BadCase kBadCases[] = {
    {"marker that does not exist", hex("12"), Errc::unknown_marker, Failure::malformed},
    {"movie clip", hex("04"), Errc::reserved_type, Failure::unsupported},
    {"record set", hex("0e"), Errc::reserved_type, Failure::unsupported},
    {"object end alone", hex("09"), Errc::unexpected_end, Failure::malformed},
    {"object end behind a name", hex("03 0001 61 09"), Errc::unexpected_end, Failure::malformed},
    {"reference without objects", hex("07 0000"), Errc::invalid_reference, Failure::malformed},
    {"object in itself", hex("03 0001 61 07 0000 0000 09"), Errc::circular_reference,
     Failure::unsupported},
    {"string longer than the message", hex("02 ffff 61"), Errc::truncated, Failure::malformed},
    {"long string longer than the limit", hex("0c ffffffff 61"), Errc::string_too_long,
     Failure::limit_exceeded},
    {"more elements than limits allow", hex("0a ffffffff"), Errc::too_many_values,
     Failure::limit_exceeded},
    {"more elements than bytes", hex("0a 00000100 05"), Errc::truncated, Failure::malformed},
};

TEST_CASE("what AMF0 does not allow is named", "[amf]") {
    for (const auto& c : kBadCases) {
        INFO(c.name);
        const auto value = read_one(c.bytes);
        REQUIRE_FALSE(value);
        CHECK(value.error().code == c.errc);
        CHECK(value.error().code == c.failure);
    }
}

TEST_CASE("nesting stops at the limit", "[amf][limits]") {
    const auto nested = [](std::size_t depth) {
        Bytes bytes;
        for (std::size_t i = 0; i < depth; ++i) {
            const auto open = hex("0a 00000001");
            bytes.insert(bytes.end(), open.begin(), open.end());
        }
        bytes.push_back(0x05);
        return bytes;
    };
    CHECK(read_one(nested(64)));
    CHECK(read_one(nested(65)).error().code == Errc::too_deep);
    CHECK(read_one(nested(10'000)).error().code == Errc::too_deep);
}

TEST_CASE("references cannot multiply values past the limit", "[amf][limits]") {
    // Each object holds its predecessor twice: 2^40 values if all were unfolded.
    Bytes bytes = hex("0a 00000029  03 0000 09");
    for (std::uint8_t i = 1; i <= 40; ++i) {
        const auto step = test::concat(
            {hex("03 0001 61 07 00"), Bytes{i}, hex("0001 62 07 00"), Bytes{i}, hex("0000 09")});
        bytes.insert(bytes.end(), step.begin(), step.end());
    }
    CHECK(read_one(bytes, {.max_depth = 1000}).error().code == Errc::too_many_values);
}

TEST_CASE("references cannot multiply strings past the limit", "[amf][limits]") {
    const auto bytes = hex("0a 00000003  03 0001 61 02 0004 74657874 0000 09  07 0001  07 0001");
    CHECK(read_one(bytes, {.max_total_bytes = 15}));
    CHECK(read_one(bytes, {.max_total_bytes = 14}).error().code == Errc::too_many_bytes);
}

TEST_CASE("an error names the byte", "[amf]") {
    const auto value = read_one(hex("03 0001 61 04"));
    CHECK(value.error().message() == "type marker: reserved AMF type (at byte 5)");
}

}  // namespace
}  // namespace streamkit::amf
