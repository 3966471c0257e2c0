#include "streamkit/file/client_session.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "incoming_data.hpp"
#include "outgoing.hpp"
#include "streamkit/base/overloaded.hpp"
#include "streamkit/file/errc.hpp"
#include "streamkit/file/media_map.hpp"

namespace streamkit::file {
namespace {

constexpr std::uint8_t kControlPriority = 0;

Error out_of_order(const char* what) { return Error{Errc::out_of_order, what}; }

}  // namespace

class ClientSession::Impl {
public:
    Impl(rudp::Connection& connection, const ClientSessionConfig& config)
        : connection_(connection), config_(config) {}

    Result<void> start() {
        const auto stream = connection_.open_stream(rudp::StreamKind::both_ways);
        if (!stream) return stream.error();
        control_ = *stream;
        return connection_.set_priority(*stream, kControlPriority);
    }

    Result<void> handle_event(const rudp::Event& event, TimePoint now) {
        Result<void> result;
        std::visit(
            overloaded{
                [&](const rudp::StreamOpened& e) { result = handle_opened(e.stream); },
                [&](const rudp::StreamReadable& e) {
                    result = e.stream == control_ ? read_control(now) : read_data(e.stream, now);
                },
                [&](const rudp::StreamWritable&) {
                    outgoing_.flush(connection_, control_.value());
                },
                [&](const rudp::StreamReset& e) {
                    if (e.stream == control_) {
                        result = out_of_order("reset of the answers");
                    } else {
                        lose(e.stream, now);
                    }
                },
                [&](const rudp::StreamStopped&) { result = out_of_order("stop of the requests"); },
                [](const auto&) {},
            },
            event);
        return result;
    }

    void handle_timeout(TimePoint now) {
        for (auto& [id, transfer] : transfers_) {
            if (!transfer.plan || now < transfer.next_report) continue;
            report(id, transfer, now);
            fetch(id, transfer, now);
        }
    }
    std::optional<TimePoint> next_timeout() const {
        std::optional<TimePoint> out;
        for (const auto& [id, transfer] : transfers_) {
            if (!transfer.plan || transfer.next_report == TimePoint::max()) continue;
            if (!out || transfer.next_report < *out) out = transfer.next_report;
        }
        return out;
    }
    std::optional<ClientEvent> poll_event() {
        if (events_.empty()) return std::nullopt;
        auto event = std::move(events_.front());
        events_.pop_front();
        return event;
    }

    RequestId list(Bytes page_token, std::uint32_t limit) {
        const auto request = next_request_++;
        lists_.push_back(request);
        send(List{request, limit, std::move(page_token)});
        return request;
    }
    RequestId open(std::variant<EntryId, std::string> what) {
        const auto id = next_request_++;
        transfers_.emplace(id, Transfer{});
        send(Open{id, std::move(what)});
        return id;
    }

