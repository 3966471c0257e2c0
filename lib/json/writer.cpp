#include "streamkit/json/writer.hpp"

#include <charconv>
#include <cmath>
#include <utility>

#include "streamkit/base/assert.hpp"
#include "streamkit/base/overloaded.hpp"
#include "streamkit/base/utf8.hpp"

namespace streamkit::json {
namespace {

constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

template <class Number>
void append_number(std::string& text, Number number) {
    char digits[32];  // the longest double has 24 characters
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    text.append(digits, end);
}

/// A large number with an exponent, so that no reader takes it for an integer beyond 64 bits.
void append_double(std::string& text, double number) {
    if (std::abs(number) < 1e15) return append_number(text, number);
    char digits[32];
    constexpr auto kFormat = std::chars_format::scientific;
    const auto end = std::to_chars(digits, digits + sizeof digits, number, kFormat).ptr;
    text.append(digits, end);
}

/// RFC 8259, section 7: quotation mark, reverse solidus and U+0000 to U+001F must be escaped.
void append_escaped(std::string& text, char c) {
    constexpr char kHex[] = "0123456789abcdef";
    switch (c) {
        case '"':
            text += "\\\"";
            return;
        case '\\':
            text += "\\\\";
            return;
        case '\n':
            text += "\\n";
            return;
        case '\r':
            text += "\\r";
            return;
        case '\t':
            text += "\\t";
            return;
        default:
            break;
    }
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x20) {
        text += c;
        return;
    }
    text += "\\u00";
    text += kHex[code >> 4];
    text += kHex[code & 0xf];
}

}  // namespace

JsonWriter& JsonWriter::begin_object() {
    open('{', Scope::object);
    return *this;
}

JsonWriter& JsonWriter::end_object() {
    close('}', Scope::object);
    return *this;
}

JsonWriter& JsonWriter::begin_array() {
    open('[', Scope::array);
    return *this;
}

JsonWriter& JsonWriter::end_array() {
    close(']', Scope::array);
    return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
    STREAMKIT_ASSERT(!scopes_.empty() && scopes_.back() == Scope::object);
    if (comma_) text_ += ',';
    quoted(name);
    text_ += ':';
    scopes_.push_back(Scope::member);
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    before_value();
    quoted(text);
    return *this;
}

JsonWriter& JsonWriter::value(bool flag) { return raw(flag ? "true" : "false"); }

JsonWriter& JsonWriter::value(double number) {
    if (!std::isfinite(number)) return null();
    before_value();
    append_double(text_, number);
    return *this;
}

JsonWriter& JsonWriter::value(const Value& tree) {
    std::visit(overloaded{
                   [this](std::monostate) { null(); },
                   [this](const Array& array) {
                       begin_array();
                       for (const auto& item : array)
                           value(item);
                       end_array();
                   },
                   [this](const Object& object) {
                       begin_object();
                       for (const auto& [name, item] : object)
                           member(name, item);
                       end_object();
                   },
                   [this](const auto& scalar) { value(scalar); },
               },
               tree.variant());
    return *this;
}

JsonWriter& JsonWriter::null() { return raw("null"); }

JsonWriter& JsonWriter::raw(std::string_view json) {
    before_value();
    text_ += json;
    return *this;
}

std::string JsonWriter::take() {
    STREAMKIT_ASSERT(scopes_.empty());
    comma_ = false;
    return std::exchange(text_, {});
}

JsonWriter& JsonWriter::signed_number(std::int64_t number) {
    before_value();
    append_number(text_, number);
    return *this;
}

JsonWriter& JsonWriter::unsigned_number(std::uint64_t number) {
    before_value();
    append_number(text_, number);
    return *this;
}

void JsonWriter::before_value() {
    if (scopes_.empty()) {
        STREAMKIT_ASSERT(text_.empty());  // one value makes a document
        return;
    }
    STREAMKIT_ASSERT(scopes_.back() != Scope::object);  // a member has a name
    if (scopes_.back() == Scope::member) scopes_.pop_back();
    if (comma_) text_ += ',';
    comma_ = true;
}

void JsonWriter::open(char bracket, Scope scope) {
    before_value();
    text_ += bracket;
    scopes_.push_back(scope);
    comma_ = false;
}

void JsonWriter::close(char bracket, [[maybe_unused]] Scope scope) {
    STREAMKIT_ASSERT(!scopes_.empty() && scopes_.back() == scope);
    text_ += bracket;
    scopes_.pop_back();
    comma_ = true;
}

void JsonWriter::quoted(std::string_view text) {
    text_ += '"';
    while (!text.empty()) {
        const auto valid = valid_utf8_prefix(text);
        for (const char c : text.substr(0, valid))
            append_escaped(text_, c);
        text.remove_prefix(valid);
        if (text.empty()) break;
        text_ += kReplacementCharacter;
        text.remove_prefix(1);
    }
    text_ += '"';
}

}  // namespace streamkit::json
