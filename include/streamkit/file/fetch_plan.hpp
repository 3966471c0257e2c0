#pragma once

// Which bytes of a file to ask for next.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "streamkit/base/result.hpp"
#include "streamkit/file/block_layout.hpp"
#include "streamkit/file/block_set.hpp"
#include "streamkit/file/index_scanner.hpp"
#include "streamkit/file/protocol.hpp"

namespace streamkit::file {

struct FetchConfig {
    std::uint64_t max_request_bytes = std::uint64_t{4} << 20;     ///< of one Read
    std::uint64_t max_under_way_bytes = std::uint64_t{32} << 20;  ///< asked for, not there yet
    std::size_t max_requests = 32;  ///< Reads at one time: fewer than the streams that we allow
    int max_failures = 3;           ///< of one block, before it is given up
    /// What plays next, in bytes behind the player: goes before what plays later.
    std::uint64_t soon_bytes = std::uint64_t{2} << 20;
    /// An index that begins so close to the end of the file is fetched with all that follows it.
    std::uint64_t tail_bytes = std::uint64_t{8} << 20;
};

/// One Read to send.
struct Ask {
    RequestId request = 0;
    FileRange range{};  ///< whole blocks
    Urgency urgency = Urgency::ahead;
    friend bool operator==(const Ask&, const Ask&) = default;
};

/// Asks for each block once, unless it was lost or wrong: what someone waits for, then the index of
/// the file, then from the player on to the end of the window, then the gaps before the player.
class FetchPlan {
public:
    static constexpr std::size_t kMaxDemands = 16;
    static constexpr std::uint64_t kMaxDemandBytes = std::uint64_t{4} << 20;
    /// Of an index that is fetched first; a larger one comes in its turn.
    static constexpr std::uint64_t kMaxIndexBytes = std::uint64_t{128} << 20;

    /// @param have  blocks that are there, such as those of a part record; as many as the layout has
    FetchPlan(const BlockLayout& layout, const FetchConfig& config, BlockSet have);

    // What is wanted.

    /// The player is at `head`, and nothing from `end` on may be asked for yet: of blocks that reach
    /// beyond it only the one that holds `head` and the next. At first: the whole file.
    void set_window(std::uint64_t head, std::uint64_t end);
    /// The same, after a jump: what is under way is given up where it is not wanted any more, or
    /// where the block at `head` would come behind others.
    ///
    /// @return the requests to cancel
    [[nodiscard]] std::vector<RequestId> seek(std::uint64_t head, std::uint64_t end);
    /// What readers wait for at present, in or out of the window; replaces the last ones. At most
    /// `kMaxDemands`, the first `kMaxDemandBytes` of each. A request that would bring the first
    /// missing block of one behind others is given up, so that it can be asked for at once.
    ///
    /// @return the requests to cancel
    [[nodiscard]] std::vector<RequestId> set_demands(std::span<const FileRange> demands);

    // Asking.

    /// The next Read to send, if there is something to ask for and room to do so.
    ///
    /// @param request  its number; none that is under way
    [[nodiscard]] std::optional<Ask> next(RequestId request);
    /// A block of a request is verified and stored.
    void stored(RequestId request, std::uint32_t block);
    /// A block of a request had the wrong bytes; it will be asked for again.
    ///
    /// @return `Errc::integrity`, with its offset, when that has been too often
    Result<void> wrong(RequestId request, std::uint32_t block);
    /// Of this request nothing more will come.
    void lost(RequestId request);

    // The index of an MP4.

    /// Stored bytes that decide where the index is: read them from the file and call
    /// `handle_content`. None: they are not there yet, or there is nothing to decide.
    [[nodiscard]] std::optional<FileRange> wanted_content() const;
    /// Looks at bytes of the file, verified; those that are not wanted do no harm.
    void handle_content(std::uint64_t offset, BytesView bytes) noexcept;
    /// Where the index is, once it was found.
    [[nodiscard]] std::optional<FileRange> index() const noexcept { return scanner_.index(); }

    // How far it is.

    [[nodiscard]] const BlockLayout& layout() const noexcept { return layout_; }
    [[nodiscard]] const BlockSet& have() const noexcept { return have_; }
    [[nodiscard]] bool complete() const noexcept { return have_.full(); }
    [[nodiscard]] std::uint64_t under_way_bytes() const noexcept { return under_way_bytes_; }
    [[nodiscard]] std::size_t requests() const noexcept { return requests_.size(); }
    /// The first byte from `offset` on that is missing; the size of the file if none is.
    [[nodiscard]] std::uint64_t missing_from(std::uint64_t offset) const noexcept;
    /// Bytes that are there.
    [[nodiscard]] std::uint64_t stored_bytes() const noexcept;

private:
    struct Candidate {
        std::uint32_t first;
        std::uint32_t end;  // ask for nothing from here on
        Urgency urgency;
        bool demanded = false;
    };
    struct UnderWay {
        Urgency urgency;
        std::vector<std::uint32_t> blocks;  // still to come, in order
    };

    [[nodiscard]] std::optional<Candidate> choose() const;
    [[nodiscard]] std::optional<Candidate> choose_in(FileRange range, Urgency urgency) const;
    [[nodiscard]] std::optional<Candidate> choose_index() const;
    [[nodiscard]] std::optional<Candidate> choose_in_window() const;
    [[nodiscard]] std::optional<Candidate> choose_gap() const;
    [[nodiscard]] std::uint32_t window_end_block() const noexcept;
    [[nodiscard]] bool is_wanted(std::uint32_t block) const noexcept;
    [[nodiscard]] bool is_late(RequestId request, std::uint32_t block) const noexcept;
    [[nodiscard]] std::vector<RequestId> give_up_late(std::uint32_t block);
    [[nodiscard]] bool settle(RequestId request, std::uint32_t block);

    BlockLayout layout_;
    FetchConfig config_;
    BlockSet have_;
    BlockSet free_;  // neither there nor asked for
    IndexScanner scanner_;
    std::uint64_t head_ = 0;
    std::uint64_t window_end_;
    std::vector<FileRange> demands_;
    std::map<RequestId, UnderWay> requests_;
    std::uint64_t under_way_bytes_ = 0;
    std::map<std::uint32_t, int> failures_;
};

}  // namespace streamkit::file
