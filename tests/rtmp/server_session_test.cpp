#include "streamkit/rtmp/server_session.hpp"

#include "flv/samples.hpp"
#include "rtmp/scripted_client.hpp"
#include "streamkit/amf/writer.hpp"
#include "streamkit/base/byte_writer.hpp"
#include "support/bytes.hpp"
#include "support/catch.hpp"

namespace streamkit::rtmp {
namespace {

using test::concat;
using test::hex;
using test::ScriptedClient;
using namespace std::chrono_literals;
using Answers = std::vector<std::string>;

const Bytes kVideoConfig = concat({hex("17 00 000000"), test::kAvcConfig});
const Bytes kAudioConfig = concat({hex("af 00"), test::kAacConfig});
const Bytes kKeyFrame = hex("17 01 00002a 00000001 65");
const Bytes kAudioFrame = hex("af 01 2110");

TEST_CASE("connect is answered in full and at once", "[rtmp][server]") {
    ScriptedClient client;
    client.connect({{{"app", "live/inst?token=a"},
                     {"tcUrl", "rtmp://h/live/inst?token=a"},
                     {"flashVer", "FMLE/3.0"},
                     {"objectEncoding", 3}}});
    const auto messages = client.received();
    REQUIRE(messages.size() == 4);  // Set Chunk Size is applied by the reader
    CHECK(messages[0] == number_message(MessageType::window_acknowledgement_size, 2'500'000));
    CHECK(messages[1].type == MessageType::set_peer_bandwidth);
    CHECK(messages[2] == UserControl{UserControl::Type::stream_begin, 0}.message());
    const auto result = Command::read(messages[3]).value();
    CHECK(result.name == "_result");
    CHECK(result.transaction_id == 1);
    CHECK(result.object.find("fmsVer")->as_string() == "FMS/3,5,7,7009");
    CHECK(result.object.find("capabilities")->as_number() == 31);
    CHECK(result.argument(0).find("level")->as_string() == "status");
    CHECK(result.argument(0).find("code")->as_string() == "NetConnection.Connect.Success");
    CHECK(result.argument(0).find("objectEncoding")->as_number() == 3);
    CHECK_FALSE(result.object.find("fourCcList"));

    const auto events = client.events<Connected>();
    REQUIRE(events.size() == 1);
    CHECK(events[0].app == AppName{"live/inst", "token=a"});
    CHECK(events[0].flash_ver == "FMLE/3.0");
}

TEST_CASE("an Enhanced RTMP client is told our codecs in the form it used", "[rtmp][server]") {
    ScriptedClient client;
    client.connect({{{"app", "live"},
                     {"capsEx", 1},
                     {"fourCcList", amf::StrictArray{{"av01", "hvc1"}}},
                     {"videoFourCcInfoMap", amf::Object{{{"hvc1", 1}, {"vp09", 1}}}}}});
    const auto result = client.received_commands().at(0);
    const auto* list = result.object.find("fourCcList");
    REQUIRE(list);
    CHECK(list->get_if<amf::StrictArray>()->values.size() == 11);
    CHECK(result.object.find("videoFourCcInfoMap")->find("hvc1")->as_number() == 4);
    CHECK_FALSE(result.object.find("audioFourCcInfoMap"));
    CHECK(result.object.find("capsEx")->as_number() == 6);

    const auto events = client.events<Connected>();
    CHECK(events[0].fourccs == std::vector<std::string>{"av01", "hvc1", "vp09"});
    CHECK(events[0].caps_ex == 1);
}

TEST_CASE("an encoder publishes as Flash Media Live Encoder does", "[rtmp][server]") {
    ScriptedClient client;
    client.connect();
    client.received();
    REQUIRE(client.call("releaseStream", amf::Null{}, {"key?token=1"}));
    REQUIRE(client.call("FCPublish", amf::Null{}, {"key?token=1"}));
    REQUIRE(client.call("createStream", amf::Null{}, {}));
    auto commands = client.received_commands();
    REQUIRE(commands.size() == 3);
    CHECK(commands[2].name == "_result");
    CHECK(commands[2].transaction_id == 4);
    CHECK(commands[2].argument(0).as_number() == 1);
    REQUIRE(client.call("_checkbw", amf::Null{}, {}));
    CHECK(client.received_answers() == Answers{"_result"});

    REQUIRE(client.publish("key?token=1"));
    const auto requests = client.events<PublishRequested>();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].stream == StreamName{"live", "key", "token=1"});
    CHECK(requests[0].type == PublishType::live);
    CHECK(client.session.pending_output().empty());  // no answer before the application's

