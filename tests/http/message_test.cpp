#include "streamkit/http/message.hpp"

#include "support/catch.hpp"

namespace streamkit::http {
namespace {

TEST_CASE("HTTP header fields are found in any case", "[http][message]") {
    Headers headers{{"Content-Type", "text/plain"}, {"X-A", "1"}, {"x-a", "2"}};
    CHECK(headers.find("content-TYPE") == "text/plain");
    CHECK(headers.find("X-a") == "1");
    CHECK(headers.count("x-A") == 2);
    CHECK_FALSE(headers.find("X").has_value());
    CHECK_FALSE(headers.contains("X-AB"));
    headers.set("X-A", "3");
    CHECK(headers.count("X-A") == 1);
    CHECK(headers.find("X-A") == "3");
    headers.remove("x-a");
    CHECK(headers.size() == 1);
}

TEST_CASE("HTTP header lists have tokens", "[http][message]") {
    const Headers headers{{"Connection", "keep-alive,  Close ,"}, {"connection", "upgrade"}};
    CHECK(headers.has_token("Connection", "close"));
    CHECK(headers.has_token("Connection", "Keep-Alive"));
    CHECK(headers.has_token("Connection", "upgrade"));
    CHECK_FALSE(headers.has_token("Connection", "clos"));
    CHECK_FALSE(headers.has_token("Connection", "alive"));
    CHECK_FALSE(headers.has_token("Upgrade", "upgrade"));
}

TEST_CASE("HTTP names of methods and statuses", "[http][message]") {
    CHECK(to_string(Method::delete_) == "DELETE");
    CHECK(reason_phrase(416) == "Range Not Satisfiable");
    CHECK(reason_phrase(299) == "Unknown");
}

}  // namespace
}  // namespace streamkit::http
