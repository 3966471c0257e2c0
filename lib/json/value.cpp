#include "streamkit/json/value.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "streamkit/base/overloaded.hpp"

namespace streamkit::json {
namespace {

/// A whole number of a double that the integer type holds.
template <class I>
std::optional<I> whole(double number) noexcept {
    // Both bounds are powers of two (or 0) and therefore exact.
    constexpr double kLow = static_cast<double>(std::numeric_limits<I>::min());
    constexpr double kEnd = static_cast<double>(std::numeric_limits<I>::max() / 2 + 1) * 2;
    if (!(number >= kLow && number < kEnd) || std::trunc(number) != number) return std::nullopt;
    return static_cast<I>(number);
}

template <class I>
std::optional<I> as_integer(const Value::Variant& value) noexcept {
    return std::visit(overloaded{
                          [](std::int64_t n) -> std::optional<I> {
                              if (!std::in_range<I>(n)) return std::nullopt;
                              return static_cast<I>(n);
                          },
                          [](std::uint64_t n) -> std::optional<I> {
                              if (!std::in_range<I>(n)) return std::nullopt;
                              return static_cast<I>(n);
                          },
                          [](double n) { return whole<I>(n); },
                          [](const auto&) -> std::optional<I> { return std::nullopt; },
                      },
                      value);
}

}  // namespace

std::optional<bool> Value::as_bool() const noexcept {
    const auto* flag = std::get_if<bool>(&value_);
    return flag != nullptr ? std::optional{*flag} : std::nullopt;
}

std::optional<double> Value::as_number() const noexcept {
    return std::visit(overloaded{
                          [](std::int64_t n) { return std::optional{static_cast<double>(n)}; },
                          [](std::uint64_t n) { return std::optional{static_cast<double>(n)}; },
                          [](double n) { return std::optional{n}; },
                          [](const auto&) -> std::optional<double> { return std::nullopt; },
                      },
                      value_);
}

std::optional<std::int64_t> Value::as_int64() const noexcept {
    return as_integer<std::int64_t>(value_);
}

std::optional<std::uint64_t> Value::as_uint64() const noexcept {
    return as_integer<std::uint64_t>(value_);
}

const Value* Value::find(std::string_view name) const noexcept {
    const auto* object = as_object();
    if (object == nullptr) return nullptr;
    for (const auto& [member, value] : *object) {
        if (member == name) return &value;
    }
    return nullptr;
}

}  // namespace streamkit::json
