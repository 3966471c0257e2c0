#pragma once

// Error codes of the module `crypto`.

#include <system_error>

namespace streamkit::crypto {

enum class Errc {
    wrong_key_length = 1,  ///< a key whose length its algorithm does not allow
    wrong_nonce_length,    ///< a nonce that is not 12 bytes long
    wrong_tag,             ///< sealed bytes that were changed, or opened under another key
    wrong_signature,       ///< a signature that its public key did not make over this message
    low_order_point,       ///< a public key that gives the same shared secret to everyone
    output_too_long,       ///< more derived bytes than the algorithm can give
    message_too_long,      ///< more than 2^31 - 1 bytes in one message
    output_too_short,      ///< the result does not fit into the caller's buffer
};

[[nodiscard]] const std::error_category& crypto_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), crypto_category()};
}

}  // namespace streamkit::crypto

template <>
struct std::is_error_code_enum<streamkit::crypto::Errc> : std::true_type {};