    client.session.accept(requests[0].id);
    const auto messages = client.received();
    REQUIRE(messages.size() == 3);
    CHECK(messages[0] == UserControl{UserControl::Type::stream_begin, 1}.message());
    CHECK(Command::read(messages[1]).value().name == "onFCPublish");
    CHECK(messages[2].stream_id == 1);
    CHECK(Command::read(messages[2]).value().argument(0).find("code")->as_string() ==
          "NetStream.Publish.Start");

    REQUIRE(client.media(MessageType::video, 0, kVideoConfig));
    REQUIRE(client.media(MessageType::audio, 0, kAudioConfig));
    REQUIRE(client.media(MessageType::video, 40, kKeyFrame));
    REQUIRE(client.media(MessageType::audio, 43, kAudioFrame));
    const auto media = client.events<MediaReceived>();
    REQUIRE(media.size() == 4);
    CHECK(media[0].event == MediaEvent{test::h264_track()});
    CHECK(media[1].event == MediaEvent{test::aac_track()});
    CHECK(media[2].event == MediaEvent{test::packet(1, 40, 82, true, hex("00000001 65"))});
    CHECK(media[3].event == MediaEvent{test::packet(2, 43, 43, true, hex("2110"))});

    REQUIRE(client.call("FCUnpublish", amf::Null{}, {"key"}));
    REQUIRE(client.call("deleteStream", amf::Null{}, {1}));
    CHECK(client.received_answers() == Answers{"_result",
                                               "onFCUnpublish NetStream.Unpublish.Success",
                                               "onStatus NetStream.Unpublish.Success"});
    CHECK(client.request<PublishEnded>() == requests[0].id);
    CHECK_FALSE(client.session.closed());
}

TEST_CASE("metadata loses @setDataFrame; other data messages pass", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.publish());
    client.session.accept(client.request<PublishRequested>());
    const auto data = [](std::initializer_list<amf::Value> values) {
        ByteWriter out;
        for (const auto& value : values)
            amf::write_value(out, value);
        return out.take();
    };
    const amf::EcmaArray metadata{{{"width", 640}}};
    REQUIRE(
        client.media(MessageType::data_amf0, 0, data({"@setDataFrame", "onMetaData", metadata})));
    REQUIRE(client.media(MessageType::data_amf3, 7,
                         concat({hex("00"), data({"onTextData", amf::Object{{{"text", "hi"}}}})})));
    REQUIRE(client.media(MessageType::data_amf0, 8, data({"@clearDataFrame", "onMetaData"})));
    const auto media = client.events<MediaReceived>();
    REQUIRE(media.size() == 2);
    const auto& first = std::get<Metadata>(media[0].event);
    CHECK(first.name == "onMetaData");
    CHECK(first.body == SharedBuffer::copy_of(data({metadata})));
    const auto& second = std::get<Metadata>(media[1].event);
    CHECK(second.name == "onTextData");
    CHECK(second.time == Timestamp{7, 1000});
}

TEST_CASE("aggregate messages are taken apart", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.publish());
    client.session.accept(client.request<PublishRequested>());
    ByteWriter out;
    std::uint32_t time = 10;
    for (const auto& body : {kVideoConfig, kKeyFrame}) {
        out.u8(9);
        out.u24(static_cast<std::uint32_t>(body.size()));
        out.u24(time);
        out.u32(0);
        out.bytes(body);
        out.u32(static_cast<std::uint32_t>(11 + body.size()));
        time += 40;
    }
    REQUIRE(client.media(MessageType::aggregate, 500, out.take()));
    const auto media = client.events<MediaReceived>();
    REQUIRE(media.size() == 2);
    CHECK(std::get<Packet>(media[1].event).dts == Timestamp{540, 1000});
    CHECK(client.media(MessageType::aggregate, 0, hex("09 ffffff 000000 00 000000")).error().code ==
          Errc::malformed_aggregate);
}

