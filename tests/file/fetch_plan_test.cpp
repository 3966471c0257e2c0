#include "streamkit/file/fetch_plan.hpp"

#include <algorithm>

#include "streamkit/base/byte_writer.hpp"
#include "streamkit/base/random.hpp"
#include "streamkit/file/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::file;

namespace {

constexpr std::uint64_t kBlock = kMinBlockBytes;

BlockLayout layout_of(std::uint32_t blocks) {
    return BlockLayout::make(blocks * kBlock - 100, kBlock).value();  // the last one is shorter
}

// Four blocks a request, at most sixteen under way; two count as soon.
FetchConfig small() {
    FetchConfig out;
    out.max_request_bytes = 4 * kBlock;
    out.max_under_way_bytes = 16 * kBlock;
    out.max_requests = 8;
    out.soon_bytes = 2 * kBlock;
    out.tail_bytes = 10 * kBlock;
    return out;
}

// A plan whose file is known to be no MP4, so that only the window decides.
FetchPlan plain_plan(std::uint32_t blocks, FetchConfig config = small()) {
    FetchPlan plan{layout_of(blocks), config, BlockSet{blocks}};
    plan.handle_content(0, test::hex("1a45dfa3 9f428681"));
    return plan;
}

struct Blocks {
    std::uint64_t first;
    std::uint64_t count;
    friend bool operator==(const Blocks&, const Blocks&) = default;
};
std::ostream& operator<<(std::ostream& out, const Blocks& blocks) {
    return out << blocks.first << "+" << blocks.count;
}

Blocks blocks_of(const Ask& ask) {
    CHECK(ask.range.offset % kBlock == 0);
    return {ask.range.offset / kBlock, (ask.range.length + kBlock - 1) / kBlock};
}

// All asks that there is room for, numbered from `request` on.
std::vector<Ask> ask_all(FetchPlan& plan, RequestId& request) {
    std::vector<Ask> out;
    while (const auto ask = plan.next(request)) {
        out.push_back(*ask);
        ++request;
    }
    return out;
}

void store(FetchPlan& plan, const Ask& ask) {
    const auto [first, count] = blocks_of(ask);
    for (std::uint64_t i = 0; i < count; ++i)
        plan.stored(ask.request, static_cast<std::uint32_t>(first + i));
}

// The order in which blocks are asked for, when each request is answered before the next.
std::vector<std::uint64_t> order_of(FetchPlan& plan, RequestId request = 0) {
    std::vector<std::uint64_t> out;
    for (; const auto ask = plan.next(request); ++request) {
        const auto [first, count] = blocks_of(*ask);
        for (std::uint64_t i = 0; i < count; ++i)
            out.push_back(first + i);
        store(plan, *ask);
    }
    return out;
}

std::vector<std::uint64_t> count_up(std::uint64_t first, std::uint64_t end) {
    std::vector<std::uint64_t> out;
    for (; first < end; ++first)
        out.push_back(first);
    return out;
}

// An MP4 of so many blocks: ftyp, mdat up to `moov`, moov up to the end.
struct Film {
    std::uint64_t moov;
    std::uint64_t size;
    [[nodiscard]] Bytes content(FileRange range) const {
        ByteWriter head;
        head.bytes(test::hex("00000010 66747970 69736f6d 00000200"));  // ftyp, 16 bytes
        head.u32(static_cast<std::uint32_t>(moov - 16));
        head.text("mdat");
        ByteWriter tail;
        tail.u32(static_cast<std::uint32_t>(size - moov));
        tail.text("moov");
        Bytes out;
        for (auto at = range.offset; at < range.end(); ++at) {
            out.push_back(at < head.size() ? head.view()[static_cast<std::size_t>(at)]
                          : at >= moov && at < moov + 8
                              ? tail.view()[static_cast<std::size_t>(at - moov)]
                              : std::uint8_t{0});
        }
        return out;
    }
};

// Gives the plan what it wants to see of what is stored.
void show(FetchPlan& plan, const Film& film) {
    while (const auto wanted = plan.wanted_content())
        plan.handle_content(wanted->offset, film.content(*wanted));
}

}  // namespace

