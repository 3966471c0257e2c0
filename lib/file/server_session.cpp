#include "streamkit/file/server_session.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "outgoing.hpp"
#include "streamkit/base/overloaded.hpp"
#include "streamkit/file/errc.hpp"
#include "streamkit/file/media_map.hpp"

namespace streamkit::file {
namespace {

// NeedBytes that are not answered yet, of all reads: enough to read ahead while one is written.
constexpr std::size_t kMaxNeeds = 4;
// When no stream could be opened, for want of room or of permission: neither has an event.
constexpr milliseconds kStreamRetry{10};
constexpr std::uint8_t kControlPriority = 0;

// Reads of one urgency go one after the other, in 32 steps: streams of equal priority take turns.
constexpr std::uint8_t kFirstPriority = 64;
constexpr std::uint8_t kPrioritySteps = 32;
constexpr std::size_t kUrgencies = 4;

}  // namespace

class ServerSession::Impl {
public:
    Impl(rudp::Connection& connection, const Catalogue& catalogue,
         const ServerSessionConfig& config)
        : connection_(connection), catalogue_(catalogue), config_(config) {}

    Result<void> handle_event(const rudp::Event& event, TimePoint now) {
        Result<void> result;
        std::visit(overloaded{
                       [&](const rudp::StreamOpened& e) { result = handle_opened(e.stream); },
                       [&](const rudp::StreamReadable& e) {
                           if (e.stream == control_) result = read_control(now);
                       },
                       [&](const rudp::StreamWritable&) { result = handle_writable(now); },
                       [&](const rudp::StreamStopped& e) { result = handle_stopped(e.stream); },
                       [&](const rudp::StreamDelivered& e) {
                           std::erase_if(sent_, [&](const auto& item) {
                               return item.second.stream == e.stream;
                           });
                       },
                       [&](const rudp::StreamReset& e) {
                           if (e.stream == control_) result = out_of_order("reset of the requests");
                       },
                       [](const auto&) {},
                   },
                   event);
        if (result) pump(now);
        return result;
    }
    void handle_timeout(TimePoint now) {
        apply_rate(now);
        pump(now);
    }
    std::optional<TimePoint> next_timeout() const {
        if (!retry_) return rate_timeout_;
        return rate_timeout_ ? std::min(*retry_, *rate_timeout_) : *retry_;
    }
    std::optional<ServerEvent> poll_event() {
        if (events_.empty()) return std::nullopt;
        auto event = std::move(events_.front());
        events_.pop_front();
        return event;
    }

    void open(RequestId id, std::shared_ptr<const HashedFile> file, TimePoint now) {
        const auto found = transfers_.find(id);
        if (found == transfers_.end() || found->second.file) return;
        auto& transfer = found->second;
        if (file->layout.size() != transfer.entry.size) return changed(id, now);
        transfer.file = std::move(file);
        transfer.entry.sha256 = transfer.file->sha256;
        transfer.policy.emplace(config_.rate, MediaMap{transfer.entry}.bit_rate(),
                                transfer.file->layout.block_bytes());
        const auto& root = transfer.file->root;
        send(Opened{id, transfer.entry, transfer.file->layout,
                    content_id(transfer.entry.size, transfer.entry.modified, root), root});
        apply_rate(now);
    }
    void preparing(RequestId id, std::uint64_t done) {
        if (transfers_.contains(id)) send(Preparing{id, done});
    }
    void refuse(RequestId id, ErrorCode code, std::string text, TimePoint now) {
        if (!transfers_.contains(id)) return;
        end_transfer(id, now);
        send(Refused{id, code, std::move(text), {}});
        pump(now);
    }
    void changed(RequestId id, TimePoint now) {
        if (!transfers_.contains(id)) return;
        end_transfer(id, now);
        send(Changed{id});
        pump(now);
    }
    void provide(RequestId id, SharedBuffer bytes, TimePoint now) {
        const auto found = reads_.find(id);
        if (found == reads_.end() || found->second.needed == 0) return;
        auto& read = found->second;
        if (bytes.size() != read.needed) return changed(read.transfer, now);
        read.needed = 0;
        --needs_;
        read.held = std::move(bytes);
        write_held(id, read);
        pump(now);
    }

    std::size_t transfers() const noexcept { return transfers_.size(); }
    std::size_t reads() const noexcept { return reads_.size(); }

private:
    struct Transfer {
        Entry entry{};
        std::shared_ptr<const HashedFile> file{};  // once it is open
        std::optional<RatePolicy> policy{};        // too
        bool has_player = false;
        std::uint64_t bytes = 0;
    };
    struct ReadState {
        RequestId transfer = 0;
        FileRange rest{};  // what was not read from the file yet
        Urgency urgency = Urgency::ahead;
        std::optional<rudp::StreamId> stream{};
        std::size_t needed = 0;  // by a NeedBytes that waits for its answer
        SharedBuffer held{};     // what the connection would not take yet
    };

