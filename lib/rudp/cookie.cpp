#include "cookie.hpp"

#include <algorithm>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/crypto/sha256.hpp"

namespace streamkit::rudp {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kCookieBytes = kTimeBytes + 32;
static_assert(kCookieBytes <= kMaxCookieBytes);

std::int64_t milliseconds_of(TimePoint time) noexcept {
    return std::chrono::duration_cast<milliseconds>(time.time_since_epoch()).count();
}

/// What a cookie is: the time it was made at, and the code over it and whom it was made for.
std::array<std::uint8_t, kCookieBytes> cookie_of(BytesView key, std::int64_t time,
                                                 const SocketAddress& client, ConnectionId source) {
    std::array<std::uint8_t, kTimeBytes + 16 + 2 + 8> fields;
    SpanWriter message{fields};
    message.u64(static_cast<std::uint64_t>(time));
    message.bytes(client.ip.bytes);
    message.u16(client.port);
    message.u64(source);

    std::array<std::uint8_t, kCookieBytes> cookie;
    SpanWriter out{cookie};
    out.bytes(message.written().first(kTimeBytes));
    out.bytes(crypto::hmac_sha256(key, message.written()));
    return cookie;
}

}  // namespace

CookieJar::CookieJar(RandomSource& random, milliseconds lifetime) : lifetime_(lifetime) {
    random.fill(key_.writable());
}

Bytes CookieJar::make(const SocketAddress& client, ConnectionId source, TimePoint now) const {
    const auto cookie = cookie_of(key_, milliseconds_of(now), client, source);
    return {cookie.begin(), cookie.end()};
}

bool CookieJar::is_valid(BytesView cookie, const SocketAddress& client, ConnectionId source,
                         TimePoint now) const {
    if (cookie.size() != kCookieBytes) return false;
    ByteReader in{cookie};
    const auto time = static_cast<std::int64_t>(in.u64());
    const auto expected = cookie_of(key_, time, client, source);
    if (!crypto::equal_in_constant_time(cookie, expected)) return false;
    // It is ours, so the time is one that we have written: the difference cannot overflow.
    const auto age = milliseconds{milliseconds_of(now) - time};
    return age >= milliseconds{0} && age <= lifetime_;
}

}  // namespace streamkit::rudp
