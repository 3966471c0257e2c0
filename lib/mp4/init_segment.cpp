#include "streamkit/mp4/init_segment.hpp"

#include "box_writer.hpp"
#include "sample_entry.hpp"
#include "streamkit/mp4/errc.hpp"

namespace streamkit::mp4 {
namespace {

Result<void> check(const TrackDescription& track) {
    const auto& info = track.info;
    if (track.timescale == 0) return Error{Errc::incomplete_track, "timescale"};
    if (info.id == 0) return Error{Errc::incomplete_track, "track_ID"};
    if (info.codec_config.empty()) return Error{Errc::incomplete_track, "codec configuration"};
    if (track.composition_delay < 0 || track.composition_delay > 0x7fffffff) {
        return Error{Errc::value_out_of_range, "composition delay"};
    }
    if (info.kind == TrackKind::video) {
        if (info.video.width == 0 || info.video.height == 0) {
            return Error{Errc::incomplete_track, "width and height"};
        }
        if (info.video.width > 0xffff || info.video.height > 0xffff) {
            return Error{Errc::value_out_of_range, "width and height"};
        }
    } else if (info.audio.sample_rate == 0 || info.audio.channels == 0) {
        return Error{Errc::incomplete_track, "sample rate and channels"};
    }
    return {};
}

// ISO/IEC 14496-12, 4.3. iso6: movie fragments with tfdt and default-base-is-moof.
void write_ftyp(ByteWriter& out) {
    const BoxScope ftyp{out, FourCc{"ftyp"}};
    out.u32(FourCc{"iso6"}.value);  // major_brand
    out.u32(0);                     // minor_version
    out.u32(FourCc{"iso6"}.value);
    out.u32(FourCc{"cmfc"}.value);  // ISO/IEC 23000-19, 7.2
}

void write_matrix(ByteWriter& out) {  // unity, ISO/IEC 14496-12, 6.2.2
    for (const auto value : {0x00010000U, 0U, 0U, 0U, 0x00010000U, 0U, 0U, 0U, 0x40000000U}) {
        out.u32(value);
    }
}

void write_mvhd(ByteWriter& out, const TrackDescription& track) {  // 8.2.2
    const BoxScope mvhd{out, FourCc{"mvhd"}, 0, 0};
    out.u32(0);                // creation_time
    out.u32(0);                // modification_time
    out.u32(track.timescale);  // timescale
    out.u32(0);                // duration: not known
    out.u32(0x00010000);       // rate
    out.u16(0x0100);           // volume
    out.zeros(2 + 8);          // reserved
    write_matrix(out);
    out.zeros(24);               // pre_defined
    out.u32(track.info.id + 1);  // next_track_ID
}

/// Display size in 16.16: the width is that of square pixels.
std::uint32_t display_width(const TrackDescription& track) {
    const auto& ratio = track.pixel_aspect_ratio;
    std::uint64_t width = std::uint64_t{track.info.video.width} << 16;
    if (ratio.v_spacing != 0) width = width * ratio.h_spacing / ratio.v_spacing;
    return width > 0xffffffff ? 0xffffffff : static_cast<std::uint32_t>(width);
}

void write_tkhd(ByteWriter& out, const TrackDescription& track) {  // 8.3.2
    constexpr std::uint32_t kEnabledInMovieInPreview = 0x000007;
    const bool video = track.info.kind == TrackKind::video;
    const BoxScope tkhd{out, FourCc{"tkhd"}, 0, kEnabledInMovieInPreview};
    out.u32(0);                   // creation_time
    out.u32(0);                   // modification_time
    out.u32(track.info.id);       // track_ID
    out.u32(0);                   // reserved
    out.u32(0);                   // duration
    out.zeros(8);                 // reserved
    out.u16(0);                   // layer
    out.u16(0);                   // alternate_group
    out.u16(video ? 0 : 0x0100);  // volume
    out.u16(0);                   // reserved
    write_matrix(out);
    out.u32(video ? display_width(track) : 0);
    out.u32(video ? track.info.video.height << 16 : 0);
}

void write_edts(ByteWriter& out, const TrackDescription& track) {  // 8.6.5 and 8.6.6
    const BoxScope edts{out, FourCc{"edts"}};
    const BoxScope elst{out, FourCc{"elst"}, 0, 0};
    out.u32(1);  // entry_count
    out.u32(0);  // segment_duration: to the end, whenever that is
    out.u32(static_cast<std::uint32_t>(track.composition_delay));  // media_time
    out.u16(1);                                                    // media_rate_integer
    out.u16(0);                                                    // media_rate_fraction
}

void write_mdhd(ByteWriter& out, const TrackDescription& track) {  // 8.4.2
    const BoxScope mdhd{out, FourCc{"mdhd"}, 0, 0};
    out.u32(0);  // creation_time
    out.u32(0);  // modification_time
    out.u32(track.timescale);
    out.u32(0);       // duration
    out.u16(0x55c4);  // language: "und", three letters of five bits
    out.u16(0);       // pre_defined
}

void write_hdlr(ByteWriter& out, const TrackDescription& track) {  // 8.4.3
    const bool video = track.info.kind == TrackKind::video;
    const BoxScope hdlr{out, FourCc{"hdlr"}, 0, 0};
    out.u32(0);  // pre_defined
    out.u32(video ? FourCc{"vide"}.value : FourCc{"soun"}.value);
    out.zeros(12);  // reserved
    out.text(video ? "VideoHandler" : "SoundHandler");
    out.u8(0);
}

void write_dinf(ByteWriter& out) {  // 8.7.1
    const BoxScope dinf{out, FourCc{"dinf"}};
    const BoxScope dref{out, FourCc{"dref"}, 0, 0};
    out.u32(1);                                     // entry_count
    const BoxScope url{out, FourCc{"url "}, 0, 1};  // media data is in the same file
}

Result<void> write_stbl(ByteWriter& out, const TrackDescription& track) {  // 8.5.1
    const BoxScope stbl{out, FourCc{"stbl"}};
    {
        const BoxScope stsd{out, FourCc{"stsd"}, 0, 0};
        out.u32(1);  // entry_count
        STREAMKIT_TRY(write_sample_entry(out, track));
    }
    // The samples are in the fragments: the tables are there and empty.
    for (const auto type : {FourCc{"stts"}, FourCc{"stsc"}}) {
        const BoxScope table{out, type, 0, 0};
        out.u32(0);  // entry_count
    }
    {
        const BoxScope stsz{out, FourCc{"stsz"}, 0, 0};
        out.u32(0);  // sample_size
        out.u32(0);  // sample_count
    }
    const BoxScope stco{out, FourCc{"stco"}, 0, 0};
    out.u32(0);  // entry_count
    return {};
}

Result<void> write_mdia(ByteWriter& out, const TrackDescription& track) {  // 8.4.1
    const BoxScope mdia{out, FourCc{"mdia"}};
    write_mdhd(out, track);
    write_hdlr(out, track);
    const BoxScope minf{out, FourCc{"minf"}};
    if (track.info.kind == TrackKind::video) {
        const BoxScope vmhd{out, FourCc{"vmhd"}, 0, 1};
        out.zeros(8);  // graphicsmode, opcolor
    } else {
        const BoxScope smhd{out, FourCc{"smhd"}, 0, 0};
        out.zeros(4);  // balance, reserved
    }
    write_dinf(out);
    return write_stbl(out, track);
}

void write_mvex(ByteWriter& out, const TrackDescription& track) {  // 8.8.1
    const BoxScope mvex{out, FourCc{"mvex"}};
    const BoxScope trex{out, FourCc{"trex"}, 0, 0};
    out.u32(track.info.id);
    out.u32(1);     // default_sample_description_index
    out.zeros(12);  // duration, size, flags: each fragment says them itself (23000-19, 7.7.3)
}

}  // namespace

Result<Bytes> write_init_segment(const TrackDescription& track) {
    STREAMKIT_TRY(check(track));
    ByteWriter out{1024};
    write_ftyp(out);
    {
        const BoxScope moov{out, FourCc{"moov"}};
        write_mvhd(out, track);
        {
            const BoxScope trak{out, FourCc{"trak"}};
            write_tkhd(out, track);
            if (track.composition_delay != 0) write_edts(out, track);
            STREAMKIT_TRY(write_mdia(out, track));
        }
        write_mvex(out, track);
    }
    return out.take();
}

}  // namespace streamkit::mp4
