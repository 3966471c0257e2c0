#include "streamkit/rtmp/command.hpp"

#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::hex;

Message message_of(MessageType type, const Bytes& payload) {
    return {.type = type, .payload = SharedBuffer::copy_of(payload)};
}

const Bytes kCreateStream =
    hex("02 000c 63726561746553747265616d"  // "createStream"
        "00 4010000000000000"               // transaction 4
        "05");                              // null

TEST_CASE("a command has name, transaction, object and arguments", "[rtmp][command]") {
    CHECK(Command{.name = "createStream", .transaction_id = 4}.message() ==
          message_of(MessageType::command_amf0, kCreateStream));

    const Command publish{.name = "publish",
                          .transaction_id = 5,
                          .object = amf::Null{},
                          .arguments = {"key?token=1", "live"}};
    const auto message = publish.message(1);
    CHECK(message.stream_id == 1);
    CHECK(Command::read(message).value() == publish);
    CHECK(publish.argument(1).as_string() == "live");
    CHECK(publish.argument(2).is<amf::Undefined>());
}

TEST_CASE("a command of type 17 is AMF0 behind a format byte, with AMF3 where it switches",
          "[rtmp][command]") {
    const auto plain =
        message_of(MessageType::command_amf3, test::concat({hex("00"), kCreateStream}));
    CHECK(Command::read(plain).value().name == "createStream");
    // Some peers leave the format byte out.
    CHECK(Command::read(message_of(MessageType::command_amf3, kCreateStream)).value().name ==
          "createStream");

    const auto connect = message_of(MessageType::command_amf3,
                                    hex("00"
                                        "02 0007 636f6e6e656374"    // "connect"
                                        "00 3ff0000000000000"       // transaction 1
                                        "11 0a 0b 01"               // AMF3: {
                                        "07 617070 06 09 6c697665"  //   app: "live"
                                        "01"));                     // }
    const auto command = Command::read(connect);
    REQUIRE(command);
    REQUIRE(command->object.find("app"));
    CHECK(command->object.find("app")->as_string() == "live");
}

TEST_CASE("a command may end behind its name or its transaction", "[rtmp][command]") {
    const auto name_only =
        Command::read(message_of(MessageType::command_amf0, hex("02 0002 6869"))).value();
    CHECK(name_only.name == "hi");
    CHECK(name_only.transaction_id == 0);
}

TEST_CASE("a command without a name, or cut inside a value, is an error", "[rtmp][command]") {
    CHECK(Command::read(message_of(MessageType::command_amf0, hex("05"))).error().code ==
          Errc::malformed_command);
    CHECK(Command::read(message_of(MessageType::command_amf0, {})).error().code ==
          Failure::malformed);
    CHECK(Command::read(message_of(MessageType::command_amf0, hex("02 ffff 61"))).error().code ==
          amf::Errc::truncated);
}

TEST_CASE("data messages lose what is only for their carrier", "[rtmp][command]") {
    const auto name = hex("02 000a 6f6e4d65746144617461");                  // "onMetaData"
    const auto set_data_frame = hex("02 000d 40736574446174614672616d65");  // "@setDataFrame"
    const auto clear = hex("02 000f 40636c656172446174614672616d65");       // "@clearDataFrame"
    const auto values = test::concat({name, hex("05")});
    const auto with_prefix = test::concat({set_data_frame, values});
    const auto amf3 = test::concat({hex("00"), with_prefix});

    const auto expected = SharedBuffer::copy_of(values);
    CHECK(data_values(message_of(MessageType::data_amf0, values)) == expected);
    CHECK(data_values(message_of(MessageType::data_amf0, with_prefix)) == expected);
    CHECK(data_values(message_of(MessageType::data_amf3, amf3)) == expected);
    CHECK(data_values(message_of(MessageType::data_amf0, test::concat({clear, name}))).empty());
    CHECK(data_values(message_of(MessageType::data_amf0, {})).empty());
}

TEST_CASE("a status says level, code and description", "[rtmp][command]") {
    const auto status =
        on_status(StatusLevel::error, "NetStream.Publish.BadName", "already publishing");
    CHECK(status.name == "onStatus");
    CHECK(status.transaction_id == 0);
    CHECK(status.argument(0).find("level")->as_string() == "error");
    CHECK(status.argument(0).find("code")->as_string() == "NetStream.Publish.BadName");
    CHECK(status.argument(0).find("description")->as_string() == "already publishing");
}

}  // namespace
}  // namespace streamkit::rtmp
