// Both directions of a stream with a bad channel between them.

#include <cstdint>
#include <deque>
#include <vector>

#include "receive_stream.hpp"
#include "send_stream.hpp"
#include "streamkit/base/random.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::rudp;

namespace {

struct Settings {
    std::uint64_t bytes;   // of the whole stream
    std::uint64_t window;  // the receiver's
    std::size_t piece;     // what is written at a time, at most
    std::size_t packet;    // what is sent at a time, at most
    std::uint64_t loss;    // percent, of packets and of acknowledgements
};

struct InFlight {
    SendStream::Chunk chunk{};
    Bytes bytes{};
    bool counted = false;  // the sender knows its fate
};

class Model {
public:
    Model(const Settings& settings, std::uint64_t seed)
        : settings_(settings),
          random_(seed),
          sender_(settings.window),
          receiver_(settings.window) {}

    void run() {
        for (std::uint64_t steps = 0; sender_.state() != SendStream::State::delivered; ++steps) {
            REQUIRE(steps < 2'000'000);
            step();
            check();
        }
        while (!receiver_.readable().empty())
            read();
        REQUIRE(receiver_.at_end());
        REQUIRE(read_ == settings_.bytes);
        REQUIRE(receiver_.held_bytes() == 0);
        REQUIRE(sender_.buffered() == 0);
    }

private:
    std::uint8_t pattern(std::uint64_t offset) const {
        return static_cast<std::uint8_t>(offset * 0x9e37'79b9 >> 11);
    }
    bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

    void step() {
        switch (random_.below(6)) {
            case 0:
                return write();
            case 1:
            case 2:
                return send();
            case 3:
            case 4:
                return settle();
            default:
                return read();
        }
    }

    void write() {
        if (written_ == settings_.bytes) {
            if (sender_.state() == SendStream::State::open) REQUIRE(sender_.finish());
            return;
        }
        const auto n =
            std::min<std::uint64_t>(1 + random_.below(settings_.piece), settings_.bytes - written_);
        Bytes bytes;
        for (std::uint64_t i = 0; i < n; ++i)
            bytes.push_back(pattern(written_ + i));
        REQUIRE(sender_.write(SharedBuffer::take(std::move(bytes))));
        written_ += n;
    }

    void send() {
        if (flight_.size() >= 40) return;
        const auto credit = chance(20) ? random_.below(100) : UINT64_MAX;
        const bool has_something = sender_.has_something_to_send(credit);
        const auto room = chance(10) ? random_.below(3) : 1 + random_.below(settings_.packet);
        const auto chunk = sender_.next_chunk(room, credit);
        REQUIRE((has_something || !chunk));
        REQUIRE((chunk || !has_something || room == 0));
        if (!chunk) return;
        REQUIRE(chunk->length <= room);
        REQUIRE(chunk->new_bytes <= std::min<std::uint64_t>(credit, chunk->length));
        REQUIRE(chunk->offset + chunk->length <= receiver_.max_data());
        new_bytes_ += chunk->new_bytes;
        REQUIRE(new_bytes_ == sender_.sent_end());
        InFlight packet{*chunk, Bytes(chunk->length)};
        SpanWriter out{packet.bytes};
        sender_.copy(*chunk, out);
        REQUIRE(out.remaining() == 0);
        flight_.push_back(std::move(packet));
    }

    // One packet of those in flight, any of them, meets its fate.
    void settle() {
        if (flight_.empty()) return;
        const auto at =
            flight_.begin() + static_cast<std::ptrdiff_t>(random_.below(flight_.size()));
        auto& [chunk, bytes, counted] = *at;
        const bool arrives = !chance(settings_.loss);
        if (arrives) {
            const auto before = receiver_.highest();
            const auto grown = receiver_.receive(
                {.stream = 0, .offset = chunk.offset, .data = bytes, .fin = chunk.fin});
            REQUIRE(grown);
            REQUIRE(receiver_.highest() == before + *grown);
            if (chance(20)) sender_.set_max_data(receiver_.max_data());
        }
        if (arrives && !chance(settings_.loss)) {
            sender_.on_acked(chunk.offset, chunk.length, chunk.fin);
            counted = true;
        } else if (!counted) {
            sender_.on_lost(chunk.offset, chunk.length, chunk.fin);
            counted = true;
        }
        // Some stay: the same packet arrives again, and may be acknowledged after it was lost.
        if (!chance(10)) flight_.erase(at);
    }

    void read() {
        const auto run = receiver_.readable();
        if (run.empty()) return;
        const auto n = chance(30) ? 1 + random_.below(run.size()) : run.size();
        for (std::uint64_t i = 0; i < n; ++i) {
            if (run[static_cast<std::size_t>(i)] != pattern(read_ + i)) FAIL("byte " << read_ + i);
        }
        receiver_.consume(static_cast<std::size_t>(n));
        read_ += n;
        REQUIRE(receiver_.consumed() == read_);
        if (receiver_.should_send_max_data()) {
            sender_.set_max_data(receiver_.max_data());
            receiver_.on_max_data_sent();
        }
    }

    void check() {
        REQUIRE(sender_.sent_end() <= receiver_.max_data());
        REQUIRE(sender_.buffered() <= written_);
        // Of the window, its blocks at both ends, and those that are kept for later.
        REQUIRE(receiver_.held_bytes() <= (settings_.window / 65'536 + 2 + 16) * 75'000);
        if (sender_.is_blocked()) REQUIRE_FALSE(sender_.has_something_to_send(UINT64_MAX));
    }

    Settings settings_;
    SeededRandom random_;
    SendStream sender_;
    ReceiveStream receiver_;
    std::deque<InFlight> flight_;
    std::uint64_t written_ = 0;
    std::uint64_t new_bytes_ = 0;
    std::uint64_t read_ = 0;
};

}  // namespace

TEST_CASE("a stream comes whole through a bad channel", "[rudp][send_stream][receive_stream]") {
    const Settings cases[] = {
        {0, 0, 1, 1, 10},
        {1, 1, 1, 1, 50},
        {5'000, 700, 10, 9, 20},
        {5'000, 100'000, 1, 100, 40},
        {300'000, 100'000, 5'000, 1'400, 10},
        {2'000'000, 500'000, 70'000, 9'000, 5},
        {3'000'000, 70'000, 200'000, 20'000, 30},
        {1'000'000, 10'000'000, 100'000, 60'000, 0},
    };
    for (const auto& settings : cases) {
        const std::uint64_t seeds = settings.bytes < 10'000 ? 60 : 6;
        for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
            INFO("seed " << seed << ", " << settings.bytes << " bytes, window " << settings.window);
            Model{settings, seed}.run();
        }
    }
}

TEST_CASE("frames of any place and length do as a table of bytes does", "[rudp][receive_stream]") {
    constexpr std::uint64_t kBytes = 200'000;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        INFO("seed " << seed);
        SeededRandom random{seed};
        Bytes content(kBytes);
        random.fill(content);
        std::vector<bool> came(kBytes, false);
        ReceiveStream stream{kBytes};
        std::uint64_t consumed = 0;
        std::uint64_t highest = 0;
        std::uint64_t contiguous = 0;
        const std::uint64_t longest = seed % 2 == 0 ? 3'000 : 70'000;
        while (consumed < kBytes) {
            auto offset = random.below(kBytes + 1);
            if (random.below(4) == 0) offset = contiguous - std::min(contiguous, random.below(100));
            const auto length = std::min(random.below(longest), kBytes - offset);
            const bool fin = offset + length == kBytes && random.below(2) == 0;
            const auto grown = stream.receive({.stream = 0,
                                               .offset = offset,
                                               .data = BytesView{content}.subspan(offset, length),
                                               .fin = fin});
            REQUIRE(grown);
            const auto end = offset + length;
            REQUIRE(*grown == std::max(highest, end) - highest);
            highest = std::max(highest, end);
            for (auto i = offset; i < end; ++i)
                came[i] = true;
            while (contiguous < kBytes && came[contiguous])
                ++contiguous;

            const auto run = stream.readable();
            REQUIRE(run.empty() == (contiguous == consumed));
            REQUIRE(consumed + run.size() <= contiguous);
            if (consumed + run.size() < contiguous) REQUIRE((consumed + run.size()) % 65'536 == 0);
            REQUIRE(std::equal(run.begin(), run.end(),
                               content.begin() + static_cast<std::ptrdiff_t>(consumed)));
            const auto n = random.below(run.size() + 1);
            stream.consume(n);
            consumed += n;
        }
        REQUIRE(stream.receive({.stream = 0, .offset = kBytes, .data = {}, .fin = true}));
        REQUIRE(stream.at_end());
    }
}
