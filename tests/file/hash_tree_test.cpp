#include "streamkit/file/hash_tree.hpp"

#include <numeric>

#include "support/bytes.hpp"
#include "support/catch.hpp"

using namespace streamkit;
using namespace streamkit::file;
using streamkit::test::hex;

namespace {

Bytes bytes_of(const Hash& hash) { return {hash.begin(), hash.end()}; }

// No two blocks of it are alike.
Bytes film(std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i)
        out[i] = static_cast<std::uint8_t>(i * 7 + i / 251 + i / kMinBlockBytes);
    return out;
}

BlockLayout layout_of(std::uint64_t size) {
    return BlockLayout::make(size, kMinBlockBytes).value();
}

HashedFile hashed(BytesView content) {
    HashTreeBuilder builder{layout_of(content.size())};
    builder.update(content).value();
    return builder.finish().value();
}

}  // namespace

TEST_CASE("a layout cuts a file into blocks of which the last may be shorter", "[file][layout]") {
    const auto layout = layout_of(3 * kMinBlockBytes + 5);
    CHECK(layout.block_count() == 4);
    CHECK(layout.range(0) == FileRange{0, kMinBlockBytes});
    CHECK(layout.range(3) == FileRange{3 * kMinBlockBytes, 5});
    CHECK(layout.range(1, 9) == FileRange{kMinBlockBytes, 2 * kMinBlockBytes + 5});
    CHECK(layout.range(9) == FileRange{3 * kMinBlockBytes + 5, 0});
    CHECK(layout.block_at(0) == 0);
    CHECK(layout.block_at(kMinBlockBytes - 1) == 0);
    CHECK(layout.block_at(kMinBlockBytes) == 1);
    CHECK(layout.block_at(3 * kMinBlockBytes + 4) == 3);
    CHECK(layout.block_at(3 * kMinBlockBytes + 5) == 4);
    CHECK(BlockLayout{}.block_count() == 0);
    CHECK(layout_of(kMinBlockBytes).block_count() == 1);
}