TEST_CASE("a plan asks from the front to the end, soon things first", "[file][fetch_plan]") {
    auto plan = plain_plan(11);
    RequestId request = 5;
    const auto asks = ask_all(plan, request);
    REQUIRE(asks.size() == 4);
    CHECK(asks[0] == Ask{5, {0, 2 * kBlock}, Urgency::soon});
    CHECK(asks[1] == Ask{6, {2 * kBlock, 4 * kBlock}, Urgency::ahead});
    CHECK(asks[2] == Ask{7, {6 * kBlock, 4 * kBlock}, Urgency::ahead});
    CHECK(asks[3] == Ask{8, {10 * kBlock, kBlock - 100}, Urgency::ahead});
    CHECK(plan.under_way_bytes() == 11 * kBlock - 100);
    CHECK(plan.requests() == 4);
    for (const auto& ask : asks)
        store(plan, ask);
    CHECK(plan.complete());
    CHECK(plan.under_way_bytes() == 0);
    CHECK(plan.requests() == 0);
    CHECK(plan.stored_bytes() == 11 * kBlock - 100);
    CHECK_FALSE(plan.next(9));
}

TEST_CASE("a plan holds bytes and requests under way below their limits", "[file][fetch_plan]") {
    auto plan = plain_plan(100);
    RequestId request = 0;
    CHECK(ask_all(plan, request).size() == 5);  // 2 + 4 * 4 blocks
    CHECK(plan.under_way_bytes() == 18 * kBlock);
    plan.stored(0, 0);
    plan.stored(0, 1);
    CHECK_FALSE(plan.next(request));
    plan.stored(1, 2);
    CHECK(plan.next(request));
    auto config = small();
    config.max_requests = 2;
    auto few = plain_plan(100, config);
    CHECK(ask_all(few, request).size() == 2);
}

TEST_CASE("a file without bytes is complete and asks for nothing", "[file][fetch_plan]") {
    FetchPlan plan{BlockLayout{}, {}, BlockSet{}};
    CHECK(plan.complete());
    CHECK_FALSE(plan.next(0));
    CHECK_FALSE(plan.wanted_content());
    CHECK(plan.missing_from(0) == 0);
    CHECK(plan.stored_bytes() == 0);
    plan.set_window(10, 20);
    CHECK(plan.seek(5, 6).empty());
    CHECK_FALSE(plan.next(0));
}

TEST_CASE("the window bounds what is asked for", "[file][fetch_plan]") {
    auto plan = plain_plan(40);
    plan.set_window(0, 5 * kBlock + 1);
    RequestId request = 0;
    auto asks = ask_all(plan, request);
    REQUIRE(asks.size() == 2);
    CHECK(blocks_of(asks[1]) == Blocks{2, 3});  // not the block that reaches beyond the window
    plan.set_window(kBlock, 6 * kBlock);
    asks = ask_all(plan, request);
    REQUIRE(asks.size() == 1);
    CHECK(blocks_of(asks[0]) == Blocks{5, 1});
    plan.set_window(kBlock, 3 * kBlock);  // smaller: nothing to ask, nothing taken back
    CHECK_FALSE(plan.next(request));
    CHECK(plan.requests() == 3);
}

TEST_CASE("two blocks from the player on are asked for, however small the window",
          "[file][fetch_plan]") {
    auto plan = plain_plan(40);
    plan.set_window(10 * kBlock + 5, 10 * kBlock + 6);
    RequestId request = 0;
    const auto asks = ask_all(plan, request);
    REQUIRE(asks.size() == 1);
    CHECK(blocks_of(asks[0]) == Blocks{10, 2});
    plan.set_window(40 * kBlock, 0);            // behind the end
    CHECK(ask_all(plan, request).size() == 4);  // the gaps
}

TEST_CASE("gaps before the player come last", "[file][fetch_plan]") {
    auto plan = plain_plan(20);
    plan.set_window(12 * kBlock, 20 * kBlock);
    auto expected = count_up(12, 20);
    const auto gap = count_up(0, 12);
    expected.insert(expected.end(), gap.begin(), gap.end());
    CHECK(order_of(plan) == expected);
    CHECK(plan.complete());

    auto paced = plain_plan(20);
    paced.set_window(12 * kBlock, 18 * kBlock);
    CHECK(order_of(paced) == count_up(12, 18));  // no gaps while the window is not at the end
}

