#pragma once

// Error codes of the module `amf`.

#include <system_error>

namespace streamkit::amf {

/// Why a value could not be read.
enum class Errc {
    truncated = 1,       ///< the input ends inside a value
    unknown_marker,      ///< a type marker that AMF does not define
    reserved_type,       ///< MovieClip and RecordSet: defined, but never given a format
    unexpected_end,      ///< an object end marker outside an object
    invalid_reference,   ///< a reference to something that was not sent before
    circular_reference,  ///< a value that contains itself; a tree cannot hold it
    unsupported_class,   ///< an externalizable class whose format only its owner knows
    unsupported_key,     ///< a dictionary key that is neither a string nor a number
    too_deep,            ///< nested deeper than `Limits::max_depth`
    too_many_values,     ///< more values than `Limits::max_values`
    string_too_long,     ///< longer than `Limits::max_string_bytes`
    too_many_bytes,      ///< more string bytes in all than `Limits::max_total_bytes`
};

[[nodiscard]] const std::error_category& category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc errc) noexcept {
    return {static_cast<int>(errc), category()};
}

}  // namespace streamkit::amf

template <>
struct std::is_error_code_enum<streamkit::amf::Errc> : std::true_type {};