    // A read that is written as a whole but has not arrived: a Cancel takes it back all the same.
    struct Sent {
        RequestId transfer = 0;
        rudp::StreamId stream = 0;
        Urgency urgency = Urgency::ahead;
    };

    static Error out_of_order(const char* what) { return Error{Errc::out_of_order, what}; }

    // Streams.

    Result<void> handle_opened(rudp::StreamId stream) {
        const bool one_way = (stream & 2) != 0;
        if (control_ || one_way) return out_of_order("stream");
        control_ = stream;
        return connection_.set_priority(stream, kControlPriority);
    }
    Result<void> handle_writable(TimePoint now) {
        if (!control_) return {};
        outgoing_.flush(connection_, *control_);
        blocked_ = false;
        std::vector<RequestId> held;
        for (const auto& [id, read] : reads_) {
            if (!read.held.empty()) held.push_back(id);
        }
        for (const auto id : held) {
            if (const auto found = reads_.find(id); found != reads_.end()) {
                write_held(id, found->second);
            }
        }
        return read_control(now);
    }
    Result<void> handle_stopped(rudp::StreamId stream) {
        if (stream == control_) return out_of_order("stop of the answers");
        std::erase_if(sent_, [&](const auto& item) { return item.second.stream == stream; });
        for (const auto& [id, read] : reads_) {
            if (read.stream != stream) continue;
            drop_read(id);
            break;
        }
        return {};
    }

    // Requests. While answers wait for room no more are taken: the client's window closes.

    Result<void> read_control(TimePoint now) {
        while (control_ && outgoing_.empty()) {
            const auto readable = connection_.readable(*control_);
            if (readable.empty()) return {};
            auto rest = readable;
            const auto message = reader_.next(rest);
            if (!message) return message.error();
            connection_.consume(*control_, readable.size() - rest.size());
            if (!*message) continue;
            const auto& client_message = **message;
            STREAMKIT_TRY(
                std::visit([&](const auto& m) { return handle(m, now); }, client_message));
        }
        return {};
    }
    // Numbers only go up, so an answer never meets the wrong request.
    Result<void> take_request(RequestId request) {
        if (request < next_request_) return out_of_order("request");
        next_request_ = request + 1;
        return {};
    }

    Result<void> handle(const List& m, TimePoint) {
        STREAMKIT_TRY(take_request(m.request));
        const auto page = catalogue_.page(m.page_token, m.limit);
        if (!page) {
            send(Refused{m.request, ErrorCode::invalid_request, "no such page", {}});
            return {};
        }
        send(Listing{m.request, {page->entries.begin(), page->entries.end()}, page->next});
        return {};
    }
    Result<void> handle(const Open& m, TimePoint) {
        STREAMKIT_TRY(take_request(m.transfer));
        if (transfers_.size() >= config_.max_transfers) {
            send(Refused{m.transfer, ErrorCode::busy, "too many transfers", {}});
            return {};
        }
        std::span<const Entry> found;
        if (const auto* id = std::get_if<EntryId>(&m.what)) {
            if (const auto* entry = catalogue_.find(*id)) found = {entry, 1};
        } else {
            found = catalogue_.named(*std::get_if<std::string>(&m.what));
        }
        if (found.empty()) {
            send(Refused{m.transfer, ErrorCode::not_found, "no such file", {}});
        } else if (found.size() > 1) {
            const auto some = found.first(std::min(found.size(), kMaxCandidates));
            send(Refused{m.transfer,
                         ErrorCode::ambiguous,
                         "several files have this name",
                         {some.begin(), some.end()}});
        } else {
            Transfer transfer;
            transfer.entry = found.front();
            transfers_.emplace(m.transfer, std::move(transfer));
            events_.push_back(OpenRequested{m.transfer, found.front()});
        }
        return {};
    }
    // The transfer; null for one that is over here, which the client may not know yet.
    Result<Transfer*> opened(RequestId id) {
        const auto found = transfers_.find(id);
        if (found == transfers_.end()) {
            if (id < next_request_) return static_cast<Transfer*>(nullptr);
            return out_of_order("transfer");
        }
        if (!found->second.file) return out_of_order("transfer");
        return &found->second;
    }
    Result<void> handle(const GetHashes& m, TimePoint) {
        const auto transfer = opened(m.transfer);
        if (!transfer) return transfer.error();
        if (*transfer == nullptr) return {};
        const std::span<const Hash> leaves{(*transfer)->file->leaves};
        if (m.first >= leaves.size() || m.count > leaves.size() - m.first) {
            return Error{Errc::value_out_of_range, "hashes"};
        }
        const auto some = leaves.subspan(m.first, m.count);
        send(Hashes{m.transfer, m.first, {some.begin(), some.end()}});
        return {};
    }
    Result<void> handle(const Read& m, TimePoint) {
        STREAMKIT_TRY(take_request(m.request));
        const auto transfer = opened(m.transfer);
        if (!transfer) return transfer.error();
        if (*transfer == nullptr) return {};
        const auto size = (*transfer)->entry.size;
        if (m.range.offset > size || m.range.length > size - m.range.offset) {
            return Error{Errc::value_out_of_range, "range"};
        }
        if (reads_.size() >= config_.max_reads) {
            send(Refused{m.request, ErrorCode::busy, "too many reads", {}});
            return {};
        }
        ReadState read;
        read.transfer = m.transfer;
        read.rest = m.range;
        read.urgency = m.urgency;
        reads_.emplace(m.request, std::move(read));
        return {};
    }
    Result<void> handle(const Cancel& m, TimePoint) {
        drop_read(m.request);
        return {};
    }
    Result<void> handle(const Position& m, TimePoint now) {
        const auto transfer = opened(m.transfer);
        if (!transfer) return transfer.error();
        if (*transfer == nullptr) return {};
        (*transfer)->has_player = true;
        (*transfer)->policy->report(m.position, m.buffered, m.state, now);
        events_.push_back(PlayerMoved{m});
        apply_rate(now);
        return {};
    }
    Result<void> handle(const CloseTransfer& m, TimePoint now) {
        if (transfers_.contains(m.transfer)) end_transfer(m.transfer, now);
        return {};
    }

