#pragma once

// Proof that a client receives at the address it sends from, without state at the server.

#include <chrono>

#include "packet.hpp"
#include "streamkit/base/random.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/time.hpp"
#include "streamkit/crypto/secret.hpp"
#include "streamkit/rudp/datagram.hpp"

namespace streamkit::rudp {

/// Makes and checks cookies: a time and an HMAC over it, the client's address and its connection
/// id. RFC 9000, 8.1.4 says what they must withstand.
class CookieJar {
public:
    CookieJar(RandomSource& random, std::chrono::milliseconds lifetime);
    [[nodiscard]] Bytes make(const SocketAddress& client, ConnectionId source, TimePoint now) const;
    /// Whether we made it for this client, and not longer ago than the lifetime.
    [[nodiscard]] bool is_valid(BytesView cookie, const SocketAddress& client, ConnectionId source,
                                TimePoint now) const;

private:
    crypto::Secret<32> key_;
    std::chrono::milliseconds lifetime_;
};

}  // namespace streamkit::rudp