TEST_CASE("media before the publisher is accepted, or on another stream, is counted",
          "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.publish());
    REQUIRE(client.media(MessageType::video, 0, kVideoConfig));
    client.session.accept(client.request<PublishRequested>());
    REQUIRE(client.media(MessageType::video, 0, kVideoConfig, 2));
    CHECK(client.events<MediaReceived>().empty());
    CHECK(client.session.stats().messages_without_publisher == 2);
}

TEST_CASE("media that cannot be used is refused with its reason", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.publish());
    const auto id = client.request<PublishRequested>();
    client.session.accept(id);
    client.received();
    const auto result = client.media(MessageType::video, 0, hex("17 00 000000 00"));
    REQUIRE_FALSE(result);
    CHECK(client.session.closed());
    const auto commands = client.received_commands();
    REQUIRE(commands.size() == 1);
    CHECK(commands[0].argument(0).find("code")->as_string() == "NetStream.Failed");
    CHECK(commands[0].argument(0).find("description")->as_string() == result.error().message());
    CHECK(client.request<PublishEnded>() == id);
}

TEST_CASE("a rejected publisher is told why before the connection is closed", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    client.received();
    REQUIRE(client.publish());
    client.session.reject(client.request<PublishRequested>(),
                          "live/key is already being published");
    CHECK(client.session.closed());
    CHECK_FALSE(client.session.next_timeout());
    const auto messages = client.received();
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].stream_id == 1);
    const auto status = Command::read(messages[0]).value().argument(0);
    CHECK(status.find("level")->as_string() == "error");
    CHECK(status.find("code")->as_string() == "NetStream.Publish.BadName");
    CHECK(status.find("description")->as_string() == "live/key is already being published");
    CHECK_FALSE(client.session.poll_event());  // the application knows
    CHECK(client.publish("other"));            // input after the end is ignored
    CHECK_FALSE(client.session.poll_event());
}

TEST_CASE("a publisher whose stream is taken away is told why", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.publish());
    const auto id = client.request<PublishRequested>();
    client.session.accept(id);
    client.received();
    client.session.end_publish(id, "another publisher took over");
    CHECK(client.received_answers() == Answers{"onStatus NetStream.Failed"});
    CHECK(client.session.closed());
    CHECK_FALSE(client.session.poll_event());
}

EncodedMessage encoded_key_frame() {
    return EncodedMessage::make({flv::TagType::video, 40, hex("17 01 00002a"),
                                 SharedBuffer::copy_of(hex("00000001 65"))})
        .value();
}

TEST_CASE("a player is led in, fed, and told the end", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    client.received();
    REQUIRE(client.call("getStreamLength", amf::Null{}, {"key"}));
    CHECK(client.received_commands().at(0).argument(0).as_number() == 0);
    REQUIRE(client.call("play", amf::Null{}, {"key?t=1", -2000, -1, true}, 1));
    const auto requests = client.events<PlayRequested>();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].stream == StreamName{"live", "key", "t=1"});
    CHECK(requests[0].start_s == -2);
    CHECK(requests[0].reset);
    const auto id = requests[0].id;
    client.session.send(id, encoded_key_frame());  // not accepted yet
    CHECK(client.session.pending_output().empty());

    client.session.accept(id);
    const auto messages = client.received();
    REQUIRE(messages.size() == 4);
    CHECK(messages[0] == UserControl{UserControl::Type::stream_begin, 1}.message());
    CHECK(Command::read(messages[1]).value().argument(0).find("code")->as_string() ==
          "NetStream.Play.Reset");
    CHECK(Command::read(messages[2]).value().argument(0).find("code")->as_string() ==
          "NetStream.Play.Start");
    CHECK(messages[3].type == MessageType::data_amf0);
    CHECK(messages[3].payload ==
          SharedBuffer::copy_of(hex("02 0011 7c52746d7053616d706c65416363657373 01 01 01 01")));

    const auto frame = encoded_key_frame();
    client.session.send(id, frame);
    CHECK(client.session.pending_output().back().data() == frame.slices().back().data());
    CHECK(client.session.unsent_bytes() == frame.size_bytes());
    const auto media = client.received();
    REQUIRE(media.size() == 1);
    CHECK(media[0] == Message{MessageType::video, 1, 40, SharedBuffer::copy_of(kKeyFrame)});

    client.session.end_play(id, "the publisher has left");
    CHECK(client.received_answers() ==
          Answers{"onStatus NetStream.Play.UnpublishNotify", "onStatus NetStream.Play.Stop"});
    // StreamEOF follows a little later.
    REQUIRE(client.session.next_timeout() <= client.now);
    REQUIRE(client.session.handle_timeout(client.now));
    CHECK(client.session.pending_output().empty());
    CHECK(client.session.next_timeout() == client.now + 100ms);
    REQUIRE(client.session.handle_timeout(client.now + 100ms));
    CHECK(client.received() ==
          std::vector{UserControl{UserControl::Type::stream_eof, 1}.message()});
    CHECK_FALSE(client.session.closed());
    client.session.send(id, frame);
    CHECK(client.session.pending_output().empty());
}

