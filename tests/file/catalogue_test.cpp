#include "streamkit/file/catalogue.hpp"

#include <algorithm>

#include "streamkit/file/errc.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::file;

namespace {

constexpr WallTime kMonday{std::chrono::milliseconds{1'700'000'000'123}};

Entry entry(std::string name, std::uint64_t size = 1000) {
    Entry out;
    out.name = std::move(name);
    out.size = size;
    out.modified = kMonday;
    return out;
}

std::vector<std::string> names_of(std::span<const Entry> entries) {
    std::vector<std::string> out;
    for (const auto& e : entries)
        out.push_back(e.name);
    return out;
}

}  // namespace

TEST_CASE("names of files are taken in every script", "[file][catalogue]") {
    const std::string longest(kMaxNameBytes, 'x');
    for (const std::string& name :
         {std::string{"film.mp4"}, std::string{"Der blaue Engel (1930).mkv"}, std::string{"..."},
          std::string{".hidden"}, std::string{"映画 🎬.webm"}, std::string{"فيلم.mp4"},
          std::string{"naïve – “film”.ts"},
          std::string{"non\xc2\xa0"
                      "breaking"},
          longest}) {
        INFO(name);
        CHECK(check_name(name));
    }
}

TEST_CASE("names that lead elsewhere or deceive are refused", "[file][catalogue]") {
    const struct {
        const char* what;
        std::string name;
        std::uint64_t offset;
    } cases[] = {
        {"empty", "", 0},
        {"this folder", ".", 0},
        {"the folder above", "..", 0},
        {"path", "a/b", 1},
        {"absolute path", "/etc/passwd", 0},
        {"path upwards", "../a", 2},
        {"backslash", "..\\a", 2},
        {"NUL", std::string{"a\0b", 3}, 1},
        {"line break", "a\nb", 1},
        {"escape", "\x1b[31m", 0},
        {"delete", "a\x7f", 1},
        {"C1 control (U+009B)", "a\xc2\x9b", 1},
        {"line separator (U+2028)", "a\xe2\x80\xa8", 1},
        {"right-to-left override (U+202E)",
         "ab\xe2\x80\xae"
         "4pm.exe",
         2},
        {"isolate (U+2066)", "\xe2\x81\xa6", 0},
        {"not UTF-8", "a\xff", 1},
        {"surrogate", "\xed\xa0\x80", 0},
        {"too long", std::string(kMaxNameBytes + 1, 'x'), kMaxNameBytes},
    };
    for (const auto& c : cases) {
        INFO(c.what);
        const auto result = check_name(c.name);
        REQUIRE_FALSE(result);
        CHECK(result.error() == Error{Errc::invalid_name, "name", c.offset});
        CHECK_FALSE(Catalogue{}.add(entry(c.name)));
    }
}

TEST_CASE("an entry keeps within its limits", "[file][catalogue]") {
    auto e = entry("a");
    e.container = "mp4";
    e.codecs = "avc1.64001f,mp4a.40.2";
    e.duration = kMaxDuration;
    e.bit_rate = kMaxBitRate;
    e.size = kMaxFileBytes;
    CHECK(check_entry(e));
    const auto refused = [&](auto change, Errc errc) {
        auto changed = e;
        change(changed);
        const auto result = check_entry(changed);
        return !result && result.error().code == errc;
    };
    CHECK(refused([](Entry& x) { x.size += 1; }, Errc::file_too_large));
    CHECK(refused([](Entry& x) { x.duration += milliseconds{1}; }, Errc::value_out_of_range));
    CHECK(refused([](Entry& x) { x.duration = milliseconds{-1}; }, Errc::value_out_of_range));
    CHECK(refused([](Entry& x) { x.bit_rate += 1; }, Errc::value_out_of_range));
    CHECK(refused([](Entry& x) { x.container = "a\tb"; }, Errc::invalid_text));
    CHECK(refused([](Entry& x) { x.codecs.assign(256, 'x'); }, Errc::invalid_text));
    CHECK(refused([](Entry& x) { x.codecs = "\xff"; }, Errc::invalid_text));
}

