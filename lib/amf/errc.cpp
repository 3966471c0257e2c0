#include "streamkit/amf/errc.hpp"

#include "streamkit/base/error.hpp"

namespace streamkit::amf {
namespace {

constexpr ErrorEntry entry(Errc errc, Failure failure, const char* message) {
    return {static_cast<int>(errc), failure, message};
}

constexpr ErrorEntry kEntries[] = {
    entry(Errc::truncated, Failure::malformed, "the input ends inside an AMF value"),
    entry(Errc::unknown_marker, Failure::malformed, "unknown AMF type marker"),
    entry(Errc::reserved_type, Failure::unsupported, "reserved AMF type"),
    entry(Errc::unexpected_end, Failure::malformed, "object end marker outside an object"),
    entry(Errc::invalid_reference, Failure::malformed, "reference to nothing that was sent"),
    entry(Errc::circular_reference, Failure::unsupported, "a value that contains itself"),
    entry(Errc::unsupported_class, Failure::unsupported, "externalizable class of unknown format"),
    entry(Errc::unsupported_key, Failure::unsupported, "dictionary key is no string or number"),
    entry(Errc::too_deep, Failure::limit_exceeded, "values are nested too deep"),
    entry(Errc::too_many_values, Failure::limit_exceeded, "too many values"),
    entry(Errc::string_too_long, Failure::limit_exceeded, "string is longer than the limit"),
    entry(Errc::too_many_bytes, Failure::limit_exceeded, "strings take more than the limit"),
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory table{"streamkit.amf", kEntries};
    return table;
}

}  // namespace streamkit::amf
