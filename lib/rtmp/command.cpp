#include "streamkit/rtmp/command.hpp"

#include <utility>

#include "streamkit/amf/writer.hpp"
#include "streamkit/base/byte_writer.hpp"

namespace streamkit::rtmp {
namespace {

constexpr std::size_t kDataNameBytes = 64;  // longer names than those we look for are not read

// Types 15 and 17 begin with a format byte 0, which no AMF0 value of theirs begins with: the first
// is a string.
SharedBuffer amf0_part(const Message& message) {
    const bool amf3 =
        message.type == MessageType::command_amf3 || message.type == MessageType::data_amf3;
    const auto& payload = message.payload;
    return amf3 && !payload.empty() && payload.view().front() == 0 ? payload.slice(1) : payload;
}

std::string_view text_of(StatusLevel level) {
    switch (level) {
        case StatusLevel::status:
            return "status";
        case StatusLevel::warning:
            return "warning";
        case StatusLevel::error:
            break;
    }
    return "error";
}

}  // namespace

Result<Command> Command::read(const Message& message, const amf::Limits& limits) {
    const auto values = amf0_part(message);
    amf::Reader in{values, limits};
    const auto name = in.read();
    if (!name) return name.error();
    if (!name->as_string()) return Error{Errc::malformed_command, "command name"};
    Command command;
    command.name = *name->as_string();
    // Some encoders send neither a transaction id nor an object with closeStream and the like.
    if (in.at_end()) return command;
    const auto transaction_id = in.read();
    if (!transaction_id) return transaction_id.error();
    command.transaction_id = transaction_id->as_number().value_or(0);
    if (in.at_end()) return command;
    auto object = in.read();
    if (!object) return object.error();
    command.object = *std::move(object);
    while (!in.at_end()) {
        auto argument = in.read();
        if (!argument) return argument.error();
        command.arguments.push_back(*std::move(argument));
    }
    return command;
}

Message Command::message(std::uint32_t stream_id) const {
    ByteWriter out{256};
    amf::write_value(out, name);
    amf::write_value(out, transaction_id);
    amf::write_value(out, object);
    for (const auto& argument : arguments)
        amf::write_value(out, argument);
    return {.type = MessageType::command_amf0,
            .stream_id = stream_id,
            .payload = SharedBuffer::take(out.take())};
}

const amf::Value& Command::argument(std::size_t index) const noexcept {
    static const amf::Value kUndefined;
    return index < arguments.size() ? arguments[index] : kUndefined;
}

SharedBuffer data_values(const Message& message) {
    const auto values = amf0_part(message);
    amf::Reader in{values, {.max_string_bytes = kDataNameBytes}};
    const auto name = in.read();
    if (!name) return values;
    if (name->as_string() == "@setDataFrame") return values.slice(in.offset());
    if (name->as_string() == "@clearDataFrame") return {};
    return values;
}

amf::Object status_info(StatusLevel level, std::string_view code, std::string_view description) {
    return amf::Object{{{"level", text_of(level)}, {"code", code}, {"description", description}}};
}

Command on_status(StatusLevel level, std::string_view code, std::string_view description) {
    return {.name = "onStatus", .arguments = {status_info(level, code, description)}};
}

}  // namespace streamkit::rtmp
