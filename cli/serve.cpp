#include "cli/serve.hpp"

#include "cli/exit_code.hpp"
#include "cli/output.hpp"
#include "cli/role_config.hpp"
#include "cli/roles.hpp"

namespace fjord::cli {
namespace {

template <class Config>
int check(std::string const& file) {
    Config c;
    auto parsed = table_of(c).parse_file(file);
    if (!parsed) return report(parsed.error());
    std::printf("%s: correct\n", file.c_str());
    return exit_done;
}

}  // namespace

int serve(serve_args const& a) {
    if (a.role == "broker") return serve_broker(a);
    if (a.role == "site") return serve_site(a);
    if (a.role == "cache") return serve_cache(a);
    return serve_issuer(a);
}

int check_config(serve_args const& a) {
    if (a.role == "broker") return check<broker_config>(a.config);
    if (a.role == "site") return check<site_config>(a.config);
    if (a.role == "cache") return check<cache_config>(a.config);
    return check<issuer_config>(a.config);
}

int print_configuration_reference() {
    std::printf("%s", configuration_reference().c_str());
    return exit_done;
}

}  // namespace fjord::cli
