#include "streamkit/net/datagram_socket.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "streamkit/base/assert.hpp"
#include "streamkit/net/listener.hpp"

namespace streamkit::net {
namespace {

using rudp::Ecn;

// Linux: UDP_MAX_SEGMENTS (64 until 6.8, 128 since), and what fits into one IPv4 packet, which is
// how large the kernel makes it before it cuts it up.
constexpr std::size_t kMaxSegments = 64;
constexpr std::size_t kMaxSegmentedBytes = 65'535 - 20 - 8;
// What one receive with GRO may bring.
constexpr std::size_t kGroBytes = 64 * 1024;
constexpr std::size_t kMaxArrivals = DatagramSocket::kReceiveBufferBytes / (16 * 1024);

// Errors of earlier datagrams that may wait at the socket, before it is left alone for now.
constexpr int kPatience = 4;

// The two bits in the former TOS octet. RFC 3168, section 5.
constexpr int kEcnMask = 3;

Error system_error(int code, const char* what) {
    return to_error(std::error_code(code, std::system_category()), what);
}

bool would_block(int code) { return code == EAGAIN || code == EWOULDBLOCK; }

// A socket reports such errors at any later call: what ICMP said of an earlier datagram, or a lack
// that passes. None of them says anything about the socket.
bool passes(int code) {
    switch (code) {
        case ECONNREFUSED:
        case ECONNRESET:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
        case ENETDOWN:
        case ENOPROTOOPT:
        case EPROTO:
        case EMSGSIZE:
        case ENOMEM:
        case ENOBUFS:
            return true;
        default:
            return false;
    }
}

// Addresses

/// The system's form; an IPv4 address on an IPv6 socket in its mapped form.
struct SystemAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

in_addr v4_part(const IpAddress& ip) {
    in_addr out{};
    std::memcpy(&out, ip.bytes.data() + 12, 4);
    return out;
}

IpAddress from_v4(const in_addr& address) {
    IpAddress out = IpAddress::v4(0);
    std::memcpy(out.bytes.data() + 12, &address, 4);
    return out;
}

IpAddress from_v6(const in6_addr& address) {
    IpAddress out;
    std::memcpy(out.bytes.data(), &address, 16);
    return out;
}

void write_address(const SocketAddress& address, int family, SystemAddress& out) {
    if (family == AF_INET) {
        auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(address.port);
        v4.sin_addr = v4_part(address.ip);
        out.size = sizeof v4;
        return;
    }
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    std::memcpy(&v6.sin6_addr, address.ip.bytes.data(), 16);
    out.size = sizeof v6;
}

SocketAddress read_address(const sockaddr_storage& storage) {
    if (storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
        return {from_v4(v4.sin_addr), ntohs(v4.sin_port)};
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    return {from_v6(v6.sin6_addr), ntohs(v6.sin6_port)};
}

bool unspecified(const IpAddress& ip) { return ip == IpAddress{} || ip == IpAddress::v4(0); }

// Options

bool set_option(int fd, int level, int name, int value) {
    return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

void set_buffer(int fd, int forced, int plain, int bytes) {
    if (bytes <= 0) return;
    if (!set_option(fd, SOL_SOCKET, forced, bytes)) set_option(fd, SOL_SOCKET, plain, bytes);
}

// On an IPv6 socket the options of IPv4 hold for the mapped addresses.
void set_common_options(int fd, int family, const DatagramSocketConfig& config) {
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    set_option(fd, IPPROTO_IP, IP_RECVTOS, 1);
    if (family == AF_INET6) {
        set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
        set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
        set_option(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
    }
    set_option(fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, config.receive_buffer_bytes);
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, config.send_buffer_bytes);
}

// Control messages

template <class T>
T control_value(const cmsghdr& control) {
    T out{};
    std::memcpy(&out, CMSG_DATA(&control), sizeof out);
    return out;
}

// Those of one datagram on its way out: the source address, ECN and the segment size.
class ControlWriter {
public:
    explicit ControlWriter(msghdr& message) : message_(message) {
        message_.msg_control = buffer_.data();
        message_.msg_controllen = 0;
    }

    template <class T>
    void add(int level, int type, const T& value) {
        auto* const control = reinterpret_cast<cmsghdr*>(buffer_.data() + message_.msg_controllen);
        control->cmsg_level = level;
        control->cmsg_type = type;
        control->cmsg_len = CMSG_LEN(sizeof value);
        std::memcpy(CMSG_DATA(control), &value, sizeof value);
        message_.msg_controllen += CMSG_SPACE(sizeof value);
    }

private:
    static constexpr std::size_t kBytes = CMSG_SPACE(sizeof(in6_pktinfo)) +
                                          CMSG_SPACE(sizeof(int)) +
                                          CMSG_SPACE(sizeof(std::uint16_t));
    msghdr& message_;
    alignas(cmsghdr) std::array<std::uint8_t, kBytes> buffer_{};
};

}  // namespace

Result<SocketAddress> parse_datagram_address(std::string_view text) {
    const auto endpoint = parse_listen_address(text);
    if (!endpoint) return endpoint.error();
    SocketAddress out{.ip = {}, .port = endpoint->port()};
    if (endpoint->address().is_v4()) {
        out.ip = IpAddress::v4(endpoint->address().to_v4().to_uint());
    } else {
        out.ip.bytes = endpoint->address().to_v6().to_bytes();
    }
    return out;
}

struct DatagramSocket::State {
    State(int descriptor, int address_family) : fd(descriptor), family(address_family) {}
    ~State() {
        if (fd >= 0) ::close(fd);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    std::size_t prepare_slots(std::span<std::uint8_t> buffer);
    void read_slot(std::size_t index, std::span<std::uint8_t> slot);
    void write_controls(const rudp::Transmit& transmit, ControlWriter& out) const;
    int send_segmented(const rudp::Transmit& transmit, BytesView bytes, SendResult& result);
    int send_singly(const rudp::Transmit& transmit, BytesView bytes, std::size_t most,
                    SendResult& result);

    int fd;
    const int family;
    SocketAddress local;
    bool any_address = false;  // bound to all of them
    bool gso = false;
    bool gro = false;
    bool drained = true;
    std::uint32_t overflowed = 0;
    std::uint64_t truncated = 0;

    // Of the last `receive`.
    struct Slot {
        sockaddr_storage peer;
        alignas(cmsghdr) std::array<std::uint8_t, 256> control;
        iovec vector;
    };
    std::array<Slot, kMaxArrivals> slots;
    std::array<mmsghdr, kMaxArrivals> messages;
    std::array<Arrival, kMaxArrivals> arrivals;
    std::size_t arrived = 0;
};

// Opening

Result<DatagramSocket> DatagramSocket::open(const SocketAddress& local,
                                            DatagramSocketConfig config) {
    return open(local, config, Port::own);
}

Result<std::vector<DatagramSocket>> DatagramSocket::open_sharing_port(const SocketAddress& local,
                                                                      std::size_t count,
                                                                      DatagramSocketConfig config) {
    STREAMKIT_ASSERT(count > 0);
    std::vector<DatagramSocket> sockets;
    auto address = local;
    for (std::size_t i = 0; i < count; ++i) {
        const auto port = count == 1 ? Port::own : i == 0 ? Port::first_of_shared : Port::shared;
        auto socket = open(address, config, port);
        if (!socket) return socket.error();
        address = socket->local_address();
        sockets.push_back(std::move(*socket));
    }
    return sockets;
}

Result<DatagramSocket> DatagramSocket::open(const SocketAddress& local,
                                            const DatagramSocketConfig& config, Port port) {
    auto wanted = local;
    int family = wanted.ip.is_v4() ? AF_INET : AF_INET6;
    int fd = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 && errno == EAFNOSUPPORT && wanted.ip == IpAddress{}) {
        wanted.ip = IpAddress::v4(0);
        family = AF_INET;
        fd = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    }
    if (fd < 0) return system_error(errno, "socket");
    auto state = std::make_unique<State>(fd, family);

    if (family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, unspecified(wanted.ip) ? 0 : 1);
    // The first one binds without sharing, or a port of another program that shares would be joined.
    if (port == Port::shared && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) {
        return system_error(errno, "SO_REUSEPORT");
    }
    SystemAddress address;
    write_address(wanted, family, address);
    if (::bind(fd, address.get(), address.size) != 0) return system_error(errno, "bind");
    if (port == Port::first_of_shared && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) {
        return system_error(errno, "SO_REUSEPORT");
    }
    address.size = sizeof address.storage;
    if (::getsockname(fd, address.get(), &address.size) != 0) {
        return system_error(errno, "getsockname");
    }
    state->local = read_address(address.storage);

    set_common_options(fd, family, config);
    state->any_address = unspecified(wanted.ip);
    if (state->any_address) {
        set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
        if (family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    }
    // Zero changes nothing; a system without the option refuses it.
    state->gso = config.gso && set_option(fd, SOL_UDP, UDP_SEGMENT, 0);
    state->gro = config.gro && set_option(fd, SOL_UDP, UDP_GRO, 1);
    return DatagramSocket(std::move(state));
}

DatagramSocket::DatagramSocket(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
DatagramSocket::DatagramSocket(DatagramSocket&&) noexcept = default;
DatagramSocket& DatagramSocket::operator=(DatagramSocket&&) noexcept = default;
DatagramSocket::~DatagramSocket() = default;

// Receiving

std::size_t DatagramSocket::State::prepare_slots(std::span<std::uint8_t> buffer) {
    const std::size_t slot_bytes = gro ? kGroBytes : kMaxDatagramBytes;
    const std::size_t count = std::min(kMaxArrivals, buffer.size() / slot_bytes);
    for (std::size_t i = 0; i < count; ++i) {
        slots[i].vector = {buffer.data() + i * slot_bytes, slot_bytes};
        auto& header = messages[i].msg_hdr;
        header = {};
        header.msg_name = &slots[i].peer;
        header.msg_namelen = sizeof slots[i].peer;
        header.msg_iov = &slots[i].vector;
        header.msg_iovlen = 1;
        header.msg_control = slots[i].control.data();
        header.msg_controllen = slots[i].control.size();
    }
    return count;
}

void DatagramSocket::State::read_slot(std::size_t index, std::span<std::uint8_t> slot) {
    auto& header = messages[index].msg_hdr;
    if ((header.msg_flags & MSG_TRUNC) != 0) {
        ++truncated;
        return;
    }
    auto& arrival = arrivals[arrived];
    arrival.info.path = {.local = local, .peer = read_address(slots[index].peer)};
    arrival.info.ecn = Ecn::not_ect;
    arrival.bytes = slot.first(messages[index].msg_len);
    arrival.segment_size = arrival.bytes.size();
    for (auto* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
        const auto is = [c](int level, int type) {
            return c->cmsg_level == level && c->cmsg_type == type;
        };
        if (is(IPPROTO_IP, IP_TOS)) {
            arrival.info.ecn = static_cast<Ecn>(control_value<std::uint8_t>(*c) & kEcnMask);
        } else if (is(IPPROTO_IPV6, IPV6_TCLASS)) {
            arrival.info.ecn = static_cast<Ecn>(control_value<int>(*c) & kEcnMask);
        } else if (is(IPPROTO_IP, IP_PKTINFO)) {
            arrival.info.path.local.ip = from_v4(control_value<in_pktinfo>(*c).ipi_spec_dst);
        } else if (is(IPPROTO_IPV6, IPV6_PKTINFO)) {
            arrival.info.path.local.ip = from_v6(control_value<in6_pktinfo>(*c).ipi6_addr);
        } else if (is(SOL_UDP, UDP_GRO)) {
            const auto size = control_value<int>(*c);
            if (size > 0) arrival.segment_size = static_cast<std::size_t>(size);
        } else if (is(SOL_SOCKET, SO_RXQ_OVFL)) {
            overflowed = control_value<std::uint32_t>(*c);
        }
    }
    ++arrived;
}

Result<std::span<const Arrival>> DatagramSocket::receive(std::span<std::uint8_t> buffer) {
    auto& state = *state_;
    STREAMKIT_ASSERT(buffer.size() >= kGroBytes);
    state.drained = true;
    state.arrived = 0;
    const auto count = state.prepare_slots(buffer);
    const std::size_t slot_bytes = state.slots[0].vector.iov_len;
    int received = -1;
    for (int tries = 0; received < 0; ++tries) {
        received = ::recvmmsg(state.fd, state.messages.data(), static_cast<unsigned>(count),
                              MSG_DONTWAIT, nullptr);
        if (received >= 0) break;
        if (would_block(errno)) return std::span<const Arrival>{};
        if (errno != EINTR && !passes(errno)) return system_error(errno, "recvmmsg");
        if (tries == kPatience) return std::span<const Arrival>{};
    }
    const auto filled = static_cast<std::size_t>(received);
    state.drained = filled < count;
    for (std::size_t i = 0; i < filled; ++i)
        state.read_slot(i, buffer.subspan(i * slot_bytes, slot_bytes));
    return std::span<const Arrival>(state.arrivals).first(state.arrived);
}

// Sending

void DatagramSocket::State::write_controls(const rudp::Transmit& transmit,
                                           ControlWriter& out) const {
    const bool to_v4 = transmit.path.peer.ip.is_v4();
    const auto& from = transmit.path.local.ip;
    if (any_address && !unspecified(from) && from.is_v4() == to_v4) {
        if (to_v4) {
            in_pktinfo info{};
            info.ipi_spec_dst = v4_part(from);
            out.add(IPPROTO_IP, IP_PKTINFO, info);
        } else {
            in6_pktinfo info{};
            std::memcpy(&info.ipi6_addr, from.bytes.data(), 16);
            out.add(IPPROTO_IPV6, IPV6_PKTINFO, info);
        }
    }
    if (transmit.ecn != Ecn::not_ect) {
        const int bits = static_cast<int>(transmit.ecn);
        if (to_v4) {
            out.add(IPPROTO_IP, IP_TOS, bits);
        } else {
            out.add(IPPROTO_IPV6, IPV6_TCLASS, bits);
        }
    }
}

// Both return 0 or what the system said, and add what has left to the result.

int DatagramSocket::State::send_segmented(const rudp::Transmit& transmit, BytesView bytes,
                                          SendResult& result) {
    const std::size_t segment = transmit.segment_size;
    const std::size_t most = std::min(kMaxSegments, kMaxSegmentedBytes / segment) * segment;
    bytes = bytes.first(std::min(bytes.size(), most));
    SystemAddress peer;
    write_address(transmit.path.peer, family, peer);
    // sendmsg does not write to it; iovec serves reading as well.
    iovec vector{const_cast<std::uint8_t*>(bytes.data()), bytes.size()};
    msghdr message{};
    message.msg_name = peer.get();
    message.msg_namelen = peer.size;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    ControlWriter controls(message);
    write_controls(transmit, controls);
    controls.add(SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(segment));
    ++result.calls;
    if (::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return errno;
    result.bytes += bytes.size();
    result.datagrams += (bytes.size() + segment - 1) / segment;
    return 0;
}

int DatagramSocket::State::send_singly(const rudp::Transmit& transmit, BytesView bytes,
                                       std::size_t most, SendResult& result) {
    SystemAddress peer;
    write_address(transmit.path.peer, family, peer);
    std::array<mmsghdr, kMaxSegments> batch;
    std::array<iovec, kMaxSegments> vectors;
    msghdr message{};
    message.msg_name = peer.get();
    message.msg_namelen = peer.size;
    message.msg_iovlen = 1;
    ControlWriter controls(message);
    write_controls(transmit, controls);
    if (message.msg_controllen == 0) message.msg_control = nullptr;

    std::size_t count = 0;
    for (auto rest = bytes; !rest.empty() && count < std::min(most, kMaxSegments); ++count) {
        const auto size = std::min(rest.size(), transmit.segment_size);
        vectors[count] = {const_cast<std::uint8_t*>(rest.data()), size};
        message.msg_iov = &vectors[count];
        batch[count] = {message, 0};
        rest = rest.subspan(size);
    }
    ++result.calls;
    const int sent =
        ::sendmmsg(fd, batch.data(), static_cast<unsigned>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno;
    for (std::size_t i = 0; i < static_cast<std::size_t>(sent); ++i)
        result.bytes += vectors[i].iov_len;
    result.datagrams += static_cast<std::size_t>(sent);
    return 0;
}

SendResult DatagramSocket::send(const rudp::Transmit& transmit) {
    using Outcome = SendResult::Outcome;
    auto& state = *state_;
    SendResult result;
    int patience = kPatience;
    if (transmit.bytes.empty() || transmit.segment_size == 0) return result;
    if (state.family == AF_INET && !transmit.path.peer.ip.is_v4()) {
        result.outcome = Outcome::failed;
        result.error = {Errc::unreachable, "IPv6 peer of an IPv4 socket"};
        return result;
    }
    while (result.bytes < transmit.bytes.size()) {
        const auto rest = transmit.bytes.subspan(result.bytes);
        const bool segmented = state.gso && rest.size() > transmit.segment_size;
        int code = segmented ? state.send_segmented(transmit, rest, result)
                             : state.send_singly(transmit, rest, kMaxSegments, result);
        // EINVAL and EMSGSIZE: the segments are too long for the path, or the kernel will not have
        // it; EIO: the device cannot. One datagram alone tells which.
        if (segmented && (code == EINVAL || code == EMSGSIZE || code == EIO || code == EOPNOTSUPP ||
                          code == ENOPROTOOPT)) {
            code = state.send_singly(transmit, rest, 1, result);
            if (code == 0) state.gso = false;
        }
        if (code == 0 || code == EINTR) continue;
        if (would_block(code)) {
            result.outcome = Outcome::blocked;
            return result;
        }
        if (code == EMSGSIZE) {
            result.outcome = Outcome::too_large;
            return result;
        }
        if (code == ECONNREFUSED && patience-- > 0) continue;
        result.outcome = Outcome::failed;
        result.error = system_error(code, "sendmsg");
        return result;
    }
    return result;
}

bool DatagramSocket::drained() const noexcept { return state_->drained; }
std::uint32_t DatagramSocket::overflowed() const noexcept { return state_->overflowed; }
std::uint64_t DatagramSocket::truncated() const noexcept { return state_->truncated; }
const SocketAddress& DatagramSocket::local_address() const noexcept { return state_->local; }
bool DatagramSocket::uses_gso() const noexcept { return state_->gso; }
bool DatagramSocket::uses_gro() const noexcept { return state_->gro; }
int DatagramSocket::native_handle() const noexcept { return state_->fd; }

void DatagramSocket::close() noexcept {
    if (state_->fd >= 0) ::close(std::exchange(state_->fd, -1));
}

}  // namespace streamkit::net
