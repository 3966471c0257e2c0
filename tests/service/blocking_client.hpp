#pragma once

// The simplest client there is: a blocking socket, with a deadline that fails the test.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "streamkit/base/bytes.hpp"

namespace streamkit::test {

/// A TCP connection to a port of this machine.
class BlockingClient {
public:
    explicit BlockingClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        const timeval deadline{30, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof deadline);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            throw std::runtime_error{"cannot connect"};
        }
    }
    ~BlockingClient() { ::close(socket_); }
    BlockingClient(const BlockingClient&) = delete;
    BlockingClient& operator=(const BlockingClient&) = delete;

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) throw std::runtime_error{"cannot send"};
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    void send(BytesView bytes) { send(as_text(bytes)); }

    /// Whatever comes next; empty when the server has closed.
    std::string read_some_bytes() {
        if (input_.empty()) read_some();
        return take(input_.size());
    }
    /// What has come until the text has come too; throws when the server closes before.
    std::string read_until(std::string_view text) {
        while (input_.find(text) == std::string::npos) {
            if (!read_some()) throw std::runtime_error{"closed early, after: " + input_};
        }
        return take(input_.find(text) + text.size());
    }
    std::string read_exactly(std::size_t count) {
        while (input_.size() < count) {
            if (!read_some()) throw std::runtime_error{"closed early, after: " + input_};
        }
        return take(count);
    }
    /// Everything until the server closes.
    std::string read_to_end() {
        while (read_some()) {
        }
        return take(input_.size());
    }

private:
    bool read_some() {
        char buffer[16'384];
        const auto n = ::recv(socket_, buffer, sizeof buffer, 0);
        if (n < 0 && errno == ECONNRESET) return false;
        if (n < 0) throw std::runtime_error{"nothing came in time, after: " + input_};
        input_.append(buffer, static_cast<std::size_t>(n));
        return n > 0;
    }
    std::string take(std::size_t count) {
        auto taken = input_.substr(0, count);
        input_.erase(0, count);
        return taken;
    }

    int socket_;
    std::string input_;
};

/// An HTTP answer in full.
struct HttpAnswer {
    int status = 0;
    std::string head;
    std::string body;
};

/// Reads one answer that has a Content-Length.
inline HttpAnswer read_answer(BlockingClient& client) {
    HttpAnswer answer;
    answer.head = client.read_until("\r\n\r\n");
    answer.status = std::stoi(answer.head.substr(9, 3));
    constexpr std::string_view kLength = "Content-Length: ";
    if (const auto at = answer.head.find(kLength); at != std::string::npos) {
        std::size_t length = 0;
        std::from_chars(answer.head.data() + at + kLength.size(),
                        answer.head.data() + answer.head.size(), length);
        answer.body = client.read_exactly(length);
    }
    return answer;
}

/// One request on a connection of its own.
inline HttpAnswer http_get(std::uint16_t port, std::string_view target,
                           std::string_view further_fields = {}) {
    BlockingClient client{port};
    client.send("GET " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n" +
                std::string{further_fields} + "\r\n");
    return read_answer(client);
}

inline HttpAnswer http_post(std::uint16_t port, std::string_view target, std::string_view body) {
    BlockingClient client{port};
    client.send("POST " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                std::to_string(body.size()) + "\r\n\r\n" + std::string{body});
    return read_answer(client);
}

}  // namespace streamkit::test
