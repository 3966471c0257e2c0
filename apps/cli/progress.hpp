#pragma once

// One line about how far the work is.

#include <cstdio>
#include <optional>
#include <string_view>

#include "streamkit/base/time.hpp"

namespace streamkit::cli {

/// A line on stderr that is rewritten in place on a terminal (at most ten times a second) and
/// printed every five seconds elsewhere.
class Progress {
public:
    /// @param output  where it goes; stays open
    explicit Progress(std::FILE* output = stderr);
    Progress(std::FILE* output, bool terminal) : output_(output), terminal_(terminal) {}

    /// Whether `update` would show a line now; saves making one that is not shown.
    [[nodiscard]] bool due(TimePoint now) const noexcept {
        return !shown_ || now - *shown_ >= interval();
    }
    /// Shows the line if it is due.
    void update(TimePoint now, std::string_view line);
    /// Shows the last line, whether due or not, and ends it.
    void finish(std::string_view line);

private:
    [[nodiscard]] TimePoint::duration interval() const noexcept;

    std::FILE* output_;
    bool terminal_;
    std::optional<TimePoint> shown_;
};

/// Whether a stream is a terminal that understands escape sequences.
[[nodiscard]] bool is_terminal(std::FILE* stream);

}  // namespace streamkit::cli
