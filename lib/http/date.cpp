#include "streamkit/http/date.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace streamkit::http {
namespace {

namespace chrono = std::chrono;

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_padded(std::string& text, int number, std::size_t digits) {
    const auto plain = std::to_string(number);
    text.append(digits - std::min(digits, plain.size()), '0');
    text += plain;
}

/// Reads a date field by field; sticky like `ByteReader`.
class DateReader {
public:
    explicit DateReader(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] bool complete() const noexcept { return ok_ && text_.empty(); }

    void expect(std::string_view literal) noexcept {
        ok_ = ok_ && text_.starts_with(literal);
        if (ok_) text_.remove_prefix(literal.size());
    }
    int number(std::size_t digits) noexcept {
        int value = 0;
        const auto field = take(digits);
        const auto end = field.data() + field.size();
        const auto parsed = std::from_chars(field.data(), end, value);
        if (field.empty() || parsed.ptr != end || value < 0) ok_ = false;
        return value;
    }
    unsigned month() noexcept {
        const auto name = std::find(kMonths.begin(), kMonths.end(), take(3));
        if (name == kMonths.end()) ok_ = false;
        return static_cast<unsigned>(name - kMonths.begin()) + 1;
    }
    /// "08:49:37"
    chrono::seconds time_of_day() noexcept {
        const auto hour = number(2);
        expect(":");
        const auto minute = number(2);
        expect(":");
        const auto second = number(2);
        if (hour > 23 || minute > 59 || second > 60) ok_ = false;  // 60: a leap second
        return chrono::hours{hour} + chrono::minutes{minute} + chrono::seconds{second};
    }
    std::string_view take(std::size_t n) noexcept {
        if (!ok_ || text_.size() < n) {
            ok_ = false;
            return {};
        }
        const auto field = text_.substr(0, n);
        text_.remove_prefix(n);
        return field;
    }

private:
    std::string_view text_;
    bool ok_ = true;
};

std::optional<WallTime> wall_time(const DateReader& in, int year, unsigned month, int day,
                                  chrono::seconds time_of_day) noexcept {
    const chrono::year_month_day date{chrono::year{year}, chrono::month{month},
                                      chrono::day{static_cast<unsigned>(day)}};
    if (!in.complete() || !date.ok()) return std::nullopt;
    return chrono::sys_days{date} + time_of_day;
}

/// "06 Nov 1994 08:49:37 GMT"
std::optional<WallTime> parse_imf_fixdate(std::string_view text) noexcept {
    DateReader in{text};
    const auto day = in.number(2);
    in.expect(" ");
    const auto month = in.month();
    in.expect(" ");
    const auto year = in.number(4);
    in.expect(" ");
    const auto time_of_day = in.time_of_day();
    in.expect(" GMT");
    return wall_time(in, year, month, day, time_of_day);
}

/// "06-Nov-94 08:49:37 GMT"
std::optional<WallTime> parse_rfc850(std::string_view text) noexcept {
    DateReader in{text};
    const auto day = in.number(2);
    in.expect("-");
    const auto month = in.month();
    in.expect("-");
    const auto year = in.number(2);
    in.expect(" ");
    const auto time_of_day = in.time_of_day();
    in.expect(" GMT");
    return wall_time(in, year < 70 ? 2000 + year : 1900 + year, month, day, time_of_day);
}

/// "Nov  6 08:49:37 1994"
std::optional<WallTime> parse_asctime(std::string_view text) noexcept {
    DateReader in{text};
    const auto month = in.month();
    in.expect(" ");
    const bool one_digit = text.size() > 4 && text[4] == ' ';
    if (one_digit) in.expect(" ");
    const auto day = in.number(one_digit ? 1 : 2);
    in.expect(" ");
    const auto time_of_day = in.time_of_day();
    in.expect(" ");
    const auto year = in.number(4);
    return wall_time(in, year, month, day, time_of_day);
}

}  // namespace

std::string format_date(WallTime time) {
    const auto days = chrono::floor<chrono::days>(time);
    const chrono::year_month_day date{days};
    const chrono::hh_mm_ss clock{chrono::floor<chrono::seconds>(time - days)};

    std::string text;
    text.reserve(29);
    text += kDays[chrono::weekday{days}.c_encoding()];
    text += ", ";
    append_padded(text, static_cast<int>(static_cast<unsigned>(date.day())), 2);
    text += ' ';
    text += kMonths[static_cast<unsigned>(date.month()) - 1];
    text += ' ';
    append_padded(text, static_cast<int>(date.year()), 4);
    text += ' ';
    append_padded(text, static_cast<int>(clock.hours().count()), 2);
    text += ':';
    append_padded(text, static_cast<int>(clock.minutes().count()), 2);
    text += ':';
    append_padded(text, static_cast<int>(clock.seconds().count()), 2);
    text += " GMT";
    return text;
}

std::optional<WallTime> parse_date(std::string_view text) noexcept {
    if (text.size() < 4) return std::nullopt;
    const auto comma = text.find(", ");
    if (comma == std::string_view::npos) {
        return text[3] == ' ' ? parse_asctime(text.substr(4)) : std::nullopt;
    }
    const auto rest = text.substr(comma + 2);
    return comma == 3 ? parse_imf_fixdate(rest) : parse_rfc850(rest);
}

}  // namespace streamkit::http