    void begin(RequestId id, BlockSet have, Pacing pacing, TimePoint now) {
        auto* transfer = find(id);
        if (transfer == nullptr || !transfer->opened || transfer->begun) return;
        const auto& layout = transfer->opened->layout;
        transfer->begun = true;
        transfer->have = have.capacity() == layout.block_count() ? std::move(have)
                                                                 : BlockSet{layout.block_count()};
        auto rate = config_.rate;
        rate.pace = rate.pace && pacing == Pacing::follow_player;
        transfer->map = MediaMap{transfer->opened->entry};
        transfer->paced = rate.pace && transfer->map.known();
        transfer->policy.emplace(rate, transfer->map.bit_rate(), layout.block_bytes());
        for (std::uint32_t first = 0; first < layout.block_count(); first += kMaxHashesPerMessage) {
            send(
                GetHashes{id, first, std::min(layout.block_count() - first, kMaxHashesPerMessage)});
        }
        if (layout.block_count() == 0) take_hashes(id, *transfer, now);
    }
    void stored(RequestId id, RequestId read, std::uint32_t block, TimePoint now) {
        auto* transfer = fetching(id);
        if (transfer == nullptr || transfer->plan->complete()) return;
        transfer->plan->stored(read, block);
        transfer->policy->set_buffered_until(buffered_until(*transfer), now);
        fetch(id, *transfer, now);
    }
    void content(RequestId id, std::uint64_t offset, BytesView bytes, TimePoint now) {
        auto* transfer = fetching(id);
        if (transfer == nullptr) return;
        transfer->plan->handle_content(offset, bytes);
        transfer->shown.reset();
        fetch(id, *transfer, now);
    }
    void report_player(RequestId id, milliseconds position, PlayerState state, TimePoint now) {
        auto* transfer = fetching(id);
        if (transfer == nullptr) return;
        move_player(*transfer, position, state, now);
        report(id, *transfer, now);
        fetch(id, *transfer, now);
    }
    void play_started(RequestId id, milliseconds position, TimePoint now) {
        auto* transfer = fetching(id);
        if (transfer == nullptr) return;
        transfer->state = PlayerState::playing;
        transfer->policy->play_started(position, now);
        transfer->policy->set_buffered_until(buffered_until(*transfer), now);
        report(id, *transfer, now);
        fetch(id, *transfer, now);
    }
    void seek(RequestId id, milliseconds position, TimePoint now) {
        auto* transfer = fetching(id);
        if (transfer == nullptr) return;
        move_player(*transfer, position, transfer->state, now);
        const auto [head, end] = window(*transfer, now);
        for (const auto read : transfer->plan->seek(head, end))
            cancel(read);
        report(id, *transfer, now);
        fetch(id, *transfer, now);
    }
    void set_demands(RequestId id, std::span<const FileRange> demands, TimePoint now) {
        auto* transfer = fetching(id);
        if (transfer == nullptr) return;
        for (const auto read : transfer->plan->set_demands(demands))
            cancel(read);
        fetch(id, *transfer, now);
    }
    void close(RequestId id) {
        if (find(id) == nullptr) return;
        forget(id);
        send(CloseTransfer{id});
    }

    const FetchPlan* plan(RequestId id) const {
        const auto found = transfers_.find(id);
        return found == transfers_.end() || !found->second.plan ? nullptr : &*found->second.plan;
    }
    milliseconds buffered(RequestId id, TimePoint now) const {
        const auto found = transfers_.find(id);
        if (found == transfers_.end() || !found->second.policy) return milliseconds{0};
        return found->second.policy->buffered(now);
    }

private:
    struct Transfer {
        std::optional<Opened> opened{};
        bool begun = false;
        BlockSet have{};             // until there is a plan
        std::vector<Hash> leaves{};  // until they are verified
        BlockHashes hashes{};
        std::optional<FetchPlan> plan{};
        std::optional<FileRange> shown{};  // content that was asked for
        MediaMap map{};
        std::optional<RatePolicy> policy{};
        bool paced = false;
        PlayerState state = PlayerState::stopped;
        bool finished = false;  // was told
        TimePoint next_report = TimePoint::max();
        int lost_reads = 0;
    };
    struct ReadInfo {
        RequestId transfer = 0;
        FileRange range{};
        std::optional<rudp::StreamId> stream{};
    };

    Transfer* find(RequestId id) {
        const auto found = transfers_.find(id);
        return found == transfers_.end() ? nullptr : &found->second;
    }
    Transfer* fetching(RequestId id) {
        auto* transfer = find(id);
        return transfer != nullptr && transfer->plan ? transfer : nullptr;
    }
    void send(const ClientMessage& message) {
        if (control_) outgoing_.send(connection_, *control_, encode(message));
    }

    // Streams.

    Result<void> handle_opened(rudp::StreamId stream) {
        const bool one_way = (stream & 2) != 0;
        if (!one_way) return out_of_order("stream");
        data_.emplace(stream, IncomingData{});
        return {};
    }

    Result<void> read_control(TimePoint now) {
        for (;;) {
            const auto readable = connection_.readable(*control_);
            if (readable.empty()) return {};
            auto rest = readable;
            const auto message = reader_.next(rest);
            if (!message) return message.error();
            connection_.consume(*control_, readable.size() - rest.size());
            if (!*message) continue;
            const auto& server_message = **message;
            STREAMKIT_TRY(
                std::visit([&](const auto& m) { return handle(m, now); }, server_message));
        }
    }

