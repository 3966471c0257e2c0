#pragma once

// What went wrong, where, and which kind of failure it is.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace streamkit {

/// The kinds of failure that every module's error codes map to, for callers who only need the kind.
enum class Failure {
    malformed = 1,       ///< the bytes do not follow the specification
    unsupported,         ///< well-formed, but a feature that is not implemented
    limit_exceeded,      ///< a configured limit was met
    protocol_violation,  ///< valid bytes at a moment where the protocol does not allow them
    closed,              ///< the other side, or the owner, has ended it
    timed_out,           ///< nothing came in the time that was allowed
};

}  // namespace streamkit

template <>
struct std::is_error_condition_enum<streamkit::Failure> : std::true_type {};

namespace streamkit {

/// Lets `error.code == Failure::malformed` compile.
[[nodiscard]] std::error_condition make_error_condition(Failure failure) noexcept;

/// One line of a module's table of error codes.
struct ErrorEntry {
    int value;            ///< numeric value of the module's `Errc`
    Failure failure;      ///< the shared condition it maps to
    const char* message;  ///< one sentence without a full stop, a literal
};

/// An error category that is a table; each module has one for its `Errc`.
class TableCategory final : public std::error_category {
public:
    /// @param name     category name such as "streamkit.amf"; a literal
    /// @param entries  one entry per code; must outlive the category (a constant)
    constexpr TableCategory(const char* name, std::span<const ErrorEntry> entries) noexcept
        : name_(name), entries_(entries) {}

    [[nodiscard]] const char* name() const noexcept override { return name_; }
    [[nodiscard]] std::string message(int value) const override;
    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override;

private:
    [[nodiscard]] const ErrorEntry* find(int value) const noexcept;

    const char* name_;
    std::span<const ErrorEntry> entries_;
};

/// A code, the field or operation it is about, and the byte offset: enough to find the spot in a
/// packet dump. Trivially copyable.
struct Error {
    std::error_code code;
    const char* what = "";     ///< names the field or operation; a string literal
    std::uint64_t offset = 0;  ///< bytes from the start of the unit that was read, 0 if none

    Error() = default;
    Error(std::error_code error_code, const char* where, std::uint64_t at = 0) noexcept
        : code(error_code), what(where), offset(at) {}
    template <class E>
    requires std::is_error_code_enum_v<E> Error(E error, const char* where, std::uint64_t at = 0)
    noexcept : Error(make_error_code(error), where, at) {}

    /// "DataSize: tag is longer than the limit (at byte 4)".
    [[nodiscard]] std::string message() const;

    friend bool operator==(const Error& a, const Error& b) noexcept {
        return a.code == b.code && a.offset == b.offset && std::string_view{a.what} == b.what;
    }
};

static_assert(std::is_trivially_copyable_v<Error>);

}  // namespace streamkit
