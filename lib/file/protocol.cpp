#include "streamkit/file/protocol.hpp"

#include <algorithm>
#include <concepts>
#include <utility>

#include "field_reader.hpp"
#include "streamkit/base/assert.hpp"
#include "streamkit/base/byte_writer.hpp"
#include "streamkit/base/overloaded.hpp"
#include "streamkit/base/varint.hpp"

namespace streamkit::file {
namespace {

// Types of messages. Those of the server have the high bit set.
enum Type : std::uint8_t {
    kList = 0x01,
    kOpen = 0x02,
    kGetHashes = 0x03,
    kRead = 0x04,
    kCancel = 0x05,
    kPosition = 0x06,
    kCloseTransfer = 0x07,
    kListing = 0x81,
    kPreparing = 0x82,
    kOpened = 0x83,
    kHashes = 0x84,
    kChanged = 0x85,
    kRefused = 0x86,
};

// What a one-way stream is for.
constexpr std::uint8_t kDataStream = 0x01;

constexpr std::uint8_t kOpenById = 0;
constexpr std::uint8_t kOpenByName = 1;

constexpr std::uint8_t kEntryHasSha256 = 0x01;

std::uint64_t count_of(milliseconds time) { return static_cast<std::uint64_t>(time.count()); }

// Writing.

void write_sized(ByteWriter& out, BytesView bytes) {
    write_varint(out, bytes.size());
    out.bytes(bytes);
}

void write_entry(ByteWriter& out, const Entry& entry) {
    out.u64(entry.id);
    write_sized(out, as_bytes(entry.name));
    write_varint(out, entry.size);
    out.i64(entry.modified.time_since_epoch().count());
    write_varint(out, count_of(entry.duration));
    write_varint(out, entry.bit_rate);
    write_sized(out, as_bytes(entry.container));
    write_sized(out, as_bytes(entry.codecs));
    out.u8(entry.sha256 ? kEntryHasSha256 : 0);
    if (entry.sha256) out.bytes(*entry.sha256);
}

void write_entries(ByteWriter& out, const std::vector<Entry>& entries) {
    write_varint(out, entries.size());
    for (const auto& entry : entries)
        write_entry(out, entry);
}

Type write_fields(ByteWriter& out, const List& m) {
    write_varint(out, m.request);
    write_varint(out, m.limit);
    write_sized(out, m.page_token);
    return kList;
}
Type write_fields(ByteWriter& out, const Open& m) {
    write_varint(out, m.transfer);
    if (const auto* id = std::get_if<EntryId>(&m.what)) {
        out.u8(kOpenById);
        out.u64(*id);
    } else {
        out.u8(kOpenByName);
        write_sized(out, as_bytes(*std::get_if<std::string>(&m.what)));
    }
    return kOpen;
}
Type write_fields(ByteWriter& out, const GetHashes& m) {
    write_varint(out, m.transfer);
    write_varint(out, m.first);
    write_varint(out, m.count);
    return kGetHashes;
}
Type write_fields(ByteWriter& out, const Read& m) {
    write_varint(out, m.request);
    write_varint(out, m.transfer);
    write_varint(out, m.range.offset);
    write_varint(out, m.range.length);
    out.u8(static_cast<std::uint8_t>(m.urgency));
    return kRead;
}
Type write_fields(ByteWriter& out, const Cancel& m) {
    write_varint(out, m.request);
    return kCancel;
}
Type write_fields(ByteWriter& out, const Position& m) {
    write_varint(out, m.transfer);
    write_varint(out, count_of(m.position));
    write_varint(out, count_of(m.buffered));
    out.u8(static_cast<std::uint8_t>(m.state));
    return kPosition;
}
Type write_fields(ByteWriter& out, const CloseTransfer& m) {
    write_varint(out, m.transfer);
    return kCloseTransfer;
}
Type write_fields(ByteWriter& out, const Listing& m) {
    write_varint(out, m.request);
    write_entries(out, m.entries);
    write_sized(out, m.next);
    return kListing;
}
Type write_fields(ByteWriter& out, const Preparing& m) {
    write_varint(out, m.transfer);
    write_varint(out, m.done);
    return kPreparing;
}
Type write_fields(ByteWriter& out, const Opened& m) {
    write_varint(out, m.transfer);
    write_entry(out, m.entry);
    write_varint(out, m.layout.block_bytes());
    out.bytes(m.content);
    out.bytes(m.root);
    return kOpened;
}
Type write_fields(ByteWriter& out, const Hashes& m) {
    write_varint(out, m.transfer);
    write_varint(out, m.first);
    write_varint(out, m.hashes.size());
    for (const auto& hash : m.hashes)
        out.bytes(hash);
    return kHashes;
}
Type write_fields(ByteWriter& out, const Changed& m) {
    write_varint(out, m.transfer);
    return kChanged;
}
Type write_fields(ByteWriter& out, const Refused& m) {
    write_varint(out, m.request);
    out.u8(static_cast<std::uint8_t>(m.code));
    write_sized(out, as_bytes(m.text));
    write_entries(out, m.candidates);
    return kRefused;
}

template <class Message>
Bytes encode_any(const Message& message) {
    ByteWriter fields;
    const auto type = std::visit([&](const auto& m) { return write_fields(fields, m); }, message);
    STREAMKIT_ASSERT(fields.size() <= kMaxMessageBytes);
    ByteWriter out{fields.size() + 5};
    out.u8(type);
    write_sized(out, fields.view());
    return out.take();
}

// Reading.

milliseconds read_time(FieldReader& in, const char* what) {
    return milliseconds{static_cast<std::int64_t>(in.number(count_of(kMaxDuration), what))};
}

std::string read_text(FieldReader& in, std::size_t limit, const char* what) {
    const auto text = as_text(in.sized(limit, what));
    in.require(check_text(text, limit));
    return std::string{text};
}

Entry read_entry(FieldReader& in) {
    Entry entry;
    entry.id = in.u64();
    const auto name = as_text(in.sized(kMaxNameBytes, "name"));
    in.require(check_name(name));
    entry.name.assign(name);
    entry.size = in.number(kMaxFileBytes, "size");
    entry.modified = WallTime{milliseconds{static_cast<std::int64_t>(in.u64())}};
    entry.duration = read_time(in, "duration");
    entry.bit_rate = in.number(kMaxBitRate, "bit rate");
    entry.container = read_text(in, kMaxFormatBytes, "container");
    entry.codecs = read_text(in, kMaxFormatBytes, "codecs");
    if (in.enumerator(kEntryHasSha256, "flags") != 0) entry.sha256 = in.hash();
    return entry;
}

std::vector<Entry> read_entries(FieldReader& in, std::size_t limit) {
    std::vector<Entry> entries;
    const auto count = in.count(limit, "entries");
    for (std::size_t i = 0; i < count && in.ok(); ++i)
        entries.push_back(read_entry(in));
    return entries;
}

Bytes read_page_token(FieldReader& in) {
    const auto token = in.sized(kMaxPageTokenBytes, "page token");
    return {token.begin(), token.end()};
}

std::uint32_t read_block_number(FieldReader& in, std::uint32_t most, const char* what) {
    return static_cast<std::uint32_t>(in.number(most, what));
}

List read_list(FieldReader& in) {
    List m;
    m.request = in.number(kMaxVarint, "request");
    m.limit = static_cast<std::uint32_t>(in.number(UINT32_MAX, "limit"));
    m.page_token = read_page_token(in);
    return m;
}

Open read_open(FieldReader& in) {
    Open m;
    m.transfer = in.number(kMaxVarint, "transfer");
    if (in.enumerator(kOpenByName, "kind of name") == kOpenById) {
        m.what = in.u64();
    } else {
        const auto name = as_text(in.sized(kMaxNameBytes, "name"));
        in.require(check_name(name));
        m.what = std::string{name};
    }
    return m;
}

GetHashes read_get_hashes(FieldReader& in) {
    GetHashes m;
    m.transfer = in.number(kMaxVarint, "transfer");
    m.first = read_block_number(in, kMaxBlocks - 1, "first");
    m.count = read_block_number(in, kMaxHashesPerMessage, "count");
    if (m.count == 0) in.fail(Errc::value_out_of_range, "count");
    return m;
}

Read read_read(FieldReader& in) {
    Read m;
    m.request = in.number(kMaxVarint, "request");
    m.transfer = in.number(kMaxVarint, "transfer");
    m.range.offset = in.number(kMaxFileBytes, "offset");
    m.range.length = in.number(kMaxReadBytes, "length");
    if (m.range.length == 0) in.fail(Errc::value_out_of_range, "length");
    m.urgency =
        static_cast<Urgency>(in.enumerator(static_cast<std::uint8_t>(Urgency::gap), "urgency"));
    return m;
}

Cancel read_cancel(FieldReader& in) { return {in.number(kMaxVarint, "request")}; }

Position read_position(FieldReader& in) {
    Position m;
    m.transfer = in.number(kMaxVarint, "transfer");
    m.position = read_time(in, "position");
    m.buffered = read_time(in, "buffered");
    m.state = static_cast<PlayerState>(
        in.enumerator(static_cast<std::uint8_t>(PlayerState::starved), "state"));
    return m;
}

CloseTransfer read_close_transfer(FieldReader& in) { return {in.number(kMaxVarint, "transfer")}; }

Listing read_listing(FieldReader& in) {
    Listing m;
    m.request = in.number(kMaxVarint, "request");
    m.entries = read_entries(in, kMaxPageEntries);
    m.next = read_page_token(in);
    return m;
}

Preparing read_preparing(FieldReader& in) {
    Preparing m;
    m.transfer = in.number(kMaxVarint, "transfer");
    m.done = in.number(kMaxFileBytes, "done");
    return m;
}

Opened read_opened(FieldReader& in) {
    Opened m;
    m.transfer = in.number(kMaxVarint, "transfer");
    m.entry = read_entry(in);
    const auto layout = BlockLayout::make(
        m.entry.size, static_cast<std::uint32_t>(in.number(kMaxBlockBytes, "block bytes")));
    if (layout) {
        m.layout = *layout;
    } else {
        in.fail(layout.error());
    }
    m.content = in.hash();
    m.root = in.hash();
    return m;
}

Hashes read_hashes(FieldReader& in) {
    Hashes m;
    m.transfer = in.number(kMaxVarint, "transfer");
    m.first = read_block_number(in, kMaxBlocks - 1, "first");
    const auto count = in.count(kMaxHashesPerMessage, "hashes");
    if (count == 0) in.fail(Errc::value_out_of_range, "hashes");
    for (std::size_t i = 0; i < count && in.ok(); ++i)
        m.hashes.push_back(in.hash());
    return m;
}

Changed read_changed(FieldReader& in) { return {in.number(kMaxVarint, "transfer")}; }

Refused read_refused(FieldReader& in) {
    Refused m;
    m.request = in.number(kMaxVarint, "request");
    m.code = static_cast<ErrorCode>(in.enumerator(UINT8_MAX, "code"));
    m.text = read_text(in, kMaxErrorTextBytes, "text");
    m.candidates = read_entries(in, kMaxCandidates);
    return m;
}

// The message of this type, which the side that Message stands for may send.
template <class Message>
Message read_message(FieldReader& in, std::uint8_t type) {
    if constexpr (std::same_as<Message, ClientMessage>) {
        switch (type) {
            case kList:
                return read_list(in);
            case kOpen:
                return read_open(in);
            case kGetHashes:
                return read_get_hashes(in);
            case kRead:
                return read_read(in);
            case kCancel:
                return read_cancel(in);
            case kPosition:
                return read_position(in);
            default:
                return read_close_transfer(in);
        }
    } else {
        switch (type) {
            case kListing:
                return read_listing(in);
            case kPreparing:
                return read_preparing(in);
            case kOpened:
                return read_opened(in);
            case kHashes:
                return read_hashes(in);
            case kChanged:
                return read_changed(in);
            default:
                return read_refused(in);
        }
    }
}

template <class Message>
bool is_known(std::uint8_t type) {
    if constexpr (std::same_as<Message, ClientMessage>) {
        return type >= kList && type <= kCloseTransfer;
    } else {
        return type >= kListing && type <= kRefused;
    }
}

struct Frame {
    std::uint8_t type = 0;
    std::size_t header_bytes = 0;
    std::size_t total_bytes = 0;
};

// What the first bytes of a message say, once they are there.
template <class Message>
Result<std::optional<Frame>> read_frame(BytesView bytes) {
    if (bytes.empty()) return std::optional<Frame>{};
    ByteReader in{bytes};
    Frame frame;
    frame.type = in.u8();
    if (!is_known<Message>(frame.type)) return Error{Errc::unknown_message, "type"};
    const auto length = read_varint(in);
    if (!in.ok()) return std::optional<Frame>{};
    if (length > kMaxMessageBytes) return Error{Errc::message_too_long, "length", 1};
    frame.header_bytes = in.offset();
    frame.total_bytes = frame.header_bytes + static_cast<std::size_t>(length);
    return std::optional{frame};
}

template <class Message>
Result<std::optional<Message>> read_fields(const Frame& frame, BytesView bytes) {
    FieldReader in{bytes.subspan(frame.header_bytes), frame.header_bytes};
    auto message = read_message<Message>(in, frame.type);
    STREAMKIT_TRY(in.finish());
    return std::optional<Message>{std::move(message)};
}

}  // namespace

Bytes encode(const ClientMessage& message) { return encode_any(message); }

Bytes encode(const ServerMessage& message) { return encode_any(message); }

template <class Message>
Result<std::optional<Message>> MessageReader<Message>::next(BytesView& bytes) {
    for (;;) {
        const auto known = held_.empty() ? bytes : BytesView{held_};
        const auto frame = read_frame<Message>(known);
        if (!frame) return frame.error();
        const auto& whole = *frame;
        if (whole && known.size() >= whole->total_bytes) {
            auto message = read_fields<Message>(*whole, known.first(whole->total_bytes));
            if (held_.empty()) {
                bytes = bytes.subspan(whole->total_bytes);
            } else {
                held_.clear();  // never more than one message
            }
            return message;
        }
        if (bytes.empty()) return std::optional<Message>{};
        // As much as is known to belong to this message.
        const auto wanted = whole ? whole->total_bytes - held_.size() : 1;
        const auto n = std::min(wanted, bytes.size());
        held_.insert(held_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
        bytes = bytes.subspan(n);
    }
}

template class MessageReader<ClientMessage>;
template class MessageReader<ServerMessage>;

Bytes encode(const DataHeader& header) {
    ByteWriter out{kMaxDataHeaderBytes};
    out.u8(kDataStream);
    write_varint(out, header.request);
    write_varint(out, header.range.offset);
    write_varint(out, header.range.length);
    return out.take();
}

Result<std::optional<DataHeader>> read_data_header(BytesView& bytes) {
    if (bytes.empty()) return std::optional<DataHeader>{};
    ByteReader in{bytes};
    if (in.u8() != kDataStream) return Error{Errc::unknown_message, "kind of stream"};
    DataHeader header;
    header.request = read_varint(in);
    header.range.offset = read_varint(in);
    header.range.length = read_varint(in);
    if (!in.ok()) return std::optional<DataHeader>{};
    if (header.range.offset > kMaxFileBytes || header.range.length > kMaxReadBytes) {
        return Error{Errc::value_out_of_range, "range", 1};
    }
    bytes = bytes.subspan(in.offset());
    return std::optional{header};
}

}  // namespace streamkit::file