    Result<void> read_data(rudp::StreamId stream, TimePoint now) {
        for (;;) {
            const auto found = data_.find(stream);
            if (found == data_.end()) return {};
            auto& data = found->second;
            const auto readable = connection_.readable(stream);
            if (readable.empty()) {
                if (connection_.at_end(stream)) lose(stream, now);  // too early
                return {};
            }
            auto rest = readable;
            if (!data.begun()) {
                STREAMKIT_TRY(read_header(stream, data, rest));
            } else {
                STREAMKIT_TRY(read_bytes(data, rest, now));
            }
            connection_.consume(stream, readable.size() - rest.size());
        }
    }
    Result<void> read_header(rudp::StreamId stream, IncomingData& data, BytesView& bytes) {
        const auto header = data.read_header(bytes);
        if (!header) return header.error();
        if (!*header) return {};
        const auto found = reads_.find((*header)->request);
        if (found == reads_.end()) {  // was cancelled
            if ((*header)->request >= next_request_) return out_of_order("data");
            static_cast<void>(connection_.stop(stream, 0));
            data_.erase(stream);
            return {};
        }
        auto& read = found->second;
        if (read.stream || read.range != (*header)->range) return out_of_order("data");
        read.stream = stream;
        data.begin((*header)->request, read.range, transfers_.at(read.transfer).opened->layout);
        return {};
    }
    Result<void> read_bytes(IncomingData& data, BytesView& bytes, TimePoint now) {
        if (data.complete()) return out_of_order("bytes behind the end of a read");
        const auto id = data.request();
        const auto transfer_id = reads_.at(id).transfer;
        const auto block = data.read(bytes);
        if (!block) return {};
        if (data.complete()) reads_.erase(id);  // nothing but the end may follow
        auto& transfer = transfers_.at(transfer_id);
        if (transfer.hashes.check(block->index, block->bytes)) {
            transfer.plan->handle_content(block->offset, block->bytes);
            transfer.lost_reads = 0;
            events_.push_back(
                BlockVerified{transfer_id, id, block->index, block->offset, block->bytes});
        } else if (const auto again = transfer.plan->wrong(id, block->index); !again) {
            fail(transfer_id, again.error());
        } else {
            fetch(transfer_id, transfer, now);
        }
        return {};
    }

    // The server gave a stream up, or ended it too early.
    void lose(rudp::StreamId stream, TimePoint now) {
        const auto found = data_.find(stream);
        if (found == data_.end()) return;
        const bool begun = found->second.begun() && !found->second.complete();
        const auto request = found->second.request();
        data_.erase(found);
        if (!begun) return;
        const auto read = reads_.find(request);
        if (read == reads_.end()) return;
        lose_read(read, now);
    }
    void lose_read(std::map<RequestId, ReadInfo>::iterator read, TimePoint now) {
        const auto [request, info] = *read;
        reads_.erase(read);
        auto* transfer = fetching(info.transfer);
        if (transfer == nullptr) return;
        transfer->plan->lost(request);
        if (++transfer->lost_reads > config_.max_lost_reads) {
            fail(info.transfer, Error{Errc::refused, "reads"});
        } else {
            fetch(info.transfer, *transfer, now);
        }
    }

    void cancel(RequestId request) {
        const auto read = reads_.find(request);
        if (read == reads_.end()) return;
        if (read->second.stream) {
            static_cast<void>(connection_.stop(*read->second.stream, 0));
            data_.erase(*read->second.stream);
        } else {
            send(Cancel{request});
        }
        reads_.erase(read);
    }
    void forget(RequestId id) {
        std::vector<RequestId> reads;
        for (const auto& [request, read] : reads_) {
            if (read.transfer == id) reads.push_back(request);
        }
        for (const auto request : reads)
            cancel(request);
        transfers_.erase(id);
    }
    void fail(RequestId id, const Error& error, Refused refused = {}) {
        close(id);
        events_.push_back(TransferFailed{id, error, std::move(refused)});
    }