TEST_CASE("a message in other chunks is announced to the player", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.play());
    const auto id = client.request<PlayRequested>();
    client.session.accept(id);
    client.received();
    const flv::TagBody body{flv::TagType::video, 40, hex("17 01 00002a"),
                            SharedBuffer::take(Bytes(5000, 1))};
    client.session.send(id, EncodedMessage::make(body, 1000).value());
    CHECK(client.received().at(0).payload.size() == 5005);
}

TEST_CASE("a second stream of a player gets headers of its own", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.call("createStream", amf::Null{}, {}));
    CHECK(client.received_commands().back().argument(0).as_number() == 2);
    REQUIRE(client.call("play", amf::Null{}, {"key"}, 2));
    const auto id = client.request<PlayRequested>();
    client.session.accept(id);
    client.received();
    client.session.send(id, encoded_key_frame());
    CHECK(client.received().at(0).stream_id == 2);
}

TEST_CASE("a player that plays something else ends what it played", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.play("a"));
    const auto first = client.request<PlayRequested>();
    client.session.accept(first);
    client.received();
    REQUIRE(client.call("play2", amf::Null{}, {amf::Object{{{"streamName", "b"}}}}, 1));
    const auto ended = client.session.poll_event();
    REQUIRE(ended);
    CHECK(std::get<PlayEnded>(*ended).id == first);
    const auto requests = client.events<PlayRequested>();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].stream.name == "b");
    CHECK_FALSE(requests[0].reset);
    client.session.accept(requests[0].id);
    CHECK(client.received_answers() == Answers{"onStatus NetStream.Play.Start"});
}

