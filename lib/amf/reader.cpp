#include "streamkit/amf/reader.hpp"

#include "marker.hpp"
#include "nesting.hpp"

namespace streamkit::amf {

Reader::Reader(BytesView bytes, const Limits& limits) noexcept
    : bytes_(bytes), limits_(limits), in_(bytes) {}

Result<Value> Reader::read() { return read_value(); }

Result<Value> Reader::read_value() {
    STREAMKIT_TRY(count_value());
    const auto byte = in_.u8();
    if (!in_.ok()) return truncated("type marker");
    switch (const auto marker = static_cast<Marker>(byte)) {
        case Marker::number: {
            const auto number = in_.f64();
            if (!in_.ok()) return truncated("number");
            return Value{number};
        }
        case Marker::boolean: {
            const auto boolean = in_.u8();
            if (!in_.ok()) return truncated("boolean");
            return Value{boolean != 0};
        }
        case Marker::string: {
            auto text = read_utf8("string");
            if (!text) return text.error();
            return Value{*std::move(text)};
        }
        case Marker::long_string:
        case Marker::xml_document: {
            const auto size = in_.u32();
            auto text = read_text(size, "long string");
            if (!text) return text.error();
            if (marker == Marker::xml_document) return Value{Xml{*std::move(text)}};
            return Value{*std::move(text)};
        }
        case Marker::null:
            return Value{Null{}};
        case Marker::undefined:
            return Value{Undefined{}};
        case Marker::unsupported:
            return Value{Unsupported{}};
        case Marker::date: {
            Date date;
            date.milliseconds = in_.f64();
            date.time_zone = in_.i16();
            if (!in_.ok()) return truncated("date");
            return Value{date};
        }
        case Marker::reference: {
            const auto index = in_.u16();
            if (!in_.ok()) return truncated("reference");
            return resolve(complex_, index, false);
        }
        case Marker::object:
        case Marker::ecma_array:
        case Marker::strict_array:
        case Marker::typed_object:
            return read_complex(byte);
        case Marker::avmplus_object:
            return read_value3();
        case Marker::object_end:
            return error(Errc::unexpected_end, "type marker");
        case Marker::movie_clip:
        case Marker::record_set:
            return error(Errc::reserved_type, "type marker");
    }
    return error(Errc::unknown_marker, "type marker");
}

Result<Value> Reader::read_complex(std::uint8_t marker) {
    const auto index = complex_.size();
    const bool enters = !resolving_;
    if (enters) complex_.push_back({marker, in_.offset(), false});
    auto value = read_complex_body(marker);
    if (enters) complex_[index].complete = true;
    return value;
}

Result<Value> Reader::read_complex_body(std::uint8_t marker) {
    const Nesting nesting{depth_};
    if (depth_ > limits_.max_depth) return error(Errc::too_deep, "object");
    if (static_cast<Marker>(marker) == Marker::strict_array) return read_strict_array();

    std::string class_name;
    if (static_cast<Marker>(marker) == Marker::typed_object) {
        auto text = read_utf8("class-name");
        if (!text) return text.error();
        class_name = *std::move(text);
    }
    // AMF0, 2.10: associative-count. Senders put 0 or a guess there; the end marker decides.
    if (static_cast<Marker>(marker) == Marker::ecma_array) in_.skip(4);
    auto properties = read_properties();
    if (!properties) return properties.error();
    if (static_cast<Marker>(marker) == Marker::ecma_array) {
        return Value{EcmaArray{*std::move(properties)}};
    }
    return Value{Object{*std::move(properties), std::move(class_name)}};
}

Result<std::vector<Property>> Reader::read_properties() {
    std::vector<Property> properties;
    while (true) {
        auto name = read_utf8("property name");
        if (!name) return name.error();
        if (name->empty()) {
            // AMF0, 2.11. An empty name in front of any other marker is a name like others.
            ByteReader ahead = in_;
            if (static_cast<Marker>(ahead.u8()) == Marker::object_end && ahead.ok()) {
                in_ = ahead;
                return properties;
            }
        }
        auto value = read_value();
        if (!value) return value.error();
        properties.push_back({*std::move(name), *std::move(value)});
    }
}

Result<Value> Reader::read_strict_array() {
    const auto count = in_.u32();
    if (!in_.ok()) return truncated("array-count");
    STREAMKIT_TRY(count_elements(count, "array-count"));
    std::vector<Value> values;
    values.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        auto value = read_value();
        if (!value) return value.error();
        values.push_back(*std::move(value));
    }
    return Value{StrictArray{std::move(values)}};
}

Result<std::string> Reader::read_text(std::size_t size, const char* what) {
    if (!in_.ok()) return truncated(what);
    if (size > limits_.max_string_bytes) return error(Errc::string_too_long, what);
    if (size > limits_.max_total_bytes - text_bytes_) return error(Errc::too_many_bytes, what);
    const auto bytes = in_.bytes(size);
    if (!in_.ok()) return truncated(what);
    text_bytes_ += size;
    return std::string{as_text(bytes)};
}

Result<std::string> Reader::read_utf8(const char* what) {
    const auto size = in_.u16();
    return read_text(size, what);
}

// Reads again what stands at the place that is referred to: a copy without keeping any tree. Only
// complete values can be referred to, so this ends; how much it yields, the limits bound.
Result<Value> Reader::resolve(Table& table, std::size_t index, bool amf3) {
    if (index >= table.size()) return error(Errc::invalid_reference, "reference");
    const auto referable = table[index];
    if (!referable.complete) return error(Errc::circular_reference, "reference");
    const auto after = in_;
    const auto was_resolving = resolving_;
    resolving_ = true;
    in_ = ByteReader{bytes_};
    in_.skip(referable.offset);
    auto value = amf3 ? read_complex3(referable.marker) : read_complex_body(referable.marker);
    resolving_ = was_resolving;
    in_ = after;
    return value;
}

Result<void> Reader::count_value() {
    if (values_ >= limits_.max_values) return error(Errc::too_many_values, "value");
    ++values_;
    return {};
}

// Each element takes at least one byte, so a count can be checked before anything is reserved.
Result<void> Reader::count_elements(std::size_t count, const char* what) const {
    if (count > limits_.max_values - values_) return error(Errc::too_many_values, what);
    if (count > in_.remaining()) return error(Errc::truncated, what);
    return {};
}

Error Reader::truncated(const char* what) const noexcept { return error(Errc::truncated, what); }

Error Reader::error(Errc errc, const char* what) const noexcept {
    return {errc, what, in_.offset()};
}

}  // namespace streamkit::amf
