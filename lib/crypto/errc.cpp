#include "streamkit/crypto/errc.hpp"

#include <array>

#include "streamkit/base/error.hpp"

namespace streamkit::crypto {
namespace {

constexpr int code(Errc errc) { return static_cast<int>(errc); }

constexpr std::array kErrors{
    ErrorEntry{code(Errc::wrong_key_length), Failure::malformed,
               "the key has a length that its algorithm does not allow"},
    ErrorEntry{code(Errc::wrong_nonce_length), Failure::malformed,
               "the nonce is not 12 bytes long"},
    ErrorEntry{code(Errc::wrong_tag), Failure::malformed,
               "the sealed bytes were changed, or sealed under another key"},
    ErrorEntry{code(Errc::wrong_signature), Failure::malformed,
               "the signature does not belong to this message and key"},
    ErrorEntry{code(Errc::low_order_point), Failure::malformed,
               "the public key is a point of low order"},
    ErrorEntry{code(Errc::output_too_long), Failure::limit_exceeded,
               "more derived bytes than the algorithm can give"},
    ErrorEntry{code(Errc::message_too_long), Failure::limit_exceeded,
               "the message is longer than 2^31 - 1 bytes"},
    ErrorEntry{code(Errc::output_too_short), Failure::limit_exceeded,
               "the result does not fit into the buffer"},
};

}  // namespace

const std::error_category& crypto_category() noexcept {
    static const TableCategory category{"streamkit.crypto", kErrors};
    return category;
}

}  // namespace streamkit::crypto
