#include "streamkit/amf/writer.hpp"

#include <algorithm>

#include "marker.hpp"
#include "streamkit/base/overloaded.hpp"

namespace streamkit::amf {
namespace {

constexpr std::size_t kMaxUtf8Bytes = 0xFFFF;    // AMF0, 1.4.1: U16 length
constexpr std::size_t kMaxU29 = (1U << 28) - 1;  // AMF3, 3.14: U29 with one flag bit

void marker(ByteWriter& out, Marker m) { out.u8(static_cast<std::uint8_t>(m)); }

void long_utf8(ByteWriter& out, std::string_view text) {
    out.u32(static_cast<std::uint32_t>(text.size()));
    out.text(text);
}

void properties(ByteWriter& out, const std::vector<Property>& all) {
    for (const auto& [name, value] : all) {
        write_utf8(out, name);
        write_value(out, value);
    }
    write_utf8(out, "");  // AMF0, 2.11: an empty name, then the object end marker
    marker(out, Marker::object_end);
}

// AMF3, 1.3.1: seven bits a byte, but eight in the fourth.
void u29(ByteWriter& out, std::uint32_t v) {
    const auto seven = [&](int shift) {
        out.u8(static_cast<std::uint8_t>((v >> shift & 0x7F) | 0x80));
    };
    if (v < 0x80) return out.u8(static_cast<std::uint8_t>(v));
    if (v < 0x4000) {
        seven(7);
    } else if (v < 0x200000) {
        seven(14);
        seven(7);
    } else {
        seven(22);
        seven(15);
        seven(8);
        return out.u8(static_cast<std::uint8_t>(v));
    }
    out.u8(static_cast<std::uint8_t>(v & 0x7F));
}

void byte_array(ByteWriter& out, BytesView bytes) {
    bytes = bytes.first(std::min(bytes.size(), kMaxU29));
    out.u8(static_cast<std::uint8_t>(Marker3::byte_array));
    u29(out, static_cast<std::uint32_t>(bytes.size()) << 1 | 1);  // 1: a value, not a reference
    out.bytes(bytes);
}

}  // namespace

void write_utf8(ByteWriter& out, std::string_view text) {
    text = text.substr(0, kMaxUtf8Bytes);
    out.u16(static_cast<std::uint16_t>(text.size()));
    out.text(text);
}

void write_value(ByteWriter& out, const Value& value) {
    std::visit(overloaded{
                   [&](Undefined) { marker(out, Marker::undefined); },
                   [&](Null) { marker(out, Marker::null); },
                   [&](Unsupported) { marker(out, Marker::unsupported); },
                   [&](double number) {
                       marker(out, Marker::number);
                       out.f64(number);
                   },
                   [&](bool boolean) {
                       marker(out, Marker::boolean);
                       out.u8(boolean ? 1 : 0);
                   },
                   [&](const std::string& text) {
                       if (text.size() > kMaxUtf8Bytes) {
                           marker(out, Marker::long_string);
                           long_utf8(out, text);
                       } else {
                           marker(out, Marker::string);
                           write_utf8(out, text);
                       }
                   },
                   [&](const Object& object) {
                       if (object.class_name.empty()) {
                           marker(out, Marker::object);
                       } else {
                           marker(out, Marker::typed_object);
                           write_utf8(out, object.class_name);
                       }
                       properties(out, object.properties);
                   },
                   [&](const EcmaArray& array) {
                       marker(out, Marker::ecma_array);
                       out.u32(static_cast<std::uint32_t>(array.properties.size()));
                       properties(out, array.properties);
                   },
                   [&](const StrictArray& array) {
                       marker(out, Marker::strict_array);
                       out.u32(static_cast<std::uint32_t>(array.values.size()));
                       for (const auto& element : array.values)
                           write_value(out, element);
                   },
                   [&](const Date& date) {
                       marker(out, Marker::date);
                       out.f64(date.milliseconds);
                       out.i16(date.time_zone);
                   },
                   [&](const Xml& xml) {
                       marker(out, Marker::xml_document);
                       long_utf8(out, xml.text);
                   },
                   [&](const ByteArray& array) {
                       marker(out, Marker::avmplus_object);
                       byte_array(out, array.bytes);
                   },
               },
               value.variant());
}

}  // namespace streamkit::amf
