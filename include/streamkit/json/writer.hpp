#pragma once

// Writes JSON text.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/json/value.hpp"

namespace streamkit::json {

/// Writes one compact document, token by token. A call out of place (a value without its name, an
/// end without its beginning) is a mistake of the program and met by an assertion.
///
///     JsonWriter out;
///     out.begin_object().member("status", "ok").key("ids").begin_array().value(7).end_array();
///     out.end_object();
///     send(out.take());  // {"status":"ok","ids":[7]}
class JsonWriter {
public:
    JsonWriter& begin_object();
    JsonWriter& end_object();
    JsonWriter& begin_array();
    JsonWriter& end_array();
    /// The name of the member whose value is written next.
    JsonWriter& key(std::string_view name);

    /// Bytes that are not UTF-8 become U+FFFD.
    JsonWriter& value(std::string_view text);
    JsonWriter& value(const char* text) { return value(std::string_view{text}); }
    JsonWriter& value(const std::string& text) { return value(std::string_view{text}); }
    JsonWriter& value(bool flag);
    /// The shortest digits that read back as the same number; null for infinities and NaN.
    JsonWriter& value(double number);
    template <std::signed_integral I>
    JsonWriter& value(I number) {
        return signed_number(number);
    }
    template <std::unsigned_integral U>
    JsonWriter& value(U number) {
        return unsigned_number(number);
    }
    JsonWriter& value(const Value& tree);
    JsonWriter& null();
    /// Text that is JSON already, such as a document of another writer.
    JsonWriter& raw(std::string_view json);

    /// A name and its value.
    template <class T>
    JsonWriter& member(std::string_view name, const T& v) {
        return key(name).value(v);
    }

    /// The document, which must be complete; the writer is empty afterwards.
    [[nodiscard]] std::string take();

private:
    enum class Scope : std::uint8_t { object, member, array };

    JsonWriter& signed_number(std::int64_t number);
    JsonWriter& unsigned_number(std::uint64_t number);
    void before_value();
    void open(char bracket, Scope scope);
    void close(char bracket, Scope scope);
    void quoted(std::string_view text);

    std::string text_;
    std::vector<Scope> scopes_;
    bool comma_ = false;  ///< something stands before the next value or name of this scope
};

}  // namespace streamkit::json
