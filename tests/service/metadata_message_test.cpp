#include "metadata_message.hpp"

#include <memory>

#include "support/catch.hpp"

using namespace streamkit;

namespace {

MetadataMessage good(std::string_view body) {
    auto result = read_metadata_message(body);
    if (const auto* problem = std::get_if<MetadataProblem>(&result)) FAIL(problem->detail);
    return std::get<MetadataMessage>(std::move(result));
}

std::string bad(std::string_view body) {
    auto result = read_metadata_message(body);
    const auto* problem = std::get_if<MetadataProblem>(&result);
    return problem != nullptr ? problem->detail : "accepted";
}

}  // namespace

TEST_CASE("a metadata message has a text and a time", "[service]") {
    const auto message = good(R"({"metadata": "hello", "time": 12.5})");
    CHECK(message.metadata == "hello");
    CHECK(message.request.message == Bytes{'h', 'e', 'l', 'l', 'o'});
    CHECK(message.request.time == Timestamp{12'500, 1000});
    CHECK_FALSE(message.stream);
    CHECK_FALSE(message.request.id);
    CHECK_FALSE(message.request.duration);
    CHECK(message.request.scheme_id_uri == "urn:streamkit:metadata");
    CHECK(message.request.value == "1");
}

TEST_CASE("without a time a metadata message is for the live edge", "[service]") {
    CHECK_FALSE(good(R"({"metadata": ""})").request.time);
    CHECK_FALSE(good(R"({"metadata": "x", "time": null})").request.time);
}

TEST_CASE("a metadata message may say everything else too", "[service]") {
    const auto message = good(R"({"metadata": "x", "time": 0, "stream": "live/a", "duration": 3,
                                  "id": 4294967295, "scheme_id_uri": "urn:x", "value": ""})");
    CHECK(message.stream == "live/a");
    CHECK(message.request.time == Timestamp{0, 1});
    CHECK(message.request.duration == Timestamp{3, 1});
    CHECK(message.request.id == 4294967295U);
    CHECK(message.request.scheme_id_uri == "urn:x");
    CHECK(message.request.value.empty());
}

TEST_CASE("quotes, markup and line breaks in a text are its own business", "[service]") {
    CHECK(good(R"({"metadata": "\"<&>'\n\t\u00e9"})").metadata == "\"<&>'\n\t\xc3\xa9");
}

TEST_CASE("what is wrong with a metadata message is named", "[service]") {
    CHECK(bad("").starts_with("the body is no JSON document"));
    CHECK(bad("hello").starts_with("the body is no JSON document"));
    CHECK(bad("{\"metadata\": \"\xff\"}").starts_with("the body is no JSON document"));
    CHECK(bad("[]") == "the body is no JSON object");
    CHECK(bad("{}") == "'metadata' is missing");
    CHECK(bad(R"({"metadata": 5})") == "'metadata' must be a string");
    CHECK(bad(R"({"metadata": "ab\u0000"})") ==
          "'metadata' has a control character at byte 2, which a manifest cannot carry");
    CHECK(bad(R"({"metadata": "\uffff"})") ==
          "'metadata' has a control character at byte 0, which a manifest cannot carry");
    CHECK(bad(R"({"metadata": "x", "time": "5"})") == "'time' must be a number of seconds");
    CHECK(bad(R"({"metadata": "x", "time": -1})") == "'time' must be 0 to 1000000000 seconds");
    CHECK(bad(R"({"metadata": "x", "time": 1e300})") == "'time' must be 0 to 1000000000 seconds");
    CHECK(bad(R"({"metadata": "x", "id": -1})") ==
          "'id' must be a whole number from 0 to 4294967295");
    CHECK(bad(R"({"metadata": "x", "id": 4294967296})") ==
          "'id' must be a whole number from 0 to 4294967295");
    CHECK(bad(R"({"metadata": "x", "scheme_id_uri": ""})") == "'scheme_id_uri' is not a URI");
    CHECK(bad(R"({"metadata": "x", "scheme_id_uri": "urn:a b"})") ==
          "'scheme_id_uri' is not a URI");
    CHECK(bad(R"({"metadata": "x", "scheme_id_uri": "urn:%zz"})") ==
          "'scheme_id_uri' is not a URI");
    CHECK(bad(R"({"metadata": ")" + std::string(65'537, 'x') + "\"}") ==
          "'metadata' is longer than 65536 bytes");
}

TEST_CASE("a text of 64 KB is taken", "[service]") {
    CHECK(good(R"({"metadata": ")" + std::string(65'536, 'x') + "\"}").metadata.size() == 65'536);
}

TEST_CASE("answer and feed show what was resolved", "[service]") {
    auto message = good(R"({"metadata": "a \"b\"", "time": 12345})");
    cmaf::ScheduledEvent scheduled;
    scheduled.event.scheme_id_uri = "urn:streamkit:metadata";
    scheduled.event.value = "1";
    scheduled.event.id = 7;
    scheduled.event.time = {12'345'000, 1000};
    scheduled.event.duration = {10'000, 1000};
    scheduled.event.message = message.request.message;
    cmaf::PostedEvent posted;
    posted.scheduled = std::make_shared<const cmaf::ScheduledEvent>(scheduled);
    posted.late = true;
    CHECK(metadata_answer(message, "live/app", posted) ==
          R"({"status":"ok","received":"a \"b\"","stream":"live/app","id":7,"time":12345,)"
          R"("duration":10,"late":true})");
    json::JsonWriter out;
    write_feed_event(out, "live/app", scheduled);
    CHECK(out.take() ==
          R"({"metadata":"a \"b\"","time":12345,"duration":10,"id":7,"stream":"live/app",)"
          R"("scheme_id_uri":"urn:streamkit:metadata","value":"1"})");
}
