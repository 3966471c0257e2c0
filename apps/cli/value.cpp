#include "cli/value.hpp"

#include <array>
#include <cmath>
#include <span>

namespace streamkit::cli {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};

/// A decimal number and one of the units, times its factor; nothing if it does not fit 63 bits.
std::optional<double> parse_with_unit(std::string_view text, std::span<const Unit> units) {
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (result.ec != std::errc{} || std::signbit(number)) return std::nullopt;
    const std::string_view unit{result.ptr, static_cast<std::size_t>(end - result.ptr)};
    for (const auto& [name, factor] : units) {
        if (name != unit) continue;
        const auto value = std::round(number * factor);
        if (!(value < 9.2e18)) return std::nullopt;
        return value;
    }
    return std::nullopt;
}

/// The number with the largest unit that leaves it whole; `units` from small to large.
std::string write_with_unit(std::uint64_t number, std::span<const Unit> units) {
    auto best = Unit{"", 1};
    for (const auto& unit : units) {
        if (number != 0 && number % static_cast<std::uint64_t>(unit.factor) == 0) best = unit;
    }
    return std::to_string(number / static_cast<std::uint64_t>(best.factor)) +
           std::string{best.name};
}

constexpr Unit kDurationUnits[] = {{"ms", 1}, {"s", 1e3}, {"", 1e3}, {"m", 60e3}, {"h", 3600e3}};

constexpr double kKibi = 1024;
constexpr double kMebi = kKibi * kKibi;
constexpr double kGibi = kMebi * kKibi;
constexpr Unit kSizeUnits[] = {{"", 1},        {"K", kKibi},   {"M", kMebi},   {"G", kGibi},
                               {"KiB", kKibi}, {"MiB", kMebi}, {"GiB", kGibi}, {"B", 1}};

constexpr Unit kRateUnits[] = {{"", 1},      {"k", 1e3},      {"M", 1e6},      {"G", 1e9},
                               {"bit/s", 1}, {"kbit/s", 1e3}, {"Mbit/s", 1e6}, {"Gbit/s", 1e9}};

constexpr std::size_t kWrittenUnits = 4;  // the short forms stand first

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const auto value = parse_with_unit(text, kDurationUnits);
    // Kept to a few years, so that it may be added to any clock in nanoseconds.
    if (!value || *value > 1e11) return std::nullopt;
    return std::chrono::milliseconds{static_cast<std::int64_t>(*value)};
}

std::optional<ByteSize> parse_size(std::string_view text) {
    const auto value = parse_with_unit(text, kSizeUnits);
    if (!value) return std::nullopt;
    return ByteSize{static_cast<std::uint64_t>(*value)};
}

std::optional<Bitrate> parse_rate(std::string_view text) {
    const auto value = parse_with_unit(text, kRateUnits);
    if (!value) return std::nullopt;
    return Bitrate{static_cast<std::uint64_t>(*value)};
}

std::optional<bool> parse_switch(std::string_view text) {
    for (const auto* yes : {"true", "yes", "on", "1"}) {
        if (text == yes) return true;
    }
    for (const auto* no : {"false", "no", "off", "0"}) {
        if (text == no) return false;
    }
    return std::nullopt;
}

std::optional<double> Format<double>::read(std::string_view text) {
    double number = 0;
    const auto* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    if (std::signbit(number) || !std::isfinite(number)) return std::nullopt;
    return number;
}

std::string Format<double>::write(double value) {
    std::array<char, 64> text;
    const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
    return {text.data(), result.ptr};
}

std::string Format<std::chrono::milliseconds>::write(std::chrono::milliseconds value) {
    if (value.count() % 1000 == 0) return std::to_string(value.count() / 1000) + "s";
    return std::to_string(value.count()) + "ms";
}

std::string Format<ByteSize>::write(ByteSize value) {
    return write_with_unit(value.bytes, std::span{kSizeUnits}.first(kWrittenUnits));
}

std::string Format<Bitrate>::write(Bitrate value) {
    return write_with_unit(value.bits_per_second, std::span{kRateUnits}.first(kWrittenUnits));
}

}  // namespace streamkit::cli
