#pragma once

// Posts JSON documents to an HTTP server.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "streamkit/base/uri.hpp"
#include "streamkit/net/asio.hpp"

namespace streamkit::push {

/// Posts to one URL, one document after the other, over a connection that is kept open where the
/// server does so. Used on one shard.
class JsonPoster {
public:
    /// @param url  `http://host[:port]/path[?query]`
    /// @return `ServiceErrc::unsupported_scheme`, or an error of `Uri::parse`
    static Result<JsonPoster> to(std::string_view url);

    /// @return the status of the answer, or why there is none
    net::Task<int> post(std::string document);

private:
    class Connection;
    explicit JsonPoster(Uri url) : url_(std::move(url)) {}
    net::Task<> connect();

    Uri url_;
    std::shared_ptr<Connection> connection_;  // shared with its driver
};

}  // namespace streamkit::push
