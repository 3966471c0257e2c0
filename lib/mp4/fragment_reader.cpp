#include "streamkit/mp4/fragment_reader.hpp"

#include "streamkit/mp4/errc.hpp"

namespace streamkit::mp4 {
namespace {

struct FullBoxHeader {
    std::uint8_t version = 0;
    std::uint32_t flags = 0;
};

FullBoxHeader read_full_box_header(ByteReader& in) {
    FullBoxHeader header;
    header.version = in.u8();
    header.flags = in.u24();
    return header;
}

/// tfhd, ISO/IEC 14496-12, 8.8.7.
struct Defaults {
    std::uint32_t duration = 0;
    std::uint32_t size = 0;
    std::uint32_t flags = 0;
};

Result<Defaults> read_tfhd(BytesView payload, Fragment& fragment) {
    ByteReader in{payload};
    Defaults defaults;
    const auto header = read_full_box_header(in);
    fragment.track_id = in.u32();
    if ((header.flags & 0x01) != 0) in.skip(8);  // base_data_offset
    if ((header.flags & 0x02) != 0) in.skip(4);  // sample_description_index
    if ((header.flags & 0x08) != 0) defaults.duration = in.u32();
    if ((header.flags & 0x10) != 0) defaults.size = in.u32();
    if ((header.flags & 0x20) != 0) defaults.flags = in.u32();
    if (!in.ok()) return Error{Errc::truncated_box, "tfhd", in.offset()};
    return defaults;
}

Result<void> read_tfdt(BytesView payload, Fragment& fragment) {  // 8.8.12
    ByteReader in{payload};
    const auto header = read_full_box_header(in);
    fragment.base_media_decode_time = header.version == 0 ? in.u32() : in.u64();
    if (!in.ok()) return Error{Errc::truncated_box, "tfdt", in.offset()};
    if (header.version > 1) return Error{Errc::unsupported_version, "tfdt"};
    return {};
}

/// @param next_data  where the samples begin if the run does not say it
Result<void> read_trun(BytesView payload, const Defaults& defaults, const FragmentLimits& limits,
                       std::uint64_t& next_data, Fragment& fragment) {  // 8.8.8
    ByteReader in{payload};
    const auto header = read_full_box_header(in);
    const auto sample_count = in.u32();
    if ((header.flags & 0x001) != 0) {
        const auto data_offset = in.i32();
        if (data_offset < 0) return Error{Errc::value_out_of_range, "data_offset", in.offset()};
        next_data = static_cast<std::uint64_t>(data_offset);
    }
    auto first_flags = defaults.flags;
    if ((header.flags & 0x004) != 0) first_flags = in.u32();
    if (!in.ok()) return Error{Errc::truncated_box, "trun", in.offset()};
    if (header.version > 1) return Error{Errc::unsupported_version, "trun"};
    if (sample_count > limits.max_samples - fragment.samples.size()) {
        return Error{Errc::too_many_samples, "sample_count"};
    }
    std::size_t sample_bytes = 0;
    for (const auto present : {0x100U, 0x200U, 0x400U, 0x800U}) {
        if ((header.flags & present) != 0) sample_bytes += 4;
    }
    if (in.remaining() / 4 < sample_count * (sample_bytes / 4)) {
        return Error{Errc::truncated_box, "trun", in.offset()};
    }

    fragment.samples.reserve(fragment.samples.size() + sample_count);
    for (std::uint32_t i = 0; i < sample_count; ++i) {
        FragmentSample sample;
        sample.duration = (header.flags & 0x100) != 0 ? in.u32() : defaults.duration;
        sample.size = (header.flags & 0x200) != 0 ? in.u32() : defaults.size;
        sample.flags = (header.flags & 0x400) != 0 ? in.u32()
                       : i == 0                    ? first_flags
                                                   : defaults.flags;
        if ((header.flags & 0x800) != 0) {
            const auto offset = in.u32();
            sample.composition_time_offset =
                header.version == 0 ? std::int64_t{offset} : static_cast<std::int32_t>(offset);
        }
        sample.data_offset = next_data;
        next_data += sample.size;
        fragment.samples.push_back(sample);
    }
    return {};
}

}  // namespace

Result<Fragment> read_fragment(const Box& moof, const FragmentLimits& limits) {
    Fragment fragment;
    const auto mfhd = find_box(moof.payload, {FourCc{"mfhd"}});
    if (!mfhd) return mfhd.error();
    ByteReader mfhd_in{mfhd->payload};
    static_cast<void>(read_full_box_header(mfhd_in));
    fragment.sequence_number = mfhd_in.u32();
    if (!mfhd_in.ok()) return Error{Errc::truncated_box, "mfhd", mfhd->offset};

    const auto traf = find_box(moof.payload, {FourCc{"traf"}});
    if (!traf) return traf.error();
    const auto tfhd = find_box(traf->payload, {FourCc{"tfhd"}});
    if (!tfhd) return tfhd.error();
    const auto defaults = read_tfhd(tfhd->payload, fragment);
    if (!defaults) return defaults.error();

    std::uint64_t next_data = 0;
    BoxReader boxes{traf->payload};
    for (;;) {
        auto box = boxes.next();
        if (!box) return box.error();
        if (!*box) return fragment;
        if ((*box)->type == FourCc{"tfdt"}) {
            STREAMKIT_TRY(read_tfdt((*box)->payload, fragment));
        } else if ((*box)->type == FourCc{"trun"}) {
            STREAMKIT_TRY(read_trun((*box)->payload, *defaults, limits, next_data, fragment));
        }
    }
}

}  // namespace streamkit::mp4
