#include "connect_info.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace streamkit::rtmp {
namespace {

// Servers of many makes say this; librtmp and Flash look at the digits.
constexpr std::string_view kServerVersion = "FMS/3,5,7,7009";
constexpr double kCapabilities = 31;

// Those that `flv` recognises. Enhanced RTMP v2, "Enhanced Video" and "Enhanced Audio".
constexpr std::string_view kVideoFourCcs[] = {"avc1", "hvc1", "av01", "vp09", "vp08"};
constexpr std::string_view kAudioFourCcs[] = {"mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3"};

// Enhanced RTMP v2, FourCcInfoMask and CapsExMask.
constexpr double kCanForward = 0x04;
constexpr std::uint32_t kCapsExReconnect = 0x01;
constexpr std::uint32_t kCapsExMultitrack = 0x02;
constexpr std::uint32_t kCapsExModEx = 0x04;

template <std::size_t N>
amf::Object info_map(const std::string_view (&fourccs)[N]) {
    amf::Object map;
    for (const auto fourcc : fourccs)
        map.properties.push_back({std::string{fourcc}, kCanForward});
    return map;
}

amf::StrictArray fourcc_list() {
    amf::StrictArray list;
    for (const auto fourcc : kVideoFourCcs)
        list.values.emplace_back(fourcc);
    for (const auto fourcc : kAudioFourCcs)
        list.values.emplace_back(fourcc);
    return list;
}

std::string text_property(const amf::Value& object, std::string_view name) {
    const auto* value = object.find(name);
    return std::string{value ? value->as_string().value_or("") : ""};
}

double number_property(const amf::Value& object, std::string_view name) {
    const auto* value = object.find(name);
    return value ? value->as_number().value_or(0) : 0;
}

void add_if_new(std::vector<std::string>& all, std::string_view fourcc) {
    if (std::ranges::find(all, fourcc) == all.end()) all.emplace_back(fourcc);
}

}  // namespace

Result<Connected> read_connect(const Command& connect, const NameLimits& limits) {
    const auto& object = connect.object;
    Connected connected;
    connected.tc_url = text_property(object, "tcUrl");
    connected.flash_ver = text_property(object, "flashVer");
    auto app = AppName::parse(text_property(object, "app"), connected.tc_url, limits);
    if (!app) return app.error();
    connected.app = *std::move(app);

    if (const auto* list = object.find("fourCcList")) {
        if (const auto* array = list->get_if<amf::StrictArray>()) {
            for (const auto& value : array->values) {
                if (const auto fourcc = value.as_string()) add_if_new(connected.fourccs, *fourcc);
            }
        }
    }
    for (const auto* map : {"videoFourCcInfoMap", "audioFourCcInfoMap"}) {
        if (const auto* object_map = object.find(map)) {
            for (const auto& [fourcc, mask] : object_map->properties())
                add_if_new(connected.fourccs, fourcc);
        }
    }
    const auto caps_ex = number_property(object, "capsEx");
    if (caps_ex > 0 && caps_ex <= 0xFFFFFFFF) {
        connected.caps_ex = static_cast<std::uint32_t>(caps_ex);
    }
    return connected;
}

Command connect_result(const Command& connect) {
    amf::Object properties{
        {{"fmsVer", kServerVersion}, {"capabilities", kCapabilities}, {"mode", 1}}};
    // Each form answers the same form: older clients do not know the newer ones.
    if (connect.object.find("fourCcList")) {
        properties.properties.push_back({"fourCcList", fourcc_list()});
    }
    if (connect.object.find("videoFourCcInfoMap")) {
        properties.properties.push_back({"videoFourCcInfoMap", info_map(kVideoFourCcs)});
    }
    if (connect.object.find("audioFourCcInfoMap")) {
        properties.properties.push_back({"audioFourCcInfoMap", info_map(kAudioFourCcs)});
    }
    if (connect.object.find("capsEx")) {
        properties.properties.push_back({"capsEx", kCapsExMultitrack | kCapsExModEx});
    }

    auto information =
        status_info(StatusLevel::status, "NetConnection.Connect.Success", "Connection succeeded.");
    // 3 lets the client use AMF3, which we read; we write AMF0, which is valid in both.
    const auto encoding = number_property(connect.object, "objectEncoding");
    information.properties.push_back({"objectEncoding", encoding == 3 ? 3 : 0});
    return {.name = "_result",
            .transaction_id = connect.transaction_id,
            .object = std::move(properties),
            .arguments = {std::move(information)}};
}

void add_client_capabilities(amf::Object& command_object) {
    auto& properties = command_object.properties;
    properties.push_back({"capsEx", kCapsExReconnect | kCapsExMultitrack | kCapsExModEx});
    properties.push_back({"fourCcList", fourcc_list()});
    properties.push_back({"videoFourCcInfoMap", info_map(kVideoFourCcs)});
    properties.push_back({"audioFourCcInfoMap", info_map(kAudioFourCcs)});
}

}  // namespace streamkit::rtmp
