#include "streamkit/amf/reader.hpp"
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

const Case kCases[] = {
    {"undefined", hex("00"), Undefined{}},
    {"null", hex("01"), Null{}},
    {"false", hex("02"), false},
    {"true", hex("03"), true},
    {"integer of one byte", hex("04 7f"), 127},
    {"integer of two bytes", hex("04 8100"), 128},
    {"integer of three bytes", hex("04 818000"), 16384},
    {"integer of four bytes", hex("04 80c08000"), 0x200000},
    {"greatest integer", hex("04 bfffffff"), 0x0FFFFFFF},
    {"smallest integer", hex("04 c0808000"), -0x10000000},
    {"minus one", hex("04 ffffffff"), -1},
    {"double", hex("05 3ff8000000000000"), 1.5},
    {"string",
     hex("06"  // string
         "09"  // U29S-value: 4 bytes
         "6c697665"),
     "live"},
    {"xml-doc", hex("07 09 3c612f3e"), Xml{"<a/>"}},
    {"xml", hex("0b 09 3c612f3e"), Xml{"<a/>"}},
    {"date", hex("08 01 0000000000000000"), Date{0, 0}},
    {"byte array", hex("0c 05 00ff"), ByteArray{hex("00ff")}},
    {"dense array",
     hex("09"  // array
         "05"  // 2 dense values
         "01"  // no names
         "04 01 04 02"),
     StrictArray{{1, 2}}},
    {"array with names",
     hex("09"  // array
         "03"  // 1 dense value
         "03 61"
         "03"  // a: true
         "01"  // end of names
         "04 05"),
     EcmaArray{{{"a", true}, {"0", 5}}}},
    {"sealed object",
     hex("0a"       // object
         "13"       // value, traits inline, 1 sealed member
         "03 54"    // class-name "T"
         "03 61"    // member "a"
         "04 01"),  // 1
     Object{{{"a", 1}}, "T"}},
    {"dynamic object",
     hex("0a"
         "0b"  // value, traits inline, dynamic, no sealed member
         "01"  // anonymous
         "03 61"
         "02"  // a: false
         "01"),
     Object{{{"a", false}}}},
    {"string by reference",
     hex("09 05 01"
         "06 03 61"  // "a", string 0
         "06 00"),   // string 0 again
     StrictArray{{"a", "a"}}},
    {"object and traits by reference",
     hex("09 07 01"
         "0a 13 03 54 03 61 04 01"  // object 1, traits 0
         "0a 01 04 02"              // traits 0: {a: 2}
         "0a 02"),                  // object 1 again
     StrictArray{{Object{{{"a", 1}}, "T"}, Object{{{"a", 2}}, "T"}, Object{{{"a", 1}}, "T"}}}},
    {"vector of int", hex("0d 03 00 ffffffff"), StrictArray{{-1}}},
    {"vector of uint", hex("0e 03 00 ffffffff"), StrictArray{{4294967295.0}}},
    {"vector of double", hex("0f 03 01 3ff8000000000000"), StrictArray{{1.5}}},
    {"vector of objects", hex("10 03 00 01 06 03 61"), StrictArray{{"a"}}},
    {"dictionary",
     hex("11"
         "05"  // 2 entries
         "00"  // no weak keys
         "06 03 61"
         "03"  // "a": true
         "04 07"
         "02"),  // 7: false
     EcmaArray{{{"a", true}, {"7", false}}}},
    {"array collection",
     hex("0a 07"  // externalizable, traits inline
         "43 666c65782e6d6573736167696e672e696f2e4172726179436f6c6c656374696f6e"
         "09 03 01 04 01"),
     StrictArray{{1}}},
};

TEST_CASE("AMF3 values map into the same tree", "[amf][amf3]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        Reader reader{c.bytes};
        const auto value = reader.read_amf3();
        REQUIRE(value);
        CHECK(*value == c.value);
        CHECK(reader.at_end());
    }
}

TEST_CASE("an AMF3 value stands behind the AVM+ marker of AMF0", "[amf][amf3]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        const auto bytes = test::concat({hex("11"), c.bytes, hex("05")});
        Reader reader{bytes};
        CHECK(reader.read().value() == c.value);
        CHECK(reader.read().value().is<Null>());
    }
}

TEST_CASE("each truncation of an AMF3 value is an error", "[amf][amf3]") {
    for (const auto& c : kCases) {
        INFO(c.name);
        test::every_truncation(c.bytes, [](BytesView prefix) {
            Reader reader{prefix};
            const auto value = reader.read_amf3();
            REQUIRE_FALSE(value);
            CHECK(value.error().code == Errc::truncated);
        });
    }
}

TEST_CASE("what AMF3 does not allow is named", "[amf][amf3]") {
    struct BadCase {
        const char* name;
        Bytes bytes;
        Errc errc;
    };
    const BadCase cases[] = {
        {"marker that does not exist", hex("12"), Errc::unknown_marker},
        {"string reference to nothing", hex("06 00"), Errc::invalid_reference},
        {"object reference to nothing", hex("0a 00"), Errc::invalid_reference},
        {"traits reference to nothing", hex("0a 01"), Errc::invalid_reference},
        {"array in itself", hex("09 03 01 09 00"), Errc::circular_reference},
        {"externalizable of unknown format", hex("0a 07 03 54"), Errc::unsupported_class},
        {"object as a key", hex("11 03 00 0a 0b 01 01 03"), Errc::unsupported_key},
        {"string over the limit", hex("06 ffffffff"), Errc::string_too_long},
        {"array over the limit", hex("09 ffffffff 01"), Errc::too_many_values},
        {"array longer than the message", hex("09 81ff 01 01"), Errc::truncated},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        Reader reader{c.bytes};
        CHECK(reader.read_amf3().error().code == c.errc);
    }
}

TEST_CASE("AMF3 nesting stops at the limit", "[amf][amf3][limits]") {
    Bytes bytes;
    for (int i = 0; i < 10'000; ++i) {
        const auto open = hex("09 03 01");
        bytes.insert(bytes.end(), open.begin(), open.end());
    }
    Reader reader{bytes};
    CHECK(reader.read_amf3().error().code == Errc::too_deep);
}

TEST_CASE("AMF3 string references count against the limit", "[amf][amf3][limits]") {
    const auto bytes = hex("09 07 01  06 09 74657874  06 00  06 00");
    Reader enough{bytes, {.max_total_bytes = 12}};
    CHECK(enough.read_amf3());
    Reader short_of{bytes, {.max_total_bytes = 11}};
    CHECK(short_of.read_amf3().error().code == Errc::too_many_bytes);
}

}  // namespace
}  // namespace streamkit::amf
