#pragma once

// The web pages of the server.

#include <filesystem>

#include "streamkit/service/http_server.hpp"

namespace streamkit {

/// Adds `GET /watch`, `/web/{file}`, `/openapi.json`, `/favicon.ico` and `/`.
///
/// @param web_root  where the pages are read from at each request, for those who work on them;
///                  empty: the pages that were built in
void mount_pages(HttpServer& server, const std::filesystem::path& web_root);

}  // namespace streamkit
