#pragma once

// What an operator asks of a server.

#include "streamkit/live/hub.hpp"
#include "streamkit/service/http_server.hpp"

namespace streamkit {

/// Adds `GET /api/v1/streams`, `/stream_alive`, `/time`, `/healthz` and `/readyz` to a server.
///
/// @param hub  must outlive the server's connections
void mount_status_api(HttpServer& server, const live::Hub& hub);

}  // namespace streamkit
