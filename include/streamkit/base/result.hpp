#pragma once

// `Result<T>`: a value or an `Error`, with the member names of `std::expected`.

#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>

#include "streamkit/base/assert.hpp"
#include "streamkit/base/error.hpp"

namespace streamkit {

/// What `Result::value()` throws when there is no value.
class BadResultAccess final : public std::runtime_error {
public:
    explicit BadResultAccess(const Error& error)
        : std::runtime_error(error.message()), error_(error) {}
    [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
    Error error_;
};

/// A `T`, or the reason why there is none.
template <class T>
class [[nodiscard]] Result {
public:
    using value_type = T;
    using error_type = Error;

    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) noexcept : state_(std::in_place_index<1>, error) {}
    template <class U>
    requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>) Result(U&& value)
        : state_(std::in_place_index<0>, std::forward<U>(value)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    /// @throws BadResultAccess if there is an error instead
    [[nodiscard]] T& value() & { return require(), *std::get_if<0>(&state_); }
    [[nodiscard]] const T& value() const& { return require(), *std::get_if<0>(&state_); }
    /// By value, so that `for (auto& x : f().value())` does not walk over what is gone.
    [[nodiscard]] T value() && { return require(), std::move(*std::get_if<0>(&state_)); }

    /// The value; there must be one.
    [[nodiscard]] T& operator*() & noexcept { return *checked(); }
    [[nodiscard]] const T& operator*() const& noexcept { return *checked(); }
    [[nodiscard]] T operator*() && noexcept { return std::move(*checked()); }
    [[nodiscard]] T* operator->() noexcept { return checked(); }
    [[nodiscard]] const T* operator->() const noexcept { return checked(); }

    /// The error; there must be one.
    [[nodiscard]] const Error& error() const noexcept {
        STREAMKIT_ASSERT(!has_value());
        return *std::get_if<1>(&state_);
    }

    template <class U>
    [[nodiscard]] T value_or(U&& fallback) const& {
        return has_value() ? **this : static_cast<T>(std::forward<U>(fallback));
    }

private:
    void require() const {
        if (!has_value()) throw BadResultAccess(error());
    }
    T* checked() noexcept {
        STREAMKIT_ASSERT(has_value());
        return std::get_if<0>(&state_);
    }
    const T* checked() const noexcept {
        STREAMKIT_ASSERT(has_value());
        return std::get_if<0>(&state_);
    }

    std::variant<T, Error> state_;
};

/// Success, or the reason for the failure.
template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;
    using error_type = Error;

    Result() noexcept = default;
    Result(Error error) noexcept : error_(error) {}

    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    [[nodiscard]] explicit operator bool() const noexcept { return has_value(); }

    /// @throws BadResultAccess if there is an error
    void value() const {
        if (error_) throw BadResultAccess(*error_);
    }

    /// The error; there must be one.
    [[nodiscard]] const Error& error() const noexcept {
        STREAMKIT_ASSERT(error_.has_value());
        return *error_;
    }

private:
    std::optional<Error> error_;
};

}  // namespace streamkit

/// Returns the error of `expression` (a `Result`) from the enclosing function, if it has one.
#define STREAMKIT_TRY(expression)                                        \
    do {                                                                 \
        if (auto streamkit_result_ = (expression); !streamkit_result_) { \
            return streamkit_result_.error();                            \
        }                                                                \
    } while (false)
