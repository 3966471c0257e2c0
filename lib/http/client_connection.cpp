#include "streamkit/http/client_connection.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "message_parser.hpp"
#include "output_queue.hpp"
#include "response_writer.hpp"
#include "streamkit/http/errc.hpp"

namespace streamkit::http {
namespace {

/// No white space and no control character, so that it ends where it should.
bool is_one_word(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        const auto code = static_cast<unsigned char>(c);
        return code > 0x20 && code != 0x7f;
    });
}

bool has_line_break(std::string_view text) noexcept {
    return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

/// RFC 9110, 8.6: a length is sent, even 0, where the method gives a body a meaning.
bool body_has_meaning(Method method) noexcept {
    return method == Method::post || method == Method::put || method == Method::patch;
}

Result<std::string> write_request_head(const ClientRequest& request, std::string_view host) {
    if (!is_one_word(request.target)) return Error{Errc::malformed_head, "target"};
    std::string text{to_string(request.method)};
    text += ' ';
    text += request.target;
    text += " HTTP/1.1\r\n";
    if (!request.headers.contains("Host")) append_field(text, "Host", host);
    for (const auto& field : request.headers) {
        if (!is_one_word(field.name) || has_line_break(field.value)) {
            return Error{Errc::malformed_head, "header field"};
        }
        append_field(text, field.name, field.value);
    }
    std::size_t content_length = 0;
    for (const auto& slice : request.body)
        content_length += slice.size();
    const bool wants_length = content_length != 0 || body_has_meaning(request.method);
    if (wants_length && !request.headers.contains("Content-Length")) {
        append_field(text, "Content-Length", std::to_string(content_length));
    }
    text += "\r\n";
    return text;
}

}  // namespace

class ClientConnection::Core {
public:
    explicit Core(ClientConfig config)
        : config_(std::move(config)), parser_(MessageKind::response, config_.limits) {}

    Result<void> request(ClientRequest request, TimePoint now) {
        if (closed_) return Error{Errc::aborted, "connection"};
        if (waiting_) return Error{Errc::busy, "request"};
        const auto head = write_request_head(request, config_.host);
        if (!head) return head.error();
        output_.push(SharedBuffer::copy_of(as_bytes(*head)));
        for (auto& slice : request.body)
            output_.push(std::move(slice));
        parser_.expect_no_body(request.method == Method::head);
        keep_alive_ = !request.headers.has_token("Connection", "close");
        waiting_ = true;
        quiet_since_ = now;
        return {};
    }

    [[nodiscard]] bool idle() const noexcept { return !closed_ && !waiting_; }

    Result<void> handle_input(BytesView input, TimePoint now) {
        quiet_since_ = now;
        while (!closed_) {
            if (!waiting_) {
                if (input.empty()) return {};
                return fail({Errc::malformed_head, "answer to no request"});
            }
            const auto step = parser_.parse(input);
            if (!step) return fail(step.error());
            input = input.subspan(step->consumed);
            if (step->what == MessageParser::Step::What::need_input) return {};
            STREAMKIT_TRY(take(step->what));
        }
        return {};
    }

    Result<void> handle_end_of_input(TimePoint) {
        if (closed_) return {};
        if (waiting_ && parser_.between_messages()) return fail({Errc::closed_early, "response"});
        const auto end = parser_.finish();
        if (!end) return fail(end.error());
        if (waiting_) STREAMKIT_TRY(take(end->what));
        closed_ = true;
        return {};
    }

    Result<void> handle_timeout(TimePoint now) {
        const auto deadline = next_timeout();
        if (!deadline || now < *deadline) return {};
        if (std::exchange(sent_, false)) {
            quiet_since_ = now;
            return {};
        }
        return fail({Errc::response_timed_out, "response"});
    }

    std::optional<ClientEvent> poll_event() {
        if (events_.empty()) return std::nullopt;
        auto event = std::move(events_.front());
        events_.pop_front();
        if (const auto* data = std::get_if<ResponseData>(&event)) {
            event_bytes_ -= data->bytes.size();
        }
        return event;
    }

