#include "streamkit/base/error.hpp"

#include "streamkit/base/errc.hpp"
#include "support/catch.hpp"

using namespace streamkit;

TEST_CASE("an error names code, field and offset", "[base]") {
    const Error error{BaseErrc::malformed_uri, "URI host", 7};
    CHECK(error.message() == "URI host: not a valid URI (at byte 7)");
    CHECK(error.code == BaseErrc::malformed_uri);
    CHECK(error.code == Failure::malformed);
    CHECK(error.code != Failure::closed);
    CHECK(error == Error{BaseErrc::malformed_uri, "URI host", 7});
    CHECK_FALSE(error == Error{BaseErrc::malformed_uri, "URI host", 8});
}

TEST_CASE("a system error can be carried too", "[base]") {
    const Error error{std::make_error_code(std::errc::no_space_on_device), "write"};
    CHECK(error.message().starts_with("write: "));
    CHECK(error.code == std::errc::no_space_on_device);
}

TEST_CASE("codes outside the table have a message and no shared condition", "[base]") {
    const std::error_code unknown{4711, base_category()};
    CHECK(unknown.message() == "unknown error");
    CHECK(unknown != Failure::malformed);
}
