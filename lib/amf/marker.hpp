#pragma once

// The type markers on the wire.

#include <cstdint>

namespace streamkit::amf {

/// AMF0, 2.1.
enum class Marker : std::uint8_t {
    number = 0x00,
    boolean = 0x01,
    string = 0x02,
    object = 0x03,
    movie_clip = 0x04,
    null = 0x05,
    undefined = 0x06,
    reference = 0x07,
    ecma_array = 0x08,
    object_end = 0x09,
    strict_array = 0x0A,
    date = 0x0B,
    long_string = 0x0C,
    unsupported = 0x0D,
    record_set = 0x0E,
    xml_document = 0x0F,
    typed_object = 0x10,
    avmplus_object = 0x11,
};

/// AMF3, 3.1.
enum class Marker3 : std::uint8_t {
    undefined = 0x00,
    null = 0x01,
    false_ = 0x02,
    true_ = 0x03,
    integer = 0x04,
    double_ = 0x05,
    string = 0x06,
    xml_doc = 0x07,
    date = 0x08,
    array = 0x09,
    object = 0x0A,
    xml = 0x0B,
    byte_array = 0x0C,
    vector_int = 0x0D,
    vector_uint = 0x0E,
    vector_double = 0x0F,
    vector_object = 0x10,
    dictionary = 0x11,
};

}  // namespace streamkit::amf
