#include "streamkit/aac/audio_specific_config.hpp"

#include <algorithm>
#include <array>

#include "bit_writer.hpp"
#include "sampling_frequency.hpp"
#include "streamkit/aac/errc.hpp"
#include "streamkit/base/bit_reader.hpp"

namespace streamkit::aac {
namespace {

constexpr std::uint32_t kObjectTypeEscape = 31;
constexpr std::uint32_t kSyncExtensionSbr = 0x2b7;
constexpr std::uint32_t kSyncExtensionPs = 0x548;

constexpr bool is_scalable(AudioObjectType type) {
    return type == AudioObjectType::aac_scalable || type == AudioObjectType::er_aac_scalable;
}

constexpr bool is_error_resilient(AudioObjectType type) {
    switch (type) {
        case AudioObjectType::er_aac_lc:
        case AudioObjectType::er_aac_ltp:
        case AudioObjectType::er_aac_scalable:
        case AudioObjectType::er_twin_vq:
        case AudioObjectType::er_aac_ld:
            return true;
        default:
            return false;
    }
}

// 4.4.1: the types whose extension has the three resilience flags.
constexpr bool has_resilience_flags(AudioObjectType type) {
    return is_error_resilient(type) && type != AudioObjectType::er_twin_vq;
}

// The types that are configured by GASpecificConfig, without ER BSAC.
constexpr bool is_general_audio(AudioObjectType type) {
    switch (type) {
        case AudioObjectType::aac_main:
        case AudioObjectType::aac_lc:
        case AudioObjectType::aac_ssr:
        case AudioObjectType::aac_ltp:
        case AudioObjectType::aac_scalable:
        case AudioObjectType::twin_vq:
            return true;
        default:
            return is_error_resilient(type);
    }
}

// ISO/IEC 14496-3, table 1.19, by channelConfiguration; 0 where it is reserved.
constexpr std::array<std::uint8_t, 16> kChannels = {0, 1, 2, 3, 4, 5,  6, 8,
                                                    0, 0, 0, 7, 8, 24, 8, 0};

// ---- reading

// GetAudioObjectType(), 1.6.2.1
AudioObjectType read_object_type(BitReader& in) {
    auto type = in.u(5);
    if (type == kObjectTypeEscape) type = 32 + in.u(6);
    return static_cast<AudioObjectType>(type);
}

// samplingFrequencyIndex and samplingFrequency; 0 where the index is reserved.
std::uint32_t read_sampling_frequency(BitReader& in) {
    const auto index = in.u(4);
    if (index == kSamplingFrequencyEscape) return in.u(24);
    return index < kSamplingFrequencies.size() ? kSamplingFrequencies[index] : 0;
}

std::vector<ChannelElement> read_elements(BitReader& in, std::uint32_t count) {
    std::vector<ChannelElement> elements(count);
    for (auto& element : elements) {
        element.is_cpe = in.flag();
        element.tag_select = static_cast<std::uint8_t>(in.u(4));
    }
    return elements;
}

std::vector<std::uint8_t> read_tags(BitReader& in, std::uint32_t count) {
    std::vector<std::uint8_t> tags(count);
    for (auto& tag : tags)
        tag = static_cast<std::uint8_t>(in.u(4));
    return tags;
}

// program_config_element(), 4.4.1.1
ProgramConfigElement read_program_config_element(BitReader& in) {
    ProgramConfigElement element;
    element.element_instance_tag = static_cast<std::uint8_t>(in.u(4));
    element.object_type = static_cast<std::uint8_t>(in.u(2));
    element.sampling_frequency_index = static_cast<std::uint8_t>(in.u(4));
    const auto num_front_channel_elements = in.u(4);
    const auto num_side_channel_elements = in.u(4);
    const auto num_back_channel_elements = in.u(4);
    const auto num_lfe_channel_elements = in.u(2);
    const auto num_assoc_data_elements = in.u(3);
    const auto num_valid_cc_elements = in.u(4);
    if (in.flag()) element.mono_mixdown_element_number = static_cast<std::uint8_t>(in.u(4));
    if (in.flag()) element.stereo_mixdown_element_number = static_cast<std::uint8_t>(in.u(4));
    if (in.flag()) {
        auto& mixdown = element.matrix_mixdown.emplace();
        mixdown.index = static_cast<std::uint8_t>(in.u(2));
        mixdown.pseudo_surround_enable = in.flag();
    }
    element.front = read_elements(in, num_front_channel_elements);
    element.side = read_elements(in, num_side_channel_elements);
    element.back = read_elements(in, num_back_channel_elements);
    element.lfe = read_tags(in, num_lfe_channel_elements);
    element.assoc_data = read_tags(in, num_assoc_data_elements);
    element.coupling = read_elements(in, num_valid_cc_elements);
    in.skip((8 - in.bit_offset() % 8) %
            8);  // byte_alignment(), from the start of the configuration
    element.comment.resize(in.u(8));
    for (auto& byte : element.comment)
        byte = static_cast<std::uint8_t>(in.u(8));
    return element;
}

// GASpecificConfig(), 4.4.1
void read_ga_specific_config(BitReader& in, AudioSpecificConfig& config) {
    config.frame_length_flag = in.flag();
    if (in.flag()) config.core_coder_delay = static_cast<std::uint16_t>(in.u(14));
    config.extension_flag = in.flag();
    if (config.channel_configuration == 0) config.program_config = read_program_config_element(in);
    if (is_scalable(config.object_type)) config.layer_nr = static_cast<std::uint8_t>(in.u(3));
    if (config.extension_flag) {
        if (has_resilience_flags(config.object_type)) {
            config.resilience_flags = static_cast<std::uint8_t>(in.u(3));
        }
        in.skip(1);  // extensionFlag3, which has no meaning in any version
    }
}

// What an encoder adds for decoders that know SBR, behind what others read (1.6.6.2). Whatever
// else stands there, some encoders pad with zeros, is passed over.
std::optional<SbrConfig> read_sync_extension(BitReader& in) {
    if (in.bits_left() < 16 || in.u(11) != kSyncExtensionSbr) return std::nullopt;
    if (read_object_type(in) != AudioObjectType::sbr) return std::nullopt;
    if (in.bits_left() < 1 || !in.flag()) return std::nullopt;  // sbrPresentFlag
    SbrConfig sbr{SbrConfig::Signalling::backward_compatible, read_sampling_frequency(in), false};
    if (in.bits_left() >= 12 && in.u(11) == kSyncExtensionPs) sbr.parametric_stereo = in.flag();
    return sbr;
}

// ---- writing

void write_object_type(BitWriter& out, AudioObjectType type) {
    out.u(5, static_cast<std::uint32_t>(type));
}

void write_sampling_frequency(BitWriter& out, std::uint32_t frequency) {
    const auto found =
        std::find(kSamplingFrequencies.begin(), kSamplingFrequencies.end(), frequency);
    if (found != kSamplingFrequencies.end()) {
        out.u(4, static_cast<std::uint32_t>(found - kSamplingFrequencies.begin()));
    } else {
        out.u(4, kSamplingFrequencyEscape);
        out.u(24, frequency);
    }
}

template <class T>
std::uint32_t count(const std::vector<T>& elements) {
    return static_cast<std::uint32_t>(elements.size());
}

void write_elements(BitWriter& out, const std::vector<ChannelElement>& elements) {
    for (const auto& element : elements) {
        out.flag(element.is_cpe);
        out.u(4, element.tag_select);
    }
}

void write_optional(BitWriter& out, const std::optional<std::uint8_t>& number) {
    out.flag(number.has_value());
    if (number) out.u(4, *number);
}

void write_program_config_element(BitWriter& out, const ProgramConfigElement& element) {
    out.u(4, element.element_instance_tag);
    out.u(2, element.object_type);
    out.u(4, element.sampling_frequency_index);
    out.u(4, count(element.front));
    out.u(4, count(element.side));
    out.u(4, count(element.back));
    out.u(2, count(element.lfe));
    out.u(3, count(element.assoc_data));
    out.u(4, count(element.coupling));
    write_optional(out, element.mono_mixdown_element_number);
    write_optional(out, element.stereo_mixdown_element_number);
    out.flag(element.matrix_mixdown.has_value());
    if (element.matrix_mixdown) {
        out.u(2, element.matrix_mixdown->index);
        out.flag(element.matrix_mixdown->pseudo_surround_enable);
    }
    write_elements(out, element.front);
    write_elements(out, element.side);
    write_elements(out, element.back);
    for (const auto tag : element.lfe)
        out.u(4, tag);
    for (const auto tag : element.assoc_data)
        out.u(4, tag);
    write_elements(out, element.coupling);
    out.align();
    out.u(8, count(element.comment));
    for (const auto byte : element.comment)
        out.u(8, byte);
}

void write_ga_specific_config(BitWriter& out, const AudioSpecificConfig& config) {
    out.flag(config.frame_length_flag);
    out.flag(config.core_coder_delay.has_value());
    if (config.core_coder_delay) out.u(14, *config.core_coder_delay);
    out.flag(config.extension_flag);
    if (config.program_config) write_program_config_element(out, *config.program_config);
    if (is_scalable(config.object_type)) out.u(3, config.layer_nr);
    if (config.extension_flag) {
        if (has_resilience_flags(config.object_type)) out.u(3, config.resilience_flags);
        out.flag(false);  // extensionFlag3
    }
}

void write_sync_extension(BitWriter& out, const SbrConfig& sbr) {
    out.u(11, kSyncExtensionSbr);
    write_object_type(out, AudioObjectType::sbr);
    out.flag(true);  // sbrPresentFlag
    write_sampling_frequency(out, sbr.extension_sampling_frequency);
    if (sbr.parametric_stereo) {
        out.u(11, kSyncExtensionPs);
        out.flag(true);  // psPresentFlag
    }
}

}  // namespace

std::uint32_t ProgramConfigElement::channels() const noexcept {
    std::uint32_t channels = count(lfe);
    for (const auto* elements : {&front, &side, &back}) {
        for (const auto& element : *elements)
            channels += element.is_cpe ? 2 : 1;
    }
    return channels;
}

Result<AudioSpecificConfig> AudioSpecificConfig::parse(BytesView bytes) {
    BitReader in{bytes};
    AudioSpecificConfig config;
    config.object_type = read_object_type(in);
    config.sampling_frequency = read_sampling_frequency(in);
    config.channel_configuration = static_cast<std::uint8_t>(in.u(4));
    if (config.object_type == AudioObjectType::sbr || config.object_type == AudioObjectType::ps) {
        auto& sbr = config.sbr.emplace();
        sbr.parametric_stereo = config.object_type == AudioObjectType::ps;
        sbr.extension_sampling_frequency = read_sampling_frequency(in);
        config.object_type = read_object_type(in);
    }
    if (!in.ok()) return Error{Errc::truncated, "AudioSpecificConfig", in.offset()};
    if (!is_general_audio(config.object_type)) {
        return Error{Errc::unsupported_object_type, "audioObjectType", in.offset()};
    }
    if (config.channel_configuration != 0 && kChannels[config.channel_configuration] == 0) {
        return Error{Errc::reserved_channel_configuration, "channelConfiguration", in.offset()};
    }
    read_ga_specific_config(in, config);
    if (is_error_resilient(config.object_type))
        config.ep_config = static_cast<std::uint8_t>(in.u(2));
    if (!in.ok()) return Error{Errc::truncated, "GASpecificConfig", in.offset()};
    if (config.ep_config > 1) {
        return Error{Errc::unsupported_error_protection, "epConfig", in.offset()};
    }
    if (!config.sbr) config.sbr = read_sync_extension(in);
    if (!in.ok()) return Error{Errc::truncated, "syncExtensionType", in.offset()};

    if (config.sampling_frequency == 0 ||
        (config.sbr && config.sbr->extension_sampling_frequency == 0)) {
        return Error{Errc::reserved_sampling_frequency, "samplingFrequencyIndex"};
    }
    if (config.channels() == 0) return Error{Errc::no_channels, "program_config_element"};
    return config;
}

Bytes AudioSpecificConfig::write() const {
    const bool hierarchical = sbr && sbr->signalling == SbrConfig::Signalling::hierarchical;
    BitWriter out;
    if (hierarchical) {
        write_object_type(out, sbr->parametric_stereo ? AudioObjectType::ps : AudioObjectType::sbr);
    } else {
        write_object_type(out, object_type);
    }
    write_sampling_frequency(out, sampling_frequency);
    out.u(4, channel_configuration);
    if (hierarchical) {
        write_sampling_frequency(out, sbr->extension_sampling_frequency);
        write_object_type(out, object_type);
    }
    write_ga_specific_config(out, *this);
    if (is_error_resilient(object_type)) out.u(2, ep_config);
    if (sbr && !hierarchical) write_sync_extension(out, *sbr);
    return out.take();
}

std::uint32_t AudioSpecificConfig::sample_rate() const noexcept {
    return sbr ? sbr->extension_sampling_frequency : sampling_frequency;
}

std::uint32_t AudioSpecificConfig::channels() const noexcept {
    const auto core =
        program_config ? program_config->channels() : kChannels[channel_configuration];
    return sbr && sbr->parametric_stereo && core == 1 ? 2 : core;
}

std::uint32_t AudioSpecificConfig::samples_per_frame() const noexcept {
    const std::uint32_t samples = frame_length_flag ? 960 : 1024;
    return object_type == AudioObjectType::er_aac_ld ? samples / 2 : samples;
}

std::string codec_string(const AudioSpecificConfig& config) {
    auto type = config.object_type;
    if (config.sbr) {
        type = config.sbr->parametric_stereo ? AudioObjectType::ps : AudioObjectType::sbr;
    }
    return "mp4a.40." + std::to_string(static_cast<unsigned>(type));
}

}  // namespace streamkit::aac
