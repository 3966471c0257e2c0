// A server and a client session on two endpoints of reliable UDP, with files in memory.

#include <algorithm>
#include <map>
#include <set>

#include "rudp/pair.hpp"
#include "streamkit/file/client_session.hpp"
#include "streamkit/file/errc.hpp"
#include "streamkit/file/server_session.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::file;
using namespace std::chrono_literals;
using rudp::test::Pair;
using rudp::test::pattern;

namespace {

constexpr std::uint32_t kBlock = 64U << 10;

// What a transfer has become at the client.
struct Got {
    std::optional<Opened> opened{};
    Bytes bytes{};
    std::vector<std::uint32_t> order{};  // of blocks
    bool finished = false;
    std::optional<TransferFailed> failed{};
    std::vector<FileRange> content_wanted{};
};

class Setup {
public:
    explicit Setup(ClientSessionConfig client_config = {}, ServerSessionConfig server_config = {}) {
        pair.auto_read = false;
        pair.on_event = [this](bool at_server, const rudp::Event& event) {
            handle(at_server, event);
        };
        REQUIRE(pair.establish());
        server.emplace(pair.at_server(), catalogue, server_config);
        client.emplace(pair.at_client(), client_config);
        REQUIRE(client->start());
    }

    EntryId add(const std::string& name, Bytes content, milliseconds duration = 0ms) {
        Entry entry;
        entry.name = name;
        entry.size = content.size();
        entry.duration = duration;
        const auto id = catalogue.add(entry).value();
        contents[id] = std::move(content);
        return id;
    }
    // Opens, and fetches what it gets.
    RequestId get(std::variant<EntryId, std::string> what, BlockSet have = {},
                  Pacing pacing = Pacing::none) {
        const auto transfer = client->open(std::move(what));
        begin_with_[transfer] = {std::move(have), pacing};
        return transfer;
    }
    void run(std::chrono::milliseconds time) {
        for (const auto end = pair.now + time; pair.now < end;)
            tick();
    }
    bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit = 60s) {
        for (const auto end = pair.now + limit; pair.now < end; tick()) {
            if (done()) return true;
        }
        return done();
    }
    bool run_until_finished(RequestId transfer) {
        return run_until([&] { return got[transfer].finished; });
    }

    Pair pair;
    Catalogue catalogue;
    std::map<EntryId, Bytes> contents;
    std::optional<ServerSession> server;
    std::optional<ClientSession> client;
    std::map<RequestId, Got> got;
    std::vector<Listing> listings;
    std::vector<Refused> refused_lists;
    std::vector<TransferClosed> closed;
    std::vector<Position> positions;
    std::uint64_t bytes_read = 0;  // from files at the server
    Result<void> server_result;
    Result<void> client_result;
    std::function<void(Bytes&, FileRange)> spoil{};  // what the server reads
    std::function<void(HashedFile&)> spoil_hashes{};
    TimePoint line_free_at{};
    bool answer_needs = true;
    bool store_blocks = true;

private:
    struct Begin {
        BlockSet have;
        Pacing pacing;
    };

    void tick() {
        drain();
        pair.run_for(5ms);
        if (client->next_timeout() && *client->next_timeout() <= pair.now) {
            client->handle_timeout(pair.now);
        }
        if (server->next_timeout() && *server->next_timeout() <= pair.now) {
            server->handle_timeout(pair.now);
        }
        drain();
    }
    void handle(bool at_server, const rudp::Event& event) {
        if (at_server && server && server_result) {
            server_result = server->handle_event(event, pair.now);
        }
        if (!at_server && client && client_result) {
            client_result = client->handle_event(event, pair.now);
        }
        if (client) drain();
    }
    void drain() {
        while (auto event = server->poll_event())
            std::visit([this](const auto& e) { on_server(e); }, *event);
        while (auto event = client->poll_event())
            std::visit([this](const auto& e) { on_client(e); }, *event);
    }

