#pragma once

// Where a client wants to go: application, stream name and query, out of what clients send.

#include <cstddef>
#include <string>
#include <string_view>

#include "streamkit/base/result.hpp"
#include "streamkit/rtmp/errc.hpp"

namespace streamkit::rtmp {

/// Names go into URLs, files, logs and manifests; what is longer is refused.
struct NameLimits {
    std::size_t max_path_bytes = 512;    ///< application and name together, decoded
    std::size_t max_query_bytes = 4096;  ///< both queries together: keys and tokens
};

/// The application of a connection.
struct AppName {
    std::string path;   ///< decoded, without slashes at its ends; may be empty
    std::string query;  ///< as it came, without the `?`

    /// @param app     of the connect command; a query may follow
    /// @param tc_url  of the same; gives what `app` leaves out. Ignored if it is not a URL.
    /// @return `Errc::stream_name_…`
    static Result<AppName> parse(std::string_view app, std::string_view tc_url,
                                 const NameLimits& limits = {});

    friend bool operator==(const AppName&, const AppName&) = default;
};

/// A stream.
///
/// Clients cut `rtmp://host/a/b/c?q` in different places (application "a", "a/b" or even "a/b/c" with
/// an empty name), so both parts are joined and cut again before the last slash. Percent-encoded
/// characters are decoded, as in URLs; a `%` that encodes nothing stays. Empty parts between slashes
/// are left out. The type that Flash Player and FFmpeg put in front of a name (`mp4:`) is left out too.
struct StreamName {
    std::string app;    ///< all but the last part: "live"
    std::string name;   ///< the last part: "camera 1"
    std::string query;  ///< of the application, then of the name, joined by `&`

    /// @return `Errc::empty_stream_name` with fewer than two parts, or `Errc::stream_name_…`
    static Result<StreamName> parse(const AppName& app, std::string_view name,
                                    const NameLimits& limits = {});

    /// "live/camera 1".
    [[nodiscard]] std::string path() const { return app + "/" + name; }

    friend bool operator==(const StreamName&, const StreamName&) = default;
};

}  // namespace streamkit::rtmp
