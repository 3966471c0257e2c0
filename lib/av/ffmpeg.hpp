#pragma once

// FFmpeg's objects with owners, and its errors as ours. Written for FFmpeg 5.1 to 7.1.

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
}

#include <memory>

#include "streamkit/base/error.hpp"
#include "streamkit/base/log.hpp"

namespace streamkit::av {

/// Calls one of FFmpeg's functions that free an object and clear the pointer to it.
template <auto free_function>
struct Free {
    template <class T>
    void operator()(T* object) const noexcept {
        free_function(&object);
    }
};

using FormatContext = std::unique_ptr<AVFormatContext, Free<avformat_close_input>>;
using CodecContext = std::unique_ptr<AVCodecContext, Free<avcodec_free_context>>;
using BitstreamFilter = std::unique_ptr<AVBSFContext, Free<av_bsf_free>>;
using FilterGraph = std::unique_ptr<AVFilterGraph, Free<avfilter_graph_free>>;
using RawPacket = std::unique_ptr<AVPacket, Free<av_packet_free>>;
using RawFrame = std::unique_ptr<AVFrame, Free<av_frame_free>>;

/// Logs what FFmpeg says of a negative result and gives the error for it.
///
/// @param what  the operation, a literal
[[nodiscard]] Error failure(const Logger& log, int result, const char* what);

}  // namespace streamkit::av
