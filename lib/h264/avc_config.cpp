#include "streamkit/h264/avc_config.hpp"

#include <utility>

#include "streamkit/base/byte_reader.hpp"
#include "streamkit/base/byte_writer.hpp"
#include "streamkit/h264/errc.hpp"
#include "streamkit/h264/nal_unit.hpp"
#include "streamkit/h264/sps.hpp"

namespace streamkit::h264 {
namespace {

constexpr std::uint8_t kConfigurationVersion = 1;

// ISO/IEC 14496-15, 5.3.3.1.2: all profiles but Baseline, Main and Extended.
constexpr bool has_high_profile_fields(std::uint8_t profile_indication) {
    return profile_indication != 66 && profile_indication != 77 && profile_indication != 88;
}

constexpr std::size_t kMaxSpsCount = 31;              // numOfSequenceParameterSets has 5 bits
constexpr std::size_t kMaxPpsCount = 255;             // numOfPictureParameterSets has 8 bits
constexpr std::size_t kMaxParameterSetBytes = 65535;  // parameter set lengths have 16 bits

// `count` NAL units, each behind its length of 16 bits.
std::vector<Bytes> read_nal_units(ByteReader& in, std::size_t count) {
    std::vector<Bytes> nal_units;
    for (std::size_t i = 0; i < count && in.ok(); ++i) {
        const auto length = in.u16();
        const auto nal_unit = in.bytes(length);
        nal_units.emplace_back(nal_unit.begin(), nal_unit.end());
    }
    return nal_units;
}

void write_nal_units(ByteWriter& out, const std::vector<Bytes>& nal_units) {
    for (const auto& nal_unit : nal_units) {
        out.u16(static_cast<std::uint16_t>(nal_unit.size()));
        out.bytes(nal_unit);
    }
}

// Many writers leave these fields out, among them old versions of FFmpeg and most hardware
// encoders; others append bytes of their own. So what does not fit is taken as absent.
std::optional<AvcHighProfileFields> read_high_profile_fields(ByteReader& in) {
    if (in.remaining() < 4) return std::nullopt;
    AvcHighProfileFields fields;
    fields.chroma_format = in.u8() & 0x03;
    fields.bit_depth_luma = static_cast<std::uint8_t>((in.u8() & 0x07) + 8);
    fields.bit_depth_chroma = static_cast<std::uint8_t>((in.u8() & 0x07) + 8);
    const auto num_of_sequence_parameter_set_ext = in.u8();
    fields.sps_extensions = read_nal_units(in, num_of_sequence_parameter_set_ext);
    if (!in.ok()) return std::nullopt;
    return fields;
}

}  // namespace

Result<AvcConfig> AvcConfig::parse(BytesView record) {
    ByteReader in{record};
    AvcConfig config;
    const auto configuration_version = in.u8();
    config.profile_indication = in.u8();
    config.profile_compatibility = in.u8();
    config.level_indication = in.u8();
    config.nal_length_size = (in.u8() & 0x03U) + 1;
    const auto num_of_sequence_parameter_sets = in.u8() & 0x1fU;
    config.sps = read_nal_units(in, num_of_sequence_parameter_sets);
    const auto num_of_picture_parameter_sets = in.u8();
    config.pps = read_nal_units(in, num_of_picture_parameter_sets);
    if (!in.ok()) return Error{Errc::truncated, "AVCDecoderConfigurationRecord", in.offset()};
    if (configuration_version != kConfigurationVersion) {
        return Error{Errc::unsupported_version, "configurationVersion", 0};
    }
    if (config.nal_length_size == 3) {
        return Error{Errc::bad_nal_length_size, "lengthSizeMinusOne", 4};
    }
    if (config.sps.empty()) {
        return Error{Errc::no_parameter_sets, "numOfSequenceParameterSets", 5};
    }
    for (const auto& sps : config.sps) {
        if (nal_unit_type(sps) != NalUnitType::sps) {
            return Error{Errc::wrong_nal_unit_type, "sequenceParameterSetNALUnit", 8};
        }
    }
    if (has_high_profile_fields(config.profile_indication)) {
        config.high_profile = read_high_profile_fields(in);
    }
    return config;
}

Result<AvcConfig> AvcConfig::from_parameter_sets(std::vector<Bytes> sps, std::vector<Bytes> pps) {
    if (sps.empty()) return Error{Errc::no_parameter_sets, "sequence parameter sets"};
    if (sps.size() > kMaxSpsCount || pps.size() > kMaxPpsCount) {
        return Error{Errc::value_out_of_range, "number of parameter sets"};
    }
    for (const auto* sets : {&sps, &pps}) {
        for (const auto& nal_unit : *sets) {
            if (nal_unit.size() > kMaxParameterSetBytes) {
                return Error{Errc::bad_nal_length_size, "parameter set"};
            }
        }
    }
    const auto first = Sps::parse(sps.front());
    STREAMKIT_TRY(first);
    AvcConfig config;
    config.profile_indication = first->profile_idc;
    config.profile_compatibility = first->constraint_set_flags;
    config.level_indication = first->level_idc;
    config.sps = std::move(sps);
    config.pps = std::move(pps);
    if (has_high_profile_fields(first->profile_idc)) {
        auto& fields = config.high_profile.emplace();
        fields.chroma_format = static_cast<std::uint8_t>(first->chroma_format_idc);
        fields.bit_depth_luma = static_cast<std::uint8_t>(first->bit_depth_luma);
        fields.bit_depth_chroma = static_cast<std::uint8_t>(first->bit_depth_chroma);
    }
    return config;
}

Bytes AvcConfig::write() const {
    ByteWriter out;
    out.u8(kConfigurationVersion);
    out.u8(profile_indication);
    out.u8(profile_compatibility);
    out.u8(level_indication);
    out.u8(static_cast<std::uint8_t>(0xfc | (nal_length_size - 1)));  // six reserved bits, all 1
    out.u8(static_cast<std::uint8_t>(0xe0 | sps.size()));             // three reserved bits, all 1
    write_nal_units(out, sps);
    out.u8(static_cast<std::uint8_t>(pps.size()));
    write_nal_units(out, pps);
    if (high_profile) {
        out.u8(static_cast<std::uint8_t>(0xfc | high_profile->chroma_format));
        out.u8(static_cast<std::uint8_t>(0xf8 | (high_profile->bit_depth_luma - 8)));
        out.u8(static_cast<std::uint8_t>(0xf8 | (high_profile->bit_depth_chroma - 8)));
        out.u8(static_cast<std::uint8_t>(high_profile->sps_extensions.size()));
        write_nal_units(out, high_profile->sps_extensions);
    }
    return out.take();
}

std::string codec_string(const AvcConfig& config) {
    std::string text = "avc1.";
    for (const auto byte :
         {config.profile_indication, config.profile_compatibility, config.level_indication}) {
        constexpr char kDigits[] = "0123456789abcdef";
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0x0f];
    }
    return text;
}

}  // namespace streamkit::h264
