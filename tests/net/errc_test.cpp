#include "streamkit/net/errc.hpp"

#include <asio/error.hpp>

#include "support/catch.hpp"

namespace streamkit::net {

TEST_CASE("system errors become codes that a program can tell its user", "[net][errc]") {
    struct Case {
        std::errc system;
        Errc expected;
    };
    const Case cases[] = {
        {std::errc::address_in_use, Errc::address_in_use},
        {std::errc::connection_refused, Errc::connection_refused},
        {std::errc::network_unreachable, Errc::unreachable},
        {std::errc::broken_pipe, Errc::connection_reset},
        {std::errc::connection_reset, Errc::connection_reset},
        {std::errc::too_many_files_open, Errc::out_of_descriptors},
        {std::errc::permission_denied, Errc::permission_denied},
        {std::errc::operation_canceled, Errc::interrupted},
    };
    for (const auto& [system, expected] : cases) {
        const std::error_code code(static_cast<int>(system), std::system_category());
        CAPTURE(code.message());
        CHECK(to_error(code, "connect").code == expected);
        const std::error_code of_asio(static_cast<int>(system), asio::error::get_system_category());
        CHECK(to_error(of_asio, "connect").code == expected);
    }

    const std::error_code other(static_cast<int>(std::errc::protocol_error),
                                std::system_category());
    CHECK(to_error(other, "connect").code == other);
    CHECK(make_error_code(Errc::stalled) == Failure::timed_out);
    CHECK_THAT(Error(Errc::address_in_use, "listen").message(),
               test::ContainsSubstring("another port"));
}

}  // namespace streamkit::net
