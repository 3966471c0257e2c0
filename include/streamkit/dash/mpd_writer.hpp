#pragma once

// The model of the MPD as XML.

#include <string>

#include "streamkit/dash/mpd.hpp"
#include "streamkit/dash/mpd_builder.hpp"

namespace streamkit::dash {

/// Writes the MPD as UTF-8 XML that follows the schema of ISO/IEC 23009-1, provided that the
/// URIs in it are valid.
///
/// Every text arrives as it was handed in, line breaks and tabs included, except what XML 1.0
/// (section 2.2) cannot carry: each control character below U+0020 other than tab, line feed and
/// carriage return, U+FFFE, U+FFFF, and each byte that is not part of valid UTF-8 becomes U+FFFD,
/// the replacement character.
[[nodiscard]] std::string write_mpd(const Mpd& mpd);

/// `write_mpd(make_mpd(presentation, options))`.
[[nodiscard]] std::string write_mpd(const cmaf::Presentation& presentation,
                                    const MpdOptions& options);

}  // namespace streamkit::dash
