#include "streamkit/base/registration.hpp"

#include "support/catch.hpp"

using namespace streamkit;

TEST_CASE("a registration is taken back once, by its last owner", "[base]") {
    int removed = 0;
    {
        Registration first{[&] { ++removed; }};
        Registration second{std::move(first)};
        CHECK(removed == 0);
        first = Registration{[&] { removed += 10; }};
        first = std::move(second);  // what `first` held goes now
        CHECK(removed == 10);
        const Registration empty;
    }
    CHECK(removed == 11);
}
