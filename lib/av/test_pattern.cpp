#include "streamkit/av/test_pattern.hpp"

#include <deque>
#include <string>
#include <utility>

extern "C" {
#include <libavfilter/buffersink.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
}

#include "ffmpeg.hpp"
#include "streamkit/av/errc.hpp"
#include "track_adapter.hpp"

namespace streamkit::av {
namespace {

constexpr const char* kVideoSink = "buffersink@video";
constexpr const char* kAudioSink = "abuffersink@audio";
constexpr int kSampleRate = 48'000;
constexpr int kSamplesPerFrame = 1'024;  // of AAC LC
constexpr std::int64_t kAudioBitRate = 128'000;
constexpr std::uint32_t kSecondsPerGop = 2;

std::string describe_graph(const TestPatternConfig& config) {
    const auto number = [](std::uint32_t n) { return std::to_string(n); };
    return "testsrc2=size=" + number(config.width) + "x" + number(config.height) +
           ":rate=" + number(config.frame_rate_numerator) + "/" +
           number(config.frame_rate_denominator) + ",format=yuv420p," + kVideoSink +
           ";sine=frequency=440:beep_factor=4:sample_rate=" + std::to_string(kSampleRate) +
           ",aformat=sample_fmts=fltp:channel_layouts=stereo,asetnsamples=n=" +
           std::to_string(kSamplesPerFrame) + "," + kAudioSink;
}

}  // namespace

/// Camera, microphone and both encoders.
class TestPattern::Studio {
public:
    explicit Studio(TestPatternConfig config) : config_(std::move(config)) {}

    /// @return the tracks
    Result<std::vector<TrackInfo>> open();
    Result<std::optional<Packet>> next();

    [[nodiscard]] const TestPatternConfig& config() const { return config_; }

private:
    /// One track on its way from the filter graph to packets.
    struct Line {
        AVFilterContext* sink = nullptr;  // the graph's
        CodecContext encoder;
        std::optional<TrackAdapter> adapter;
        std::deque<Packet> packets;
        Timestamp made;  ///< how far the pictures or the sound have come
        bool ended = false;
    };

    Result<void> open_graph();
    Result<void> open_video();
    Result<void> open_audio();
    Result<void> open_line(Line& line, TrackId id, AVDictionary* options);
    Result<void> make_some(Line& line);
    Result<void> collect(Line& line);

