#include "streamkit/http/server_connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <utility>

#include "message_parser.hpp"
#include "output_queue.hpp"
#include "response_writer.hpp"
#include "streamkit/base/assert.hpp"
#include "streamkit/http/errc.hpp"
#include "streamkit/http/problem.hpp"

namespace streamkit::http {
namespace {

/// A request and its answer, from the head that came in to the last byte that is queued.
struct Transaction {
    enum class Answer : std::uint8_t { awaited, streaming, finished, aborted };

    RequestId id = 0;
    Method method = Method::get;
    std::uint8_t version_minor = 1;
    bool keep_alive = false;
    bool announced = false;  ///< the application knows of it
    Answer answer = Answer::awaited;
    Framing framing = Framing::no_body;
    std::uint64_t remaining = 0;       ///< of a streamed body of known length
    std::uint64_t queued_bytes = 0;    ///< of the answer, sent or not
    std::vector<SharedBuffer> output;  ///< waits for the answers before it
};

SharedBuffer text_buffer(std::string_view text) { return SharedBuffer::copy_of(as_bytes(text)); }

/// RFC 9112, 7.1: chunk-size in hexadecimal
SharedBuffer chunk_header(std::size_t size) {
    std::array<char, 20> text{};
    auto* end = std::to_chars(text.data(), text.data() + 16, size, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    return text_buffer({text.data(), static_cast<std::size_t>(end - text.data())});
}

SharedBuffer literal(std::string_view text) noexcept {
    return SharedBuffer::from_static(as_bytes(text));
}

/// RFC 9110, 6.4.1
bool status_has_body(int status) noexcept { return status != 204 && status != 304; }

}  // namespace

class ServerConnection::Core {
public:
    Core(ServerConfig config, TimePoint now, WallTime wall)
        : config_(std::move(config)),
          wall_(wall),
          parser_(MessageKind::request, config_.limits),
          now_(now),
          quiet_since_(now),
          receiving_since_(now) {}

    void set_wall_time(WallTime wall) noexcept { wall_ = wall; }

    Result<void> handle_input(BytesView input, TimePoint now) {
        now_ = now;
        if (closed_ || no_more_requests_) return {};
        if (held_input_.empty()) return process(input);
        held_input_.insert(held_input_.end(), input.begin(), input.end());
        return process_held();
    }

    Result<void> handle_end_of_input(TimePoint now) {
        now_ = now;
        end_of_input_ = true;
        return held_input_.empty() ? accept_end_of_input() : Result<void>{};
    }

    Result<void> handle_timeout(TimePoint now);
    std::optional<ServerEvent> poll_event();
    [[nodiscard]] std::span<const SharedBuffer> pending_output() const noexcept {
        return output_.pending();
    }
    void consume_output(std::size_t n);
    [[nodiscard]] std::optional<TimePoint> next_timeout() const noexcept;
    [[nodiscard]] std::size_t held_bytes() const noexcept;
    [[nodiscard]] bool closed() const noexcept { return closed_; }

    void respond(RequestId id, const ResponseHead& head, std::vector<SharedBuffer> body);
    bool respond_streaming(RequestId id, const ResponseHead& head,
                           std::optional<std::uint64_t> content_length);
    void append(RequestId id, SharedBuffer bytes);
    void finish(RequestId id);
    void abort(RequestId id);
    [[nodiscard]] std::size_t unsent_bytes(RequestId id) const noexcept;
    void shut_down();

private:
    using Answer = Transaction::Answer;

    Result<void> process(BytesView input);
    Result<void> process_held();
    Result<void> accept_end_of_input();
    Result<void> begin_request();
    void take_body();
    Error refuse_request(const Error& error);
    Error refuse_body(const Error& error);
    void answer_error(Transaction& transaction, const Error& error);
    void announce_abort(Transaction& transaction, const Error& error);

    [[nodiscard]] Transaction* find(RequestId id) noexcept;
    [[nodiscard]] Transaction* find(RequestId id, Answer answer) noexcept;
    /// The transaction whose request is being received, while its answer is not complete.
    [[nodiscard]] Transaction* receiving() noexcept;
    [[nodiscard]] bool input_paused() const noexcept {
        return parser_.between_messages() && transactions_.size() >= config_.max_pipelined_requests;
    }
    bool send_head(Transaction& transaction, const ResponseHead& head,
                   std::optional<std::uint64_t> content_length);
    void send(Transaction& transaction, SharedBuffer bytes);
    void send_answers();
    void close(const Error& error);

