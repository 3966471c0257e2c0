#pragma once

// What the bodies share: owners of OpenSSL's objects, and what its failures mean.

#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>
#include <new>

namespace streamkit::crypto {

template <auto free>
struct OpensslDeleter {
    template <class T>
    void operator()(T* object) const noexcept {
        free(object);
    }
};

using DigestContext = std::unique_ptr<EVP_MD_CTX, OpensslDeleter<EVP_MD_CTX_free>>;
using Mac = std::unique_ptr<EVP_MAC, OpensslDeleter<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, OpensslDeleter<EVP_MAC_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, OpensslDeleter<EVP_CIPHER_CTX_free>>;
using Key = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, OpensslDeleter<EVP_PKEY_CTX_free>>;

/// For calls that fail only where memory is out.
inline void require(bool succeeded) {
    if (succeeded) return;
    ERR_clear_error();
    throw std::bad_alloc{};
}

/// For calls that fail because of their input: leaves no trace in the thread's queue of errors,
/// which TLS reads.
inline bool succeeded(bool result) noexcept {
    if (!result) ERR_clear_error();
    return result;
}

}  // namespace streamkit::crypto
