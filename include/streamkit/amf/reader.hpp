#pragma once

// Reads AMF0 values, and AMF3 values where a peer switches to them.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "streamkit/amf/errc.hpp"
#include "streamkit/amf/value.hpp"
#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::amf {

/// What one message may make us hold. Whatever goes over a limit is refused as a whole.
struct Limits {
    std::size_t max_depth = 64;                  ///< objects and arrays within each other
    std::size_t max_values = 65536;              ///< values in all, those behind references again
    std::size_t max_string_bytes = 1024 * 1024;  ///< one string, name, XML text or byte array
    std::size_t max_total_bytes = 4 * 1024 * 1024;  ///< all of them, those behind references again
};

/// Reads the values of one message one after the other; references reach back to its beginning.
///
/// A reference is resolved into a copy of what it refers to, which counts against the limits again.
/// AMF3 values map to the same tree: an array with named parts becomes an `EcmaArray`, a vector a
/// `StrictArray`, a dictionary an `EcmaArray`, `xml` and `xml-doc` both an `Xml`, an `ArrayCollection`
/// or `ObjectProxy` what is inside.
class Reader {
public:
    /// @param bytes  must outlive the reader
    explicit Reader(BytesView bytes, const Limits& limits = {}) noexcept;

    /// Reads one AMF0 value. Behind the AVM+ marker (0x11) stands an AMF3 value.
    ///
    /// After an error the reader is at an unknown place: read no further.
    /// @return any `Errc`, with the offset in the message
    /// @see AMF0, section 2
    Result<Value> read();
    /// Reads one AMF3 value.
    ///
    /// @return any `Errc`, with the offset in the message
    /// @see AMF3, section 3
    Result<Value> read_amf3();

    [[nodiscard]] bool at_end() const noexcept { return in_.at_end(); }
    /// Bytes read so far.
    [[nodiscard]] std::size_t offset() const noexcept { return in_.offset(); }

private:
    /// Something complex that a later reference may mean: where it begins behind its marker, and
    /// whether it was read to its end.
    struct Referable {
        std::uint8_t marker;
        std::size_t offset;
        bool complete;
    };
    using Table = std::vector<Referable>;
    /// AMF3, 3.12: the class of an object, which is sent once.
    struct Traits {
        std::string class_name;
        std::vector<std::string> members;
        bool externalizable = false;
        bool dynamic = false;
    };
    class Nesting;

    Result<Value> read_value();
    Result<Value> read_complex(std::uint8_t marker);
    Result<Value> read_complex_body(std::uint8_t marker);
    Result<std::vector<Property>> read_properties();
    Result<Value> read_strict_array();
    Result<std::string> read_text(std::size_t size, const char* what);
    Result<std::string> read_utf8(const char* what);

    Result<Value> read_value3();
    Result<Value> read_complex3(std::uint8_t marker);
    Result<Value> read_complex_body3(std::uint8_t marker, std::uint32_t count);
    Result<Value> read_array3(std::uint32_t dense_count);
    Result<Value> read_object3(std::uint32_t header);
    Result<Traits> read_traits3(std::uint32_t header);
    Result<Value> read_vector3(std::uint8_t marker, std::uint32_t count);
    Result<Value> read_dictionary3(std::uint32_t count);
    Result<std::string> read_string3(const char* what);
    std::uint32_t read_u29() noexcept;

    Result<Value> resolve(Table& table, std::size_t index, bool amf3);
    Result<void> count_value();
    Result<void> count_elements(std::size_t count, const char* what) const;
    [[nodiscard]] Error truncated(const char* what) const noexcept;
    [[nodiscard]] Error error(Errc errc, const char* what) const noexcept;

    BytesView bytes_;
    Limits limits_;
    ByteReader in_;
    std::size_t depth_ = 0;
    std::size_t values_ = 0;
    std::size_t text_bytes_ = 0;
    bool resolving_ = false;  // what is read again must not enter the tables again

    Table complex_;   // AMF0, 2.9
    Table complex3_;  // AMF3, 2.2
    std::vector<std::string> strings3_;
    std::vector<Traits> traits3_;
};

}  // namespace streamkit::amf
