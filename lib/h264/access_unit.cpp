#include "streamkit/h264/access_unit.hpp"

#include "streamkit/base/bit_reader.hpp"
#include "streamkit/base/byte_reader.hpp"
#include "streamkit/h264/nal_unit.hpp"

namespace streamkit::h264 {
namespace {

constexpr std::uint32_t kSeiRecoveryPoint = 6;  // D.1.1: payloadType

// ff_byte, last_payload_type_byte; and the same for the size: 7.3.2.3.1
std::uint32_t read_sei_number(ByteReader& in) {
    std::uint32_t number = 0;
    std::uint8_t byte = 0;
    do {
        byte = in.u8();
        number += byte;
    } while (byte == 0xff);
    return number;
}

RecoveryPoint read_recovery_point(BytesView payload) {
    BitReader in{payload};
    RecoveryPoint point;
    point.recovery_frame_cnt = in.ue();
    point.exact_match_flag = in.flag();
    point.broken_link_flag = in.flag();
    return point;
}

// sei_rbsp(), 7.3.2.3. A message that is cut off ends the search: decoders need none of them.
std::optional<RecoveryPoint> find_recovery_point(BytesView nal_unit) {
    const auto rbsp = remove_emulation_prevention(nal_unit);
    ByteReader in{rbsp};
    in.skip(1);                   // NAL unit header
    while (in.remaining() > 1) {  // the last byte is rbsp_trailing_bits
        const auto payload_type = read_sei_number(in);
        const auto payload_size = read_sei_number(in);
        const auto payload = in.bytes(payload_size);
        if (!in.ok()) break;
        if (payload_type == kSeiRecoveryPoint) return read_recovery_point(payload);
    }
    return std::nullopt;
}

}  // namespace

SapType AccessUnit::sap_type() const noexcept {
    if (has_idr_slice) return SapType::idr;
    if (!has_slice || !recovery_point) return SapType::none;
    return recovery_point->recovery_frame_cnt == 0 ? SapType::open_gop : SapType::gradual;
}

AccessUnit inspect_access_unit(BytesView sample, std::size_t nal_length_size) {
    AccessUnit unit;
    NalUnitReader reader{sample, nal_length_size};
    while (const auto nal_unit = reader.next()) {
        switch (nal_unit_type(*nal_unit)) {
            case NalUnitType::slice_idr:
                unit.has_idr_slice = true;
                unit.has_slice = true;
                break;
            case NalUnitType::slice:
            case NalUnitType::slice_data_partition_a:
                unit.has_slice = true;
                break;
            case NalUnitType::sps:
            case NalUnitType::pps:
                unit.has_parameter_sets = true;
                break;
            case NalUnitType::sei:
                if (!unit.recovery_point) unit.recovery_point = find_recovery_point(*nal_unit);
                break;
            default:
                break;
        }
    }
    unit.well_formed = reader.ok();
    return unit;
}

bool is_idr(BytesView sample, std::size_t nal_length_size) noexcept {
    NalUnitReader reader{sample, nal_length_size};
    while (const auto nal_unit = reader.next()) {
        if (nal_unit_type(*nal_unit) == NalUnitType::slice_idr) return true;
    }
    return false;
}

}  // namespace streamkit::h264