TEST_CASE("pause, seek and closeStream of a player", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.play());
    const auto id = client.request<PlayRequested>();
    client.session.accept(id);
    client.received();
    REQUIRE(client.call("pause", amf::Null{}, {true, 1500}, 1));
    const auto paused = client.events<PauseRequested>();
    REQUIRE(paused.size() == 1);
    CHECK(paused[0].id == id);
    CHECK(paused[0].paused);
    CHECK(paused[0].position_ms == 1500);
    REQUIRE(client.call("pause", amf::Null{}, {false, 1500}, 1));
    REQUIRE(client.call("seek", amf::Null{}, {10'000}, 1));
    REQUIRE(client.call("closeStream", amf::Null{}, {}, 1));
    CHECK(client.received_answers() ==
          Answers{"onStatus NetStream.Pause.Notify", "onStatus NetStream.Unpause.Notify",
                  "onStatus NetStream.Seek.Failed", "onStatus NetStream.Play.Stop"});
    CHECK(client.request<PlayEnded>() == id);
}

TEST_CASE("a rejected player is told why", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    client.received();
    REQUIRE(client.play());
    client.session.reject(client.request<PlayRequested>(), "live/key is not being published");
    CHECK(client.received_answers() == Answers{"onStatus NetStream.Play.StreamNotFound"});
    CHECK(client.session.closed());
}

TEST_CASE("an unknown command is answered, and harms nobody", "[rtmp][server]") {
    ScriptedClient client;
    client.connect();
    client.received();
    REQUIRE(client.call("doSomething", amf::Null{}, {}));
    CHECK(client.received_answers() == Answers{"_error NetConnection.Call.Failed"});
    CHECK(client.session.stats().unknown_commands == 1);
    REQUIRE(client.call("FCSubscribe", amf::Null{}, {"key"}));
    CHECK(client.received_answers() == Answers{"_result", "onFCSubscribe NetStream.Play.Start"});
}

TEST_CASE("received bytes are acknowledged at half of the peer's window", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    client.received();
    REQUIRE(client.send(number_message(MessageType::window_acknowledgement_size, 10'000)));
    client.received();  // what came before counts
    for (int i = 0; i < 3; ++i)
        REQUIRE(client.media(MessageType::audio, 0, Bytes(2000, 1)));
    const auto messages = client.received();
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].type == MessageType::acknowledgement);
    CHECK(read_number(messages[0]).value() > 5000);
}

TEST_CASE("Set Peer Bandwidth is answered with the new window", "[rtmp][server]") {
    using LimitType = SetPeerBandwidth::LimitType;
    ScriptedClient client;
    client.connect();
    client.received();
    REQUIRE(client.send(SetPeerBandwidth{1000, LimitType::dynamic}.message()));
    CHECK(client.received().empty());  // no hard limit before
    REQUIRE(client.send(SetPeerBandwidth{5'000'000, LimitType::soft}.message()));
    CHECK(client.received().empty());  // the smaller one holds
    REQUIRE(client.send(SetPeerBandwidth{1000, LimitType::hard}.message()));
    CHECK(client.received() ==
          std::vector{number_message(MessageType::window_acknowledgement_size, 1000)});
    REQUIRE(client.send(SetPeerBandwidth{2000, LimitType::dynamic}.message()));
    CHECK(client.received() ==
          std::vector{number_message(MessageType::window_acknowledgement_size, 2000)});
}

TEST_CASE("a ping is answered", "[rtmp][server]") {
    ScriptedClient client;
    client.connect();
    client.received();
    REQUIRE(client.send(UserControl{UserControl::Type::ping_request, 77}.message()));
    CHECK(client.received() ==
          std::vector{UserControl{UserControl::Type::ping_response, 77}.message()});
}

TEST_CASE("a silent client is pinged, then closed", "[rtmp][server][timeout]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.publish());
    const auto id = client.request<PublishRequested>();
    client.received();
    CHECK(client.session.next_timeout() == client.now + 30s);
    REQUIRE(client.session.handle_timeout(client.now + 29s));  // spurious
    CHECK(client.session.pending_output().empty());
    REQUIRE(client.session.handle_timeout(client.now + 30s));
    const auto ping = UserControl::read(client.received().at(0)).value();
    CHECK(ping->type == UserControl::Type::ping_request);
    CHECK(ping->number == 30'000);
    CHECK(client.session.next_timeout() == client.now + 60s);

    client.now += 40s;
    REQUIRE(client.send(UserControl{UserControl::Type::ping_response, 30'000}.message()));
    CHECK(client.session.next_timeout() == client.now + 30s);

    const auto result = client.session.handle_timeout(client.now + 60s);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::idle_timeout);
    CHECK(result.error().code == Failure::timed_out);
    CHECK(client.session.closed());
    CHECK(client.request<PublishEnded>() == id);
}

TEST_CASE("half a handshake and silence end at the handshake timeout", "[rtmp][server][timeout]") {
    ScriptedClient client;
    CHECK(client.session.next_timeout() == client.now + 10s);
    REQUIRE(client.session.handle_input(hex("03 00000000"), client.now + 9s));
    CHECK(client.session.next_timeout() == client.now + 10s);
    CHECK(client.session.handle_timeout(client.now + 10s).error().code == Errc::handshake_timeout);
    CHECK(client.session.closed());
    CHECK(client.session.pending_output().empty());
}

TEST_CASE("a client that is gone ends its requests", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    REQUIRE(client.publish());
    const auto id = client.request<PublishRequested>();
    client.session.accept(id);
    client.session.handle_end_of_input();
    CHECK(client.request<PublishEnded>() == id);
    CHECK(client.session.closed());
}

TEST_CASE("ids of deleted message streams are given again", "[rtmp][server]") {
    ScriptedClient client;
    client.create_stream();
    client.received();
    for (int i = 0; i < 20; ++i) {
        REQUIRE(client.call("deleteStream", amf::Null{}, {1}));
        REQUIRE(client.call("createStream", amf::Null{}, {}));
        CHECK(client.received_commands().back().argument(0).as_number() == 1);
    }
}

}  // namespace
}  // namespace streamkit::rtmp
