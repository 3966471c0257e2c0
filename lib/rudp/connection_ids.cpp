#include "connection_ids.hpp"

#include <algorithm>

namespace streamkit::rudp {

LocalIds::LocalIds(ConnectionId first, LinkId link, IdDirectory& directory)
    : link_(link), directory_(directory) {
    // A HELLO carries no token, as it is in the clear: the first id is announced like the others.
    ids_.push_back({next_sequence_++, first, false});
    while (ids_.size() < kActive)
        ids_.push_back({next_sequence_++, directory_.add_id(link_), false});
    unsent_ = ids_.size();
}

LocalIds::~LocalIds() {
    for (const auto& entry : ids_)
        directory_.remove_id(entry.id);
}

std::optional<NewConnectionIdFrame> LocalIds::next_frame() {
    for (auto& entry : ids_) {
        if (entry.sent) continue;
        entry.sent = true;
        --unsent_;
        return NewConnectionIdFrame{entry.sequence, 0, entry.id, directory_.token_of(entry.id)};
    }
    unsent_ = 0;
    return std::nullopt;
}

void LocalIds::on_lost(std::uint64_t sequence) noexcept {
    for (auto& entry : ids_) {
        if (entry.sequence != sequence || !entry.sent) continue;
        entry.sent = false;
        ++unsent_;
    }
}

Result<void> LocalIds::retire(std::uint64_t sequence) {
    // RFC 9000, 19.16
    if (sequence >= next_sequence_)
        return Error{Errc::invalid_parameter, "RETIRE_CONNECTION_ID sequence"};
    const auto found = std::find_if(ids_.begin(), ids_.end(),
                                    [&](const Entry& entry) { return entry.sequence == sequence; });
    if (found == ids_.end()) return {};
    directory_.remove_id(found->id);
    if (!found->sent) --unsent_;
    ids_.erase(found);
    ids_.push_back({next_sequence_++, directory_.add_id(link_), false});
    ++unsent_;
    return {};
}

std::vector<ConnectionId> LocalIds::all() const {
    std::vector<ConnectionId> out;
    for (const auto& entry : ids_)
        out.push_back(entry.id);
    return out;
}

PeerIds::PeerIds(ConnectionId first, std::optional<ResetToken> token, LinkId link,
                 IdDirectory& directory)
    : link_(link), directory_(directory), ids_{{0, first, token}} {
    if (token) directory_.add_peer_token(*token, link_);
}

PeerIds::~PeerIds() {
    for (const auto& entry : ids_)
        if (entry.token) directory_.remove_peer_token(*entry.token);
}

Result<void> PeerIds::add(const NewConnectionIdFrame& frame) {
    const auto known = std::find_if(ids_.begin(), ids_.end(), [&](const Entry& entry) {
        return entry.sequence == frame.sequence || entry.id == frame.id;
    });
    if (known != ids_.end()) {
        // RFC 9000, 19.15: one sequence number, one id, one token.
        if (known->sequence != frame.sequence || known->id != frame.id ||
            (known->token && *known->token != frame.token))
            return Error{Errc::invalid_parameter, "NEW_CONNECTION_ID twice"};
        if (!known->token) {
            known->token = frame.token;
            directory_.add_peer_token(frame.token, link_);
        }
    } else if (frame.sequence >= retired_below_) {
        // Retired one by one, ids leave no gap below the smallest that is active.
        const bool was_retired = frame.sequence < ids_.front().sequence;
        if (!was_retired) {
            ids_.push_back({frame.sequence, frame.id, frame.token});
            directory_.add_peer_token(frame.token, link_);
        }
    }
    if (frame.retire_prior_to > retired_below_) {
        retired_below_ = frame.retire_prior_to;
        std::stable_partition(ids_.begin(), ids_.end(),
                              [&](const Entry& entry) { return entry.sequence < retired_below_; });
        while (ids_.size() > 1 && ids_.front().sequence < retired_below_)
            retire_front();
    }
    if (ids_.size() > kMaxActive || retired_.size() > kMaxUnsentRetirements)
        return Error{Errc::invalid_parameter, "NEW_CONNECTION_ID of too many"};
    return {};
}

void PeerIds::retire_front() {
    const auto& front = ids_.front();
    if (front.token) directory_.remove_peer_token(*front.token);
    retired_.push_back(front.sequence);
    ids_.erase(ids_.begin());
}

void PeerIds::use_next() {
    if (ids_.size() > 1) retire_front();
}

std::optional<RetireConnectionIdFrame> PeerIds::next_frame() {
    if (retired_.empty()) return std::nullopt;
    const RetireConnectionIdFrame frame{retired_.back()};
    retired_.pop_back();
    return frame;
}

void PeerIds::on_lost(std::uint64_t sequence) { retired_.push_back(sequence); }

}  // namespace streamkit::rudp
