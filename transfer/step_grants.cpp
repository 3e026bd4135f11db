#include "transfer/step_grants.hpp"

#include "transfer/site_facts.hpp"

namespace fjord::transfer {

namespace {

constexpr std::string_view read = "storage.read", create = "storage.create", modify = "storage.modify";

}  // namespace

std::vector<grant> verify_grants(std::string const& path) { return {{read, path}}; }

std::vector<grant> remove_grants(catalog::site_record const& site, std::string const& path) {
    std::vector<grant> out{{modify, path}};
    if (fact(site, "modify_delete") != true) out.push_back({read, path});
    return out;
}

std::vector<grant> rename_grants(catalog::site_record const& site, std::string const& from, std::string const& to) {
    std::vector<grant> out{{create, from}, {create, to}};
    if (fact(site, "overwrite_move") != false) out.insert(out.end(), {{modify, from}, {modify, to}});
    if (fact(site, "create_stat") != true || fact(site, "overwrite_move") == false) out.push_back({read, to});
    return out;
}

}  // namespace fjord::transfer
