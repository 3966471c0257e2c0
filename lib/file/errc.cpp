#include "streamkit/file/errc.hpp"

#include "streamkit/base/error.hpp"

namespace streamkit::file {
namespace {

constexpr ErrorEntry entry(Errc errc, Failure failure, const char* message) {
    return {static_cast<int>(errc), failure, message};
}

constexpr ErrorEntry kEntries[] = {
    entry(Errc::invalid_name, Failure::malformed,
          "the name is empty, too long, not UTF-8, or has separators or control characters"),
    entry(Errc::invalid_text, Failure::malformed,
          "the text is too long, not UTF-8, or has control characters"),
    entry(Errc::duplicate_entry, Failure::protocol_violation,
          "there is an entry of the same name, size and time"),
    entry(Errc::invalid_page_token, Failure::malformed, "no listing gave this page token out"),
    entry(Errc::file_too_large, Failure::limit_exceeded, "the file is larger than the limit"),
    entry(Errc::invalid_block_size, Failure::malformed,
          "the size of blocks is not a power of two in its range"),
    entry(Errc::wrong_hashes, Failure::malformed,
          "the hashes of the blocks do not make up the root of the hash tree"),
    entry(Errc::wrong_block, Failure::malformed, "the block does not have its hash"),
    entry(Errc::truncated, Failure::malformed, "a field runs past the end of its message"),
    entry(Errc::trailing_bytes, Failure::malformed, "the message is longer than its fields"),
    entry(Errc::unknown_message, Failure::malformed, "a message of a type that is not known here"),
    entry(Errc::message_too_long, Failure::limit_exceeded, "the message is longer than the limit"),
    entry(Errc::too_many_items, Failure::limit_exceeded,
          "the message holds more entries or hashes than it may"),
    entry(Errc::value_out_of_range, Failure::malformed, "a number is out of its range"),
    entry(Errc::record_damaged, Failure::malformed,
          "the record of the unfinished file is damaged at its beginning"),
    entry(Errc::record_of_other_file, Failure::protocol_violation,
          "the record belongs to another content than the server has"),
    entry(Errc::integrity, Failure::malformed, "a block was wrong each time it was fetched"),
    entry(Errc::file_changed, Failure::closed, "the file has changed at the server"),
    entry(Errc::refused, Failure::closed, "the server refused the request"),
    entry(Errc::out_of_order, Failure::protocol_violation, "the session does not allow this now"),
};

}  // namespace

const std::error_category& category() noexcept {
    static const TableCategory instance{"streamkit.file", kEntries};
    return instance;
}

}  // namespace streamkit::file
