#pragma once

// A publisher that a test writes line by line, and the short names of what came out.

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "streamkit/base/overloaded.hpp"
#include "streamkit/live/hub.hpp"
#include "support/bytes.hpp"

namespace streamkit::live::test {

using namespace std::chrono_literals;

inline constexpr TrackId kVideo = 1;
inline constexpr TrackId kAudio = 2;

inline TrackInfo video_track(std::string_view config = "01640028") {
    TrackInfo info;
    info.id = kVideo;
    info.kind = TrackKind::video;
    info.codec = CodecId::h264;
    info.codec_config = SharedBuffer::copy_of(streamkit::test::hex(config));
    info.video = {1280, 720, 25};
    return info;
}

inline TrackInfo audio_track(std::string_view config = "1210") {
    TrackInfo info;
    info.id = kAudio;
    info.kind = TrackKind::audio;
    info.codec = CodecId::aac;
    info.codec_config = SharedBuffer::copy_of(streamkit::test::hex(config));
    info.audio = {44100, 2};
    return info;
}

inline Packet packet(TrackId track, std::int64_t ms, bool key_frame, std::size_t bytes = 100) {
    return {track, {ms, 1000}, {ms, 1000}, key_frame, SharedBuffer::take(Bytes(bytes, 0x2a))};
}

inline TimedEvent timed_event(std::uint32_t id, std::int64_t ms, std::int64_t duration_ms = 1000) {
    return {"urn:test", "", id, {ms, 1000}, {duration_ms, 1000}, {}};
}

/// "video", "audio": tracks; "K40", "P80", "A20": packets at that time; "event 7"; "end".
inline std::string name_of(const MediaEvent& event) {
    return std::visit(
        overloaded{
            [](const TrackInfo& e) {
                return std::string(e.kind == TrackKind::video ? "video" : "audio");
            },
            [](const Metadata& e) { return e.name; },
            [](const Packet& e) {
                const char* const kind = e.track == kAudio ? "A" : e.key_frame ? "K" : "P";
                return kind + std::to_string(e.dts.in(1000).ticks);
            },
            [](const TimedEvent& e) { return "event " + std::to_string(e.id); },
            [](const EndOfStream&) { return std::string("end"); },
        },
        event);
}

using Names = std::vector<std::string>;

/// Takes all that is queued.
inline Names drain(Subscriber& subscriber) {
    Names names;
    while (const auto event = subscriber.poll())
        names.push_back(name_of(event->event()));
    return names;
}

/// Writes at its own clock, which the test moves: media time and arrival go together.
struct Publisher {
    std::shared_ptr<Stream> stream;
    TimePoint now{1h};

    void announce() {
        write(video_track());
        write(audio_track());
    }
    void write(MediaEvent event) { stream->write(std::move(event), now); }
    void key(std::int64_t ms, std::size_t bytes = 100) { write(packet(kVideo, ms, true, bytes)); }
    void frame(std::int64_t ms, std::size_t bytes = 100) {
        write(packet(kVideo, ms, false, bytes));
    }
    void audio(std::int64_t ms, std::size_t bytes = 100) { write(packet(kAudio, ms, true, bytes)); }
};

}  // namespace streamkit::live::test
