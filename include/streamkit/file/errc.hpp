#pragma once

// Error codes of the module `file`.

#include <system_error>

namespace streamkit::file {

enum class Errc {
    // Of what is listed and hashed.
    invalid_name = 1,    ///< empty, too long, not UTF-8, or with separators or control characters
    invalid_text,        ///< too long, not UTF-8, or with control characters
    duplicate_entry,     ///< two entries of the same name, size and time
    invalid_page_token,  ///< not one that a listing gave out
    file_too_large,      ///< more than `kMaxFileBytes`, or than `kMaxBlocks` blocks
    invalid_block_size,  ///< not a power of two from `kMinBlockBytes` to `kMaxBlockBytes`
    wrong_hashes,        ///< the hashes of the blocks do not make up the root
    wrong_block,         ///< the bytes of a block do not have its hash
    // Of messages.
    truncated,           ///< a field runs past the end of its message
    trailing_bytes,      ///< a message is longer than its fields
    unknown_message,     ///< a type that is not known, or that only the other side sends
    message_too_long,    ///< longer than `kMaxMessageBytes`
    too_many_items,      ///< more entries or hashes than one message may hold
    value_out_of_range,  ///< a number or an enumerator outside of its range
    // Of the record beside a `.part` file.
    record_damaged,        ///< its beginning is not that of a record
    record_of_other_file,  ///< it belongs to another content
    // Of transfers.
    integrity,     ///< a block was wrong each time it was fetched
    file_changed,  ///< at the server, while it was being fetched
    refused,       ///< the server said no, or gave up sending
    out_of_order,  ///< a message or stream that the state of the session does not allow
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::file

template <>
struct std::is_error_code_enum<streamkit::file::Errc> : std::true_type {};
