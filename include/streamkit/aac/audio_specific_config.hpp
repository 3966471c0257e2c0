#pragma once

// AudioSpecificConfig, ISO/IEC 14496-3, 1.6.2.1, of the General Audio object types.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "streamkit/base/bytes.hpp"
#include "streamkit/base/result.hpp"

namespace streamkit::aac {

/// ISO/IEC 14496-3, table 1.17; the values that are named here are those that are used.
enum class AudioObjectType : std::uint8_t {
    null = 0,
    aac_main = 1,
    aac_lc = 2,
    aac_ssr = 3,
    aac_ltp = 4,
    sbr = 5,
    aac_scalable = 6,
    twin_vq = 7,
    er_aac_lc = 17,
    er_aac_ltp = 19,
    er_aac_scalable = 20,
    er_twin_vq = 21,
    er_aac_ld = 23,
    ps = 29,
};

// Parts of the program_config_element, ISO/IEC 14496-3, 4.4.1.1.

struct ChannelElement {
    bool is_cpe = false;  ///< a pair of channels; of a coupling element: cc_element_is_ind_sw
    std::uint8_t tag_select = 0;

    friend bool operator==(const ChannelElement&, const ChannelElement&) = default;
};

struct MatrixMixdown {
    std::uint8_t index = 0;
    bool pseudo_surround_enable = false;

    friend bool operator==(const MatrixMixdown&, const MatrixMixdown&) = default;
};

/// ISO/IEC 14496-3, 4.4.1.1: who sits where, where channelConfiguration is 0.
struct ProgramConfigElement {
    std::uint8_t element_instance_tag = 0;
    std::uint8_t object_type = 1;
    std::uint8_t sampling_frequency_index = 0;
    std::optional<std::uint8_t> mono_mixdown_element_number;
    std::optional<std::uint8_t> stereo_mixdown_element_number;
    std::optional<MatrixMixdown> matrix_mixdown;
    std::vector<ChannelElement> front;     ///< at most 15
    std::vector<ChannelElement> side;      ///< at most 15
    std::vector<ChannelElement> back;      ///< at most 15
    std::vector<std::uint8_t> lfe;         ///< tags; at most 3
    std::vector<std::uint8_t> assoc_data;  ///< tags; at most 7
    std::vector<ChannelElement> coupling;  ///< at most 15
    Bytes comment;                         ///< at most 255

    [[nodiscard]] std::uint32_t channels() const noexcept;

    friend bool operator==(const ProgramConfigElement&, const ProgramConfigElement&) = default;
};

/// Spectral band replication on top of the core (HE-AAC).
struct SbrConfig {
    /// How a decoder is told of it.
    enum class Signalling : std::uint8_t {
        hierarchical,         ///< object type 5 or 29 in front of the core's
        backward_compatible,  ///< syncExtensionType 0x2b7 behind the core's configuration
    };

    Signalling signalling = Signalling::hierarchical;
    std::uint32_t extension_sampling_frequency = 0;  ///< Hz, of the decoded sound
    bool parametric_stereo = false;                  ///< HE-AAC v2

    friend bool operator==(const SbrConfig&, const SbrConfig&) = default;
};

/// What a decoder must know before the first raw data block.
struct AudioSpecificConfig {
    AudioObjectType object_type = AudioObjectType::aac_lc;  ///< of the core, never sbr or ps
    std::uint32_t sampling_frequency = 0;                   ///< Hz, of the core
    std::uint8_t channel_configuration = 0;                 ///< 0: `program_config` says it
    std::optional<ProgramConfigElement> program_config;
    std::optional<SbrConfig> sbr;

    // GASpecificConfig, 4.4.1
    bool frame_length_flag = false;  ///< 960 samples a frame (480 for AAC-LD) instead of 1024 (512)
    std::optional<std::uint16_t> core_coder_delay;
    std::uint8_t layer_nr = 0;  ///< scalable types only
    bool extension_flag = false;
    std::uint8_t resilience_flags = 0;  ///< three, of error resilient types only
    std::uint8_t ep_config = 0;         ///< 0 or 1, of error resilient types only

    /// Reads a configuration. Bytes behind it are passed over.
    ///
    /// @return `Errc::truncated`, `Errc::unsupported_object_type`,
    ///         `Errc::unsupported_error_protection`, `Errc::reserved_sampling_frequency`,
    ///         `Errc::reserved_channel_configuration` or `Errc::no_channels`
    static Result<AudioSpecificConfig> parse(BytesView bytes);

    [[nodiscard]] Bytes write() const;

    /// Hz of the decoded sound: with SBR that of the extension.
    [[nodiscard]] std::uint32_t sample_rate() const noexcept;
    /// Channels of the decoded sound: with parametric stereo two.
    [[nodiscard]] std::uint32_t channels() const noexcept;
    /// Samples of a frame at the core's `sampling_frequency`; decoded with SBR it has twice as many.
    [[nodiscard]] std::uint32_t samples_per_frame() const noexcept;

    friend bool operator==(const AudioSpecificConfig&, const AudioSpecificConfig&) = default;
};

/// "mp4a.40.2", with SBR "mp4a.40.5", with parametric stereo "mp4a.40.29": RFC 6381, 3.3.
[[nodiscard]] std::string codec_string(const AudioSpecificConfig& config);

}  // namespace streamkit::aac