    void send(const ServerMessage& message) {
        if (control_) outgoing_.send(connection_, *control_, encode(message));
    }
    void end_transfer(RequestId id, TimePoint now) {
        std::vector<RequestId> reads;
        for (const auto& [read_id, read] : reads_) {
            if (read.transfer == id) reads.push_back(read_id);
        }
        for (const auto& [read_id, sent] : sent_) {
            if (sent.transfer == id) reads.push_back(read_id);
        }
        for (const auto read : reads)
            drop_read(read);
        const auto found = transfers_.find(id);
        events_.push_back(TransferClosed{id, found->second.bytes});
        transfers_.erase(found);
        apply_rate(now);
    }

    // Reads.

    void drop_read(RequestId id) {
        if (const auto sent = sent_.find(id); sent != sent_.end()) {
            static_cast<void>(connection_.reset(sent->second.stream, 0));
            sent_.erase(sent);
            return;
        }
        const auto found = reads_.find(id);
        if (found == reads_.end()) return;
        auto& read = found->second;
        if (read.needed > 0) --needs_;
        // The peer may have stopped it: then it was reset already.
        if (read.stream) static_cast<void>(connection_.reset(*read.stream, 0));
        if (!read.held.empty()) blocked_ = false;
        reads_.erase(found);
    }
    // The most urgent read that has something left to read, then the oldest.
    std::pair<const RequestId, ReadState>* best_read() {
        std::pair<const RequestId, ReadState>* best = nullptr;
        for (auto& item : reads_) {
            const auto& read = item.second;
            if (read.needed > 0 || !read.held.empty() || read.rest.length == 0) continue;
            if (best == nullptr || read.urgency < best->second.urgency) best = &item;
        }
        return best;
    }
    void pump(TimePoint now) {
        retry_.reset();
        while (!blocked_ && needs_ < kMaxNeeds) {
            auto* item = best_read();
            if (item == nullptr) return;
            auto& [id, read] = *item;
            if (!read.stream && !start(id, read)) {
                retry_ = now + kStreamRetry;
                return;
            }
            const auto n = std::min<std::uint64_t>(read.rest.length, config_.chunk_bytes);
            events_.push_back(NeedBytes{id, read.transfer, {read.rest.offset, n}});
            read.needed = static_cast<std::size_t>(n);
            read.rest.offset += n;
            read.rest.length -= n;
            ++needs_;
        }
    }
    bool start(RequestId id, ReadState& read) {
        if (connection_.writable(*control_) < kMaxDataHeaderBytes) return false;
        const auto stream = connection_.open_stream(rudp::StreamKind::one_way);
        if (!stream) return false;
        const auto header = encode(DataHeader{id, read.rest});
        if (!connection_.write(*stream, SharedBuffer::copy_of(header))) return false;
        read.stream = *stream;
        rank_streams();
        return true;
    }
    void rank_streams() {
        std::map<RequestId, std::pair<rudp::StreamId, Urgency>> streams;
        for (const auto& [id, sent] : sent_)
            streams.emplace(id, std::pair{sent.stream, sent.urgency});
        for (const auto& [id, read] : reads_) {
            if (read.stream) streams.emplace(id, std::pair{*read.stream, read.urgency});
        }
        std::array<std::uint8_t, kUrgencies> ranks{};
        for (const auto& [id, stream] : streams) {
            const auto urgency = static_cast<std::size_t>(stream.second);
            auto& rank = ranks[urgency];
            const auto priority = kFirstPriority + urgency * kPrioritySteps + rank;
            if (rank + 1 < kPrioritySteps) ++rank;
            static_cast<void>(
                connection_.set_priority(stream.first, static_cast<std::uint8_t>(priority)));
        }
    }
    void write_held(RequestId id, ReadState& read) {
        if (!connection_.write(*read.stream, read.held)) {
            blocked_ = true;  // StreamWritable follows
            return;
        }
        transfers_.at(read.transfer).bytes += read.held.size();
        read.held = {};
        if (read.rest.length > 0) return;
        static_cast<void>(connection_.finish(*read.stream));
        sent_.emplace(id, Sent{read.transfer, *read.stream, read.urgency});
        reads_.erase(id);
    }

