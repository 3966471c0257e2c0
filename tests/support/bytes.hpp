#pragma once

// Bytes as tests write them, and the cuts that every parser must survive.

#include <functional>
#include <initializer_list>
#include <stdexcept>
#include <string_view>

#include "streamkit/base/bytes.hpp"

namespace streamkit::test {

/// "17 01 00002a" -> {0x17, 0x01, 0x00, 0x00, 0x2a}; white space is free, digits come in pairs.
inline Bytes hex(std::string_view text) {
    Bytes out;
    int high = -1;
    for (const char c : text) {
        if (c == ' ' || c == '\n' || c == '\t') continue;
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : throw std::invalid_argument{"hex: not a digit"};
        if (high < 0) {
            high = digit;
        } else {
            out.push_back(static_cast<std::uint8_t>(high * 16 + digit));
            high = -1;
        }
    }
    if (high >= 0) throw std::invalid_argument{"hex: odd number of digits"};
    return out;
}

/// The bytes of a text.
inline Bytes text(std::string_view text) { return {text.begin(), text.end()}; }

/// One after the other.
inline Bytes concat(std::initializer_list<BytesView> parts) {
    Bytes out;
    for (const auto part : parts)
        out.insert(out.end(), part.begin(), part.end());
    return out;
}

/// Calls `check(first, second)` for each place where the input can be cut in two, both ends included.
inline void every_split(BytesView input, const std::function<void(BytesView, BytesView)>& check) {
    for (std::size_t at = 0; at <= input.size(); ++at)
        check(input.first(at), input.subspan(at));
}

/// Calls `check(prefix)` for each prefix that is shorter than the input. The prefix is a copy of
/// its own, so that a sanitizer sees a read past its end.
inline void every_truncation(BytesView input, const std::function<void(BytesView)>& check) {
    for (std::size_t size = 0; size < input.size(); ++size) {
        const Bytes prefix{input.begin(), input.begin() + static_cast<std::ptrdiff_t>(size)};
        check(prefix);
    }
}

/// Calls `feed(piece)` with the input in pieces of `size` bytes.
inline void in_pieces(BytesView input, std::size_t size,
                      const std::function<void(BytesView)>& feed) {
    while (!input.empty()) {
        const auto n = size < input.size() ? size : input.size();
        feed(input.first(n));
        input = input.subspan(n);
    }
}

}  // namespace streamkit::test