    // Answers. Those about transfers that are closed here come from before the server knew.

    Result<void> handle(Listing m, TimePoint) {
        if (std::erase(lists_, m.request) == 0) return out_of_order("listing");
        events_.push_back(ListingReceived{std::move(m)});
        return {};
    }
    Result<void> handle(const Preparing& m, TimePoint) {
        if (find(m.transfer) != nullptr) events_.push_back(TransferPreparing{m.transfer, m.done});
        return {};
    }
    Result<void> handle(Opened m, TimePoint) {
        auto* transfer = find(m.transfer);
        if (transfer == nullptr) return {};
        if (transfer->opened) return out_of_order("opened");
        transfer->opened = m;
        events_.push_back(TransferOpened{std::move(m)});
        return {};
    }
    Result<void> handle(const Hashes& m, TimePoint now) {
        auto* transfer = find(m.transfer);
        if (transfer == nullptr) return {};
        auto& leaves = transfer->leaves;
        const auto wanted = transfer->opened && transfer->begun && !transfer->plan
                                ? transfer->opened->layout.block_count()
                                : 0;
        if (m.first != leaves.size() || m.hashes.size() > wanted - leaves.size()) {
            return out_of_order("hashes");
        }
        leaves.insert(leaves.end(), m.hashes.begin(), m.hashes.end());
        if (leaves.size() == wanted) take_hashes(m.transfer, *transfer, now);
        return {};
    }
    Result<void> handle(const Changed& m, TimePoint) {
        if (find(m.transfer) != nullptr) fail(m.transfer, Error{Errc::file_changed, "transfer"});
        return {};
    }
    Result<void> handle(Refused m, TimePoint now) {
        const auto id = m.request;
        if (std::erase(lists_, id) > 0) {
            events_.push_back(ListRefused{std::move(m)});
        } else if (find(id) != nullptr) {
            fail(id, Error{Errc::refused, "transfer"}, std::move(m));
        } else if (const auto read = reads_.find(id); read != reads_.end()) {
            lose_read(read, now);
        }
        return {};
    }

    void take_hashes(RequestId id, Transfer& transfer, TimePoint now) {
        const auto& opened = *transfer.opened;
        auto hashes = BlockHashes::verify(opened.layout, opened.root, std::move(transfer.leaves));
        transfer.leaves = {};
        if (!hashes) return fail(id, hashes.error());
        transfer.hashes = *std::move(hashes);
        transfer.plan.emplace(opened.layout, config_.fetch, std::move(transfer.have));
        transfer.policy->set_buffered_until(buffered_until(transfer), now);
        report(id, transfer, now);
        fetch(id, transfer, now);
    }

    // The player, and what to ask for.

    std::uint64_t head_of(const Transfer& transfer, milliseconds position) const {
        return transfer.map.known() ? transfer.map.offset_at(position) : 0;
    }
    milliseconds buffered_until(const Transfer& transfer) const {
        // From where the player was told to be, at the last report.
        const auto head = head_of(transfer, transfer.policy->position(TimePoint{}));
        return transfer.map.time_at(transfer.plan->missing_from(head));
    }
    void move_player(Transfer& transfer, milliseconds position, PlayerState state, TimePoint now) {
        transfer.state = state;
        const auto head = head_of(transfer, position);
        const auto missing = transfer.plan->missing_from(head);
        // What starves a player lies where it stands, whatever the mean rate says.
        if (state == PlayerState::starved) transfer.map.add(position, missing);
        const auto until = transfer.map.time_at(missing);
        transfer.policy->report(position, std::max(until - position, milliseconds{0}), state, now);
    }
    // A server that hears of no player sends at full rate.
    void report(RequestId id, Transfer& transfer, TimePoint now) {
        if (!transfer.paced) return;
        const auto position =
            std::clamp(transfer.policy->position(now), milliseconds{0}, kMaxDuration);
        const auto buffered =
            std::clamp(transfer.policy->buffered(now), milliseconds{0}, kMaxDuration);
        send(Position{id, position, buffered, transfer.state});
        connection_.set_buffer_level(buffered);
        transfer.next_report = now + config_.report_interval;
    }
    struct Window {
        std::uint64_t head;
        std::uint64_t end;
    };
    Window window(Transfer& transfer, TimePoint now) {
        const auto until = transfer.policy->decide(now).fetch_until;
        return {head_of(transfer, transfer.policy->position(now)), transfer.map.offset_at(until)};
    }
    void fetch(RequestId id, Transfer& transfer, TimePoint now) {
        auto& plan = *transfer.plan;
        if (plan.complete()) {
            if (!std::exchange(transfer.finished, true)) events_.push_back(TransferFinished{id});
            return;
        }
        if (const auto wanted = plan.wanted_content(); wanted && wanted != transfer.shown) {
            transfer.shown = wanted;
            events_.push_back(ContentWanted{id, *wanted});
        }
        const auto [head, end] = window(transfer, now);
        plan.set_window(head, end);
        while (const auto ask = plan.next(next_request_)) {
            ++next_request_;
            reads_.emplace(ask->request, ReadInfo{id, ask->range, {}});
            send(Read{ask->request, id, ask->range, ask->urgency});
        }
    }

