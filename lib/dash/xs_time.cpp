#include "streamkit/dash/xs_time.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>

#include "streamkit/dash/errc.hpp"

namespace streamkit::dash {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads a text from its front; sticky like `ByteReader`.
class Cursor {
public:
    explicit Cursor(std::string_view text) : text_(text) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] bool at_end() const { return text_.empty(); }
    [[nodiscard]] bool next_is(char c) const { return ok_ && text_.starts_with(c); }
    bool skip_if(char c) {
        if (!next_is(c)) return false;
        text_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!skip_if(c)) ok_ = false;
    }
    /// A number of exactly `digits` digits.
    int number(std::size_t digits) {
        int value = 0;
        for (; digits > 0; --digits) {
            if (!ok_ || text_.empty() || !is_digit(text_.front())) {
                ok_ = false;
                return 0;
            }
            value = value * 10 + (text_.front() - '0');
            text_.remove_prefix(1);
        }
        return value;
    }
    /// One or more digits, as a number below 2^63.
    std::int64_t number() {
        std::int64_t value = 0;
        if (!ok_ || text_.empty() || !is_digit(text_.front())) {
            ok_ = false;
            return 0;
        }
        const auto [end, errc] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
        if (errc != std::errc{}) ok_ = false;
        text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
        return value;
    }
    /// The digits behind a decimal point, in units of 10^-`places`; further ones are dropped.
    std::int64_t fraction(int places) {
        std::int64_t value = 0;
        if (text_.empty() || !is_digit(text_.front())) ok_ = false;
        for (; !text_.empty() && is_digit(text_.front()); text_.remove_prefix(1)) {
            if (places == 0) continue;
            value = value * 10 + (text_.front() - '0');
            --places;
        }
        for (; places > 0; --places)
            value *= 10;
        return value;
    }

private:
    std::string_view text_;
    bool ok_ = true;
};

}  // namespace

std::string format_date_time(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    char text[40];
    const int size = std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return {text, static_cast<std::size_t>(size)};
}

std::optional<WallTime> parse_date_time(std::string_view text) {
    Cursor in{text};
    const auto year = in.number(4);
    in.expect('-');
    const auto month = in.number(2);
    in.expect('-');
    const auto day = in.number(2);
    in.expect('T');
    const auto hours = in.number(2);
    in.expect(':');
    const auto minutes = in.number(2);
    in.expect(':');
    const auto seconds = in.number(2);
    const auto milliseconds = in.skip_if('.') ? in.fraction(3) : 0;

    auto zone = 0min;
    if (in.next_is('+') || in.next_is('-')) {
        const int sign = in.skip_if('-') ? -1 : (in.expect('+'), 1);
        const auto zone_hours = in.number(2);
        in.expect(':');
        const auto zone_minutes = in.number(2);
        if (zone_hours > 14 || zone_minutes > 59) return std::nullopt;
        zone = sign * (zone_hours * 60min + zone_minutes * 1min);
    } else {
        in.skip_if('Z');
    }

    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    const bool end_of_day = hours == 24 && minutes == 0 && seconds == 0 && milliseconds == 0;
    if (!in.ok() || !in.at_end() || !date.ok() || minutes > 59 || seconds > 59 ||
        (hours > 23 && !end_of_day)) {
        return std::nullopt;
    }
    return WallTime{std::chrono::sys_days{date}} + hours * 1h + minutes * 1min + seconds * 1s +
           milliseconds * 1ms - zone;
}

std::string format_duration(microseconds duration) {
    const auto count = std::max<std::int64_t>(duration.count(), 0);
    auto text = "PT" + std::to_string(count / 1'000'000);
    if (const auto fraction = count % 1'000'000; fraction != 0) {
        auto digits = std::to_string(1'000'000 + fraction);  // the leading 1 keeps the zeros
        digits.front() = '.';
        digits.erase(digits.find_last_not_of('0') + 1);
        text += digits;
    }
    return text + "S";
}

Result<microseconds> parse_duration(std::string_view text) {
    // So that no sum of the parts below leaves 63 bits.
    constexpr std::int64_t kMaxSeconds = 9'000'000'000;
    const Error malformed{Errc::malformed_attribute, "xs:duration"};
    Cursor in{text};
    in.expect('P');
    if (!in.ok() || in.at_end()) return malformed;

    const auto total = [](std::int64_t seconds, std::int64_t count, std::int64_t unit) {
        if (seconds < 0 || count > kMaxSeconds / unit) return std::int64_t{-1};
        return seconds + count * unit;
    };
    std::int64_t seconds = 0;
    std::int64_t fraction = 0;
    while (in.ok() && !in.at_end() && !in.next_is('T')) {
        const auto count = in.number();
        if (in.next_is('Y') || in.next_is('M')) {
            return Error{Errc::unsupported_duration, "xs:duration"};
        }
        in.expect('D');
        seconds = total(seconds, count, 86'400);
        if (!in.at_end() && !in.next_is('T')) return malformed;
    }
    if (in.skip_if('T')) {
        if (in.at_end()) return malformed;
        std::string_view units = "HMS";
        while (in.ok() && !in.at_end()) {
            const auto count = in.number();
            const bool has_fraction = in.skip_if('.');
            if (has_fraction) fraction = in.fraction(6);
            // Each unit at most once, in this order; only the seconds have a fraction.
            while (!units.empty() && !in.next_is(units.front()))
                units.remove_prefix(1);
            if (units.empty() || (has_fraction && units != "S")) return malformed;
            in.expect(units.front());
            seconds = total(seconds, count, units == "HMS" ? 3600 : units == "MS" ? 60 : 1);
            units.remove_prefix(1);
        }
    }
    if (!in.ok() || seconds < 0 || seconds > kMaxSeconds) return malformed;
    return microseconds{seconds * 1'000'000 + fraction};
}

}  // namespace streamkit::dash
