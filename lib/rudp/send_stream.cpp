#include "send_stream.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "streamkit/base/assert.hpp"

namespace streamkit::rudp {

Result<void> SendStream::write(SharedBuffer bytes) {
    if (fin_written_ || reset_) return Error{Errc::stream_finished, "write", written_end_};
    if (bytes.empty()) return {};
    // RFC 9000, 4.5: no offset is above the largest varint.
    if (bytes.size() > kMaxVarint - written_end_)
        return Error{Errc::send_buffer_full, "stream offset", written_end_};
    const auto offset = std::exchange(written_end_, written_end_ + bytes.size());
    pieces_.push_back({offset, std::move(bytes)});
    return {};
}

Result<void> SendStream::finish() {
    if (fin_written_ || reset_) return Error{Errc::stream_finished, "finish", written_end_};
    fin_written_ = true;
    return {};
}

std::uint64_t SendStream::reset() {
    if (state() == State::delivered) return sent_end_;
    reset_ = true;
    pieces_.clear();
    newest_piece_ = 0;
    delivered_.clear();
    lost_.clear();
    return sent_end_;
}

SendStream::State SendStream::state() const noexcept {
    if (reset_) return State::reset;
    if (!fin_written_) return State::open;
    return fin_delivered_ && delivered_up_to_ == written_end_ ? State::delivered : State::finished;
}

std::uint64_t SendStream::buffered() const noexcept {
    return reset_ ? 0 : written_end_ - delivered_up_to_;
}

void SendStream::set_max_data(std::uint64_t maximum) noexcept {
    // RFC 9000, 4.1: a limit that is no larger than the last one came late.
    max_data_ = std::max(max_data_, maximum);
}

std::uint64_t SendStream::new_bytes_allowed(std::uint64_t connection_credit) const noexcept {
    const auto window = max_data_ > sent_end_ ? max_data_ - sent_end_ : 0;
    return std::min({written_end_ - sent_end_, window, connection_credit});
}

bool SendStream::wants_fin() const noexcept { return fin_written_ && (!fin_sent_ || fin_lost_); }

bool SendStream::has_something_to_send(std::uint64_t connection_credit) const noexcept {
    if (reset_) return false;
    return !lost_.empty() || new_bytes_allowed(connection_credit) > 0 ||
           (wants_fin() && sent_end_ == written_end_);
}

bool SendStream::is_blocked() const noexcept {
    return !reset_ && lost_.empty() && sent_end_ < written_end_ && sent_end_ >= max_data_;
}

std::optional<SendStream::Chunk> SendStream::next_chunk(std::size_t max_bytes,
                                                        std::uint64_t connection_credit) {
    if (reset_) return std::nullopt;
    const std::uint64_t room =
        std::min<std::uint64_t>(max_bytes, std::numeric_limits<std::uint32_t>::max());
    Chunk chunk;
    chunk.offset = sent_end_;
    std::uint64_t length = 0;
    if (!lost_.empty()) {
        const auto lost = lost_.front();
        chunk.offset = lost.begin;
        length = std::min(room, lost.end - lost.begin);
        lost_.remove(lost.begin, lost.begin + length);
    }
    if (chunk.offset + length == sent_end_) {
        const auto fresh = std::min(room - length, new_bytes_allowed(connection_credit));
        if (fresh > 0 && length == 0) {
            while (pieces_[newest_piece_].end() <= sent_end_)
                ++newest_piece_;
        }
        chunk.new_bytes = static_cast<std::uint32_t>(fresh);
        length += fresh;
        sent_end_ += fresh;
    }
    chunk.length = static_cast<std::uint32_t>(length);
    if (wants_fin() && chunk.offset + length == written_end_) {
        chunk.fin = true;
        fin_sent_ = true;
        fin_lost_ = false;
    }
    if (length == 0 && !chunk.fin) return std::nullopt;
    return chunk;
}

void SendStream::copy(const Chunk& chunk, SpanWriter& out) const {
    if (chunk.length == 0 || reset_) return;
    auto offset = chunk.offset;
    std::size_t left = chunk.length;
    for (auto at = find_piece(offset); left > 0; ++at) {
        const auto& piece = pieces_[at];
        const auto within = static_cast<std::size_t>(offset - piece.offset);
        const auto n = std::min(left, piece.bytes.size() - within);
        out.bytes(piece.bytes.view().subspan(within, n));
        offset += n;
        left -= n;
    }
}

std::size_t SendStream::find_piece(std::uint64_t offset) const noexcept {
    if (newest_piece_ < pieces_.size()) {
        const auto& newest = pieces_[newest_piece_];
        if (newest.offset <= offset && offset < newest.end()) return newest_piece_;
    }
    const auto found = std::partition_point(
        pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return piece.end() <= offset; });
    STREAMKIT_ASSERT(found != pieces_.end() && found->offset <= offset);
    return static_cast<std::size_t>(found - pieces_.begin());
}

void SendStream::on_acked(std::uint64_t offset, std::uint32_t length, bool fin) {
    if (reset_) return;
    const auto end = offset + length;
    STREAMKIT_ASSERT(end <= sent_end_);
    if (fin) {
        fin_delivered_ = true;
        fin_lost_ = false;
    }
    if (length == 0 || end <= delivered_up_to_) return;
    // A loss that was none, or a copy that came first: not to be sent again.
    lost_.remove(offset, end);
    if (offset <= delivered_up_to_ && delivered_.empty()) {
        delivered_up_to_ = end;
    } else {
        delivered_.add(std::max(offset, delivered_up_to_), end);
        const auto first = delivered_.front();
        if (first.begin != delivered_up_to_) return;
        delivered_.remove(first.begin, first.end);
        delivered_up_to_ = first.end;
    }
    drop_delivered();
}

void SendStream::drop_delivered() {
    while (!pieces_.empty() && pieces_.front().end() <= delivered_up_to_) {
        pieces_.pop_front();
        if (newest_piece_ > 0) --newest_piece_;
    }
}

void SendStream::on_lost(std::uint64_t offset, std::uint32_t length, bool fin) {
    if (reset_) return;
    const auto end = offset + length;
    STREAMKIT_ASSERT(end <= sent_end_);
    if (fin && !fin_delivered_) fin_lost_ = true;
    delivered_.for_each_gap(std::max(offset, delivered_up_to_), end,
                            [this](std::uint64_t from, std::uint64_t to) { lost_.add(from, to); });
}

}  // namespace streamkit::rudp