    // All transfers share the connection: it goes at full rate while one of them needs it.
    void apply_rate(TimePoint now) {
        auto algorithm = congestion::Algorithm::background;
        auto rate = congestion::Bandwidth{};
        rate_timeout_.reset();
        bool paced = false;
        for (auto& [id, transfer] : transfers_) {
            if (!transfer.policy) continue;
            const auto decision =
                transfer.has_player ? transfer.policy->decide(now) : RateDecision{};
            if (decision.max_rate.is_infinite()) {
                rate = decision.max_rate;
                algorithm = decision.algorithm;
                paced = true;
                break;
            }
            paced = true;
            rate = congestion::Bandwidth::bytes_per_second(rate.bytes_per_second() +
                                                           decision.max_rate.bytes_per_second());
            const auto timeout = transfer.policy->next_timeout(now);
            if (timeout && (!rate_timeout_ || *timeout < *rate_timeout_)) rate_timeout_ = timeout;
        }
        if (!paced) {  // no transfer
            rate = congestion::Bandwidth::infinite();
            algorithm = congestion::Algorithm::bbr;
        }
        rate = std::min(rate, config_.max_rate);
        if (rate != rate_) connection_.set_max_rate(rate);
        if (algorithm != algorithm_) connection_.set_congestion(algorithm);
        rate_ = rate;
        algorithm_ = algorithm;
    }

    rudp::Connection& connection_;
    const Catalogue& catalogue_;
    ServerSessionConfig config_;
    std::optional<rudp::StreamId> control_;
    Outgoing outgoing_;
    MessageReader<ClientMessage> reader_;
    RequestId next_request_ = 0;
    std::map<RequestId, Transfer> transfers_;
    std::map<RequestId, ReadState> reads_;
    std::map<RequestId, Sent> sent_;
    std::size_t needs_ = 0;
    bool blocked_ = false;  // a read holds bytes that the connection did not take
    std::deque<ServerEvent> events_;
    std::optional<TimePoint> rate_timeout_;
    std::optional<TimePoint> retry_;
    congestion::Bandwidth rate_{};  // as it was set last; 0: never
    congestion::Algorithm algorithm_ = congestion::Algorithm::bbr;
};

ServerSession::ServerSession(rudp::Connection& connection, const Catalogue& catalogue,
                             const ServerSessionConfig& config)
    : impl_(std::make_unique<Impl>(connection, catalogue, config)) {}
ServerSession::~ServerSession() = default;

Result<void> ServerSession::handle_event(const rudp::Event& event, TimePoint now) {
    return impl_->handle_event(event, now);
}
void ServerSession::handle_timeout(TimePoint now) { impl_->handle_timeout(now); }
std::optional<TimePoint> ServerSession::next_timeout() const { return impl_->next_timeout(); }
std::optional<ServerEvent> ServerSession::poll_event() { return impl_->poll_event(); }
void ServerSession::open(RequestId transfer, std::shared_ptr<const HashedFile> file,
                         TimePoint now) {
    impl_->open(transfer, std::move(file), now);
}
void ServerSession::preparing(RequestId transfer, std::uint64_t done) {
    impl_->preparing(transfer, done);
}
void ServerSession::refuse(RequestId transfer, ErrorCode code, std::string text, TimePoint now) {
    impl_->refuse(transfer, code, std::move(text), now);
}
void ServerSession::provide(RequestId read, SharedBuffer bytes, TimePoint now) {
    impl_->provide(read, std::move(bytes), now);
}
void ServerSession::changed(RequestId transfer, TimePoint now) { impl_->changed(transfer, now); }
std::size_t ServerSession::transfers() const noexcept { return impl_->transfers(); }
std::size_t ServerSession::reads() const noexcept { return impl_->reads(); }

}  // namespace streamkit::file
