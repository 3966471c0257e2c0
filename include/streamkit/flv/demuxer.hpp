#pragma once

// An FLV file or HTTP-FLV byte stream, as media events.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"
#include "streamkit/base/shared_buffer.hpp"
#include "streamkit/flv/tag_demuxer.hpp"
#include "streamkit/media/media_event.hpp"

namespace streamkit::flv {

struct DemuxerConfig {
    /// A tag with a larger DataSize is an error; memory of that size is set aside for each tag.
    std::size_t max_tag_bytes = 8 * 1024 * 1024;
    /// DataOffset may not be larger; the bytes behind the nine known ones are skipped.
    std::size_t max_header_bytes = 64 * 1024;
    TagDemuxerConfig tags = {};
};

/// What was met beside good tags.
struct DemuxerStats {
    std::uint64_t tags = 0;                      ///< complete ones
    std::uint64_t wrong_previous_tag_sizes = 0;  ///< tolerated: many writers get them wrong
    std::uint64_t unknown_tag_types = 0;         ///< skipped
    bool ends_inside_tag = false;                ///< the last tag was cut off, and dropped

    friend bool operator==(const DemuxerStats&, const DemuxerStats&) = default;
};

/// Reads FLV bytes in pieces of any size. It never searches for the next tag: what does not stand
/// where the last tag ends is an error, and the demuxer takes nothing more after one.
///
/// @see FLV 10.1, E.2 to E.4
class Demuxer {
public:
    explicit Demuxer(DemuxerConfig config = {}) : config_(config), tags_(config.tags) {}

    /// Takes all bytes.
    ///
    /// @return `Errc::not_flv`, `Errc::unsupported_version`, `Errc::bad_data_offset`,
    ///         `Errc::reserved_bits_set`, `Errc::encrypted_tag`, `Errc::tag_too_large`, with the
    ///         offset in the file; or an error of `TagDemuxer::handle_tag`
    Result<void> handle_input(BytesView bytes);

    /// Says that nothing follows: the last event is `EndOfStream`. A tag that is cut off, as in a
    /// recording that was not closed, is dropped.
    ///
    /// @return `Errc::not_flv` if not even the file header was complete, or the earlier error
    Result<void> finish();

    /// The next event in order of the file, or nothing.
    [[nodiscard]] std::optional<MediaEvent> poll_event();

    /// Bytes of the tag that is not complete yet.
    [[nodiscard]] std::size_t held_bytes() const noexcept;

    [[nodiscard]] const DemuxerStats& stats() const noexcept { return stats_; }
    [[nodiscard]] const TagDemuxerStats& tag_stats() const noexcept { return tags_.stats(); }

private:
    enum class State : std::uint8_t { file_header, skip, previous_tag_size, tag_header, body };

    Result<void> take(BytesView bytes);
    Result<void> handle_field();
    Result<void> handle_file_header(BytesView field);
    Result<void> handle_tag_header(BytesView field);
    Result<void> handle_body();
    void skip(std::size_t size) noexcept;
    [[nodiscard]] std::size_t field_size() const noexcept;
    [[nodiscard]] std::int64_t unwrap(TagType type, std::uint32_t timestamp_ms) noexcept;

    DemuxerConfig config_;
    TagDemuxer tags_;
    DemuxerStats stats_;
    State state_ = State::file_header;
    Bytes field_;                // what there is of a header or a PreviousTagSize
    std::size_t skip_left_ = 0;  // of what is passed over
    BufferBuilder body_;         // what there is of a tag body
    std::uint64_t offset_ = 0;   // in the file, of what comes next
    TagType tag_type_ = TagType::script_data;
    std::uint32_t tag_timestamp_ms_ = 0;
    std::uint32_t previous_tag_size_ = 0;            // what should follow
    std::optional<std::int64_t> last_timestamp_ms_;  // of audio and video, unwrapped
    std::optional<Error> failed_;
    bool end_of_stream_ = false;  // to be given out
};

}  // namespace streamkit::flv