    void on_server(const OpenRequested& e) {
        const auto& content = contents.at(e.entry.id);
        HashTreeBuilder builder{BlockLayout::make(content.size(), kBlock).value()};
        builder.update(content).value();
        entry_of_[e.transfer] = e.entry.id;
        server->preparing(e.transfer, content.size() / 2);
        auto hashed = builder.finish().value();
        if (spoil_hashes) spoil_hashes(hashed);
        server->open(e.transfer, std::make_shared<const HashedFile>(std::move(hashed)), pair.now);
    }
    void on_server(const NeedBytes& e) {
        if (!answer_needs) return;
        const BytesView content{contents.at(entry_of_.at(e.transfer))};
        const auto begin = std::min<std::size_t>(e.range.offset, content.size());
        const auto n = std::min<std::size_t>(e.range.length, content.size() - begin);
        const auto part = content.subspan(begin, n);
        Bytes bytes{part.begin(), part.end()};
        if (spoil) spoil(bytes, e.range);
        bytes_read += bytes.size();
        server->provide(e.read, SharedBuffer::take(std::move(bytes)), pair.now);
    }
    void on_server(const PlayerMoved& e) { positions.push_back(e.position); }
    void on_server(const TransferClosed& e) { closed.push_back(e); }

    void on_client(const ListingReceived& e) { listings.push_back(e.listing); }
    void on_client(const ListRefused& e) { refused_lists.push_back(e.refused); }
    void on_client(const TransferPreparing&) {}
    void on_client(const TransferOpened& e) {
        auto& transfer = got[e.opened.transfer];
        transfer.opened = e.opened;
        transfer.bytes.resize(static_cast<std::size_t>(e.opened.entry.size));
        const auto found = begin_with_.find(e.opened.transfer);
        if (found == begin_with_.end()) return;
        client->begin(e.opened.transfer, found->second.have, found->second.pacing, pair.now);
    }
    void on_client(const BlockVerified& e) {
        auto& transfer = got[e.transfer];
        std::ranges::copy(e.bytes.view(),
                          transfer.bytes.begin() + static_cast<std::ptrdiff_t>(e.offset));
        transfer.order.push_back(e.block);
        if (store_blocks) client->stored(e.transfer, e.read, e.block, pair.now);
    }
    void on_client(const ContentWanted& e) {
        auto& transfer = got[e.transfer];
        transfer.content_wanted.push_back(e.range);
        client->content(e.transfer, e.range.offset,
                        BytesView{transfer.bytes}.subspan(static_cast<std::size_t>(e.range.offset),
                                                          static_cast<std::size_t>(e.range.length)),
                        pair.now);
    }
    void on_client(const TransferFinished& e) { got[e.transfer].finished = true; }
    void on_client(const TransferFailed& e) { got[e.transfer].failed = e; }

    std::map<RequestId, EntryId> entry_of_;
    std::map<RequestId, Begin> begin_with_;
};

// One client message after the other on the first stream of a client that is not ours.
std::error_code error_of(const std::vector<ClientMessage>& messages) {
    Setup setup;
    setup.add("a", pattern(3 * kBlock));
    auto& raw = setup.pair.at_client();
    for (const auto& message : messages)
        REQUIRE(raw.write(0, SharedBuffer::copy_of(encode(message))));
    setup.run(200ms);
    return setup.server_result ? std::error_code{} : setup.server_result.error().code;
}

// As fast as a line of so many bytes a second, with a queue of 100 ms in front of it.
void limit_rate(Setup& setup, std::uint64_t bytes_per_second) {
    auto& pair = setup.pair;
    pair.drop = [&pair, &free_at = setup.line_free_at](const Pair::Datagram& d) {
        return !d.to_server && free_at > pair.now + 100ms;
    };
    pair.edit = [&pair, &free_at = setup.line_free_at, bytes_per_second](Pair::Datagram& d) {
        if (d.to_server) return;
        free_at = std::max(free_at, pair.now) +
                  std::chrono::nanoseconds{1'000'000'000 * d.bytes.size() / bytes_per_second};
        d.at = free_at + pair.delay;
    };
}

}  // namespace

