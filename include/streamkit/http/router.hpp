#pragma once

// Finds the handler of a path.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "streamkit/http/message.hpp"

namespace streamkit::http {

/// A pattern of path segments: literal (`/time`), named (`/live/{key}`), or named to the end
/// (`/web/{file...}`, at least one character).
class PathPattern {
public:
    /// @param pattern  begins with `/`
    explicit PathPattern(std::string_view pattern);

    /// The values of the named segments, in order; empty optional if the path does not match.
    [[nodiscard]] std::optional<std::vector<std::string>> match(std::string_view path) const;

private:
    struct Segment {
        enum class Kind : std::uint8_t { literal, named, rest };
        Kind kind = Kind::literal;
        std::string text;
    };
    std::vector<Segment> segments_;
};

/// Routes in the order they were added; the first whose method and pattern match is taken.
/// A route for GET answers HEAD too.
template <class Handler>
class Router {
public:
    struct Match {
        const Handler* handler = nullptr;     ///< null: none; lives as long as the router
        std::vector<std::string> parameters;  ///< values of the pattern's names, in order
        std::string allow;  ///< the methods that the path has, where `handler` is null: answer 405
    };

    void add(Method method, std::string_view pattern, Handler handler) {
        routes_.push_back({method, PathPattern{pattern}, std::move(handler)});
    }

    [[nodiscard]] Match match(Method method, std::string_view path) const {
        Match found;
        for (const auto& route : routes_) {
            auto parameters = route.pattern.match(path);
            if (!parameters) continue;
            if (route.method == method || (route.method == Method::get && method == Method::head)) {
                return {&route.handler, std::move(*parameters), {}};
            }
            if (!found.allow.empty()) found.allow += ", ";
            found.allow += route.method == Method::get ? "GET, HEAD" : to_string(route.method);
        }
        return found;
    }

private:
    struct Route {
        Method method;
        PathPattern pattern;
        Handler handler;
    };
    std::vector<Route> routes_;
};

}  // namespace streamkit::http