TEST_CASE("an id depends on name, size and time and nothing else", "[file][catalogue]") {
    const auto id = entry_id("film.mp4", 1000, kMonday);
    CHECK(id == entry_id("film.mp4", 1000, kMonday));
    CHECK(id != entry_id("film.mp5", 1000, kMonday));
    CHECK(id != entry_id("film.mp4", 1001, kMonday));
    CHECK(id != entry_id("film.mp4", 1000, kMonday + std::chrono::milliseconds{1}));
    // The same in every version: unfinished files and bookmarks rest on it.
    CHECK(id == 0xb1d3712605ba4b01);

    const Hash root{1};
    const auto content = content_id(1000, kMonday, root);
    CHECK(content == content_id(1000, kMonday, root));
    CHECK(content != content_id(1001, kMonday, root));
    CHECK(content != content_id(1000, kMonday + std::chrono::milliseconds{1}, root));
    CHECK(content != content_id(1000, kMonday, Hash{2}));
}

TEST_CASE("a catalogue lists by name and finds by id and by exact name", "[file][catalogue]") {
    Catalogue catalogue;
    const auto b = catalogue.add(entry("b")).value();
    const auto a2 = catalogue.add(entry("a", 2)).value();
    const auto a1 = catalogue.add(entry("a", 1)).value();
    static_cast<void>(catalogue.add(entry("ab")).value());
    CHECK(names_of(catalogue.all()) == std::vector<std::string>{"a", "a", "ab", "b"});
    CHECK(std::ranges::is_sorted(catalogue.named("a"), {}, &Entry::id));

    REQUIRE(catalogue.find(b) != nullptr);
    CHECK(catalogue.find(b)->name == "b");
    CHECK(catalogue.find(0) == nullptr);
    CHECK(catalogue.named("b").size() == 1);
    CHECK(catalogue.named("A").empty());
    CHECK(catalogue.named("").empty());
    REQUIRE(catalogue.named("a").size() == 2);  // ambiguous: the caller chooses by id

    const auto again = catalogue.add(entry("a", 1));
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::duplicate_entry);

    CHECK(catalogue.set_sha256(a1, Hash{7}));
    CHECK(catalogue.find(a1)->sha256 == Hash{7});
    CHECK_FALSE(catalogue.set_sha256(0, Hash{}));
    CHECK(catalogue.remove(a2));
    CHECK_FALSE(catalogue.remove(a2));
    CHECK(catalogue.named("a").size() == 1);
}

TEST_CASE("paging gives every entry once, for each size of page", "[file][catalogue]") {
    Catalogue catalogue;
    for (int i = 0; i < 7; ++i)
        static_cast<void>(catalogue.add(entry("same name", static_cast<std::uint64_t>(i))));
    for (int i = 0; i < 300; ++i)
        static_cast<void>(catalogue.add(entry("film " + std::to_string(i))));
    for (const std::size_t limit : {0U, 1U, 2U, 3U, 100U, 307U, 100'000U}) {
        CAPTURE(limit);
        std::vector<Entry> seen;
        Bytes token;
        do {
            const auto page = catalogue.page(token, limit).value();
            CHECK(page.entries.size() <= (limit == 0 ? kMaxPageEntries : limit));
            CHECK(page.entries.size() <= kMaxPageEntries);
            seen.insert(seen.end(), page.entries.begin(), page.entries.end());
            token = page.next;
            CHECK(token.size() <= kMaxPageTokenBytes);
        } while (!token.empty());
        CHECK(std::ranges::equal(seen, catalogue.all()));
    }
    CHECK(Catalogue{}.page({}, 0)->entries.empty());
    CHECK(Catalogue{}.page({}, 0)->next.empty());
}

TEST_CASE("a page token holds while entries come and go", "[file][catalogue]") {
    Catalogue catalogue;
    for (const char* name : {"a", "b", "c", "d"})
        static_cast<void>(catalogue.add(entry(name)));
    const auto token = catalogue.page({}, 2).value().next;
    catalogue.remove(catalogue.named("b")[0].id);
    static_cast<void>(catalogue.add(entry("aa")));
    static_cast<void>(catalogue.add(entry("bb")));
    CHECK(names_of(catalogue.page(token, 9)->entries) == std::vector<std::string>{"bb", "c", "d"});
}

TEST_CASE("a page token that nobody gave out is refused", "[file][catalogue]") {
    Catalogue catalogue;
    static_cast<void>(catalogue.add(entry("a")));
    for (const auto& token : {test::hex("00"), test::hex("0000000000000000"),
                              test::hex("0000000000000000 2f"), Bytes(2000, 'x')}) {
        const auto page = catalogue.page(token, 1);
        REQUIRE_FALSE(page);
        CHECK(page.error().code == Errc::invalid_page_token);
    }
}