TEST_CASE("a client lists, picks and gets a file", "[file][session]") {
    Setup setup;
    for (int i = 0; i < 5; ++i)
        setup.add("film " + std::to_string(i), pattern(static_cast<std::size_t>(i) * 100'000));
    const auto list = setup.client->list({}, 3);
    REQUIRE(setup.run_until([&] { return !setup.listings.empty(); }));
    CHECK(setup.listings[0].request == list);
    REQUIRE(setup.listings[0].entries.size() == 3);
    setup.client->list(setup.listings[0].next, 3);
    REQUIRE(setup.run_until([&] { return setup.listings.size() == 2; }));
    CHECK(setup.listings[1].entries.size() == 2);
    CHECK(setup.listings[1].next.empty());

    const auto transfer = setup.get(setup.listings[1].entries[1].id);
    REQUIRE(setup.run_until_finished(transfer));
    const auto& got = setup.got[transfer];
    CHECK(got.bytes == pattern(400'000));
    CHECK(got.opened->entry.sha256 == crypto::sha256(got.bytes));
    CHECK(got.order == std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6});
    CHECK(setup.bytes_read == 400'000);
    setup.client->close(transfer);
    REQUIRE(setup.run_until([&] { return !setup.closed.empty(); }));
    CHECK(setup.closed[0].transfer == transfer);
    CHECK(setup.closed[0].bytes == 400'000);
    CHECK(setup.server->transfers() == 0);
    CHECK(setup.server->reads() == 0);
    CHECK(setup.server_result);
    CHECK(setup.client_result);
}

TEST_CASE("a file is right after losses, and several at once are too", "[file][session]") {
    Setup setup;
    SeededRandom random{11};  // the seed of every run
    setup.pair.drop = [&](const Pair::Datagram&) { return random.below(20) == 0; };
    std::vector<RequestId> transfers;
    for (int i = 0; i < 3; ++i) {
        const auto name = "film " + std::to_string(i);
        setup.add(name, pattern(2'000'000, static_cast<std::uint64_t>(i)));
        transfers.push_back(setup.get(name));
    }
    for (std::size_t i = 0; i < 3; ++i) {
        REQUIRE(setup.run_until_finished(transfers[i]));
        CHECK(setup.got[transfers[i]].bytes == pattern(2'000'000, i));
    }
    CHECK(setup.bytes_read == 6'000'000);  // nothing twice but on the wire
    CHECK(setup.server_result);
    CHECK(setup.client_result);
}

TEST_CASE("a file without bytes is there at once", "[file][session]") {
    Setup setup;
    setup.add("empty", {});
    const auto transfer = setup.get("empty");
    REQUIRE(setup.run_until_finished(transfer));
    CHECK(setup.got[transfer].opened->entry.sha256 == crypto::sha256({}));
}

TEST_CASE("a transfer goes on with the blocks that are missing", "[file][session]") {
    Setup setup;
    const auto content = pattern(10 * kBlock + 5);
    setup.add("film", content);
    BlockSet have{11};
    have.insert(0, 4);
    have.insert(10);
    const auto transfer = setup.get("film", have);
    REQUIRE(setup.run_until_finished(transfer));
    auto& got = setup.got[transfer];
    CHECK(std::set<std::uint32_t>{got.order.begin(), got.order.end()} ==
          std::set<std::uint32_t>{4, 5, 6, 7, 8, 9});
    CHECK(setup.bytes_read == 6 * kBlock);
    CHECK(std::ranges::equal(BytesView{got.bytes}.subspan(4 * kBlock, 6 * kBlock),
                             BytesView{content}.subspan(4 * kBlock, 6 * kBlock)));
    CHECK(got.content_wanted == std::vector<FileRange>{{0, 8}});  // is it an MP4?

    BlockSet all{11};
    all.insert(0, 11);
    const auto again = setup.get("film", all);
    REQUIRE(setup.run_until_finished(again));
    CHECK(setup.bytes_read == 6 * kBlock);
}

TEST_CASE("what cannot be opened is refused with the reason", "[file][session]") {
    ServerSessionConfig config;
    config.max_transfers = 1;
    Setup setup{{}, config};
    setup.add("twice", pattern(10));
    setup.add("twice", pattern(11));
    setup.add("once", pattern(12));
    const auto none = setup.get("other");
    const auto no_id = setup.get(EntryId{1});
    const auto several = setup.get("twice");
    const auto first = setup.get("once");
    const auto second = setup.get("once");
    setup.client->list(Bytes{1, 2, 3}, 0);
    REQUIRE(setup.run_until([&] { return !setup.refused_lists.empty(); }));
    const auto code = [&](RequestId id) {
        REQUIRE(setup.got[id].failed);
        CHECK(setup.got[id].failed->error.code == Errc::refused);
        return setup.got[id].failed->refused.code;
    };
    CHECK(code(none) == ErrorCode::not_found);
    CHECK(code(no_id) == ErrorCode::not_found);
    CHECK(code(several) == ErrorCode::ambiguous);
    CHECK(setup.got[several].failed->refused.candidates.size() == 2);
    CHECK(code(second) == ErrorCode::busy);
    CHECK(setup.refused_lists[0].code == ErrorCode::invalid_request);
    CHECK(setup.run_until_finished(first));
    setup.server->refuse(first, ErrorCode::read_error, "disk on fire", setup.pair.now);
    setup.run(100ms);
    CHECK(code(first) == ErrorCode::read_error);
    CHECK(setup.got[first].failed->refused.text == "disk on fire");
}

TEST_CASE("a client learns that a file has changed or was cut", "[file][session]") {
    for (const bool cut : {false, true}) {
        CAPTURE(cut);
        Setup setup;
        limit_rate(setup, 2'000'000);
        const auto id = setup.add("film", pattern(4'000'000));
        const auto transfer = setup.get("film");
        REQUIRE(setup.run_until([&] { return setup.got[transfer].order.size() >= 5; }));
        if (cut) {
            setup.contents[id].resize(1'000'000);
            // What was read before arrives; the connection's buffer took it all.
            const auto again = setup.get("film");
            REQUIRE(setup.run_until([&] { return setup.got[again].failed.has_value(); }));
            CHECK(setup.got[again].failed->error.code == Errc::file_changed);
        } else {
            setup.server->changed(transfer, setup.pair.now);
            REQUIRE(setup.run_until([&] { return setup.got[transfer].failed.has_value(); }));
            CHECK(setup.got[transfer].failed->error.code == Errc::file_changed);
            CHECK_FALSE(setup.got[transfer].finished);
            CHECK(setup.closed.size() == 1);
        }
        setup.run(500ms);
        CHECK(setup.server->reads() == 0);
        CHECK(setup.server_result);
        CHECK(setup.client_result);
    }
}

TEST_CASE("a block that was read wrong is fetched again, but not for ever", "[file][session]") {
    for (const int times : {1, 100}) {
        CAPTURE(times);
        Setup setup;
        const auto content = pattern(8 * kBlock);
        setup.add("film", content);
        int left = times;
        setup.spoil = [&](Bytes& bytes, FileRange range) {
            const auto bad = 3 * kBlock;
            if (left == 0 || range.offset > bad || range.end() <= bad) return;
            bytes[static_cast<std::size_t>(bad - range.offset)] ^= 1;
            --left;
        };
        const auto transfer = setup.get("film");
        auto& got = setup.got[transfer];
        REQUIRE(setup.run_until([&] { return got.finished || got.failed; }));
        if (times == 1) {
            CHECK(got.bytes == content);
        } else {
            REQUIRE(got.failed);
            CHECK(got.failed->error.code == Errc::integrity);
            CHECK(got.failed->error.offset == 3 * kBlock);
            CHECK(std::ranges::count(got.order, 3U) == 0);
        }
        CHECK(setup.client_result);
    }
}

TEST_CASE("hashes that do not make up the root end the transfer", "[file][session]") {
    Setup setup;
    setup.spoil_hashes = [](HashedFile& file) { file.leaves[1][0] ^= 1; };
    setup.add("film", pattern(3 * kBlock));
    const auto transfer = setup.get("film");
    REQUIRE(setup.run_until([&] { return setup.got[transfer].failed.has_value(); }));
    CHECK(setup.got[transfer].failed->error.code == Errc::wrong_hashes);
    CHECK(setup.bytes_read == 0);
    setup.run(100ms);
    CHECK(setup.server->transfers() == 0);
}

TEST_CASE("a paced transfer stays before the player by the high-water mark", "[file][session]") {
    ClientSessionConfig config;
    config.rate.high_water = 10s;
    config.rate.low_water = 3s;
    ServerSessionConfig server_config;
    server_config.rate = config.rate;
    Setup setup{config, server_config};
    limit_rate(setup, 2'000'000);
    // 100 s at 100 000 bytes a second.
    setup.add("film", pattern(10'000'000), 100s);
    const auto transfer = setup.get("film", {}, Pacing::follow_player);
    auto& got = setup.got[transfer];
    const auto seconds_there = [&] {
        return static_cast<double>(got.order.size() * kBlock) / 100'000;
    };
    setup.run(3s);
    CHECK(seconds_there() > 8.5);
    CHECK(seconds_there() <= 10.0);
    setup.run(10s);  // nobody plays yet
    CHECK(seconds_there() <= 10.0);
    CHECK(setup.bytes_read <= 1'000'000);

    setup.client->play_started(transfer, 0ms, setup.pair.now);
    setup.run(20s);
    CHECK(seconds_there() > 27.0);
    CHECK(seconds_there() <= 30.0);
    CHECK(setup.client->buffered(transfer, setup.pair.now) > 7s);
    CHECK(setup.positions.back().position > 19s);
    CHECK(setup.positions.back().state == PlayerState::playing);

    setup.client->report_player(transfer, 20s, PlayerState::paused, setup.pair.now);
    setup.run(20s);
    CHECK(seconds_there() <= 30.0);
    CHECK(setup.positions.back().state == PlayerState::paused);

    setup.client->report_player(transfer, 20s, PlayerState::playing, setup.pair.now);
    setup.client->seek(transfer, 80s, setup.pair.now);
    setup.run(2s);
    CHECK(setup.client->buffered(transfer, setup.pair.now) > 7s);
    CHECK(std::ranges::count(got.order, 80 * 100'000 / kBlock) == 1);
    CHECK(setup.bytes_read <= 4'300'000);

    setup.run(25s);  // to the end, then the gap
    REQUIRE(setup.run_until_finished(transfer));
    CHECK(got.bytes == pattern(10'000'000));
    CHECK(setup.bytes_read <= 10'000'000 + 2 * kBlock);
}

TEST_CASE("a seek takes back what is under way", "[file][session]") {
    Setup setup;
    limit_rate(setup, 500'000);
    setup.add("film", pattern(30'000'000), 300s);
    const auto transfer = setup.get("film");
    auto& got = setup.got[transfer];
    REQUIRE(setup.run_until([&] { return got.order.size() == 3; }));
    CHECK(setup.pair.at_server().held_bytes() > 10'000'000);  // much is on its way
    const auto at = setup.pair.now;
    setup.client->seek(transfer, 290s, setup.pair.now);
    const std::uint32_t block = 29'000'000 / kBlock;
    REQUIRE(setup.run_until([&] { return std::ranges::count(got.order, block) > 0; }));
    // What had left may fill the line's queue, but not what had not: that is 30 s of this line.
    CHECK(setup.pair.now - at < 3s);
    setup.pair.edit = {};
    setup.pair.drop = {};
    REQUIRE(setup.run_until_finished(transfer));
    CHECK(got.bytes == pattern(30'000'000));
    std::ranges::sort(got.order);
    CHECK(std::ranges::adjacent_find(got.order) == got.order.end());  // each block once
    CHECK(setup.server_result);
    CHECK(setup.client_result);
}

TEST_CASE("what a reader waits for comes first", "[file][session]") {
    Setup setup;
    limit_rate(setup, 500'000);
    setup.add("film", pattern(8'000'000), 80s);
    const auto transfer = setup.get("film");
    auto& got = setup.got[transfer];
    REQUIRE(setup.run_until([&] { return got.order.size() == 3; }));
    const FileRange demand[] = {{7'900'000, 1000}};
    setup.client->set_demands(transfer, demand, setup.pair.now);
    REQUIRE(setup.run_until([&] { return std::ranges::count(got.order, 7'900'000 / kBlock) > 0; }));
    CHECK(got.order.size() < 30);
}

TEST_CASE("blocks that are not stored hold the transfer back", "[file][session]") {
    ClientSessionConfig config;
    config.fetch.max_under_way_bytes = 10 * kBlock;
    config.fetch.max_request_bytes = 2 * kBlock;
    Setup setup{config};
    setup.store_blocks = false;
    setup.add("film", pattern(100 * kBlock));
    const auto transfer = setup.get("film");
    setup.run(2s);
    CHECK(setup.got[transfer].order.size() <= 12);
    CHECK(setup.bytes_read <= 12 * kBlock);
}

TEST_CASE("a server that cannot read yet holds no more than a few chunks", "[file][session]") {
    Setup setup;
    setup.answer_needs = false;
    setup.add("film", pattern(100 * kBlock));
    const auto transfer = setup.get("film");
    setup.run(1s);
    CHECK(setup.server->reads() > 0);
    setup.client->close(transfer);
    setup.run(100ms);
    CHECK(setup.server->reads() == 0);
    setup.answer_needs = true;
    const auto again = setup.get("film");
    REQUIRE(setup.run_until_finished(again));
}

TEST_CASE("a server does not put up with what no client does", "[file][session]") {
    CHECK(error_of({List{0, 0, {}}, List{1, 0, {}}}) == std::error_code{});
    CHECK(error_of({List{1, 0, {}}, List{0, 0, {}}}) == Errc::out_of_order);
    CHECK(error_of({List{1, 0, {}}, List{1, 0, {}}}) == Errc::out_of_order);
    CHECK(error_of({Read{0, 7, {0, 1}, Urgency::ahead}}) == Errc::out_of_order);
    CHECK(error_of({GetHashes{7, 0, 1}}) == Errc::out_of_order);
    CHECK(error_of({Position{7, 0ms, 0ms, PlayerState::playing}}) == Errc::out_of_order);
    const Open open{0, std::string{"a"}};
    CHECK(error_of({open, GetHashes{0, 0, 3}}) == Errc::out_of_order);  // not open yet
    CHECK(error_of({Cancel{99}, CloseTransfer{99}}) == std::error_code{});
    CHECK(error_of({open, CloseTransfer{0}, Read{1, 0, {0, 1}, Urgency::ahead}}) ==
          std::error_code{});  // crossed on the way

    Setup setup;
    REQUIRE(setup.pair.at_client().write(0, SharedBuffer::copy_of(test::hex("7f00"))));
    setup.run(100ms);
    REQUIRE_FALSE(setup.server_result);
    CHECK(setup.server_result.error().code == Errc::unknown_message);
}

TEST_CASE("ranges outside of the file are refused as what they are", "[file][session]") {
    for (const ClientMessage& message :
         {ClientMessage{GetHashes{0, 3, 1}}, ClientMessage{GetHashes{0, 0, 4}},
          ClientMessage{Read{1, 0, {3 * kBlock, 1}, Urgency::ahead}},
          ClientMessage{Read{1, 0, {1, 3 * kBlock}, Urgency::ahead}}}) {
        Setup setup;
        setup.add("a", pattern(3 * kBlock));
        const auto transfer = setup.client->open(std::string{"a"});
        REQUIRE(setup.run_until([&] { return setup.got[transfer].opened.has_value(); }));
        REQUIRE(setup.pair.at_client().write(0, SharedBuffer::copy_of(encode(message))));
        setup.run(100ms);
        REQUIRE_FALSE(setup.server_result);
        CHECK(setup.server_result.error().code == Errc::value_out_of_range);
    }
}

TEST_CASE("a second stream for requests, or one for data, ends a client", "[file][session]") {
    for (const auto kind : {rudp::StreamKind::both_ways, rudp::StreamKind::one_way}) {
        Setup setup;
        setup.client->list({}, 0);
        setup.run(50ms);
        auto& raw = setup.pair.at_client();
        const auto stream = raw.open_stream(kind).value();
        REQUIRE(raw.write(stream, SharedBuffer::copy_of(test::hex("00"))));
        setup.run(100ms);
        REQUIRE_FALSE(setup.server_result);
        CHECK(setup.server_result.error().code == Errc::out_of_order);
    }
}

TEST_CASE("a client does not put up with data that it never asked for", "[file][session]") {
    const Bytes cases[] = {
        encode(DataHeader{99, {0, 10}}),  // a request of the future
        test::hex("02"),                  // another kind of stream
    };
    for (const auto& bytes : cases) {
        Setup setup;
        auto& raw = setup.pair.at_server();
        const auto stream = raw.open_stream(rudp::StreamKind::one_way).value();
        REQUIRE(raw.write(stream, SharedBuffer::copy_of(bytes)));
        setup.run(100ms);
        CHECK_FALSE(setup.client_result);
    }
    Setup setup;
    setup.client->list({}, 0);
    setup.run(50ms);
    REQUIRE(setup.pair.at_server().write(
        0, SharedBuffer::copy_of(encode(ServerMessage{Listing{77, {}, {}}}))));
    setup.run(100ms);
    REQUIRE_FALSE(setup.client_result);
    CHECK(setup.client_result.error().code == Errc::out_of_order);
}
