#include "streamkit/congestion/controller.hpp"

#include "background.hpp"
#include "bbr.hpp"
#include "cubic.hpp"

namespace streamkit::congestion {

std::string_view name(Algorithm algorithm) noexcept {
    switch (algorithm) {
        case Algorithm::bbr:
            return "bbr";
        case Algorithm::cubic:
            return "cubic";
        case Algorithm::background:
            return "background";
    }
    return "unknown";
}

std::unique_ptr<Controller> make_controller(Algorithm algorithm, const ControllerConfig& config,
                                            RandomSource& random) {
    switch (algorithm) {
        case Algorithm::cubic:
            return std::make_unique<Cubic>(config);
        case Algorithm::background:
            return std::make_unique<Background>(config);
        case Algorithm::bbr:
            break;
    }
    return std::make_unique<Bbr>(config, random);
}

}  // namespace streamkit::congestion
