#pragma once

#include <optional>

#include "streamkit/flv/tag.hpp"
#include "streamkit/rtmp/message.hpp"

namespace streamkit::rtmp {

/// The FLV tag type of a message that carries media, if it does.
[[nodiscard]] constexpr std::optional<flv::TagType> tag_type_of(MessageType type) noexcept {
    switch (type) {
        case MessageType::audio:
            return flv::TagType::audio;
        case MessageType::video:
            return flv::TagType::video;
        case MessageType::data_amf0:
        case MessageType::data_amf3:
            return flv::TagType::script_data;
        default:
            return std::nullopt;
    }
}

}  // namespace streamkit::rtmp
