#include "pages.hpp"

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "streamkit/http/content_type.hpp"
#include "streamkit/http/problem.hpp"
#include "streamkit/http/static_response.hpp"
#include "streamkit/version.hpp"
#include "web_files.hpp"

namespace streamkit {
namespace {

std::optional<http::Object> built_in(const std::string& name) {
    for (const auto& file : web::files()) {
        if (file.path != name) continue;
        http::Object object;
        object.content_type = file.content_type;
        object.slices = {SharedBuffer::from_static(file.bytes)};
        object.validators.etag = http::make_etag(std::string{kVersion} + "-" + name + "-" +
                                                 std::to_string(file.bytes.size()));
        return object;
    }
    return std::nullopt;
}

std::optional<http::Object> on_disk(const std::filesystem::path& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file || !std::filesystem::is_regular_file(path)) return std::nullopt;
    Bytes bytes{std::istreambuf_iterator<char>{file}, {}};
    http::Object object;
    object.content_type = http::content_type_of(path.filename().string());
    object.slices = {SharedBuffer::take(std::move(bytes))};
    return object;
}

/// Serves one file of the pages.
class Pages {
public:
    explicit Pages(std::filesystem::path web_root) : web_root_(std::move(web_root)) {}

    void serve(HttpExchange& exchange, const std::string& name) const {
        // One segment of a checked path: it cannot leave the folder.
        auto object = web_root_.empty() ? std::nullopt : on_disk(web_root_ / name);
        if (!object) object = built_in(name);
        if (!object) {
            return exchange.respond(
                http::problem(404, "this page, or part of a page, is not in this build",
                              "build the server where npm is installed: tools/setup installs it"));
        }
        object->cache_control = "no-cache";  // revalidated: an update shows at once
        exchange.respond(http::static_response(exchange.head(), *object));
    }

private:
    std::filesystem::path web_root_;
};

}  // namespace

void mount_pages(HttpServer& server, const std::filesystem::path& web_root) {
    const Pages pages{web_root};
    const auto page = [&](const char* path, const char* name) {
        server.route(http::Method::get, path, [pages, name](const auto& exchange, const auto&) {
            pages.serve(*exchange, name);
        });
    };
    page("/watch", "watch.html");
    page("/favicon.ico", "icon.svg");
    page("/openapi.json", "openapi.json");
    server.route(
        http::Method::get, "/web/{file}",
        [pages](const auto& exchange, const auto& names) { pages.serve(*exchange, names.at(0)); });
    server.route(http::Method::get, "/", [](const auto& exchange, const auto&) {
        http::Response redirect;
        redirect.head.status = 302;
        redirect.head.headers.set("Location", "/watch");
        exchange->respond(std::move(redirect));
    });
}

}  // namespace streamkit
