#pragma once

namespace streamkit {

/// Builds one visitor for `std::visit` out of several lambdas.
template <class... Fs>
struct overloaded : Fs... {
    using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

}  // namespace streamkit
