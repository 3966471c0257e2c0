#include "streamkit/rudp/trace.hpp"

#include "streamkit/json/reader.hpp"
#include "support/catch.hpp"

namespace streamkit::rudp {
namespace {

using namespace std::chrono_literals;
using congestion::Bandwidth;

constexpr TimePoint kStart = TimePoint{} + 1h;

/// The texts of a sequence, RFC 7464, 2.1.
std::vector<json::Value> read_sequence(std::string_view text) {
    std::vector<json::Value> out;
    while (!text.empty()) {
        REQUIRE(text.front() == '\x1e');
        const auto end = text.find('\n');
        REQUIRE(end != std::string_view::npos);
        const auto value = json::read(text.substr(1, end - 1));
        REQUIRE(value.has_value());
        out.push_back(*value);
        text.remove_prefix(end + 1);
    }
    return out;
}

const json::Value& at(const json::Value& value, std::string_view name) {
    const auto* member = value.find(name);
    INFO(name);
    REQUIRE(member != nullptr);
    return *member;
}

std::string text_at(const json::Value& value, std::string_view name) {
    const auto* text = at(value, name).as_string();
    REQUIRE(text != nullptr);
    return *text;
}

struct Case {
    trace::Event event;
    std::string name;
    std::string data;
};

const Case kCases[] = {
    {trace::PacketSent{.packet_number = 7, .bytes = 1200, .ack_eliciting = true},
     "quic:packet_sent",
     R"({"header":{"packet_type":"1RTT","packet_number":7},"raw":{"length":1200},)"
     R"("ack_eliciting":true})"},
    {trace::PacketReceived{.packet_number = (std::uint64_t{1} << 62) - 1, .bytes = 60},
     "quic:packet_received",
     R"({"header":{"packet_type":"1RTT","packet_number":4611686018427387903},)"
     R"("raw":{"length":60}})"},
    {trace::PacketDropped{.bytes = 60, .reason = "not_authentic"}, "quic:packet_dropped",
     R"({"raw":{"length":60},"trigger":"not_authentic"})"},
    {trace::PacketLost{.packet_number = 8, .bytes = 1200, .trigger = "time_threshold"},
     "quic:packet_lost",
     R"({"header":{"packet_type":"1RTT","packet_number":8},"raw":{"length":1200},)"
     R"("trigger":"time_threshold"})"},
    {trace::MetricsUpdated{.smoothed_rtt = 80ms,
                           .latest_rtt = 80500us,
                           .minimum_rtt = 79ms,
                           .window = 100'000,
                           .in_flight = 90'000,
                           .pacing_rate = Bandwidth::bits_per_second(50'000'000),
                           .bandwidth = Bandwidth::bits_per_second(40'000'000)},
     "quic:recovery_metrics_updated",
     R"({"smoothed_rtt":80,"latest_rtt":80.5,"min_rtt":79,"congestion_window":100000,)"
     R"("bytes_in_flight":90000,"pacing_rate":50000000,"bandwidth":40000000})"},
    {trace::MetricsUpdated{.smoothed_rtt = 1ms,
                           .latest_rtt = 1ms,
                           .minimum_rtt = 1ms,
                           .window = 1,
                           .in_flight = 0,
                           .pacing_rate = Bandwidth::infinite(),
                           .bandwidth = {}},
     "quic:recovery_metrics_updated",  // no limit is no number
     R"({"smoothed_rtt":1,"latest_rtt":1,"min_rtt":1,"congestion_window":1,)"
     R"("bytes_in_flight":0,"bandwidth":0})"},
    {trace::CongestionPhase{.phase = "probe_bw"}, "quic:congestion_state_updated",
     R"({"new":"probe_bw"})"},
    {trace::DeadlineDropped{.first_message = 3, .last_message = 5}, "rudp:deadline_dropped",
     R"({"first_message":3,"last_message":5})"},
    {trace::PeerBufferLevel{.milliseconds = 30'000}, "rudp:buffer_level", R"({"level":30000})"},
    {trace::MtuUpdated{.datagram_bytes = 1472}, "quic:mtu_updated", R"({"new":1472})"},
    {trace::PathValidated{.ok = true}, "quic:migration_state_updated",
     R"({"new":"probing_successful"})"},
    {trace::PathValidated{.ok = false}, "quic:migration_state_updated",
     R"({"new":"probing_abandoned"})"},
    {trace::KeyUpdated{.phase = 2}, "rudp:key_updated", R"({"key_phase":2})"},
    {trace::StateChanged{.state = "connected"}, "quic:connection_state_updated",
     R"({"new":"connected"})"},
};

void check_header(const json::Value& header, std::string_view title) {
    CHECK(text_at(header, "file_schema") == "urn:ietf:params:qlog:file:sequential");
    CHECK(text_at(header, "serialization_format") == "application/qlog+json-seq");
    CHECK(text_at(header, "title") == title);
    const auto& trace = at(header, "trace");
    CHECK(at(trace, "event_schemas").as_array() != nullptr);
    const auto& fields = at(trace, "common_fields");
    CHECK(text_at(fields, "time_format") == "relative_to_epoch");
    CHECK(text_at(at(fields, "reference_time"), "clock_type") == "monotonic");
}

TEST_CASE("a trace is a qlog header and a record for each event", "[rudp][trace]") {
    TraceRing ring{100};
    std::string written;
    TraceWriter writer{"a \"title\"\n", [&](std::string_view record) { written += record; }};
    auto now = kStart;
    for (const auto& c : kCases) {
        ring.record(now, 5, c.event);
        writer.record(now, 5, c.event);
        now += 1500us;
    }
    CHECK(ring.size() == std::size(kCases));
    CHECK(ring.to_json_seq("a \"title\"\n") == written);

    const auto texts = read_sequence(written);
    REQUIRE(texts.size() == std::size(kCases) + 1);
    check_header(texts[0], "a \"title\"\n");
    for (std::size_t i = 0; i < std::size(kCases); ++i) {
        const auto& text = texts[i + 1];
        INFO(kCases[i].name);
        CHECK(text_at(text, "name") == kCases[i].name);
        CHECK(at(text, "time").as_number() == 1.5 * static_cast<double>(i));
        CHECK(text_at(text, "group_id") == "5");
        const auto data = json::read(kCases[i].data);
        REQUIRE(data.has_value());
        CHECK(at(text, "data") == *data);
    }
}

TEST_CASE("a trace ring keeps the newest events, the oldest first", "[rudp][trace]") {
    TraceRing ring{3};
    CHECK(read_sequence(ring.to_json_seq("empty")).size() == 1);
    for (std::uint64_t n = 0; n < 8; ++n) {
        ring.record(kStart + n * 10ms, n, trace::PacketReceived{.packet_number = n, .bytes = 60});
        const auto texts = read_sequence(ring.to_json_seq("ring"));
        const auto kept = std::min<std::uint64_t>(n + 1, 3);
        REQUIRE(ring.size() == kept);
        REQUIRE(texts.size() == kept + 1);
        for (std::uint64_t i = 0; i < kept; ++i) {
            CHECK(text_at(texts[i + 1], "group_id") == std::to_string(n + 1 - kept + i));
            CHECK(at(texts[i + 1], "time").as_number() == 10.0 * static_cast<double>(i));
        }
    }
}

TEST_CASE("a trace ring without room keeps nothing", "[rudp][trace]") {
    TraceRing ring{0};
    ring.record(kStart, 1, trace::MtuUpdated{.datagram_bytes = 1472});
    CHECK(ring.size() == 0);
    CHECK(read_sequence(ring.to_json_seq("none")).size() == 1);
}

TEST_CASE("a trace writer hands out each record at once", "[rudp][trace]") {
    std::vector<std::string> records;
    TraceWriter writer{"live", [&](std::string_view record) { records.emplace_back(record); }};
    REQUIRE(records.size() == 1);
    check_header(read_sequence(records[0]).at(0), "live");
    writer.record(kStart, 9, trace::StateChanged{.state = "closed"});
    REQUIRE(records.size() == 2);
    const auto texts = read_sequence(records[1]);
    REQUIRE(texts.size() == 1);
    CHECK(at(texts[0], "time").as_number() == 0.0);
}

}  // namespace
}  // namespace streamkit::rudp
