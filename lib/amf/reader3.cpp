// The AMF3 half of the reader. Sections are those of the AMF3 specification of January 2013.

#include "marker.hpp"
#include "nesting.hpp"
#include "streamkit/amf/reader.hpp"

namespace streamkit::amf {
namespace {

// 3.12: the low bits of an object's U29, from the lowest: value (not a reference), traits inline,
// externalizable, dynamic; then the count of sealed members.
constexpr std::uint32_t kValueFlag = 1;
constexpr std::uint32_t kTraitsFlag = 2;
constexpr std::uint32_t kExternalizableFlag = 4;
constexpr std::uint32_t kDynamicFlag = 8;
constexpr unsigned kTraitsCountShift = 4;

std::optional<std::string> dictionary_key(const Value& key) {
    if (const auto text = key.as_string()) return std::string{*text};
    const auto number = key.as_number();
    if (!number) return std::nullopt;
    auto text = std::to_string(*number);  // "7.000000"
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

}  // namespace

Result<Value> Reader::read_amf3() {
    STREAMKIT_TRY(count_value());
    return read_value3();
}

Result<Value> Reader::read_value3() {
    const auto byte = in_.u8();
    if (!in_.ok()) return truncated("AMF3 type marker");
    switch (static_cast<Marker3>(byte)) {
        case Marker3::undefined:
            return Value{Undefined{}};
        case Marker3::null:
            return Value{Null{}};
        case Marker3::false_:
            return Value{false};
        case Marker3::true_:
            return Value{true};
        case Marker3::integer: {
            const auto u29 = read_u29();
            if (!in_.ok()) return truncated("integer");
            // 3.6: 29-bit two's complement.
            return Value{static_cast<std::int32_t>(u29 << 3) >> 3};
        }
        case Marker3::double_: {
            const auto number = in_.f64();
            if (!in_.ok()) return truncated("double");
            return Value{number};
        }
        case Marker3::string: {
            auto text = read_string3("string");
            if (!text) return text.error();
            return Value{*std::move(text)};
        }
        case Marker3::xml_doc:
        case Marker3::date:
        case Marker3::array:
        case Marker3::object:
        case Marker3::xml:
        case Marker3::byte_array:
        case Marker3::vector_int:
        case Marker3::vector_uint:
        case Marker3::vector_double:
        case Marker3::vector_object:
        case Marker3::dictionary:
            return read_complex3(byte);
    }
    return error(Errc::unknown_marker, "AMF3 type marker");
}

// 2.2: everything complex begins with a U29 whose lowest bit tells a value from a reference.
Result<Value> Reader::read_complex3(std::uint8_t marker) {
    const auto begin = in_.offset();
    const auto header = read_u29();
    if (!in_.ok()) return truncated("AMF3 object header");
    if ((header & kValueFlag) == 0) return resolve(complex3_, header >> 1, true);

    const Nesting nesting{depth_};
    if (depth_ > limits_.max_depth) return error(Errc::too_deep, "AMF3 object");
    const auto index = complex3_.size();
    const bool enters = !resolving_;
    if (enters) complex3_.push_back({marker, begin, false});
    auto value = read_complex_body3(marker, header);
    if (enters) complex3_[index].complete = true;
    return value;
}

Result<Value> Reader::read_complex_body3(std::uint8_t marker, std::uint32_t header) {
    const auto count = header >> 1;
    switch (static_cast<Marker3>(marker)) {
        case Marker3::date: {
            const auto milliseconds = in_.f64();
            if (!in_.ok()) return truncated("date");
            return Value{Date{milliseconds, 0}};
        }
        case Marker3::xml_doc:
        case Marker3::xml: {
            auto text = read_text(count, "XML");
            if (!text) return text.error();
            return Value{Xml{*std::move(text)}};
        }
        case Marker3::byte_array: {
            const auto text = read_text(count, "ByteArray");
            if (!text) return text.error();
            return Value{ByteArray{Bytes{text->begin(), text->end()}}};
        }
        case Marker3::array:
            return read_array3(count);
        case Marker3::object:
            return read_object3(header);
        case Marker3::dictionary:
            return read_dictionary3(count);
        default:
            return read_vector3(marker, count);
    }
}

// 3.11: names with values up to an empty name, then `dense_count` values.
Result<Value> Reader::read_array3(std::uint32_t dense_count) {
    std::vector<Property> named;
    while (true) {
        auto name = read_string3("array key");
        if (!name) return name.error();
        if (name->empty()) break;
        auto value = read_amf3();
        if (!value) return value.error();
        named.push_back({*std::move(name), *std::move(value)});
    }
    STREAMKIT_TRY(count_elements(dense_count, "array count"));
    std::vector<Value> dense;
    dense.reserve(dense_count);
    for (std::uint32_t i = 0; i < dense_count; ++i) {
        auto value = read_amf3();
        if (!value) return value.error();
        dense.push_back(*std::move(value));
    }
    if (named.empty()) return Value{StrictArray{std::move(dense)}};
    for (std::size_t i = 0; i < dense.size(); ++i) {
        named.push_back({std::to_string(i), std::move(dense[i])});
    }
    return Value{EcmaArray{std::move(named)}};
}

Result<Value> Reader::read_object3(std::uint32_t header) {
    auto traits = read_traits3(header);
    if (!traits) return traits.error();
    if (traits->externalizable) {
        // Flex wraps lists and proxies in these two; what follows is one value. The format of any
        // other externalizable class is known to its owner only.
        if (traits->class_name == "flex.messaging.io.ArrayCollection" ||
            traits->class_name == "flex.messaging.io.ObjectProxy") {
            return read_amf3();
        }
        return error(Errc::unsupported_class, "externalizable object");
    }
    std::vector<Property> properties;
    for (auto& member : traits->members) {
        auto value = read_amf3();
        if (!value) return value.error();
        properties.push_back({std::move(member), *std::move(value)});
    }
    while (traits->dynamic) {
        auto name = read_string3("dynamic member");
        if (!name) return name.error();
        if (name->empty()) break;
        auto value = read_amf3();
        if (!value) return value.error();
        properties.push_back({*std::move(name), *std::move(value)});
    }
    return Value{Object{std::move(properties), std::move(traits->class_name)}};
}

Result<Reader::Traits> Reader::read_traits3(std::uint32_t header) {
    if ((header & kTraitsFlag) == 0) {
        const auto index = header >> 2;
        if (index >= traits3_.size()) return error(Errc::invalid_reference, "traits reference");
        const auto& known = traits3_[index];
        // The copy costs what its names take, so that it counts like them.
        STREAMKIT_TRY(count_elements(known.members.size(), "sealed members"));
        auto size = known.class_name.size();
        for (const auto& member : known.members)
            size += member.size();
        if (size > limits_.max_total_bytes - text_bytes_) {
            return error(Errc::too_many_bytes, "traits reference");
        }
        text_bytes_ += size;
        return known;
    }
    Traits traits;
    traits.externalizable = (header & kExternalizableFlag) != 0;
    traits.dynamic = (header & kDynamicFlag) != 0 && !traits.externalizable;
    auto class_name = read_string3("class-name");
    if (!class_name) return class_name.error();
    traits.class_name = *std::move(class_name);
    const auto count = traits.externalizable ? 0 : header >> kTraitsCountShift;
    STREAMKIT_TRY(count_elements(count, "sealed members"));
    for (std::uint32_t i = 0; i < count; ++i) {
        auto member = read_string3("sealed member");
        if (!member) return member.error();
        traits.members.push_back(*std::move(member));
    }
    if (!resolving_) traits3_.push_back(traits);
    return traits;
}

Result<Value> Reader::read_vector3(std::uint8_t marker, std::uint32_t count) {
    in_.skip(1);  // 3.15: fixed-vector
    const auto kind = static_cast<Marker3>(marker);
    if (kind == Marker3::vector_object) {
        const auto object_type_name = read_string3("object-type-name");
        if (!object_type_name) return object_type_name.error();
    }
    if (!in_.ok()) return truncated("fixed-vector");
    STREAMKIT_TRY(count_elements(count, "vector count"));
    std::vector<Value> values;
    values.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        if (kind == Marker3::vector_object) {
            auto value = read_amf3();
            if (!value) return value.error();
            values.push_back(*std::move(value));
            continue;
        }
        STREAMKIT_TRY(count_value());
        if (kind == Marker3::vector_int) {
            values.emplace_back(in_.i32());
        } else if (kind == Marker3::vector_uint) {
            values.emplace_back(in_.u32());
        } else {
            values.emplace_back(in_.f64());
        }
        if (!in_.ok()) return truncated("vector element");
    }
    return Value{StrictArray{std::move(values)}};
}

// 3.16. A tree of named values has no place for keys that are objects.
Result<Value> Reader::read_dictionary3(std::uint32_t count) {
    in_.skip(1);  // weak-keys
    if (!in_.ok()) return truncated("weak-keys");
    STREAMKIT_TRY(count_elements(count, "dictionary count"));
    std::vector<Property> properties;
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto key = read_amf3();
        if (!key) return key.error();
        auto name = dictionary_key(*key);
        if (!name) return error(Errc::unsupported_key, "dictionary key");
        auto value = read_amf3();
        if (!value) return value.error();
        properties.push_back({*std::move(name), *std::move(value)});
    }
    return Value{EcmaArray{std::move(properties)}};
}

// 1.3.2: U29S-ref or U29S-value; the empty string is never sent by reference.
Result<std::string> Reader::read_string3(const char* what) {
    const auto header = read_u29();
    if (!in_.ok()) return truncated(what);
    if ((header & kValueFlag) == 0) {
        const auto index = header >> 1;
        if (index >= strings3_.size()) return error(Errc::invalid_reference, what);
        const auto& known = strings3_[index];
        if (known.size() > limits_.max_total_bytes - text_bytes_) {
            return error(Errc::too_many_bytes, what);
        }
        text_bytes_ += known.size();
        return known;
    }
    auto text = read_text(header >> 1, what);
    if (text && !text->empty() && !resolving_) strings3_.push_back(*text);
    return text;
}

// 1.3.1: up to four bytes, seven bits each with a "more" flag on top; the fourth has eight.
std::uint32_t Reader::read_u29() noexcept {
    std::uint32_t value = 0;
    for (int i = 0; i < 3; ++i) {
        const auto byte = in_.u8();
        value = value << 7 | (byte & 0x7FU);
        if ((byte & 0x80) == 0) return value;
    }
    return value << 8 | in_.u8();
}

}  // namespace streamkit::amf