    TestPatternConfig config_;
    FilterGraph graph_;
    Line video_;
    Line audio_;
    RawFrame frame_{av_frame_alloc()};
    RawPacket packet_{av_packet_alloc()};
};

Result<std::vector<TrackInfo>> TestPattern::Studio::open() {
    STREAMKIT_TRY(open_graph());
    STREAMKIT_TRY(open_video());
    STREAMKIT_TRY(open_audio());
    return std::vector<TrackInfo>{video_.adapter->info(), audio_.adapter->info()};
}

Result<void> TestPattern::Studio::open_graph() {
    graph_.reset(avfilter_graph_alloc());
    const auto description = describe_graph(config_);
    AVFilterInOut* inputs = nullptr;
    AVFilterInOut* outputs = nullptr;
    int result = avfilter_graph_parse2(graph_.get(), description.c_str(), &inputs, &outputs);
    avfilter_inout_free(&inputs);
    avfilter_inout_free(&outputs);
    if (result >= 0) result = avfilter_graph_config(graph_.get(), nullptr);
    if (result < 0) {
        static_cast<void>(failure(config_.log, result, "test picture"));
        return Error{Errc::unsupported_format, "test picture"};
    }
    video_.sink = avfilter_graph_get_filter(graph_.get(), kVideoSink);
    audio_.sink = avfilter_graph_get_filter(graph_.get(), kAudioSink);
    return {};
}

Result<void> TestPattern::Studio::open_video() {
    const auto* codec = avcodec_find_encoder_by_name("libx264");
    if (codec == nullptr) codec = avcodec_find_encoder(AV_CODEC_ID_H264);
    if (codec == nullptr) return failure(config_.log, AVERROR_ENCODER_NOT_FOUND, "H.264");
    video_.encoder.reset(avcodec_alloc_context3(codec));
    auto& encoder = *video_.encoder;
    encoder.width = av_buffersink_get_w(video_.sink);
    encoder.height = av_buffersink_get_h(video_.sink);
    encoder.pix_fmt = static_cast<AVPixelFormat>(av_buffersink_get_format(video_.sink));
    encoder.framerate = av_buffersink_get_frame_rate(video_.sink);
    encoder.time_base = av_inv_q(encoder.framerate);
    encoder.gop_size = static_cast<int>(kSecondsPerGop * config_.frame_rate_numerator /
                                        config_.frame_rate_denominator);
    AVDictionary* options = nullptr;
    av_dict_set(&options, "preset", "veryfast", 0);
    av_dict_set(&options, "sc_threshold", "0", 0);
    return open_line(video_, 1, options);
}

Result<void> TestPattern::Studio::open_audio() {
    const auto* codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
    if (codec == nullptr) return failure(config_.log, AVERROR_ENCODER_NOT_FOUND, "AAC");
    audio_.encoder.reset(avcodec_alloc_context3(codec));
    auto& encoder = *audio_.encoder;
    encoder.sample_rate = av_buffersink_get_sample_rate(audio_.sink);
    encoder.sample_fmt = static_cast<AVSampleFormat>(av_buffersink_get_format(audio_.sink));
    encoder.time_base = {1, encoder.sample_rate};
    encoder.bit_rate = kAudioBitRate;
    const int result = av_buffersink_get_ch_layout(audio_.sink, &encoder.ch_layout);
    if (result < 0) return failure(config_.log, result, "channel layout");
    return open_line(audio_, 2, nullptr);
}

/// @param options  for the encoder; freed
Result<void> TestPattern::Studio::open_line(Line& line, TrackId id, AVDictionary* options) {
    line.encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    int result = avcodec_open2(line.encoder.get(), nullptr, &options);
    av_dict_free(&options);
    if (result < 0) return failure(config_.log, result, "encoder");

    auto* parameters = avcodec_parameters_alloc();
    result = avcodec_parameters_from_context(parameters, line.encoder.get());
    const StreamDescription stream{parameters, line.encoder->time_base, line.encoder->framerate};
    auto adapter = TrackAdapter::make(id, stream, config_.log);
    avcodec_parameters_free(&parameters);
    if (result < 0) return failure(config_.log, result, "encoder parameters");
    if (!adapter) return adapter.error();
    if (!adapter->ready()) return Error{Errc::ffmpeg_failed, "encoder without parameter sets"};
    line.adapter = *std::move(adapter);
    return {};
}

Result<std::optional<Packet>> TestPattern::Studio::next() {
    // A packet may leave when the other track cannot come up with an earlier one.
    for (auto* line : {&video_, &audio_}) {
        while (line->packets.empty() && !line->ended)
            STREAMKIT_TRY(make_some(*line));
    }
    if (video_.packets.empty() && audio_.packets.empty()) return std::nullopt;
    auto& earlier =
        audio_.packets.empty() || (!video_.packets.empty() &&
                                   video_.packets.front().dts <= audio_.packets.front().dts)
            ? video_
            : audio_;
    auto packet = std::move(earlier.packets.front());
    earlier.packets.pop_front();
    return packet;
}

/// Encodes one frame more, or what the encoder still holds once the duration is reached.
Result<void> TestPattern::Studio::make_some(Line& line) {
    const bool enough =
        config_.duration && line.made >= Timestamp{config_.duration->count(), 1'000};
    if (enough) {
        line.ended = true;
        const int result = avcodec_send_frame(line.encoder.get(), nullptr);
        if (result < 0) return failure(config_.log, result, "encode");
        return collect(line);
    }
    int result = av_buffersink_get_frame(line.sink, frame_.get());
    if (result < 0) return failure(config_.log, result, "test picture");
    const auto time_base = av_buffersink_get_time_base(line.sink);
    frame_->pts = av_rescale_q(frame_->pts, time_base, line.encoder->time_base);
    const auto length = line.sink == audio_.sink ? frame_->nb_samples : 1;
    line.made = {(frame_->pts + length) * line.encoder->time_base.num,
                 static_cast<std::uint32_t>(line.encoder->time_base.den)};
    frame_->pict_type = AV_PICTURE_TYPE_NONE;  // the encoder's choice
    result = avcodec_send_frame(line.encoder.get(), frame_.get());
    av_frame_unref(frame_.get());
    if (result < 0) return failure(config_.log, result, "encode");
    return collect(line);
}

/// Takes what the encoder has ready.
Result<void> TestPattern::Studio::collect(Line& line) {
    for (;;) {
        const int result = avcodec_receive_packet(line.encoder.get(), packet_.get());
        if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return {};
        if (result < 0) return failure(config_.log, result, "encode");
        auto packet = line.adapter->convert(*packet_);
        if (!packet) return packet.error();
        if (*packet) line.packets.push_back(**std::move(packet));
    }
}

TestPattern::TestPattern(std::unique_ptr<Studio> studio, std::vector<TrackInfo> tracks)
    : studio_(std::move(studio)), tracks_(std::move(tracks)) {}
TestPattern::TestPattern(TestPattern&&) noexcept = default;
TestPattern& TestPattern::operator=(TestPattern&&) noexcept = default;
TestPattern::~TestPattern() = default;

Result<TestPattern> TestPattern::open(TestPatternConfig config) {
    auto studio = std::make_unique<Studio>(std::move(config));
    auto tracks = studio->open();
    if (!tracks) return tracks.error();
    return TestPattern{std::move(studio), *std::move(tracks)};
}

Result<std::optional<Packet>> TestPattern::next() { return studio_->next(); }

Result<void> TestPattern::rewind() {
    auto again = std::make_unique<Studio>(studio_->config());
    if (auto tracks = again->open(); !tracks) return tracks.error();
    studio_ = std::move(again);
    return {};
}

}  // namespace streamkit::av
