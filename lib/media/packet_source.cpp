#include "streamkit/media/packet_source.hpp"

namespace streamkit {

Result<void> copy(PacketSource& source, PacketSink& sink) {
    STREAMKIT_TRY(sink.begin(source.tracks()));
    for (;;) {
        auto packet = source.next();
        if (!packet) return packet.error();
        if (!packet->has_value()) return sink.finish();
        STREAMKIT_TRY(sink.write(**packet));
    }
}

}  // namespace streamkit
