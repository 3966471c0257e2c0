#include "streamkit/fec/errc.hpp"

#include <array>

#include "streamkit/base/error.hpp"

namespace streamkit::fec {
namespace {

constexpr int code(Errc errc) { return static_cast<int>(errc); }

constexpr std::array kErrors{
    ErrorEntry{code(Errc::symbol_count), Failure::limit_exceeded,
               "the number of symbols, or the index of one, is out of range"},
    ErrorEntry{code(Errc::symbol_length), Failure::malformed, "the symbols differ in length"},
    ErrorEntry{code(Errc::too_few_symbols), Failure::protocol_violation,
               "there are fewer symbols than the code needs"},
};

}  // namespace

const std::error_category& fec_category() noexcept {
    static const TableCategory category{"streamkit.fec", kErrors};
    return category;
}

}  // namespace streamkit::fec
