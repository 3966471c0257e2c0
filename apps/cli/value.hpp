#pragma once

// How values are written on a command line, in the environment and in a configuration file.

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace streamkit::cli {

/// A number of bytes, written `500`, `64K`, `10M`, `1G` (powers of 1024; `KiB` and so on too).
struct ByteSize {
    std::uint64_t bytes = 0;

    friend bool operator==(const ByteSize&, const ByteSize&) = default;
};

/// Bits per second, written `800000`, `800k`, `2.5M`, `1G` (powers of 1000; `kbit/s` and so on too).
struct Bitrate {
    std::uint64_t bits_per_second = 0;

    friend bool operator==(const Bitrate&, const Bitrate&) = default;
};

/// `2`, `2s`, `0.5`, `200ms`, `3m`, `1h`: seconds where no unit is given. Rounded to a millisecond.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::optional<ByteSize> parse_size(std::string_view text);
[[nodiscard]] std::optional<Bitrate> parse_rate(std::string_view text);
/// `true`, `yes`, `on`, `1` and their opposites.
[[nodiscard]] std::optional<bool> parse_switch(std::string_view text);

/// Reads and writes one type of value. A program may specialise it for a type of its own:
/// - `static std::optional<T> read(std::string_view text)`
/// - `static std::string write(const T& value)`, which `read` takes back
/// - `static std::string expected()`: ends the sentence `"x" is not …`
template <class T>
struct Format;

template <>
struct Format<std::string> {
    static std::optional<std::string> read(std::string_view text) { return std::string{text}; }
    static std::string write(const std::string& value) { return value; }
    static std::string expected() { return "a text"; }
};

template <>
struct Format<bool> {
    static std::optional<bool> read(std::string_view text) { return parse_switch(text); }
    static std::string write(bool value) { return value ? "true" : "false"; }
    static std::string expected() { return "true or false"; }
};

template <std::unsigned_integral T>
struct Format<T> {
    static std::optional<T> read(std::string_view text) {
        T value{};
        const auto* end = text.data() + text.size();
        const auto result = std::from_chars(text.data(), end, value);
        if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
        return value;
    }
    static std::string write(T value) { return std::to_string(value); }
    static std::string expected() {
        return "a whole number from 0 to " + std::to_string(std::numeric_limits<T>::max());
    }
};

/// A decimal number that is neither negative nor infinite.
template <>
struct Format<double> {
    static std::optional<double> read(std::string_view text);
    static std::string write(double value);
    static std::string expected() { return "a number"; }
};

template <>
struct Format<std::chrono::milliseconds> {
    static std::optional<std::chrono::milliseconds> read(std::string_view text) {
        return parse_duration(text);
    }
    static std::string write(std::chrono::milliseconds value);
    static std::string expected() { return "a duration such as 2, 1.5s or 200ms"; }
};

template <>
struct Format<ByteSize> {
    static std::optional<ByteSize> read(std::string_view text) { return parse_size(text); }
    static std::string write(ByteSize value);
    static std::string expected() { return "a size such as 500, 64K or 10M"; }
};

template <>
struct Format<Bitrate> {
    static std::optional<Bitrate> read(std::string_view text) { return parse_rate(text); }
    static std::string write(Bitrate value);
    static std::string expected() { return "a rate such as 800k or 2.5M"; }
};

/// Nothing until a value is given.
template <class T>
struct Format<std::optional<T>> {
    static std::optional<std::optional<T>> read(std::string_view text) {
        if (auto value = Format<T>::read(text)) return std::optional<T>{std::move(*value)};
        return std::nullopt;
    }
    static std::string write(const std::optional<T>& value) {
        return value ? Format<T>::write(*value) : std::string{};
    }
    static std::string expected() { return Format<T>::expected(); }
};

}  // namespace streamkit::cli