    rudp::Connection& connection_;
    ClientSessionConfig config_;
    std::optional<rudp::StreamId> control_;
    Outgoing outgoing_;
    MessageReader<ServerMessage> reader_;
    RequestId next_request_ = 0;
    std::vector<RequestId> lists_;
    std::map<RequestId, Transfer> transfers_;
    std::map<RequestId, ReadInfo> reads_;
    std::map<rudp::StreamId, IncomingData> data_;
    std::deque<ClientEvent> events_;
};

ClientSession::ClientSession(rudp::Connection& connection, const ClientSessionConfig& config)
    : impl_(std::make_unique<Impl>(connection, config)) {}
ClientSession::~ClientSession() = default;

Result<void> ClientSession::start() { return impl_->start(); }
Result<void> ClientSession::handle_event(const rudp::Event& event, TimePoint now) {
    return impl_->handle_event(event, now);
}
void ClientSession::handle_timeout(TimePoint now) { impl_->handle_timeout(now); }
std::optional<TimePoint> ClientSession::next_timeout() const { return impl_->next_timeout(); }
std::optional<ClientEvent> ClientSession::poll_event() { return impl_->poll_event(); }
RequestId ClientSession::list(Bytes page_token, std::uint32_t limit) {
    return impl_->list(std::move(page_token), limit);
}
RequestId ClientSession::open(std::variant<EntryId, std::string> what) {
    return impl_->open(std::move(what));
}
void ClientSession::begin(RequestId transfer, BlockSet have, Pacing pacing, TimePoint now) {
    impl_->begin(transfer, std::move(have), pacing, now);
}
void ClientSession::stored(RequestId transfer, RequestId read, std::uint32_t block, TimePoint now) {
    impl_->stored(transfer, read, block, now);
}
void ClientSession::content(RequestId transfer, std::uint64_t offset, BytesView bytes,
                            TimePoint now) {
    impl_->content(transfer, offset, bytes, now);
}
void ClientSession::report_player(RequestId transfer, milliseconds position, PlayerState state,
                                  TimePoint now) {
    impl_->report_player(transfer, position, state, now);
}
void ClientSession::play_started(RequestId transfer, milliseconds position, TimePoint now) {
    impl_->play_started(transfer, position, now);
}
void ClientSession::seek(RequestId transfer, milliseconds position, TimePoint now) {
    impl_->seek(transfer, position, now);
}
void ClientSession::set_demands(RequestId transfer, std::span<const FileRange> demands,
                                TimePoint now) {
    impl_->set_demands(transfer, demands, now);
}
void ClientSession::close(RequestId transfer) { impl_->close(transfer); }
const FetchPlan* ClientSession::plan(RequestId transfer) const { return impl_->plan(transfer); }
milliseconds ClientSession::buffered(RequestId transfer, TimePoint now) const {
    return impl_->buffered(transfer, now);
}

}  // namespace streamkit::file