TEST_CASE("a layout has limits", "[file][layout]") {
    for (const std::uint32_t block_bytes :
         {std::uint32_t{0}, std::uint32_t{1}, kMinBlockBytes - 1, kMinBlockBytes / 2,
          kMinBlockBytes * 3, kMaxBlockBytes * 2, std::uint32_t{0xffff'ffff}}) {
        CAPTURE(block_bytes);
        const auto layout = BlockLayout::make(1, block_bytes);
        REQUIRE_FALSE(layout);
        CHECK(layout.error().code == Errc::invalid_block_size);
    }
    const auto most = std::uint64_t{kMaxBlocks} * kMinBlockBytes;
    CHECK(BlockLayout::make(most, kMinBlockBytes)->block_count() == kMaxBlocks);
    CHECK(BlockLayout::make(most + 1, kMinBlockBytes).error().code == Errc::file_too_large);
    CHECK(BlockLayout::make(UINT64_MAX, kMaxBlockBytes).error().code == Errc::file_too_large);
}

TEST_CASE("a server takes larger blocks for larger files", "[file][layout]") {
    CHECK(BlockLayout::for_size(0)->block_bytes() == kDefaultBlockBytes);
    const auto sixteen_gib = std::uint64_t{16} << 30;
    CHECK(BlockLayout::for_size(sixteen_gib)->block_bytes() == kDefaultBlockBytes);
    CHECK(BlockLayout::for_size(sixteen_gib + 1)->block_bytes() == 2 * kDefaultBlockBytes);
    CHECK(BlockLayout::for_size(kMaxFileBytes)->block_count() == kMaxBlocks);
    CHECK(BlockLayout::for_size(kMaxFileBytes + 1).error().code == Errc::file_too_large);
}

TEST_CASE("the tree has the roots of RFC 6962", "[file][hash_tree]") {
    // The leaves that the tests of Certificate Transparency logs use, and the root over the first
    // n of them.
    const Bytes leaves[] = {{},
                            hex("00"),
                            hex("10"),
                            hex("2021"),
                            hex("3031"),
                            hex("40414243"),
                            hex("5051525354555657"),
                            hex("606162636465666768696a6b6c6d6e6f")};
    const Bytes roots[] = {
        hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        hex("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        hex("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
        hex("aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        hex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        hex("4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"),
        hex("76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"),
        hex("ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"),
        hex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
    };
    std::vector<Hash> hashes;
    CHECK(bytes_of(tree_root(hashes)) == roots[0]);
    for (std::size_t i = 0; i < std::size(leaves); ++i) {
        hashes.push_back(leaf_hash(leaves[i]));
        CAPTURE(hashes.size());
        CHECK(bytes_of(tree_root(hashes)) == roots[i + 1]);
    }
}

TEST_CASE("a builder gives the same for every way to cut the input", "[file][hash_tree]") {
    const auto content = film(2 * kMinBlockBytes + 100);
    const auto whole = hashed(content);
    CHECK(whole.sha256 == crypto::sha256(content));
    REQUIRE(whole.leaves.size() == 3);
    CHECK(whole.leaves[0] == leaf_hash(BytesView{content}.first(kMinBlockBytes)));
    CHECK(whole.leaves[2] == leaf_hash(BytesView{content}.last(100)));
    CHECK(whole.root == tree_root(whole.leaves));
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{1000}, std::size_t{kMinBlockBytes}, content.size()}) {
        CAPTURE(piece);
        HashTreeBuilder builder{layout_of(content.size())};
        test::in_pieces(content, piece, [&](BytesView bytes) { builder.update(bytes).value(); });
        const auto file = builder.finish().value();
        CHECK(file.leaves == whole.leaves);
        CHECK(file.root == whole.root);
        CHECK(file.sha256 == whole.sha256);
    }
}

TEST_CASE("a file without bytes has a root and no blocks", "[file][hash_tree]") {
    const auto file = hashed({});
    CHECK(file.leaves.empty());
    CHECK(file.root == crypto::sha256({}));
    CHECK(file.sha256 == crypto::sha256({}));
    CHECK(BlockHashes::verify(file.layout, file.root, {}));
    CHECK_FALSE(BlockHashes::verify(file.layout, file.root, {Hash{}}));
}

TEST_CASE("a builder notices a file that grows or shrinks", "[file][hash_tree]") {
    const auto content = film(kMinBlockBytes + 1);
    HashTreeBuilder builder{layout_of(content.size())};
    REQUIRE(builder.update(BytesView{content}.first(kMinBlockBytes)));
    const auto cut = builder.finish();
    REQUIRE_FALSE(cut);
    CHECK(cut.error().code == Errc::truncated);
    CHECK(cut.error().offset == kMinBlockBytes);
    const auto grown = builder.update(film(2));
    REQUIRE_FALSE(grown);
    CHECK(grown.error().code == Errc::file_too_large);
    CHECK(builder.bytes_hashed() == kMinBlockBytes);
}

TEST_CASE("the list of hashes must make up the root", "[file][hash_tree]") {
    const auto file = hashed(film(5 * kMinBlockBytes));
    REQUIRE(BlockHashes::verify(file.layout, file.root, file.leaves));
    const auto refused = [&](std::vector<Hash> leaves) {
        const auto result = BlockHashes::verify(file.layout, file.root, std::move(leaves));
        return !result && result.error().code == Errc::wrong_hashes;
    };
    for (std::size_t i = 0; i < file.leaves.size(); ++i) {
        CAPTURE(i);
        auto leaves = file.leaves;
        leaves[i][31] ^= 1;
        CHECK(refused(leaves));
    }
    auto swapped = file.leaves;
    std::swap(swapped[0], swapped[1]);
    CHECK(refused(swapped));
    auto shorter = file.leaves;
    shorter.pop_back();
    CHECK(refused(shorter));
    auto longer = file.leaves;
    longer.push_back(longer.back());
    CHECK(refused(longer));
    CHECK(refused({}));
}

TEST_CASE("an inner node does not pass for a block", "[file][hash_tree]") {
    // Without domain separation the two hashes of a node, as a block, would hash to the node.
    const auto left = leaf_hash(hex("01"));
    const auto right = leaf_hash(hex("02"));
    const Hash pair[] = {left, right};
    CHECK(leaf_hash(test::concat({left, right})) != tree_root(pair));
}

TEST_CASE("a block is checked against its hash", "[file][hash_tree]") {
    auto content = film(2 * kMinBlockBytes + 10);
    const auto file = hashed(content);
    const auto hashes = BlockHashes::verify(file.layout, file.root, file.leaves).value();
    const BytesView view{content};
    CHECK(hashes.check(0, view.first(kMinBlockBytes)));
    CHECK(hashes.check(2, view.last(10)));
    CHECK_FALSE(hashes.check(0, view.subspan(kMinBlockBytes, kMinBlockBytes)));
    CHECK_FALSE(hashes.check(2, view.last(9)));
    CHECK_FALSE(hashes.check(2, {}));
    content[kMinBlockBytes] ^= 0x80;
    const auto wrong = hashes.check(1, view.subspan(kMinBlockBytes, kMinBlockBytes));
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error() == Error{Errc::wrong_block, "block", kMinBlockBytes});
}
