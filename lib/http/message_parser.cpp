#include "message_parser.hpp"

#include <algorithm>
#include <charconv>

#include "streamkit/http/errc.hpp"

namespace streamkit::http {
namespace {

/// The longest method that is known, two spaces and "HTTP/1.1", with some air.
constexpr std::size_t kRequestLineOverhead = 32;
/// Chunk sizes, extensions and line ends may take this many times the bytes of the body itself,
/// beside what a head may have for the trailer.
constexpr std::uint64_t kChunkFramingRatio = 8;

/// RFC 9110, 5.6.2
constexpr bool is_token_character(char c) noexcept {
    const bool alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return alphanumeric || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

std::string_view without_trailing_space(std::string_view value) noexcept {
    return value.substr(0, value.find_last_not_of(" \t") + 1);
}

std::optional<Method> method_of(std::uint8_t method) noexcept {
    switch (method) {
        case HTTP_GET:
            return Method::get;
        case HTTP_HEAD:
            return Method::head;
        case HTTP_POST:
            return Method::post;
        case HTTP_PUT:
            return Method::put;
        case HTTP_DELETE:
            return Method::delete_;
        case HTTP_OPTIONS:
            return Method::options;
        case HTTP_PATCH:
            return Method::patch;
        default:
            return std::nullopt;
    }
}

std::uint64_t number_of(std::string_view digits) noexcept {
    std::uint64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

}  // namespace

MessageParser::MessageParser(MessageKind kind, const Limits& limits)
    : kind_(kind), limits_(limits), settings_(make_settings()) {
    begin_message();
}

Result<MessageParser::Step> MessageParser::parse(BytesView input) {
    switch (state_) {
        case State::head: {
            const auto consumed = scan_head(input);
            if (!consumed) return consumed.error();
            if (!head_ended_) return Step{Step::What::need_input, *consumed};
            STREAMKIT_TRY(parse_head());
            state_ = message_complete_ ? State::ended : State::body;
            return Step{Step::What::head, *consumed};
        }
        case State::body:
            return parse_body(input);
        case State::ended:
            begin_message();
            return Step{Step::What::complete, 0};
    }
    return Step{};
}

Result<MessageParser::Step> MessageParser::finish() {
    if (between_messages()) return Step{};
    if (state_ == State::ended) return parse({});
    if (state_ == State::head) return Error{Errc::closed_early, "head", text_.size()};
    if (llhttp_finish(&llhttp_) != HPE_OK && !message_complete_) {
        return Error{Errc::closed_early, "body", body_bytes_};
    }
    begin_message();
    return Step{Step::What::complete, 0};
}

/// Takes the bytes of the head, its empty line included.
Result<std::size_t> MessageParser::scan_head(BytesView input) {
    std::size_t skipped = 0;
    if (text_.empty()) {
        // RFC 9112, 2.2: empty lines before a request are ignored.
        const auto begin =
            std::find_if(input.begin(), input.end(), [](auto c) { return c != '\r' && c != '\n'; });
        skipped = static_cast<std::size_t>(begin - input.begin());
        input = input.subspan(skipped);
        if (input.empty()) return skipped;
        if (kind_ == MessageKind::request && first_message_) {
            // TLS 1.3 (RFC 8446), 5.1: ContentType handshake. RTMP 1.0, 5.2.2: C0.
            if (input[0] == 0x16) return Error{Errc::tls_on_plain_port, "first byte"};
            if (input[0] == 0x03) return Error{Errc::rtmp_on_http_port, "first byte"};
        }
    }
    std::size_t n = 0;
    while (n < input.size() && !head_ended_) {
        const auto c = static_cast<char>(input[n]);
        const auto offset = text_.size() + n;
        if (const auto* fault = fault_of(c)) return Error{Errc::malformed_head, fault, offset};
        if (offset >= limits_.max_head_bytes) {
            return Error{Errc::head_too_large, "header fields", offset};
        }
        ++n;
        if (c == '\n') {
            head_ended_ = line_bytes_ == 0;
            line_bytes_ = 0;
            ++lines_;
            if (!head_ended_ && lines_ > limits_.max_header_fields + 1) {
                return Error{Errc::head_too_large, "number of header fields", offset};
            }
        } else if (c != '\r') {
            ++line_bytes_;
            if (kind_ == MessageKind::request && lines_ == 0 &&
                line_bytes_ > limits_.max_target_bytes + kRequestLineOverhead) {
                return Error{Errc::target_too_long, "request line", offset};
            }
        }
        last_ = c;
    }
    text_.append(as_text(input.first(n)));
    return skipped + n;
}

/// What is wrong with the next character of the head; null if nothing is.
const char* MessageParser::fault_of(char c) const noexcept {
    const auto code = static_cast<unsigned char>(c);
    if (last_ == '\r' && c != '\n') return "CR without LF";
    if (c == '\n') return last_ == '\r' ? nullptr : "LF without CR";
    if (c == '\r') return nullptr;
    if ((code < 0x20 && c != '\t') || code == 0x7f) return "control character in the head";
    // RFC 9112, 5.2: obs-fold
    if (line_bytes_ == 0 && lines_ > 0 && (c == ' ' || c == '\t')) return "folded header field";
    return nullptr;
}

/// Hands the whole head to llhttp at once.
Result<void> MessageParser::parse_head() {
    // RFC 9113, 3.4: the preface of HTTP/2, made to look like a request
    if (text_.starts_with("PRI * HTTP/2")) return Error{Errc::unsupported_version, "version"};
    const auto code = llhttp_execute(&llhttp_, text_.data(), text_.size());
    const bool stopped_at_end = message_complete_ && code != HPE_OK &&
                                llhttp_get_error_pos(&llhttp_) == text_.data() + text_.size();
    if (code != HPE_OK && !stopped_at_end) return head_error(code);
    if (!head_complete_) return Error{Errc::malformed_head, "end of the head", text_.size()};
    return check_head();
}

Error MessageParser::head_error(llhttp_errno_t code) const noexcept {
    const auto* position = llhttp_get_error_pos(&llhttp_);
    const auto offset =
        position != nullptr ? static_cast<std::uint64_t>(position - text_.data()) : 0;
    if (unknown_method_) return {Errc::unsupported_method, "method"};
    switch (code) {
        case HPE_INVALID_METHOD: {
            const auto method = std::string_view{text_}.substr(0, text_.find(' '));
            if (is_token(method)) return {Errc::unsupported_method, "method"};
            return {Errc::malformed_head, "method"};
        }
        case HPE_INVALID_VERSION:
            return {Errc::unsupported_version, "version", offset};
        case HPE_INVALID_URL:
            return {Errc::malformed_target, "request target", offset};
        case HPE_UNEXPECTED_CONTENT_LENGTH:
            return {Errc::ambiguous_length, "Content-Length", offset};
        case HPE_INVALID_CONTENT_LENGTH:
            return {Errc::malformed_head, "Content-Length", offset};
        case HPE_INVALID_TRANSFER_ENCODING:
            return {Errc::unsupported_coding, "Transfer-Encoding", offset};
        case HPE_INVALID_HEADER_TOKEN:
            return {Errc::malformed_head, "header field", offset};
        default:
            return {Errc::malformed_head, "head", offset};
    }
}

/// What llhttp leaves to its user.
Result<void> MessageParser::check_head() {
    head_.version_minor = llhttp_.http_minor;
    if (llhttp_.http_major != 1 || llhttp_.http_minor > 1) {
        return Error{Errc::unsupported_version, "version"};
    }
    for (auto& field : fields_) {
        if (!is_token(field.name)) return Error{Errc::malformed_head, "header field name"};
        head_.headers.add(std::move(field.name), std::string{without_trailing_space(field.value)});
    }
    const auto& headers = head_.headers;
    if (const auto coding = headers.find("Transfer-Encoding")) {
        if (!equal_ignoring_case(*coding, "chunked") || headers.count("Transfer-Encoding") != 1) {
            return Error{Errc::unsupported_coding, "Transfer-Encoding"};
        }
        // RFC 9112, 6.1: in HTTP/1.0 the framing is to be treated as faulty.
        if (head_.version_minor == 0) return Error{Errc::ambiguous_length, "Transfer-Encoding"};
    }
    head_.content_length = number_of(headers.find("Content-Length").value_or(""));
    head_.has_body = !message_complete_;
    head_.keep_alive = head_.version_minor == 1 ? !headers.has_token("Connection", "close")
                                                : headers.has_token("Connection", "keep-alive");
    if (kind_ == MessageKind::request) STREAMKIT_TRY(check_request_head());
    if (head_.has_body && head_.content_length > limits_.max_body_bytes) {
        return Error{Errc::body_too_large, "Content-Length"};
    }
    return {};
}

Result<void> MessageParser::check_request_head() const {
    if (head_.target.size() > limits_.max_target_bytes) {
        return Error{Errc::target_too_long, "request target"};
    }
    // RFC 9112, 3.2: exactly one, and only HTTP/1.0 may have none
    const auto hosts = head_.headers.count("Host");
    if (hosts > 1 || (hosts == 0 && head_.version_minor == 1)) {
        return Error{Errc::malformed_host, "Host"};
    }
    return {};
}

Result<MessageParser::Step> MessageParser::parse_body(BytesView input) {
    if (input.empty()) return Step{};
    const auto text = as_text(input);
    const auto code = llhttp_execute(&llhttp_, text.data(), text.size());
    if (body_bytes_ > limits_.max_body_bytes) {
        return Error{Errc::body_too_large, "body", limits_.max_body_bytes};
    }
    if (code != HPE_OK && !message_complete_) {
        const auto at = static_cast<std::uint64_t>(llhttp_get_error_pos(&llhttp_) - text.data());
        return Error{Errc::malformed_body, "chunk", wire_bytes_ + at};
    }
    const auto consumed =
        code == HPE_OK ? input.size()
                       : static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - text.data());
    wire_bytes_ += consumed;
    if (wire_bytes_ / kChunkFramingRatio > body_bytes_ + limits_.max_head_bytes) {
        return Error{Errc::body_too_large, "chunk framing", wire_bytes_};
    }
    if (message_complete_) state_ = State::ended;
    if (!data_.empty()) return Step{Step::What::data, consumed};
    if (!message_complete_) return Step{Step::What::need_input, consumed};
    begin_message();
    return Step{Step::What::complete, consumed};
}

void MessageParser::begin_message() {
    llhttp_init(&llhttp_, kind_ == MessageKind::request ? HTTP_REQUEST : HTTP_RESPONSE, &settings_);
    llhttp_.data = this;
    first_message_ = first_message_ && text_.empty();
    state_ = State::head;
    text_.clear();
    lines_ = 0;
    line_bytes_ = 0;
    last_ = '\0';
    head_ended_ = false;
    head_ = {};
    unknown_method_ = false;
    fields_.clear();
    head_complete_ = false;
    message_complete_ = false;
    data_.clear();
    body_bytes_ = 0;
    wire_bytes_ = 0;
}

llhttp_settings_t MessageParser::make_settings() noexcept {
    llhttp_settings_t settings;
    llhttp_settings_init(&settings);
    settings.on_url = on_target;
    settings.on_header_field = on_field_name;
    settings.on_header_value = on_field_value;
    settings.on_headers_complete = on_head_complete;
    settings.on_body = on_data;
    settings.on_message_complete = on_message_complete;
    return settings;
}

MessageParser& MessageParser::self(llhttp_t* parser) noexcept {
    return *static_cast<MessageParser*>(parser->data);
}

int MessageParser::on_target(llhttp_t* parser, const char* text, std::size_t size) {
    self(parser).head_.target.append(text, size);
    return HPE_OK;
}

int MessageParser::on_field_name(llhttp_t* parser, const char* text, std::size_t size) {
    auto& me = self(parser);
    if (!me.head_complete_) me.fields_.push_back({std::string{text, size}, {}});
    return HPE_OK;
}

int MessageParser::on_field_value(llhttp_t* parser, const char* text, std::size_t size) {
    auto& me = self(parser);
    if (!me.head_complete_) me.fields_.back().value.append(text, size);
    return HPE_OK;
}

/// @return 1 makes llhttp take the message as one without a body
int MessageParser::on_head_complete(llhttp_t* parser) {
    auto& me = self(parser);
    me.head_complete_ = true;  // fields that follow are the trailer's, which is dropped
    me.head_.method = Method::get;
    if (me.kind_ == MessageKind::response) {
        me.head_.status = llhttp_get_status_code(parser);
        return me.expect_no_body_ ? 1 : 0;
    }
    const auto method = method_of(llhttp_get_method(parser));
    if (!method) {
        me.unknown_method_ = true;
        return -1;
    }
    me.head_.method = *method;
    return 0;
}

int MessageParser::on_data(llhttp_t* parser, const char* text, std::size_t size) {
    auto& me = self(parser);
    me.body_bytes_ += size;
    if (me.body_bytes_ > me.limits_.max_body_bytes) return -1;
    const auto bytes = as_bytes({text, size});
    me.data_.insert(me.data_.end(), bytes.begin(), bytes.end());
    return HPE_OK;
}

int MessageParser::on_message_complete(llhttp_t* parser) {
    self(parser).message_complete_ = true;
    return HPE_PAUSED;
}

}  // namespace streamkit::http