TEST_CASE("a seek gives up what nobody wants any more", "[file][fetch_plan]") {
    auto plan = plain_plan(100);
    plan.set_window(0, 20 * kBlock);
    RequestId request = 0;
    CHECK(ask_all(plan, request).size() == 5);  // 0-1, 2-5, 6-9, 10-13, 14-17
    plan.stored(1, 2);

    CHECK(plan.seek(11 * kBlock, 40 * kBlock) == std::vector<RequestId>{0, 1, 2});
    CHECK(plan.requests() == 2);
    CHECK(plan.under_way_bytes() == 8 * kBlock);
    const auto asks = ask_all(plan, request);
    REQUIRE_FALSE(asks.empty());
    CHECK(blocks_of(asks[0]) == Blocks{18, 4});

    CHECK(plan.seek(0, 20 * kBlock).size() >= 1);  // back again
    const auto again = ask_all(plan, request);
    REQUIRE(again.size() >= 2);
    CHECK(blocks_of(again[0]) == Blocks{0, 2});
    CHECK(blocks_of(again[1]) == Blocks{3, 4});  // 2 is there
    plan.stored(0, 0);                           // of a request that was given up
    CHECK_FALSE(plan.have().contains(0));
}

TEST_CASE("what someone waits for goes first and needs no room", "[file][fetch_plan]") {
    auto plan = plain_plan(200);
    plan.set_window(0, 50 * kBlock);
    RequestId request = 0;
    CHECK(ask_all(plan, request).size() == 5);
    const FileRange demands[] = {{150 * kBlock + 10, kBlock}, {0, 100}, {3'000'000'000, 5}};
    CHECK(plan.set_demands(demands).empty());
    auto ask = plan.next(request);
    REQUIRE(ask);
    CHECK(*ask == Ask{request, {150 * kBlock, 2 * kBlock}, Urgency::waited_for});
    CHECK_FALSE(plan.next(request + 1));  // the second one is under way
    CHECK(plan.seek(0, 50 * kBlock).empty());
    CHECK(plan.set_demands({}).empty());
    CHECK(plan.seek(0, 50 * kBlock) == std::vector<RequestId>{request});
}

TEST_CASE("what someone waits for is not left behind others", "[file][fetch_plan]") {
    auto plan = plain_plan(40);
    RequestId request = 0;
    CHECK(ask_all(plan, request).size() == 5);  // 0-1 soon, 2-5, 6-9, 10-13, 14-17 ahead
    const auto demand = [&](std::uint64_t block) {
        const FileRange range{block * kBlock, 1};
        return plan.set_demands({&range, 1});
    };
    CHECK(demand(0).empty());
    CHECK(demand(1).empty());
    CHECK(demand(30).empty());                      // not asked for yet
    CHECK(demand(4) == std::vector<RequestId>{1});  // behind 2 and 3
    CHECK(demand(6) == std::vector<RequestId>{2});  // behind the first request
    CHECK(plan.under_way_bytes() == 10 * kBlock);
    const auto again = plan.next(request);
    REQUIRE(again);
    CHECK(*again == Ask{request, {6 * kBlock, kBlock}, Urgency::waited_for});
    CHECK(demand(6).empty());

    auto seeking = plain_plan(40);
    CHECK(ask_all(seeking, request).size() == 5);
    // The last one holds what is wanted, and before it what is not.
    CHECK(seeking.seek(16 * kBlock, 40 * kBlock).size() == 5);
    CHECK(blocks_of(*seeking.next(request)) == Blocks{16, 2});
}

TEST_CASE("demands have limits", "[file][fetch_plan]") {
    auto plan = plain_plan(2000);
    plan.set_window(0, 0);
    RequestId request = 0;
    CHECK(ask_all(plan, request).size() == 1);
    const FileRange huge[] = {{100 * kBlock, UINT64_MAX}};
    CHECK(plan.set_demands(huge).empty());
    std::uint64_t bytes = 0;
    for (std::optional<Ask> ask; (ask = plan.next(request)); ++request) {
        bytes += ask->range.length;
        store(plan, *ask);
    }
    CHECK(bytes == FetchPlan::kMaxDemandBytes);
    std::vector<FileRange> many;
    for (std::uint64_t i = 0; i < 100; ++i)
        many.push_back({(500 + 2 * i) * kBlock, 1});
    CHECK(plan.set_demands(many).empty());
    CHECK(order_of(plan, request).size() == FetchPlan::kMaxDemands);
}

TEST_CASE("a block that is wrong is asked for again, but not for ever", "[file][fetch_plan]") {
    auto plan = plain_plan(3);
    RequestId request = 0;
    static_cast<void>(ask_all(plan, request));
    plan.stored(0, 0);
    CHECK(plan.wrong(0, 1));
    CHECK(plan.requests() == 1);
    auto ask = plan.next(request);
    REQUIRE(ask);
    CHECK(blocks_of(*ask) == Blocks{1, 1});
    CHECK(plan.wrong(0, 1));  // not of that request any more: counts for nothing
    CHECK(plan.wrong(ask->request, 1));
    ask = plan.next(++request);
    REQUIRE(ask);
    const auto given_up = plan.wrong(ask->request, 1);
    REQUIRE_FALSE(given_up);
    CHECK(given_up.error() == Error{Errc::integrity, "block", kBlock});
}

TEST_CASE("what is lost is asked for again, and only that", "[file][fetch_plan]") {
    auto plan = plain_plan(6);
    RequestId request = 0;
    static_cast<void>(ask_all(plan, request));  // 0-1, 2-5
    plan.stored(1, 2);
    plan.stored(1, 3);
    plan.lost(1);
    plan.lost(1);
    CHECK(plan.under_way_bytes() == 2 * kBlock);
    const auto ask = plan.next(request);
    REQUIRE(ask);
    CHECK(blocks_of(*ask) == Blocks{4, 2});
}

TEST_CASE("a plan goes on from what a part record says", "[file][fetch_plan]") {
    BlockSet have{10};
    have.insert(0, 3);
    have.insert(5);
    have.insert(9);
    FetchPlan plan{layout_of(10), small(), have};
    CHECK(plan.stored_bytes() == 5 * kBlock - 100);
    CHECK(plan.missing_from(0) == 3 * kBlock);
    CHECK(plan.missing_from(3 * kBlock + 7) == 3 * kBlock + 7);
    CHECK(plan.missing_from(9 * kBlock) == 10 * kBlock - 100);
    // It wants to see the stored beginning before it decides anything.
    CHECK(plan.wanted_content() == FileRange{0, 8});
    plan.handle_content(0, test::hex("1a45dfa3 9f428681"));
    CHECK_FALSE(plan.wanted_content());
    CHECK(order_of(plan) == std::vector<std::uint64_t>{3, 4, 6, 7, 8});
    CHECK(plan.complete());
}

TEST_CASE("an index at the end comes right behind the first block", "[file][fetch_plan]") {
    const auto layout = layout_of(100);
    const Film film{95 * kBlock - 3, layout.size()};  // its header spans two blocks
    FetchPlan plan{layout, small(), BlockSet{100}};
    plan.set_window(0, 20 * kBlock);
    const auto first = plan.next(0);
    REQUIRE(first);
    CHECK(*first == Ask{0, {0, kBlock}, Urgency::soon});
    const auto meanwhile = plan.next(1);
    REQUIRE(meanwhile);
    CHECK(blocks_of(*meanwhile) == Blocks{1, 1});  // the rest of what is soon
    store(plan, *first);
    show(plan, film);
    const auto tail = plan.next(2);
    REQUIRE(tail);
    CHECK(*tail == Ask{2, {94 * kBlock, 4 * kBlock}, Urgency::soon});
    const auto rest = plan.next(3);
    REQUIRE(rest);
    CHECK(blocks_of(*rest) == Blocks{98, 2});
    plan.stored(2, 94);
    CHECK(plan.wanted_content() == FileRange{95 * kBlock - 3, 3});
    show(plan, film);
    CHECK_FALSE(plan.index());
    plan.stored(2, 95);
    show(plan, film);
    CHECK(plan.index() == FileRange{film.moov, film.size - film.moov});
    CHECK(plan.seek(0, 20 * kBlock).empty());  // the index stays wanted
    const auto next = plan.next(4);
    REQUIRE(next);
    CHECK(blocks_of(*next) == Blocks{2, 4});
}

TEST_CASE("an index far from the end is found first, then fetched", "[file][fetch_plan]") {
    const auto layout = layout_of(100);
    const Film film{60 * kBlock + 50, layout.size()};
    FetchPlan plan{layout, small(), BlockSet{100}};
    plan.set_window(0, 4 * kBlock);
    std::vector<std::uint64_t> order;
    for (RequestId request = 0; const auto ask = plan.next(request); ++request) {
        for (std::uint64_t i = 0; i < blocks_of(*ask).count; ++i)
            order.push_back(blocks_of(*ask).first + i);
        store(plan, *ask);
        show(plan, film);
    }
    std::vector<std::uint64_t> expected{0, 60};
    for (const auto block : count_up(61, 100))
        expected.push_back(block);
    for (const auto block : count_up(1, 4))
        expected.push_back(block);
    CHECK(order == expected);
}

TEST_CASE("an index at the front needs no detour", "[file][fetch_plan]") {
    const auto layout = layout_of(20);
    FetchPlan plan{layout, small(), BlockSet{20}};
    const auto first = plan.next(0);
    REQUIRE(first);
    store(plan, *first);
    plan.handle_content(0, test::hex("00000010 66747970 69736f6d 00000200"  // ftyp
                                     "0000c350 6d6f6f76"));                 // moov, 50 000 bytes
    CHECK(plan.index() == FileRange{16, 50'000});
    CHECK(order_of(plan) == count_up(1, 20));
}

TEST_CASE("every block comes once unless it was lost, in any order", "[file][fetch_plan]") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        INFO("seed " << seed);
        SeededRandom random{seed};
        const auto blocks = static_cast<std::uint32_t>(1 + random.below(150));
        const auto layout = layout_of(blocks);
        const Film film{std::max<std::uint64_t>(24, random.below(layout.size())), layout.size()};
        BlockSet have{blocks};
        for (std::uint32_t block = 0; block < blocks; ++block) {
            if (random.below(4) == 0) have.insert(block);
        }
        std::vector<int> asked(blocks);    // how often
        std::vector<int> allowed(blocks);  // 1, and 1 more for each loss
        for (std::uint32_t block = 0; block < blocks; ++block)
            allowed[block] = have.contains(block) ? 0 : 1;
        auto config = small();
        config.max_failures = 1000;
        FetchPlan plan{layout, config, have};

        struct Running {
            RequestId request;
            std::vector<std::uint32_t> blocks;
        };
        std::vector<Running> running;
        RequestId request = 0;
        const auto give_up = [&](RequestId id) {
            const auto found = std::ranges::find(running, id, &Running::request);
            for (const auto block : found->blocks)
                ++allowed[block];
            running.erase(found);
        };
        for (int step = 0; !plan.complete(); ++step) {
            REQUIRE(step < 100'000);
            if (random.below(40) == 0) {
                const auto head = random.below(layout.size());
                for (const auto id : plan.seek(head, head + random.below(layout.size())))
                    give_up(id);
            }
            if (random.below(40) == 0) {
                const FileRange demand{random.below(layout.size()), 1 + random.below(3 * kBlock)};
                for (const auto id : plan.set_demands({&demand, 1}))
                    give_up(id);
            }
            if (random.below(60) == 0 || step > 5000) plan.set_window(0, layout.size());
            show(plan, film);
            if (const auto ask = plan.next(request)) {
                Running added{request++, {}};
                for (std::uint64_t i = 0; i < blocks_of(*ask).count; ++i) {
                    const auto block = static_cast<std::uint32_t>(blocks_of(*ask).first + i);
                    added.blocks.push_back(block);
                    ++asked[block];
                }
                CHECK_FALSE(added.blocks.empty());
                running.push_back(added);
            }
            if (running.empty() || random.below(3) == 0) continue;
            auto& any = running[static_cast<std::size_t>(random.below(running.size()))];
            const auto id = any.request;
            const auto what = random.below(20);
            if (what == 0) {
                plan.lost(id);
                give_up(id);
                continue;
            }
            // Blocks of one request may be verified in any order too.
            const auto at = random.below(any.blocks.size());
            const auto block = any.blocks[static_cast<std::size_t>(at)];
            any.blocks.erase(any.blocks.begin() + static_cast<std::ptrdiff_t>(at));
            if (what == 1) {
                CHECK(plan.wrong(id, block));
                ++allowed[block];
            } else {
                plan.stored(id, block);
            }
            if (any.blocks.empty())
                std::erase_if(running, [id](const Running& r) { return r.request == id; });
        }
        CHECK(asked == allowed);
        CHECK(plan.under_way_bytes() == 0);
        CHECK(plan.requests() == 0);
        CHECK(plan.stored_bytes() == layout.size());
    }
}
