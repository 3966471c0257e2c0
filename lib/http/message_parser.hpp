#pragma once

// Cuts a byte stream into messages: a strict layer over llhttp.

#include <llhttp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/http/limits.hpp"
#include "streamkit/http/message.hpp"

namespace streamkit::http {

/// Which messages a parser reads.
enum class MessageKind : std::uint8_t { request, response };

/// The start line and the fields of a message, as they stand.
struct MessageHead {
    Method method = Method::get;  ///< request
    std::string target;           ///< request
    int status = 0;               ///< response
    std::uint8_t version_minor = 1;
    Headers headers;
    std::uint64_t content_length = 0;  ///< 0 where there is no such field
    bool has_body = false;
    bool keep_alive = false;  ///< RFC 9112, 9.3
};

/// Reads one message after the other.
///
/// A head is gathered and checked line by line before llhttp sees it, because what llhttp lets
/// through differs from version to version (a bare CR, folded lines, control characters), and all
/// of it is a way to smuggle a request past a proxy (RFC 9112, 11.2). Bodies are its work alone.
class MessageParser {
public:
    struct Step {
        enum class What : std::uint8_t {
            need_input,  ///< all bytes are taken
            head,        ///< `head()` is there
            data,        ///< `take_data()` gives a piece of the body
            complete,    ///< the message ends here
        };
        What what = What::need_input;
        std::size_t consumed = 0;  ///< bytes of the input that were taken
    };

    MessageParser(MessageKind kind, const Limits& limits);
    MessageParser(const MessageParser&) = delete;
    MessageParser& operator=(const MessageParser&) = delete;

    /// Reads on until there is something to tell. Call it again with the rest of the input, even
    /// if that is empty, until it needs input. After an error it must not be called again.
    Result<Step> parse(BytesView input);
    /// The peer ends the stream.
    ///
    /// @return the end of a body that runs until then, or `need_input` between two messages
    Result<Step> finish();

    /// The next response has no body, whatever its fields say: it answers HEAD.
    void expect_no_body(bool no_body) noexcept { expect_no_body_ = no_body; }

    /// Of the message in progress.
    [[nodiscard]] MessageHead& head() noexcept { return head_; }
    /// The piece of the body that the last step told of.
    [[nodiscard]] Bytes take_data() noexcept { return std::move(data_); }
    /// Is nothing read of the next message?
    [[nodiscard]] bool between_messages() const noexcept {
        return state_ == State::head && text_.empty();
    }
    [[nodiscard]] bool in_head() const noexcept { return state_ == State::head; }
    [[nodiscard]] std::size_t held_bytes() const noexcept { return text_.size() + data_.size(); }

private:
    enum class State : std::uint8_t { head, body, ended };

    Result<std::size_t> scan_head(BytesView input);
    [[nodiscard]] const char* fault_of(char c) const noexcept;
    Result<void> parse_head();
    Result<void> check_head();
    Result<void> check_request_head() const;
    Result<Step> parse_body(BytesView input);
    [[nodiscard]] Error head_error(llhttp_errno_t code) const noexcept;
    void begin_message();

    static llhttp_settings_t make_settings() noexcept;
    static MessageParser& self(llhttp_t* parser) noexcept;
    static int on_target(llhttp_t* parser, const char* text, std::size_t size);
    static int on_field_name(llhttp_t* parser, const char* text, std::size_t size);
    static int on_field_value(llhttp_t* parser, const char* text, std::size_t size);
    static int on_head_complete(llhttp_t* parser);
    static int on_data(llhttp_t* parser, const char* text, std::size_t size);
    static int on_message_complete(llhttp_t* parser);

    MessageKind kind_;
    Limits limits_;
    llhttp_settings_t settings_;
    llhttp_t llhttp_;
    State state_ = State::head;
    bool first_message_ = true;
    bool expect_no_body_ = false;

    std::string text_;  // the head as it came
    std::size_t lines_ = 0;
    std::size_t line_bytes_ = 0;
    char last_ = '\0';
    bool head_ended_ = false;

    MessageHead head_;
    std::vector<HeaderField> fields_;
    bool unknown_method_ = false;
    bool head_complete_ = false;
    bool message_complete_ = false;
    Bytes data_;
    std::uint64_t body_bytes_ = 0;
    std::uint64_t wire_bytes_ = 0;  // of the body with its framing
};

}  // namespace streamkit::http
