#include "streamkit/service/file_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

#include "streamkit/service/errc.hpp"

namespace streamkit {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;
/// A track that has not shown itself by then is not waited for.
constexpr Timestamp kProbeTime{2, 1};

}  // namespace

Result<FileReader> FileReader::open(const std::string& path) {
    FileReader reader;
    errno = 0;
    reader.file_.open(path, std::ios::binary);
    if (!reader.file_) {
        return Error{std::error_code{errno != 0 ? errno : EIO, std::generic_category()},
                     "open media file"};
    }
    STREAMKIT_TRY(reader.find_tracks());
    return reader;
}

Result<void> FileReader::find_tracks() {
    const auto has = [this](TrackKind kind) {
        return std::ranges::any_of(tracks_, [&](const auto& info) { return info.kind == kind; });
    };
    while (!(has(TrackKind::video) && has(TrackKind::audio))) {
        auto event = next_event();
        if (!event) return event.error();
        if (!event->has_value()) break;
        if (auto* info = std::get_if<TrackInfo>(&**event)) tracks_.push_back(std::move(*info));
        if (auto* packet = std::get_if<Packet>(&**event)) {
            read_ahead_.push_back(std::move(*packet));
            if (read_ahead_.back().dts > kProbeTime && !tracks_.empty()) break;
        }
    }
    if (tracks_.empty())
        return Error{ServiceErrc::unsupported_file, "no audio or video in the file"};
    return {};
}

Result<std::optional<MediaEvent>> FileReader::next_event() {
    for (;;) {
        if (auto event = demuxer_.poll_event()) return event;
        if (at_end_) return std::optional<MediaEvent>{};
        chunk_.resize(kChunkBytes);
        file_.read(reinterpret_cast<char*>(chunk_.data()), kChunkBytes);
        if (file_.bad()) return Error{std::make_error_code(std::errc::io_error), "read media file"};
        const auto count = static_cast<std::size_t>(file_.gcount());
        at_end_ = count == 0;
        STREAMKIT_TRY(at_end_ ? demuxer_.finish() : demuxer_.handle_input({chunk_.data(), count}));
    }
}

Result<std::optional<Packet>> FileReader::next() {
    if (!read_ahead_.empty()) {
        auto packet = std::move(read_ahead_.front());
        read_ahead_.pop_front();
        return std::optional{std::move(packet)};
    }
    for (;;) {
        auto event = next_event();
        if (!event) return event.error();
        if (!event->has_value()) return std::optional<Packet>{};
        if (auto* packet = std::get_if<Packet>(&**event)) return std::optional{std::move(*packet)};
    }
}

Result<void> FileReader::rewind() {
    file_.clear();
    file_.seekg(0);
    if (!file_) return Error{ServiceErrc::cannot_rewind, "media file"};
    demuxer_ = flv::Demuxer{};
    at_end_ = false;
    read_ahead_.clear();
    return {};
}

}  // namespace streamkit