    Result<void> check_receiving(TimePoint now);
    Result<void> check_quiet(TimePoint now);
    [[nodiscard]] std::optional<TimePoint> receive_deadline() const noexcept;
    [[nodiscard]] std::optional<TimePoint> quiet_deadline() const noexcept;

    ServerConfig config_;
    WallTime wall_;
    MessageParser parser_;
    OutputQueue output_;
    std::deque<Transaction> transactions_;
    std::deque<ServerEvent> events_;
    std::size_t event_bytes_ = 0;
    RequestId last_id_ = 0;
    Bytes held_input_;           // while too many requests wait for their answers
    bool end_of_input_ = false;  // behind what is held
    bool shutting_down_ = false;
    bool last_request_ = false;  // the one in progress
    bool no_more_requests_ = false;
    bool closed_ = false;

    TimePoint now_;  // of the last call that said
    // Calls that answer do not say when they are made. So what they do, and what the peer reads, only
    // leaves a mark, and a deadline that is met with the mark set begins anew.
    TimePoint quiet_since_;
    bool stirred_ = false;
    TimePoint receiving_since_;  // the head in progress, or the last piece of a body
};

/// Reads requests until the input is used up or too many wait for their answers.
Result<void> ServerConnection::Core::process(BytesView input) {
    using What = MessageParser::Step::What;
    while (!no_more_requests_) {
        if (input_paused()) {
            held_input_.assign(input.begin(), input.end());
            return {};
        }
        const bool was_between_messages = parser_.between_messages();
        const bool was_in_head = parser_.in_head();
        const auto step = parser_.parse(input);
        if (!step) return was_in_head ? refuse_request(step.error()) : refuse_body(step.error());
        input = input.subspan(step->consumed);
        if (was_between_messages || (!was_in_head && step->consumed != 0)) receiving_since_ = now_;

        switch (step->what) {
            case What::need_input:
                return {};
            case What::head:
                receiving_since_ = now_;
                STREAMKIT_TRY(begin_request());
                break;
            case What::data:
                take_body();
                break;
            case What::complete:
                if (receiving() != nullptr) events_.emplace_back(RequestComplete{last_id_});
                quiet_since_ = now_;
                no_more_requests_ = last_request_;
                send_answers();
                break;
        }
    }
    return {};
}

Result<void> ServerConnection::Core::process_held() {
    const auto input = std::exchange(held_input_, {});
    STREAMKIT_TRY(process(input));
    return end_of_input_ && held_input_.empty() ? accept_end_of_input() : Result<void>{};
}

Result<void> ServerConnection::Core::accept_end_of_input() {
    if (closed_ || no_more_requests_) return {};
    const bool in_head = parser_.in_head();
    const auto end = parser_.finish();
    if (!end && !in_head) return refuse_body(end.error());
    no_more_requests_ = true;
    send_answers();
    return end ? Result<void>{} : end.error();
}

Result<void> ServerConnection::Core::begin_request() {
    auto& head = parser_.head();
    auto target = Target::parse(head.target);
    if (!target) return refuse_request(target.error());
    // RFC 9110, 10.1.1: HTTP/1.0 knows no expectations.
    const auto expectation =
        head.version_minor == 1 ? head.headers.find("Expect") : std::optional<std::string_view>{};
    if (expectation && !equal_ignoring_case(*expectation, "100-continue")) {
        return refuse_request({Errc::unsupported_expectation, "Expect"});
    }

    auto& transaction = transactions_.emplace_back();
    transaction.id = ++last_id_;
    transaction.method = head.method;
    transaction.version_minor = head.version_minor;
    transaction.keep_alive = head.keep_alive;
    transaction.announced = true;
    last_request_ = !head.keep_alive;
    if (expectation && head.has_body) {
        send(transaction, literal("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    events_.emplace_back(Request{
        last_id_, {head.method, std::move(*target), head.version_minor, std::move(head.headers)}});
    return {};
}

void ServerConnection::Core::take_body() {
    auto bytes = SharedBuffer::take(parser_.take_data());
    if (receiving() == nullptr) return;  // answered already: the rest is read and dropped
    event_bytes_ += bytes.size();
    events_.emplace_back(BodyData{last_id_, std::move(bytes)});
}

/// Answers a head that is not acceptable; the connection ends with this answer.
Error ServerConnection::Core::refuse_request(const Error& error) {
    no_more_requests_ = true;
    auto& transaction = transactions_.emplace_back();
    transaction.method = parser_.head().method;
    answer_error(transaction, error);
    return error;
}

/// Gives up the request in progress; its answer, if it has none yet, says why.
Error ServerConnection::Core::refuse_body(const Error& error) {
    no_more_requests_ = true;
    auto* transaction = receiving();
    if (transaction == nullptr) {
        send_answers();
        return error;
    }
    announce_abort(*transaction, error);
    if (transaction->answer == Answer::awaited) {
        answer_error(*transaction, error);
    } else {
        transaction->answer = Answer::aborted;
        send_answers();
    }
    return error;
}

void ServerConnection::Core::answer_error(Transaction& transaction, const Error& error) {
    transaction.keep_alive = false;
    const auto response = problem(status_of(error), error.message());
    if (send_head(transaction, response.head, response.body.front().size())) {
        send(transaction, response.body.front());
    }
    transaction.answer = Answer::finished;
    send_answers();
}

void ServerConnection::Core::announce_abort(Transaction& transaction, const Error& error) {
    if (std::exchange(transaction.announced, false)) {
        events_.emplace_back(RequestAborted{transaction.id, error});
    }
}

std::optional<ServerEvent> ServerConnection::Core::poll_event() {
    if (events_.empty()) return std::nullopt;
    auto event = std::move(events_.front());
    events_.pop_front();
    if (const auto* body = std::get_if<BodyData>(&event)) event_bytes_ -= body->bytes.size();
    return event;
}

void ServerConnection::Core::consume_output(std::size_t n) {
    if (n == 0) return;
    output_.consume(n);
    stirred_ = true;
    if (output_.empty() && !transactions_.empty() &&
        transactions_.front().answer == Answer::streaming) {
        events_.emplace_back(BodyDrained{transactions_.front().id});
    }
}

std::size_t ServerConnection::Core::held_bytes() const noexcept {
    auto bytes = parser_.held_bytes() + held_input_.size() + event_bytes_ + output_.bytes();
    for (std::size_t i = 1; i < transactions_.size(); ++i)
        bytes += transactions_[i].queued_bytes;
    return bytes;
}

void ServerConnection::Core::respond(RequestId id, const ResponseHead& head,
                                     std::vector<SharedBuffer> body) {
    auto* transaction = find(id, Answer::awaited);
    if (transaction == nullptr) return;
    std::uint64_t content_length = 0;
    for (const auto& slice : body)
        content_length += slice.size();
    if (send_head(*transaction, head, content_length)) {
        for (auto& slice : body)
            send(*transaction, std::move(slice));
    }
    transaction->answer = Answer::finished;
    send_answers();
}

bool ServerConnection::Core::respond_streaming(RequestId id, const ResponseHead& head,
                                               std::optional<std::uint64_t> content_length) {
    auto* transaction = find(id, Answer::awaited);
    if (transaction == nullptr) return false;
    const bool wants_body = send_head(*transaction, head, content_length);
    transaction->remaining = content_length.value_or(0);
    transaction->answer = wants_body ? Answer::streaming : Answer::finished;
    send_answers();
    return wants_body;
}

void ServerConnection::Core::append(RequestId id, SharedBuffer bytes) {
    auto* transaction = find(id, Answer::streaming);
    if (transaction == nullptr || bytes.empty()) return;
    switch (transaction->framing) {
        case Framing::chunked:
            send(*transaction, chunk_header(bytes.size()));
            send(*transaction, std::move(bytes));
            send(*transaction, literal("\r\n"));
            break;
        case Framing::length:
            if (bytes.size() > transaction->remaining) {
                bytes = bytes.slice(0, static_cast<std::size_t>(transaction->remaining));
            }
            transaction->remaining -= bytes.size();
            send(*transaction, std::move(bytes));
            break;
        case Framing::until_close:
            send(*transaction, std::move(bytes));
            break;
        case Framing::no_body:
            break;
    }
}

void ServerConnection::Core::finish(RequestId id) {
    auto* transaction = find(id, Answer::streaming);
    if (transaction == nullptr) return;
    if (transaction->framing == Framing::length && transaction->remaining > 0) return abort(id);
    if (transaction->framing == Framing::chunked) send(*transaction, literal("0\r\n\r\n"));
    transaction->answer = Answer::finished;
    send_answers();
}

void ServerConnection::Core::abort(RequestId id) {
    auto* transaction = find(id);
    if (transaction == nullptr || transaction->answer == Answer::finished) return;
    transaction->answer = Answer::aborted;
    transaction->announced = false;  // the application knows
    no_more_requests_ = true;
    send_answers();
}

std::size_t ServerConnection::Core::unsent_bytes(RequestId id) const noexcept {
    for (const auto& transaction : transactions_) {
        if (transaction.id != id) continue;
        const auto queued = static_cast<std::size_t>(transaction.queued_bytes);
        // The bytes of the first answer are the last ones in the output.
        return &transaction == &transactions_.front() ? std::min(queued, output_.bytes()) : queued;
    }
    return 0;
}

void ServerConnection::Core::shut_down() {
    shutting_down_ = true;
    held_input_.clear();
    last_request_ = true;
    if (parser_.in_head()) no_more_requests_ = true;
    send_answers();
}

Transaction* ServerConnection::Core::find(RequestId id) noexcept {
    const auto found = std::find_if(transactions_.begin(), transactions_.end(),
                                    [id](const auto& t) { return t.id == id; });
    return found != transactions_.end() ? &*found : nullptr;
}

Transaction* ServerConnection::Core::find(RequestId id, Answer answer) noexcept {
    auto* transaction = find(id);
    return transaction != nullptr && transaction->answer == answer ? transaction : nullptr;
}

Transaction* ServerConnection::Core::receiving() noexcept {
    auto* transaction = find(last_id_);
    if (transaction == nullptr) return nullptr;
    const bool open =
        transaction->answer == Answer::awaited || transaction->answer == Answer::streaming;
    return open ? transaction : nullptr;
}

/// @return whether a body follows
bool ServerConnection::Core::send_head(Transaction& transaction, const ResponseHead& head,
                                       std::optional<std::uint64_t> content_length) {
    STREAMKIT_ASSERT(head.status >= 200 && head.status <= 999);
    if (!status_has_body(head.status)) {
        transaction.framing = Framing::no_body;
    } else if (content_length) {
        transaction.framing = Framing::length;
    } else if (transaction.version_minor == 0) {
        transaction.framing = Framing::until_close;
        transaction.keep_alive = false;
    } else {
        transaction.framing = Framing::chunked;
    }
    const bool last = shutting_down_ && &transaction == &transactions_.back();
    if (last || head.headers.has_token("Connection", "close")) transaction.keep_alive = false;

    ResponseFrame frame;
    frame.framing = transaction.framing;
    frame.content_length = content_length.value_or(0);
    frame.date = wall_;
    if (!transaction.keep_alive) {
        frame.connection = "close";
    } else if (transaction.version_minor == 0) {
        frame.connection = "keep-alive";
    }
    send(transaction, text_buffer(write_head(head, config_.common_headers, frame)));
    return transaction.method != Method::head && transaction.framing != Framing::no_body;
}

void ServerConnection::Core::send(Transaction& transaction, SharedBuffer bytes) {
    transaction.queued_bytes += bytes.size();
    if (&transaction != &transactions_.front()) {
        transaction.output.push_back(std::move(bytes));
        return;
    }
    if (output_.empty()) stirred_ = true;
    output_.push(std::move(bytes));
}

/// Lets the answers out whose turn it is.
void ServerConnection::Core::send_answers() {
    while (!transactions_.empty()) {
        auto& first = transactions_.front();
        if (output_.empty()) stirred_ = true;
        for (auto& slice : first.output)
            output_.push(std::move(slice));
        first.output.clear();
        if (first.answer == Answer::aborted) return close({Errc::aborted, "answer"});
        if (first.answer != Answer::finished) return;
        const bool keep_alive = first.keep_alive;
        transactions_.pop_front();
        if (!keep_alive) return close({Errc::aborted, "connection"});
    }
    if (no_more_requests_) closed_ = true;
}

/// Nothing follows what is in the output now.
void ServerConnection::Core::close(const Error& error) {
    closed_ = true;
    no_more_requests_ = true;
    held_input_.clear();
    for (auto& transaction : transactions_)
        announce_abort(transaction, error);
    transactions_.clear();
}

Result<void> ServerConnection::Core::handle_timeout(TimePoint now) {
    now_ = now;
    if (!held_input_.empty() && !input_paused()) STREAMKIT_TRY(process_held());
    STREAMKIT_TRY(check_receiving(now));
    return check_quiet(now);
}

Result<void> ServerConnection::Core::check_receiving(TimePoint now) {
    const auto deadline = receive_deadline();
    if (!deadline || now < *deadline) return {};
    if (parser_.in_head()) return refuse_request({Errc::head_timed_out, "head"});
    return refuse_body({Errc::body_timed_out, "body"});
}

Result<void> ServerConnection::Core::check_quiet(TimePoint now) {
    const auto deadline = quiet_deadline();
    if (!deadline || now < *deadline) return {};
    if (std::exchange(stirred_, false)) {
        quiet_since_ = now;
        return {};
    }
    const Error error = output_.empty() ? Error{Errc::idle_timed_out, "connection"}
                                        : Error{Errc::send_timed_out, "connection"};
    output_.clear();
    close(error);
    return error;
}

std::optional<TimePoint> ServerConnection::Core::next_timeout() const noexcept {
    if (!held_input_.empty() && !input_paused()) return now_;  // at once: there is input to read
    const auto receive = receive_deadline();
    const auto quiet = quiet_deadline();
    if (receive && quiet) return std::min(*receive, *quiet);
    return receive ? receive : quiet;
}

/// For the rest of a message that has begun.
std::optional<TimePoint> ServerConnection::Core::receive_deadline() const noexcept {
    if (no_more_requests_ || parser_.between_messages()) return std::nullopt;
    return receiving_since_ + (parser_.in_head() ? config_.head_timeout : config_.body_timeout);
}

/// For the peer to read what is there, or to ask for something.
std::optional<TimePoint> ServerConnection::Core::quiet_deadline() const noexcept {
    if (!output_.empty()) return quiet_since_ + config_.send_timeout;
    const bool idle = !closed_ && transactions_.empty() && parser_.between_messages();
    return idle ? std::optional{quiet_since_ + config_.idle_timeout} : std::nullopt;
}

ServerConnection::ServerConnection(ServerConfig config, TimePoint now, WallTime wall)
    : core_(std::make_unique<Core>(std::move(config), now, wall)) {}
ServerConnection::ServerConnection(ServerConnection&&) noexcept = default;
ServerConnection& ServerConnection::operator=(ServerConnection&&) noexcept = default;
ServerConnection::~ServerConnection() = default;

void ServerConnection::set_wall_time(WallTime wall) noexcept { core_->set_wall_time(wall); }
Result<void> ServerConnection::handle_input(BytesView input, TimePoint now) {
    return core_->handle_input(input, now);
}
Result<void> ServerConnection::handle_end_of_input(TimePoint now) {
    return core_->handle_end_of_input(now);
}
Result<void> ServerConnection::handle_timeout(TimePoint now) { return core_->handle_timeout(now); }
std::optional<ServerEvent> ServerConnection::poll_event() { return core_->poll_event(); }
std::span<const SharedBuffer> ServerConnection::pending_output() const noexcept {
    return core_->pending_output();
}
void ServerConnection::consume_output(std::size_t n) { core_->consume_output(n); }
std::optional<TimePoint> ServerConnection::next_timeout() const noexcept {
    return core_->next_timeout();
}
std::size_t ServerConnection::held_bytes() const noexcept { return core_->held_bytes(); }
bool ServerConnection::closed() const noexcept { return core_->closed(); }
void ServerConnection::respond(RequestId id, const ResponseHead& head,
                               std::vector<SharedBuffer> body) {
    core_->respond(id, head, std::move(body));
}
void ServerConnection::respond(RequestId id, Response response) {
    core_->respond(id, response.head, std::move(response.body));
}
bool ServerConnection::respond_streaming(RequestId id, const ResponseHead& head,
                                         std::optional<std::uint64_t> content_length) {
    return core_->respond_streaming(id, head, content_length);
}
void ServerConnection::append(RequestId id, SharedBuffer bytes) {
    core_->append(id, std::move(bytes));
}
void ServerConnection::finish(RequestId id) { core_->finish(id); }
void ServerConnection::abort(RequestId id) { core_->abort(id); }
std::size_t ServerConnection::unsent_bytes(RequestId id) const noexcept {
    return core_->unsent_bytes(id);
}
void ServerConnection::shut_down() { core_->shut_down(); }

}  // namespace streamkit::http
