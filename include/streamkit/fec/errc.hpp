#pragma once

// Error codes of the module `fec`.

#include <system_error>

namespace streamkit::fec {

enum class Errc {
    symbol_count = 1,  ///< a number of symbols, or an index, that is out of range
    symbol_length,     ///< symbols of different lengths
    too_few_symbols,   ///< fewer symbols than the code needs
};

[[nodiscard]] const std::error_category& fec_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), fec_category()};
}

}  // namespace streamkit::fec

template <>
struct std::is_error_code_enum<streamkit::fec::Errc> : std::true_type {};
