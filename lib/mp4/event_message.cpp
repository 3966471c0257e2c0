#include "streamkit/mp4/event_message.hpp"

#include <algorithm>

#include "box_writer.hpp"
#include "streamkit/base/byte_reader.hpp"
#include "streamkit/mp4/errc.hpp"

namespace streamkit::mp4 {
namespace {

bool has_zero(const std::string& text) { return text.find('\0') != std::string::npos; }

void write_string(ByteWriter& out, const std::string& text) {
    out.text(text);
    out.u8(0);
}

Result<std::string> read_string(ByteReader& in, BytesView payload) {
    const auto rest = payload.subspan(in.offset());
    const auto end = std::find(rest.begin(), rest.end(), std::uint8_t{0});
    if (end == rest.end()) return Error{Errc::unterminated_string, "emsg", in.offset()};
    const auto size = static_cast<std::size_t>(end - rest.begin());
    std::string text{as_text(in.bytes(size))};
    in.skip(1);
    return text;
}

Result<void> read_strings(ByteReader& in, BytesView payload, EventMessage& message) {
    auto scheme_id_uri = read_string(in, payload);
    if (!scheme_id_uri) return scheme_id_uri.error();
    auto value = read_string(in, payload);
    if (!value) return value.error();
    message.scheme_id_uri = std::move(*scheme_id_uri);
    message.value = std::move(*value);
    return {};
}

}  // namespace

Result<void> write_event_message(ByteWriter& out, const EventMessage& message) {
    if (message.version > 1) return Error{Errc::unsupported_version, "emsg"};
    if (has_zero(message.scheme_id_uri)) return Error{Errc::value_out_of_range, "scheme_id_uri"};
    if (has_zero(message.value)) return Error{Errc::value_out_of_range, "value"};
    if (message.timescale == 0) return Error{Errc::value_out_of_range, "timescale"};
    if (message.version == 0 && message.presentation_time > 0xffffffff) {
        return Error{Errc::value_out_of_range, "presentation_time_delta"};
    }
    const BoxScope emsg{out, FourCc{"emsg"}, message.version, 0};
    if (message.version == 0) {
        write_string(out, message.scheme_id_uri);
        write_string(out, message.value);
        out.u32(message.timescale);
        out.u32(static_cast<std::uint32_t>(message.presentation_time));
        out.u32(message.event_duration);
        out.u32(message.id);
    } else {
        out.u32(message.timescale);
        out.u64(message.presentation_time);
        out.u32(message.event_duration);
        out.u32(message.id);
        write_string(out, message.scheme_id_uri);
        write_string(out, message.value);
    }
    out.bytes(message.message_data);
    return {};
}

Result<EventMessage> read_event_message(BytesView payload) {
    ByteReader in{payload};
    EventMessage message;
    message.version = in.u8();
    in.skip(3);  // flags
    if (!in.ok()) return Error{Errc::truncated_box, "emsg", in.offset()};
    if (message.version > 1) return Error{Errc::unsupported_version, "emsg"};

    if (message.version == 0) {
        STREAMKIT_TRY(read_strings(in, payload, message));
        message.timescale = in.u32();
        message.presentation_time = in.u32();
        message.event_duration = in.u32();
        message.id = in.u32();
    } else {
        message.timescale = in.u32();
        message.presentation_time = in.u64();
        message.event_duration = in.u32();
        message.id = in.u32();
        if (!in.ok()) return Error{Errc::truncated_box, "emsg", in.offset()};
        STREAMKIT_TRY(read_strings(in, payload, message));
    }
    if (!in.ok()) return Error{Errc::truncated_box, "emsg", in.offset()};
    const auto data = in.rest();
    message.message_data.assign(data.begin(), data.end());
    return message;
}

}  // namespace streamkit::mp4
