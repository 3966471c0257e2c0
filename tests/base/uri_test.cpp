#include "streamkit/base/uri.hpp"

#include "streamkit/base/errc.hpp"
#include "support/catch.hpp"

using namespace streamkit;

TEST_CASE("a URI is split into its parts", "[base]") {
    struct Case {
        const char* text;
        Uri uri;
    };
    const Case cases[] = {
        {"rtmp://localhost:1935/live/app", {"rtmp", "", "localhost", 1935, "/live/app", "", ""}},
        {"RTMP://host/live?key=1/2", {"rtmp", "", "host", 0, "/live", "key=1/2", ""}},
        {"http://u:p@h/", {"http", "u:p", "h", 0, "/", "", ""}},
        {"http://a@b@h/", {"http", "a@b", "h", 0, "/", "", ""}},
        {"http://[::1]:80/x#f", {"http", "", "::1", 80, "/x", "", "f"}},
        {"http://[::1]", {"http", "", "::1", 0, "", "", ""}},
        {"http://h:/p", {"http", "", "h", 0, "/p", "", ""}},
        {"http://h?q", {"http", "", "h", 0, "", "q", ""}},
    };
    for (const auto& c : cases) {
        INFO(c.text);
        const auto uri = Uri::parse(c.text);
        REQUIRE(uri);
        CHECK(*uri == c.uri);
    }
}

TEST_CASE("a bad URI is refused with the place of the fault", "[base]") {
    struct Case {
        const char* text;
        Error error;
    };
    const Case cases[] = {
        {"", {BaseErrc::malformed_uri, "URI scheme"}},
        {"localhost/live", {BaseErrc::malformed_uri, "URI scheme"}},
        {"1x://h", {BaseErrc::malformed_uri, "URI scheme"}},
        {"rtmp:///live", {BaseErrc::malformed_uri, "URI host", 7}},
        {"rtmp://:1935/", {BaseErrc::malformed_uri, "URI host", 7}},
        {"http://[::1/x", {BaseErrc::malformed_uri, "unclosed bracket in URI host", 7}},
        {"http://[::1]x/", {BaseErrc::malformed_uri, "text after the bracket in URI host", 7}},
        {"http://h:65536/", {BaseErrc::port_out_of_range, "URI port", 9}},
        {"http://h:8o/", {BaseErrc::port_out_of_range, "URI port", 9}},
        {"http://h/a b", {BaseErrc::malformed_uri, "control character or space in URI", 10}},
        {"http://h/\n", {BaseErrc::malformed_uri, "control character or space in URI", 9}},
    };
    for (const auto& c : cases) {
        INFO(c.text);
        const auto uri = Uri::parse(c.text);
        REQUIRE_FALSE(uri);
        CHECK(uri.error() == c.error);
    }
}

TEST_CASE("the authority has brackets where IPv6 needs them", "[base]") {
    CHECK(Uri{.scheme = "",
              .user = "",
              .host = "::1",
              .port = 80,
              .path = "",
              .query = "",
              .fragment = ""}
              .authority() == "[::1]:80");
    CHECK(Uri::parse("http://h/")->authority() == "h");
}

TEST_CASE("percent-encoding goes there and back", "[base]") {
    CHECK(*percent_decode("a%2Fb%20%c3%A9") == "a/b \xc3\xa9");
    CHECK(*percent_decode("%41") == "A");
    CHECK(percent_encode("a/b \xc3\xa9~") == "a%2Fb%20%C3%A9~");
    for (const char* bad : {"%", "%4", "%4g", "x%"}) {
        INFO(bad);
        const auto decoded = percent_decode(bad);
        REQUIRE_FALSE(decoded);
        CHECK(decoded.error().code == BaseErrc::malformed_percent);
    }
    CHECK(percent_decode("ab%zz").error().offset == 2);
}

TEST_CASE("query strings are taken apart", "[base]") {
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    CHECK(query_parameters("a=1&b=x+y%21&&c&=d&e=%zz") ==
          Pairs{{"a", "1"}, {"b", "x y!"}, {"c", ""}, {"", "d"}, {"e", "%zz"}});
    CHECK(query_parameter("a=1&a=2", "a") == "1");
    CHECK(query_parameter("a=1", "b") == std::nullopt);
    CHECK(query_parameters("").empty());
}
