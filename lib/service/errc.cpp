#include "streamkit/service/errc.hpp"

#include <array>

namespace streamkit {
namespace {

constexpr ErrorEntry entry(ServiceErrc errc, Failure failure, const char* message) {
    return {static_cast<int>(errc), failure, message};
}

constexpr std::array kErrors{
    entry(ServiceErrc::not_live, Failure::closed, "nobody publishes a stream of that name"),
    entry(ServiceErrc::ambiguous_stream, Failure::protocol_violation,
          "several streams are live and none was named"),
    entry(ServiceErrc::refused_by_peer, Failure::closed, "the server refused"),
    entry(ServiceErrc::no_answer, Failure::closed, "nothing answered the request"),
    entry(ServiceErrc::unsupported_file, Failure::unsupported, "this kind of file cannot be read"),
    entry(ServiceErrc::unsupported_scheme, Failure::unsupported, "the URL's scheme is not known"),
    entry(ServiceErrc::cannot_rewind, Failure::unsupported, "the source can be read only once"),
    entry(ServiceErrc::shutting_down, Failure::closed, "the program ends"),
};

}  // namespace

const std::error_category& service_category() noexcept {
    static const TableCategory category{"streamkit.service", kErrors};
    return category;
}

}  // namespace streamkit
