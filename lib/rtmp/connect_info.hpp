#pragma once

// What client and server tell each other in connect and its answer.

#include "streamkit/amf/value.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/rtmp/command.hpp"
#include "streamkit/rtmp/server_session.hpp"

namespace streamkit::rtmp {

/// Reads the command object of connect.
///
/// @return `Errc::stream_name_…` of the application
/// @see RTMP 1.0, section 7.2.1.1; Enhanced RTMP v2, "Enhancing NetConnection connect Command"
Result<Connected> read_connect(const Command& connect, const NameLimits& limits);

/// The answer to a connect that succeeds: with what Flash-era clients and FFmpeg look for, and with
/// our codecs for those that named theirs.
Command connect_result(const Command& connect);

/// The capabilities that an Enhanced RTMP client adds to its command object.
void add_client_capabilities(amf::Object& command_object);

}  // namespace streamkit::rtmp
