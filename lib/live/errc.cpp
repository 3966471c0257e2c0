#include "streamkit/live/errc.hpp"

namespace streamkit::live {
namespace {

constexpr ErrorEntry entry(Errc errc, Failure failure, const char* message) {
    return {static_cast<int>(errc), failure, message};
}

constexpr ErrorEntry kEntries[] = {
    entry(Errc::already_publishing, Failure::protocol_violation,
          "somebody publishes a stream of this name already"),
    entry(Errc::too_many_streams, Failure::limit_exceeded, "too many streams"),
    entry(Errc::invalid_path, Failure::malformed, "stream has no name"),
    entry(Errc::path_too_long, Failure::limit_exceeded, "name of the stream is too long"),
    entry(Errc::taken_over, Failure::closed, "another publisher has taken the stream over"),
    entry(Errc::too_far_behind, Failure::timed_out, "subscriber is too far behind"),
    entry(Errc::queue_overflow, Failure::limit_exceeded,
          "subscriber's queue is full of what must not be dropped"),
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory table{"streamkit.live", kEntries};
    return table;
}

}  // namespace streamkit::live
