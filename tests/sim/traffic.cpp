#include "sim/traffic.hpp"

#include <algorithm>

#include "streamkit/base/overloaded.hpp"

namespace streamkit::sim {
namespace {

constexpr std::uint64_t kMaxWrite = 20'000;

/// Every byte depends on where it stands.
std::uint8_t byte_at(std::uint64_t stream, std::uint64_t offset) {
    return static_cast<std::uint8_t>(offset * 31 + (offset >> 8) * 7 + (offset >> 16) +
                                     stream * 101);
}

/// The number is added to each byte, so that the first one tells the rest.
Bytes make_message(std::size_t number, std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<std::uint8_t>(byte_at(0, i) + number);
    return out;
}

}  // namespace

void Peer::on_event(NodeId, const rudp::Event& event) {
    auto& endpoint = world_.endpoint(node_);
    std::visit(
        overloaded{
            [&](const rudp::Incoming& in) {
                const auto answered = reject_ ? endpoint.reject(in.link, *reject_, world_.now())
                                              : endpoint.accept(in.link, world_.now());
                if (!answered) world_.fail("a connection could not be answered");
            },
            [&](const rudp::Connected& in) { begin(in.link); },
            [&](const rudp::Rejected& in) { rejected_.push_back(in.reject); },
            [&](const rudp::Closed& in) {
                // A handshake that was left alone, as the client went on from another port.
                const bool abandoned = in.reason.error.code == rudp::Errc::handshake_timeout &&
                                       world_.endpoint(node_).public_key().has_value();
                if (abandoned && !links_.contains(in.link)) return;
                closed_.push_back(in.reason);
                const bool polite =
                    in.reason.error.code == rudp::Errc::closed_by_peer && in.reason.code == 0;
                const bool ours = in.reason.error.code == rudp::Errc::closed_here;
                if (!polite && !ours && !errors_allowed_)
                    world_.fail("closed: " + in.reason.error.message() + ' ' + in.reason.text);
            },
            [&](const rudp::StreamOpened& in) { links_[in.link].receiving[in.stream]; },
            [&](const rudp::StreamReadable& in) { read(in.link, in.stream); },
            [&](const rudp::StreamWritable& in) { write(in.link, in.stream); },
            [&](const rudp::StreamDelivered& in) {
                auto& sending = links_[in.link].sending[in.stream];
                if (!sending.finished) world_.fail("delivered before its end was written");
                sending.delivered = true;
            },
            [&](const rudp::StreamReset&) { world_.fail("a stream was reset"); },
            [&](const rudp::StreamStopped&) { world_.fail("a stream was stopped"); },
            [&](const rudp::MessageReceived& in) {
                auto& link = links_[in.link];
                if (!link.messages_received.insert(in.id).second)
                    world_.fail("a message came twice");
                const auto view = in.payload.view();
                const auto number = view.empty() ? std::uint8_t{0} : view[0];
                if (!std::ranges::equal(view, make_message(number, view.size())))
                    world_.fail("a message was changed");
                ++messages_received_;
            },
            [&](const rudp::MessagesDropped&) {},
            [&](const rudp::MessageFate& in) {
                auto& link = links_[in.link];
                if (!link.messages_sent_ids.contains(in.id) ||
                    !link.messages_decided.insert(in.id).second)
                    world_.fail("the fate of a message was told twice, or of one never sent");
                if (!in.delivered && !plan_.message_lifetime)
                    world_.fail("a reliable message was given up");
            },
            [&](const rudp::BufferLevel&) {},
            [&](const rudp::Migrated&) { ++migrations_; },
        },
        event);
}

void Peer::begin(rudp::LinkId id) {
    auto& link = links_[id];
    auto* connection = world_.endpoint(node_).find(id);
    if (connection == nullptr) return;
    for (const auto total : plan_.streams) {
        const auto stream = connection->open_stream(rudp::StreamKind::one_way);
        if (!stream && stream.error().code == rudp::Errc::not_connected) return;  // closed already
        if (!stream) return world_.fail("no stream: " + stream.error().message());
        link.sending[*stream] = {.total = total};
        write(id, *stream);
    }
    if (plan_.messages > 0) send_message(id);
}

void Peer::write(rudp::LinkId id, rudp::StreamId stream) {
    auto* connection = world_.endpoint(node_).find(id);
    if (connection == nullptr) return;
    auto& sending = links_[id].sending[stream];
    if (sending.finished) return;
    while (sending.written < sending.total) {
        const auto wanted =
            std::min(sending.total - sending.written, 1 + world_.random().below(kMaxWrite));
        Bytes bytes(wanted);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = byte_at(stream, sending.written + i);
        const auto written = connection->write(stream, SharedBuffer::take(std::move(bytes)));
        if (!written) {
            if (written.error().code != rudp::Errc::send_buffer_full)
                world_.fail("write: " + written.error().message());
            return;
        }
        sending.written += wanted;
    }
    sending.finished = true;
    if (const auto finished = connection->finish(stream); !finished)
        world_.fail("finish: " + finished.error().message());
}

void Peer::read(rudp::LinkId id, rudp::StreamId stream) {
    auto& link = links_[id];
    if (link.paused) return;
    auto* connection = world_.endpoint(node_).find(id);
    if (connection == nullptr) return;
    auto& receiving = link.receiving[stream];
    for (auto bytes = connection->readable(stream); !bytes.empty();
         bytes = connection->readable(stream)) {
        const auto take = std::min<std::size_t>(bytes.size(), 1 + world_.random().below(40'000));
        for (std::size_t i = 0; i < take; ++i) {
            if (bytes[i] != byte_at(stream, receiving.received + i))
                return world_.fail("a byte is wrong");
        }
        receiving.received += take;
        received_bytes_ += take;
        connection->consume(stream, take);
        if (plan_.reading_pause > Duration::zero() && world_.random().below(50) == 0) {
            link.paused = true;
            world_.after(plan_.reading_pause, [this, id] {
                links_[id].paused = false;
                read_all(id);
            });
            return;
        }
    }
    if (connection->at_end(stream)) receiving.ended = true;
}

void Peer::read_all(rudp::LinkId id) {
    std::vector<rudp::StreamId> streams;
    for (const auto& [stream, receiving] : links_[id].receiving)
        if (!receiving.ended) streams.push_back(stream);
    for (const auto stream : streams)
        read(id, stream);
}

void Peer::send_message(rudp::LinkId id) {
    auto* connection = world_.endpoint(node_).find(id);
    if (connection == nullptr) return;
    auto& link = links_[id];
    rudp::OutgoingMessage message;
    message.payload = SharedBuffer::take(
        make_message(link.messages_sent, 1 + world_.random().below(2 * plan_.message_bytes)));
    if (plan_.message_lifetime) message.deadline = world_.now() + *plan_.message_lifetime;
    const auto sent = connection->send(std::move(message), world_.now());
    if (sent) {
        link.messages_sent_ids.insert(*sent);
        ++link.messages_sent;
    } else if (sent.error().code != rudp::Errc::send_buffer_full) {
        return world_.fail("send: " + sent.error().message());
    }
    if (link.messages_sent < plan_.messages)
        world_.after(plan_.message_interval, [this, id] { send_message(id); });
}

bool Peer::is_complete(const Link& link) const {
    std::multiset<std::uint64_t> received;
    for (const auto& [stream, receiving] : link.receiving) {
        if (!receiving.ended) return false;
        received.insert(receiving.received);
    }
    const std::multiset<std::uint64_t> expected(expected_.streams.begin(), expected_.streams.end());
    const bool delivered = std::all_of(link.sending.begin(), link.sending.end(),
                                       [](const auto& entry) { return entry.second.delivered; });
    const bool messages_came =
        expected_.message_lifetime || link.messages_received.size() == expected_.messages;
    return received == expected && delivered && link.sending.size() == plan_.streams.size() &&
           link.messages_decided.size() == plan_.messages && messages_came;
}

std::size_t Peer::complete() const {
    return static_cast<std::size_t>(
        std::count_if(links_.begin(), links_.end(),
                      [this](const auto& entry) { return is_complete(entry.second); }));
}

std::optional<rudp::LinkId> Peer::link() const {
    if (links_.empty()) return std::nullopt;
    return links_.rbegin()->first;
}

void Peer::close_all() {
    auto& endpoint = world_.endpoint(node_);
    for (const auto& [id, link] : links_) {
        if (endpoint.find(id) != nullptr)
            static_cast<void>(endpoint.close(id, 0, "", world_.now()));
    }
}

}  // namespace streamkit::sim
