#include "streamkit/noise/errc.hpp"

#include <array>

#include "streamkit/base/error.hpp"

namespace streamkit::noise {
namespace {

constexpr int code(Errc errc) { return static_cast<int>(errc); }

constexpr std::array kErrors{
    ErrorEntry{code(Errc::missing_key), Failure::protocol_violation,
               "the pattern needs a key that was not given"},
    ErrorEntry{code(Errc::out_of_turn), Failure::protocol_violation,
               "it is the other side that writes this message"},
    ErrorEntry{code(Errc::truncated_message), Failure::malformed,
               "the message ends before its keys do"},
    ErrorEntry{code(Errc::message_too_long), Failure::limit_exceeded,
               "the message is longer than 65535 bytes"},
    ErrorEntry{code(Errc::wrong_key), Failure::malformed,
               "the two sides have different secrets, or the message was changed"},
};

}  // namespace

const std::error_category& noise_category() noexcept {
    static const TableCategory category{"streamkit.noise", kErrors};
    return category;
}

}  // namespace streamkit::noise
