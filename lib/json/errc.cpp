#include "streamkit/json/errc.hpp"

#include "streamkit/base/error.hpp"

namespace streamkit::json {
namespace {

constexpr ErrorEntry entry(Errc errc, Failure failure, const char* message) {
    return {static_cast<int>(errc), failure, message};
}

constexpr ErrorEntry kEntries[] = {
    entry(Errc::malformed, Failure::malformed, "not valid JSON"),
    entry(Errc::invalid_utf8, Failure::malformed, "not valid UTF-8"),
    entry(Errc::duplicate_name, Failure::malformed, "two members of one object have the same name"),
    entry(Errc::malformed_number, Failure::malformed, "not a valid number, or one out of range"),
    entry(Errc::too_long, Failure::limit_exceeded, "document is longer than the limit"),
    entry(Errc::too_deep, Failure::limit_exceeded, "arrays or objects are nested too deep"),
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory table{"streamkit.json", kEntries};
    return table;
}

}  // namespace streamkit::json
