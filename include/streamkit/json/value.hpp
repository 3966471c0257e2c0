#pragma once

// A JSON document as a tree of values.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace streamkit::json {

class Value;

using Array = std::vector<Value>;
/// Members in the order of the text; names are unique in a document that was read.
using Object = std::vector<std::pair<std::string, Value>>;

/// null, a boolean, a number, a string, an array or an object.
///
/// An integer that fits into 64 bits is kept exactly; every other number is a double.
class Value {
public:
    using Variant = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double,
                                 std::string, Array, Object>;

    Value() = default;  ///< null
    explicit Value(Variant value) : value_(std::move(value)) {}

    [[nodiscard]] bool is_null() const noexcept {
        return std::holds_alternative<std::monostate>(value_);
    }
    [[nodiscard]] std::optional<bool> as_bool() const noexcept;
    /// Any number, as the nearest double.
    [[nodiscard]] std::optional<double> as_number() const noexcept;
    /// A number without a fraction that fits.
    [[nodiscard]] std::optional<std::int64_t> as_int64() const noexcept;
    [[nodiscard]] std::optional<std::uint64_t> as_uint64() const noexcept;
    /// Null if it is no string, array, object; else lives as long as the value.
    [[nodiscard]] const std::string* as_string() const noexcept {
        return std::get_if<std::string>(&value_);
    }
    [[nodiscard]] const Array* as_array() const noexcept { return std::get_if<Array>(&value_); }
    [[nodiscard]] const Object* as_object() const noexcept { return std::get_if<Object>(&value_); }

    /// The member of that name; null if there is none, or this is no object.
    [[nodiscard]] const Value* find(std::string_view name) const noexcept;

    [[nodiscard]] const Variant& variant() const noexcept { return value_; }

    friend bool operator==(const Value& a, const Value& b) = default;

private:
    Variant value_;
};

}  // namespace streamkit::json
