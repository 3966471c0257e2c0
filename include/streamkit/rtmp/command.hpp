#pragma once

// Command messages: remote procedure calls in AMF.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/amf/reader.hpp"
#include "streamkit/amf/value.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/rtmp/errc.hpp"
#include "streamkit/rtmp/message.hpp"

namespace streamkit::rtmp {

/// A call, or the answer to one. RTMP 1.0, 7.2.
struct Command {
    std::string name;
    double transaction_id = 0;  ///< 0: no answer is wanted
    amf::Value object = amf::Null{};
    std::vector<amf::Value> arguments = {};

    /// Reads a message of type 20 or 17. The latter has a byte 0 in front of AMF0 values, any of
    /// which may switch to AMF3.
    ///
    /// @return `Errc::malformed_command` if it does not begin with a name, or an error of `amf`
    static Result<Command> read(const Message& message, const amf::Limits& limits = {});
    /// As a message of type 20.
    [[nodiscard]] Message message(std::uint32_t stream_id = 0) const;

    /// The argument at that place, or undefined if there are fewer.
    [[nodiscard]] const amf::Value& argument(std::size_t index) const noexcept;

    friend bool operator==(const Command&, const Command&) = default;
};

/// The values of a data message in AMF0, without what only its carrier needs: the byte 0 in front of
/// type 15, and the name "@setDataFrame", which tells a server to keep the data for later players.
///
/// @param message  of type 18 or 15
/// @return a slice of the payload that begins with the name of the data; empty for
///         "@clearDataFrame"
SharedBuffer data_values(const Message& message);

/// RTMP 1.0, 7.2.2: the `level` of an information object.
enum class StatusLevel : std::uint8_t { status, warning, error };

/// An information object.
///
/// @param description  for people: encoders show it
amf::Object status_info(StatusLevel level, std::string_view code, std::string_view description);

/// What the server says about a message stream, unasked or as the answer to publish, play, ….
Command on_status(StatusLevel level, std::string_view code, std::string_view description);

}  // namespace streamkit::rtmp
