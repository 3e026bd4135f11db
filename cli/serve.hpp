#pragma once
// Running a role: configuration in, a server until SIGTERM, everything stopped in order.
#include <string>

namespace fjord::cli {

struct serve_args {
    std::string role;  // broker, site, cache, issuer
    std::string config;
    std::string ready_file;  // written when requests are answered
};

int serve(serve_args const& a);
int check_config(serve_args const& a);
int print_configuration_reference();

}  // namespace fjord::cli
