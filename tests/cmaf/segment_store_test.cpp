#include "streamkit/cmaf/segment_store.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::cmaf {
namespace {

SegmentStore::Object object(std::string name, std::string_view text) {
    auto made = std::make_shared<StoredObject>();
    made->name = std::move(name);
    made->slices = {SharedBuffer::copy_of(as_bytes(text))};
    made->size = text.size();
    return made;
}

TEST_CASE("a store finds, counts and removes objects", "[cmaf][store]") {
    SegmentStore store;
    store.put(object("a", "12345"));
    store.put(object("b", "123"));
    CHECK(store.object_count() == 2);
    CHECK(store.total_bytes() == 8);
    CHECK(store.find("a")->size == 5);
    CHECK(store.find("c") == nullptr);
    store.put(object("a", "1"));
    CHECK(store.total_bytes() == 4);
    CHECK(store.remove("a"));
    CHECK_FALSE(store.remove("a"));
    CHECK(store.total_bytes() == 3);
}

TEST_CASE("an object outlives its removal", "[cmaf][store]") {
    SegmentStore store;
    store.put(object("a", "12345"));
    const auto held = store.find("a");
    store.remove("a");
    CHECK(as_text(held->slices[0].view()) == "12345");
}

TEST_CASE("observers see additions and removals and may call back", "[cmaf][store]") {
    SegmentStore store;
    std::vector<std::string> seen;
    const auto id = store.observe([&](SegmentStore::Change change, const auto& changed) {
        const bool added = change == SegmentStore::Change::added;
        CHECK((store.find(changed->name) != nullptr) == added);
        seen.push_back((added ? "+" : "-") + changed->name);
    });
    store.put(object("a", "1"));
    store.put_segment(object("b", "1"), "t", "c");
    store.remove("a");
    store.forget(id);
    store.remove("b");
    CHECK(seen == std::vector<std::string>{"+a", "+b", "-a"});
}

TEST_CASE("a replaced object is reported as removed", "[cmaf][store]") {
    SegmentStore store;
    store.put(object("a", "1"));
    std::vector<std::uint64_t> removed;
    store.observe([&](SegmentStore::Change change, const auto& changed) {
        if (change == SegmentStore::Change::removed) removed.push_back(changed->size);
    });
    store.put(object("a", "22"));
    CHECK(removed == std::vector<std::uint64_t>{1});
}

TEST_CASE("a store knows the next segment of each track and no other", "[cmaf][store]") {
    SegmentStore store;
    store.set_next_segment("P-1-", "P-1-0.m4s");
    store.set_next_segment("P-2-", "P-2-0.m4s");
    CHECK(store.is_next_segment("P-1-0.m4s"));
    CHECK_FALSE(store.is_next_segment("P-1-60000.m4s"));
    store.put_segment(object("P-1-0.m4s", "x"), "P-1-", "P-1-60000.m4s");
    CHECK_FALSE(store.is_next_segment("P-1-0.m4s"));
    CHECK(store.is_next_segment("P-1-60000.m4s"));
    CHECK(store.is_next_segment("P-2-0.m4s"));
    store.set_next_segment("P-2-", "");
    CHECK_FALSE(store.is_next_segment("P-2-0.m4s"));
    CHECK_FALSE(store.is_next_segment(""));
}

TEST_CASE("asking for the next segment first never misses one", "[cmaf][store]") {
    SegmentStore store;
    constexpr int kSegments = 2000;
    store.set_next_segment("t", "0");
    std::atomic<int> written{0};
    std::thread writer{[&] {
        for (int i = 0; i < kSegments; ++i) {
            store.put_segment(object(std::to_string(i), "x"), "t", std::to_string(i + 1));
            ++written;
        }
    }};
    int missed = 0;
    for (;;) {
        const auto next = written.load();
        if (next >= kSegments) break;
        const auto name = std::to_string(next);  // made at present, or already there
        const bool is_next = store.is_next_segment(name);
        if (!is_next && store.find(name) == nullptr) ++missed;
    }
    writer.join();
    CHECK(missed == 0);
}

}  // namespace
}  // namespace streamkit::cmaf
