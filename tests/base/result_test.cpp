#include "streamkit/base/result.hpp"

#include <memory>
#include <string>

#include "streamkit/base/errc.hpp"
#include "support/catch.hpp"

using namespace streamkit;

namespace {

const Error kError{BaseErrc::malformed_uri, "test"};

Result<void> fail_if(bool fail) {
    if (fail) return kError;
    return {};
}

Result<int> twice(Result<int> in) {
    STREAMKIT_TRY(in);
    return *in * 2;
}

}  // namespace

TEST_CASE("a result holds a value or an error", "[base]") {
    const Result<int> good = 4;
    REQUIRE(good);
    CHECK(*good == 4);
    CHECK(good.value_or(7) == 4);

    const Result<int> bad = kError;
    REQUIRE_FALSE(bad);
    CHECK(bad.error() == kError);
    CHECK(bad.value_or(7) == 7);
    CHECK_THROWS_AS(bad.value(), BadResultAccess);
}

TEST_CASE("a result carries what can only be moved", "[base]") {
    Result<std::unique_ptr<int>> result = std::make_unique<int>(3);
    auto value = std::move(result).value();
    CHECK(*value == 3);
    const Result<std::string> converted = "text";
    CHECK(converted->size() == 4);
}

TEST_CASE("a void result is success unless told otherwise", "[base]") {
    CHECK(fail_if(false));
    CHECK(fail_if(true).error() == kError);
    CHECK_NOTHROW(fail_if(false).value());
    CHECK_THROWS_AS(fail_if(true).value(), BadResultAccess);
}

TEST_CASE("STREAMKIT_TRY hands the error up", "[base]") {
    CHECK(*twice(4) == 8);
    CHECK(twice(kError).error() == kError);
}