    [[nodiscard]] std::span<const SharedBuffer> pending_output() const noexcept {
        return output_.pending();
    }
    void consume_output(std::size_t n) {
        output_.consume(n);
        sent_ = sent_ || n > 0;
    }
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept {
        if (closed_ || !waiting_) return std::nullopt;
        return quiet_since_ + config_.response_timeout;
    }
    [[nodiscard]] std::size_t held_bytes() const noexcept {
        return parser_.held_bytes() + event_bytes_ + output_.bytes();
    }
    [[nodiscard]] bool closed() const noexcept { return closed_; }

private:
    Result<void> take(MessageParser::Step::What what);
    Result<void> begin_response();
    void end_response();
    Error fail(const Error& error);

    ClientConfig config_;
    MessageParser parser_;
    OutputQueue output_;
    std::deque<ClientEvent> events_;
    std::size_t event_bytes_ = 0;
    bool waiting_ = false;     // for the end of an answer
    bool interim_ = false;     // the answer in progress is a 1xx
    bool keep_alive_ = false;  // after this answer
    bool closed_ = false;
    TimePoint quiet_since_{};
    bool sent_ = false;  // since `quiet_since_`, at a time that is not known
};

Result<void> ClientConnection::Core::take(MessageParser::Step::What what) {
    using What = MessageParser::Step::What;
    switch (what) {
        case What::need_input:
            break;
        case What::head:
            return begin_response();
        case What::data: {
            auto bytes = SharedBuffer::take(parser_.take_data());
            event_bytes_ += bytes.size();
            events_.emplace_back(ResponseData{std::move(bytes)});
            break;
        }
        case What::complete:
            if (!std::exchange(interim_, false)) end_response();
            break;
    }
    return {};
}

Result<void> ClientConnection::Core::begin_response() {
    auto& head = parser_.head();
    // RFC 9110, 15.2: any number of these may come before the answer. We never ask for an upgrade.
    interim_ = head.status < 200;
    if (head.status == 101 || head.status < 100) {
        return fail({Errc::malformed_head, "status code"});
    }
    if (interim_) return {};
    keep_alive_ = keep_alive_ && head.keep_alive;
    events_.emplace_back(ResponseStarted{{head.status, std::move(head.headers)}});
    return {};
}

void ClientConnection::Core::end_response() {
    events_.emplace_back(ResponseComplete{});
    waiting_ = false;
    // A server that answers before it has read all of the request will not read the rest.
    if (!keep_alive_ || !output_.empty()) {
        output_.clear();
        closed_ = true;
    }
}

Error ClientConnection::Core::fail(const Error& error) {
    closed_ = true;
    output_.clear();
    return error;
}

ClientConnection::ClientConnection(ClientConfig config)
    : core_(std::make_unique<Core>(std::move(config))) {}
ClientConnection::ClientConnection(ClientConnection&&) noexcept = default;
ClientConnection& ClientConnection::operator=(ClientConnection&&) noexcept = default;
ClientConnection::~ClientConnection() = default;

Result<void> ClientConnection::request(ClientRequest request, TimePoint now) {
    return core_->request(std::move(request), now);
}
bool ClientConnection::idle() const noexcept { return core_->idle(); }
Result<void> ClientConnection::handle_input(BytesView input, TimePoint now) {
    return core_->handle_input(input, now);
}
Result<void> ClientConnection::handle_end_of_input(TimePoint now) {
    return core_->handle_end_of_input(now);
}
Result<void> ClientConnection::handle_timeout(TimePoint now) { return core_->handle_timeout(now); }
std::optional<ClientEvent> ClientConnection::poll_event() { return core_->poll_event(); }
std::span<const SharedBuffer> ClientConnection::pending_output() const noexcept {
    return core_->pending_output();
}
void ClientConnection::consume_output(std::size_t n) { core_->consume_output(n); }
std::optional<TimePoint> ClientConnection::next_timeout() const noexcept {
    return core_->next_timeout();
}
std::size_t ClientConnection::held_bytes() const noexcept { return core_->held_bytes(); }
bool ClientConnection::closed() const noexcept { return core_->closed(); }

}  // namespace streamkit::http
