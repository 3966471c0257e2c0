#include "streamkit/amf/value.hpp"

#include <algorithm>

namespace streamkit::amf {

// Here, where `Property` is complete.
Object::Object() = default;
Object::Object(std::vector<Property> p, std::string c)
    : properties(std::move(p)), class_name(std::move(c)) {}
EcmaArray::EcmaArray() = default;
EcmaArray::EcmaArray(std::vector<Property> p) : properties(std::move(p)) {}
StrictArray::StrictArray() = default;
StrictArray::StrictArray(std::vector<Value> v) : values(std::move(v)) {}

bool operator==(const Object& a, const Object& b) {
    return a.class_name == b.class_name && a.properties == b.properties;
}
bool operator==(const EcmaArray& a, const EcmaArray& b) { return a.properties == b.properties; }
bool operator==(const StrictArray& a, const StrictArray& b) { return a.values == b.values; }
bool operator==(const Value& a, const Value& b) { return a.variant_ == b.variant_; }

Value::Value(Object v) : variant_(std::move(v)) {}
Value::Value(EcmaArray v) : variant_(std::move(v)) {}
Value::Value(StrictArray v) : variant_(std::move(v)) {}

std::optional<double> Value::as_number() const noexcept {
    const auto* number = get_if<double>();
    return number ? std::optional{*number} : std::nullopt;
}

std::optional<bool> Value::as_bool() const noexcept {
    const auto* boolean = get_if<bool>();
    return boolean ? std::optional{*boolean} : std::nullopt;
}

std::optional<std::string_view> Value::as_string() const noexcept {
    const auto* text = get_if<std::string>();
    return text ? std::optional<std::string_view>{*text} : std::nullopt;
}

const std::vector<Property>& Value::properties() const noexcept {
    static const std::vector<Property> kNone;
    if (const auto* object = get_if<Object>()) return object->properties;
    if (const auto* array = get_if<EcmaArray>()) return array->properties;
    return kNone;
}

const Value* Value::find(std::string_view name) const noexcept {
    const auto& all = properties();
    const auto found =
        std::find_if(all.begin(), all.end(), [name](const Property& p) { return p.name == name; });
    return found == all.end() ? nullptr : &found->value;
}

}  // namespace streamkit::amf
