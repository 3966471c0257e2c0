#include "streamkit/json/reader.hpp"

#include <simdjson.h>

#include <algorithm>

#include "streamkit/base/utf8.hpp"
#include "streamkit/json/errc.hpp"

namespace streamkit::json {
namespace {

namespace dom = simdjson::dom;

Error error_of(simdjson::error_code code) noexcept {
    switch (code) {
        case simdjson::DEPTH_ERROR:
            return {Errc::too_deep, "JSON"};
        case simdjson::NUMBER_ERROR:
        case simdjson::NUMBER_OUT_OF_RANGE:
            return {Errc::malformed_number, "JSON number"};
        case simdjson::STRING_ERROR:
        case simdjson::UNESCAPED_CHARS:
        case simdjson::UNCLOSED_STRING:
            return {Errc::malformed, "JSON string"};
        default:
            return {Errc::malformed, "JSON"};
    }
}

bool has_duplicate_names(const Object& object) {
    std::vector<std::string_view> names;
    names.reserve(object.size());
    for (const auto& member : object)
        names.push_back(member.first);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
}

/// Copies the parsed document out of simdjson, whose own count of the depth leaves out an array or
/// object that is empty.
///
/// @param levels  arrays and objects that may stand inside one another here
Result<Value> tree_of(dom::element element, std::size_t levels) {
    if ((element.is_array() || element.is_object()) && levels == 0) {
        return Error{Errc::too_deep, "JSON"};
    }
    switch (element.type()) {
        case dom::element_type::ARRAY: {
            Array array;
            for (const dom::element item : dom::array(element)) {
                auto value = tree_of(item, levels - 1);
                if (!value) return value.error();
                array.push_back(std::move(*value));
            }
            return Value{std::move(array)};
        }
        case dom::element_type::OBJECT: {
            Object object;
            for (const dom::key_value_pair member : dom::object(element)) {
                auto value = tree_of(member.value, levels - 1);
                if (!value) return value.error();
                object.emplace_back(member.key, std::move(*value));
            }
            if (has_duplicate_names(object)) return Error{Errc::duplicate_name, "JSON object"};
            return Value{std::move(object)};
        }
        case dom::element_type::INT64:
            return Value{std::int64_t{element}};
        case dom::element_type::UINT64:
            return Value{std::uint64_t{element}};
        case dom::element_type::DOUBLE:
            return Value{double{element}};
        case dom::element_type::STRING:
            return Value{std::string{std::string_view{element}}};
        case dom::element_type::BOOL:
            return Value{bool{element}};
        case dom::element_type::NULL_VALUE:
            return Value{};
    }
    return Error{Errc::malformed, "JSON"};
}

}  // namespace

Result<Value> read(std::string_view text, const Limits& limits) {
    if (text.size() > limits.max_bytes) return Error{Errc::too_long, "JSON", limits.max_bytes};
    if (const auto valid = valid_utf8_prefix(text); valid != text.size()) {
        return Error{Errc::invalid_utf8, "JSON", valid};
    }
    dom::parser parser;
    // simdjson counts the document itself as a level.
    if (const auto code = parser.allocate(text.size(), limits.max_depth + 1)) return error_of(code);
    const simdjson::padded_string padded{text};
    dom::element root;
    if (const auto code = parser.parse(padded).get(root)) return error_of(code);
    return tree_of(root, limits.max_depth);
}

}  // namespace streamkit::json
