#include "streamkit/av/file_reader.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "ffmpeg.hpp"
#include "streamkit/av/errc.hpp"
#include "track_adapter.hpp"

namespace streamkit::av {
namespace {

constexpr std::string_view kStandardInput = "-";
// Packets that `open` reads ahead, at most, until each track has its configuration: some seconds of
// an MPEG transport stream that was cut anywhere.
constexpr std::size_t kMaxProbePackets = 2'000;

}  // namespace

/// The opened file.
class FileReader::Input {
public:
    Input(std::string file, Logger log) : file_(std::move(file)), log_(std::move(log)) {}

    /// @return the tracks
    Result<std::vector<TrackInfo>> open();
    Result<std::optional<Packet>> next();

    [[nodiscard]] const std::string& file() const { return file_; }
    [[nodiscard]] const Logger& log() const { return log_; }

private:
    Result<void> open_container();
    Result<void> choose_stream(AVMediaType type);
    Result<void> learn_configurations();
    Result<std::optional<Packet>> read();

    std::string file_;
    Logger log_;
    FormatContext container_;
    RawPacket packet_{av_packet_alloc()};
    std::map<int, TrackAdapter> adapters_;  ///< by FFmpeg's index of the stream
    std::deque<Packet> read_ahead_;
    bool at_end_ = false;
};

Result<std::vector<TrackInfo>> FileReader::Input::open() {
    STREAMKIT_TRY(open_container());
    STREAMKIT_TRY(choose_stream(AVMEDIA_TYPE_VIDEO));
    STREAMKIT_TRY(choose_stream(AVMEDIA_TYPE_AUDIO));
    STREAMKIT_TRY(learn_configurations());
    std::vector<TrackInfo> tracks;
    for (const auto& [index, adapter] : adapters_)
        tracks.push_back(adapter.info());
    if (tracks.empty()) return Error{Errc::no_tracks, "file"};
    std::ranges::sort(tracks, {}, &TrackInfo::id);
    return tracks;
}

Result<void> FileReader::Input::open_container() {
    AVFormatContext* context = avformat_alloc_context();
    if (context == nullptr) return failure(log_, AVERROR(ENOMEM), "open");
    context->flags |= AVFMT_FLAG_GENPTS;
    // A playlist must not make us fetch anything, nor wait for it to grow.
    AVDictionary* options = nullptr;
    av_dict_set(&options, "protocol_whitelist", "file,pipe", 0);
    av_dict_set(&options, "max_reload", "0", 0);  // of the HLS demuxer; others leave it alone
    const auto url = file_ == kStandardInput ? std::string{"pipe:0"} : "file:" + file_;
    int result = avformat_open_input(&context, url.c_str(), nullptr, &options);
    av_dict_free(&options);
    if (result < 0) return failure(log_, result, "open");  // the context is freed already
    container_.reset(context);
    result = avformat_find_stream_info(context, nullptr);
    if (result < 0) return failure(log_, result, "stream information");
    for (unsigned i = 0; i < context->nb_streams; ++i)
        context->streams[i]->discard = AVDISCARD_ALL;
    return {};
}

/// Adds the best stream of a kind, if there is one that can be read.
Result<void> FileReader::Input::choose_stream(AVMediaType type) {
    const int index = av_find_best_stream(container_.get(), type, -1, -1, nullptr, 0);
    if (index < 0) return {};
    AVStream* stream = container_->streams[index];
    if ((stream->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) return {};
    StreamDescription description{stream->codecpar, stream->time_base, {0, 1}};
    if (type == AVMEDIA_TYPE_VIDEO) {
        description.frame_rate = av_guess_frame_rate(container_.get(), stream, nullptr);
    }
    const auto id = static_cast<TrackId>(adapters_.size() + 1);
    auto adapter = TrackAdapter::make(id, description, log_);
    if (!adapter) {
        log_.warn("track left out", {{"stream", index},
                                     {"codec", avcodec_get_name(stream->codecpar->codec_id)},
                                     {"reason", adapter.error().message()}});
        return {};
    }
    adapters_.emplace(index, *std::move(adapter));
    stream->discard = AVDISCARD_DEFAULT;
    return {};
}

/// Reads ahead until every track has its configuration; what has none by then is left out.
Result<void> FileReader::Input::learn_configurations() {
    const auto ready = [](const auto& entry) { return entry.second.ready(); };
    std::size_t packets = 0;
    while (!at_end_ && packets < kMaxProbePackets && !std::ranges::all_of(adapters_, ready)) {
        auto packet = read();
        if (!packet) return packet.error();
        if (*packet) read_ahead_.push_back(**std::move(packet));
        ++packets;
    }
    std::erase_if(adapters_, [&](const auto& entry) {
        if (entry.second.ready()) return false;
        log_.warn("track without configuration left out", {{"stream", entry.first}});
        return true;
    });
    return {};
}

Result<std::optional<Packet>> FileReader::Input::next() {
    if (!read_ahead_.empty()) {
        auto packet = std::move(read_ahead_.front());
        read_ahead_.pop_front();
        return packet;
    }
    while (!at_end_) {
        auto packet = read();
        if (!packet || *packet) return packet;
    }
    return std::nullopt;
}

/// One packet of the file; nothing if it cannot be used, and at the end.
Result<std::optional<Packet>> FileReader::Input::read() {
    const int result = av_read_frame(container_.get(), packet_.get());
    if (result == AVERROR_EOF) {
        at_end_ = true;
        return std::nullopt;
    }
    if (result < 0) return failure(log_, result, "read");
    const auto adapter = adapters_.find(packet_->stream_index);
    if (adapter == adapters_.end()) {
        av_packet_unref(packet_.get());
        return std::nullopt;
    }
    return adapter->second.convert(*packet_);
}

FileReader::FileReader(std::unique_ptr<Input> input, std::vector<TrackInfo> tracks)
    : input_(std::move(input)), tracks_(std::move(tracks)) {}
FileReader::FileReader(FileReader&&) noexcept = default;
FileReader& FileReader::operator=(FileReader&&) noexcept = default;
FileReader::~FileReader() = default;

Result<FileReader> FileReader::open(const std::string& file, FileReaderConfig config) {
    auto input = std::make_unique<Input>(file, std::move(config.log));
    auto tracks = input->open();
    if (!tracks) return tracks.error();
    return FileReader{std::move(input), *std::move(tracks)};
}

Result<std::optional<Packet>> FileReader::next() { return input_->next(); }

Result<void> FileReader::rewind() {
    if (input_->file() == kStandardInput) return Error{Errc::not_seekable, "standard input"};
    auto again = std::make_unique<Input>(input_->file(), input_->log());
    const auto tracks = again->open();
    if (!tracks) return tracks.error();
    if (*tracks != tracks_) return Error{Errc::file_changed, "tracks"};
    input_ = std::move(again);
    return {};
}

}  // namespace streamkit::av
