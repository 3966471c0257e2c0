#pragma once

// What an owner holds for as long as its callback is to be called.

#include <functional>
#include <utility>

namespace streamkit {

/// Takes back what was registered when it goes, or is assigned to.
class Registration {
public:
    Registration() noexcept = default;
    /// @param remove  called once, at the end
    explicit Registration(std::function<void()> remove) : remove_(std::move(remove)) {}
    Registration(Registration&& other) noexcept : remove_(std::exchange(other.remove_, {})) {}
    Registration& operator=(Registration&& other) noexcept {
        Registration old{std::move(*this)};
        remove_ = std::exchange(other.remove_, {});
        return *this;
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration() {
        if (remove_) remove_();
    }

private:
    std::function<void()> remove_;
};

}  // namespace streamkit
