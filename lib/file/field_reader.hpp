#pragma once

// Reads the fields of one message: sticky, and it remembers the first thing that was wrong.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/varint.hpp"
#include "streamkit/file/errc.hpp"
#include "streamkit/file/hash_tree.hpp"

namespace streamkit::file {

/// After the first error every read gives 0 or nothing.
class FieldReader {
public:
    /// @param fields  must outlive the reader and what it gives out
    /// @param offset  of the fields in their message, for errors
    FieldReader(BytesView fields, std::size_t offset) noexcept : in_(fields), base_(offset) {}

    [[nodiscard]] bool ok() const noexcept { return !error_ && in_.ok(); }

    /// A varint up to `most`.
    std::uint64_t number(std::uint64_t most, const char* what) noexcept {
        const auto value = ok() ? read_varint(in_) : 0;
        if (value <= most) return value;
        fail(Errc::value_out_of_range, what);
        return 0;
    }
    /// How many items follow.
    std::size_t count(std::size_t most, const char* what) noexcept {
        const auto value = ok() ? read_varint(in_) : 0;
        if (value <= most) return static_cast<std::size_t>(value);
        fail(Errc::too_many_items, what);
        return 0;
    }
    /// One byte up to `most`.
    std::uint8_t enumerator(std::uint8_t most, const char* what) noexcept {
        const auto value = ok() ? in_.u8() : std::uint8_t{0};
        if (value <= most) return value;
        fail(Errc::value_out_of_range, what);
        return 0;
    }
    std::uint64_t u64() noexcept { return ok() ? in_.u64() : 0; }
    Hash hash() noexcept {
        Hash out{};
        if (!ok()) return out;
        const auto bytes = in_.bytes(out.size());
        std::copy(bytes.begin(), bytes.end(), out.begin());
        return out;
    }
    /// A length and so many bytes.
    BytesView sized(std::size_t most, const char* what) noexcept {
        const auto length = number(most, what);
        return ok() ? in_.bytes(static_cast<std::size_t>(length)) : BytesView{};
    }

    /// Takes over what a check of a field said. A field that could not be read is not looked at.
    void require(const Result<void>& check) noexcept {
        if (!check) fail(check.error());
    }
    void fail(Errc errc, const char* what) noexcept {
        if (ok()) error_ = Error{errc, what, base_ + in_.offset()};
    }
    void fail(const Error& error) noexcept {
        if (ok()) error_ = Error{error.code, error.what, base_ + in_.offset()};
    }
    /// What was wrong, bytes that are left included.
    [[nodiscard]] Result<void> finish() const noexcept {
        if (error_) return *error_;
        if (!in_.ok()) return Error{Errc::truncated, "fields", base_ + in_.offset()};
        if (!in_.at_end()) return Error{Errc::trailing_bytes, "fields", base_ + in_.offset()};
        return {};
    }

private:
    ByteReader in_;
    std::size_t base_;
    std::optional<Error> error_{};
};

}  // namespace streamkit::file
