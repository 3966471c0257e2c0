#include "streamkit/rudp/trace.hpp"

#include <utility>

#include "streamkit/json/writer.hpp"

namespace streamkit::rudp {
namespace {

using json::JsonWriter;

// The file: draft-ietf-quic-qlog-main-schema-12, sections 5 and 11.2. Events and their fields:
// draft-ietf-quic-qlog-quic-events-12; what that does not know is in a namespace of our own.
constexpr std::string_view kFileSchema = "urn:ietf:params:qlog:file:sequential";
constexpr std::string_view kSerialization = "application/qlog+json-seq";
constexpr std::string_view kQuicEvents = "urn:ietf:params:qlog:events:quic-12";
constexpr std::string_view kOurEvents = "urn:streamkit:qlog:events:rudp";

double milliseconds(std::chrono::nanoseconds duration) {
    return static_cast<double>(duration.count()) / 1e6;
}

/// RFC 7464, 2.2: a record separator before each text, a line feed after it.
std::string as_record(JsonWriter& out) { return '\x1e' + out.take() + '\n'; }

std::string header(std::string_view title) {
    JsonWriter out;
    out.begin_object();
    out.member("file_schema", kFileSchema);
    out.member("serialization_format", kSerialization);
    out.member("title", title);
    out.key("trace").begin_object();
    out.key("event_schemas").begin_array().value(kQuicEvents).value(kOurEvents).end_array();
    // One sink may serve both ends, as in a simulation.
    out.key("vantage_point").begin_object().member("type", "unknown").end_object();
    out.key("common_fields").begin_object();
    out.member("time_format", "relative_to_epoch");
    out.key("reference_time").begin_object();
    out.member("clock_type", "monotonic").member("epoch", "unknown");
    out.end_object().end_object().end_object().end_object();
    return as_record(out);
}

// The name of each event, and its data.

void put_packet(JsonWriter& out, std::uint64_t packet_number, std::uint32_t bytes) {
    out.key("header").begin_object();
    out.member("packet_type", "1RTT").member("packet_number", packet_number);
    out.end_object();
    out.key("raw").begin_object().member("length", bytes).end_object();
}

void put_rate(JsonWriter& out, std::string_view name, congestion::Bandwidth rate) {
    if (!rate.is_infinite()) out.member(name, rate.bits_per_second());
}

std::string_view name_of(const trace::PacketSent&) { return "quic:packet_sent"; }
void put_data(JsonWriter& out, const trace::PacketSent& event) {
    put_packet(out, event.packet_number, event.bytes);
    out.member("ack_eliciting", event.ack_eliciting);
}

std::string_view name_of(const trace::PacketReceived&) { return "quic:packet_received"; }
void put_data(JsonWriter& out, const trace::PacketReceived& event) {
    put_packet(out, event.packet_number, event.bytes);
}

std::string_view name_of(const trace::PacketDropped&) { return "quic:packet_dropped"; }
void put_data(JsonWriter& out, const trace::PacketDropped& event) {
    out.key("raw").begin_object().member("length", event.bytes).end_object();
    out.member("trigger", event.reason);
}

std::string_view name_of(const trace::PacketLost&) { return "quic:packet_lost"; }
void put_data(JsonWriter& out, const trace::PacketLost& event) {
    put_packet(out, event.packet_number, event.bytes);
    out.member("trigger", event.trigger);
}

std::string_view name_of(const trace::MetricsUpdated&) { return "quic:recovery_metrics_updated"; }
void put_data(JsonWriter& out, const trace::MetricsUpdated& event) {
    out.member("smoothed_rtt", milliseconds(event.smoothed_rtt));
    out.member("latest_rtt", milliseconds(event.latest_rtt));
    out.member("min_rtt", milliseconds(event.minimum_rtt));
    out.member("congestion_window", event.window);
    out.member("bytes_in_flight", event.in_flight);
    put_rate(out, "pacing_rate", event.pacing_rate);
    put_rate(out, "bandwidth", event.bandwidth);
}

std::string_view name_of(const trace::CongestionPhase&) { return "quic:congestion_state_updated"; }
void put_data(JsonWriter& out, const trace::CongestionPhase& event) {
    out.member("new", event.phase);
}

std::string_view name_of(const trace::DeadlineDropped&) { return "rudp:deadline_dropped"; }
void put_data(JsonWriter& out, const trace::DeadlineDropped& event) {
    out.member("first_message", event.first_message);
    out.member("last_message", event.last_message);
}

std::string_view name_of(const trace::PeerBufferLevel&) { return "rudp:buffer_level"; }
void put_data(JsonWriter& out, const trace::PeerBufferLevel& event) {
    out.member("level", event.milliseconds);
}

std::string_view name_of(const trace::MtuUpdated&) { return "quic:mtu_updated"; }
void put_data(JsonWriter& out, const trace::MtuUpdated& event) {
    out.member("new", event.datagram_bytes);
}

std::string_view name_of(const trace::PathValidated&) { return "quic:migration_state_updated"; }
void put_data(JsonWriter& out, const trace::PathValidated& event) {
    out.member("new", event.ok ? "probing_successful" : "probing_abandoned");
}

// Not "quic:key_updated", whose fields name TLS secrets.
std::string_view name_of(const trace::KeyUpdated&) { return "rudp:key_updated"; }
void put_data(JsonWriter& out, const trace::KeyUpdated& event) {
    out.member("key_phase", event.phase);
}

std::string_view name_of(const trace::StateChanged&) { return "quic:connection_state_updated"; }
void put_data(JsonWriter& out, const trace::StateChanged& event) { out.member("new", event.state); }

std::string event_record(std::chrono::nanoseconds since_start, std::uint64_t link,
                         const trace::Event& event) {
    JsonWriter out;
    out.begin_object();
    out.member("time", milliseconds(since_start));
    std::visit(
        [&out](const auto& e) {
            out.member("name", name_of(e));
            out.key("data").begin_object();
            put_data(out, e);
            out.end_object();
        },
        event);
    out.member("group_id", std::to_string(link));
    out.end_object();
    return as_record(out);
}

}  // namespace

TraceRing::TraceRing(std::size_t capacity) : capacity_(capacity) { records_.reserve(capacity); }

void TraceRing::record(TimePoint now, std::uint64_t link, const trace::Event& event) {
    if (records_.size() < capacity_) {
        records_.push_back({now, link, event});
    } else if (capacity_ > 0) {
        records_[oldest_] = {now, link, event};
        oldest_ = (oldest_ + 1) % capacity_;
    }
}

std::string TraceRing::to_json_seq(std::string_view title) const {
    auto out = header(title);
    for (std::size_t i = 0; i < records_.size(); ++i) {
        const auto& record = records_[(oldest_ + i) % records_.size()];
        out += event_record(record.time - records_[oldest_].time, record.link, record.event);
    }
    return out;
}

TraceWriter::TraceWriter(std::string_view title, Output output) : output_(std::move(output)) {
    output_(header(title));
}

void TraceWriter::record(TimePoint now, std::uint64_t link, const trace::Event& event) {
    if (!start_) start_ = now;
    output_(event_record(now - *start_, link, event));
}

}  // namespace streamkit::rudp
