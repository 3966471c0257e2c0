#pragma once

// The values of Action Message Format, one tree for AMF0 and AMF3.

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "streamkit/base/bytes.hpp"

namespace streamkit::amf {

class Value;
struct Property;

struct Undefined {
    friend bool operator==(const Undefined&, const Undefined&) = default;
};
struct Null {
    friend bool operator==(const Null&, const Null&) = default;
};
/// What the sender could not serialize. @see AMF0, 2.15
struct Unsupported {
    friend bool operator==(const Unsupported&, const Unsupported&) = default;
};
/// Milliseconds since 1970 in UTC. @see AMF0, 2.13
struct Date {
    double milliseconds = 0;
    std::int16_t time_zone = 0;  ///< reserved; "should be set to 0x0000"

    friend bool operator==(const Date&, const Date&) = default;
};
/// @see AMF0, 2.17
struct Xml {
    std::string text;

    friend bool operator==(const Xml&, const Xml&) = default;
};
/// AMF3 only. @see AMF3, 3.14
struct ByteArray {
    Bytes bytes;

    friend bool operator==(const ByteArray&, const ByteArray&) = default;
};
/// Properties in the order of the wire; names need not be unique.
/// @see AMF0, 2.5 (anonymous) and 2.18 (typed)
struct Object {
    std::vector<Property> properties;
    std::string class_name;  ///< empty: anonymous

    Object();
    Object(std::vector<Property> p, std::string c = {});
    friend bool operator==(const Object&, const Object&);
};
/// An array whose keys are names. @see AMF0, 2.10
struct EcmaArray {
    std::vector<Property> properties;

    EcmaArray();
    explicit EcmaArray(std::vector<Property> p);
    friend bool operator==(const EcmaArray&, const EcmaArray&);
};
/// An array whose keys are 0, 1, 2 …. @see AMF0, 2.12
struct StrictArray {
    std::vector<Value> values;

    StrictArray();
    explicit StrictArray(std::vector<Value> v);
    friend bool operator==(const StrictArray&, const StrictArray&);
};

/// One value with everything in it. Strings are UTF-8 by specification, but are not checked here.
class Value {
public:
    using Variant = std::variant<Undefined, Null, Unsupported, double, bool, std::string, Object,
                                 EcmaArray, StrictArray, Date, Xml, ByteArray>;

    Value() = default;  ///< undefined
    Value(bool v);
    template <class N>
    requires((std::integral<N> && !std::same_as<N, bool>) || std::floating_point<N>) Value(N v);
    Value(std::string v);
    Value(std::string_view v);
    Value(const char* v);
    Value(Undefined v);
    Value(Null v);
    Value(Unsupported v);
    Value(Date v);
    Value(Xml v);
    Value(ByteArray v);
    Value(Object v);
    Value(EcmaArray v);
    Value(StrictArray v);

    [[nodiscard]] const Variant& variant() const noexcept { return variant_; }
    template <class T>
    [[nodiscard]] bool is() const noexcept {
        return std::holds_alternative<T>(variant_);
    }
    /// The alternative `T`, or null if the value is something else.
    template <class T>
    [[nodiscard]] const T* get_if() const noexcept {
        return std::get_if<T>(&variant_);
    }

    [[nodiscard]] std::optional<double> as_number() const noexcept;
    [[nodiscard]] std::optional<bool> as_bool() const noexcept;
    /// Lives as long as the value.
    [[nodiscard]] std::optional<std::string_view> as_string() const noexcept;
    /// The properties of an object or an ECMA array; none for anything else.
    [[nodiscard]] const std::vector<Property>& properties() const noexcept;
    /// The first property of that name in an object or an ECMA array, or null.
    [[nodiscard]] const Value* find(std::string_view name) const noexcept;

    friend bool operator==(const Value&, const Value&);

private:
    Variant variant_;
};

/// One name with its value.
struct Property {
    std::string name;
    Value value;

    friend bool operator==(const Property&, const Property&) = default;
};

inline Value::Value(bool v) : variant_(v) {}
template <class N>
requires((std::integral<N> && !std::same_as<N, bool>) || std::floating_point<N>) Value::Value(N v)
    : variant_(static_cast<double>(v)) {}
inline Value::Value(std::string v) : variant_(std::move(v)) {}
inline Value::Value(std::string_view v) : variant_(std::string{v}) {}
inline Value::Value(const char* v) : variant_(std::string{v}) {}
inline Value::Value(Undefined v) : variant_(v) {}
inline Value::Value(Null v) : variant_(v) {}
inline Value::Value(Unsupported v) : variant_(v) {}
inline Value::Value(Date v) : variant_(v) {}
inline Value::Value(Xml v) : variant_(std::move(v)) {}
inline Value::Value(ByteArray v) : variant_(std::move(v)) {}

}  // namespace streamkit::amf
