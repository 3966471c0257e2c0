#include "streamkit/base/error.hpp"

#include <array>

#include "streamkit/base/errc.hpp"

namespace streamkit {
namespace {

class FailureCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "streamkit.failure"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<Failure>(value)) {
            case Failure::malformed:
                return "malformed input";
            case Failure::unsupported:
                return "unsupported feature";
            case Failure::limit_exceeded:
                return "limit exceeded";
            case Failure::protocol_violation:
                return "protocol violation";
            case Failure::closed:
                return "closed";
            case Failure::timed_out:
                return "timed out";
        }
        return "unknown failure";
    }
};

const FailureCategory& failure_category() noexcept {
    static const FailureCategory category;
    return category;
}

constexpr int code(BaseErrc errc) { return static_cast<int>(errc); }

constexpr std::array kBaseErrors{
    ErrorEntry{code(BaseErrc::malformed_uri), Failure::malformed, "not a valid URI"},
    ErrorEntry{code(BaseErrc::malformed_percent), Failure::malformed,
               "'%' is not followed by two hexadecimal digits"},
    ErrorEntry{code(BaseErrc::port_out_of_range), Failure::malformed, "port is not 0 to 65535"},
};

}  // namespace

std::error_condition make_error_condition(Failure failure) noexcept {
    return {static_cast<int>(failure), failure_category()};
}

const ErrorEntry* TableCategory::find(int value) const noexcept {
    for (const auto& entry : entries_) {
        if (entry.value == value) return &entry;
    }
    return nullptr;
}

std::string TableCategory::message(int value) const {
    const auto* entry = find(value);
    return entry != nullptr ? entry->message : "unknown error";
}

std::error_condition TableCategory::default_error_condition(int value) const noexcept {
    const auto* entry = find(value);
    if (entry == nullptr) return {value, *this};
    return make_error_condition(entry->failure);
}

std::string Error::message() const {
    std::string text = what;
    if (!text.empty()) text += ": ";
    text += code.message();
    if (offset != 0) text += " (at byte " + std::to_string(offset) + ")";
    return text;
}

const std::error_category& base_category() noexcept {
    static const TableCategory category{"streamkit.base", kBaseErrors};
    return category;
}

}  // namespace streamkit
