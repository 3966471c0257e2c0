#include "cli/progress.hpp"

#include <unistd.h>

#include <cstdlib>

namespace streamkit::cli {

Progress::Progress(std::FILE* output) : Progress(output, is_terminal(output)) {}

void Progress::update(TimePoint now, std::string_view line) {
    if (!due(now)) return;
    shown_ = now;
    const auto length = static_cast<int>(line.size());
    if (terminal_) {
        // The cursor goes back to the start, so that a line of the log takes the place of this one.
        std::fprintf(output_, "%.*s\x1b[K\r", length, line.data());
    } else {
        std::fprintf(output_, "%.*s\n", length, line.data());
    }
    std::fflush(output_);
}

void Progress::finish(std::string_view line) {
    std::fprintf(output_, terminal_ ? "%.*s\x1b[K\n" : "%.*s\n", static_cast<int>(line.size()),
                 line.data());
    std::fflush(output_);
}

TimePoint::duration Progress::interval() const noexcept {
    return terminal_ ? std::chrono::milliseconds{100} : std::chrono::seconds{5};
}

bool is_terminal(std::FILE* stream) {
    if (isatty(fileno(stream)) == 0) return false;
    const char* name = std::getenv("TERM");
    return name != nullptr && std::string_view{name} != "dumb";
}

}  // namespace streamkit::cli
