#include "streamkit/amf/value.hpp"

#include "support/catch.hpp"

namespace streamkit::amf {
namespace {

TEST_CASE("a value gives out what it holds and nothing else", "[amf][value]") {
    CHECK(Value{3}.as_number() == 3.0);
    CHECK(Value{true}.as_bool() == true);
    CHECK_FALSE(Value{true}.as_number());
    CHECK(Value{"live"}.as_string() == "live");
    CHECK_FALSE(Value{Null{}}.as_string());
    CHECK(Value{}.is<Undefined>());
}

TEST_CASE("find gives the first property of a name", "[amf][value]") {
    const std::vector<Property> properties{{"app", "live"}, {"", 1}, {"app", "later"}};
    for (const Value& value : {Value{Object{properties}}, Value{EcmaArray{properties}}}) {
        REQUIRE(value.find("app") != nullptr);
        CHECK(value.find("app")->as_string() == "live");
        REQUIRE(value.find("") != nullptr);
        CHECK(value.find("tcUrl") == nullptr);
    }
    CHECK(Value{"app"}.find("app") == nullptr);
    CHECK(Value{"app"}.properties().empty());
}

}  // namespace
}  // namespace streamkit::amf
