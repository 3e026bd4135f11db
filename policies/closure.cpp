#include "policies/closure.hpp"

#include <array>
#include <utility>

namespace fjord::policies {
namespace {

// Codes of two letters, one space after each, so that a code can be found without splitting.
constexpr std::string_view iso_3166 =
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF "
    "CG "
    "CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI "
    "GL "
    "GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ "
    "LA "
    "LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO "
    "NP "
    "NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST "
    "SV "
    "SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";
constexpr std::string_view eu = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK ";
constexpr std::string_view efta_in_eea = "IS LI NO ";
constexpr std::string_view adequate = "AD AR CH FO GB GG IL IM JE JP KR NZ UY ";

constexpr std::array<std::string_view, 5> regions{"EU", "EEA", "EU_EEA", "ADEQUACY", "EU_EEA_ADEQUACY"};

bool holds(std::string_view codes, std::string_view code) noexcept {
    for (std::size_t i = 0; i + 2 < codes.size(); i += 3)
        if (codes.substr(i, 2) == code) return true;
    return false;
}

// Each purpose and the next wider one.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> purposes{{
    {"DUO:0000004", ""},             // NRES, no restriction
    {"DUO:0000042", "DUO:0000004"},  // GRU, general research use
    {"DUO:0000006", "DUO:0000042"},  // HMB, health, medical or biomedical research
    {"DUO:0000007", "DUO:0000006"},  // DS, disease specific research
    {"DUO:0000011", "DUO:0000004"},  // POA, population origins or ancestry research
}};

std::string_view wider_than(std::string_view purpose) noexcept {
    for (auto const& [name, wider] : purposes)
        if (name == purpose) return wider;
    return {};
}

}  // namespace

bool is_country(std::string_view code) noexcept { return code.size() == 2 && holds(iso_3166, code); }

bool is_region(std::string_view name) noexcept {
    for (auto region : regions)
        if (name == region) return true;
    return false;
}

bool country_isa(std::string_view country, std::string_view wider) noexcept {
    if (country == wider) return true;
    bool in_eu = holds(eu, country);
    if (wider == "EU") return in_eu;
    bool in_eea = in_eu || holds(efta_in_eea, country);
    if (wider == "EEA" || wider == "EU_EEA") return in_eea;
    bool is_adequate = holds(adequate, country);
    if (wider == "ADEQUACY") return is_adequate;
    return wider == "EU_EEA_ADEQUACY" && (in_eea || is_adequate);
}

bool is_known_purpose(std::string_view concept_id) noexcept {
    for (auto const& [name, wider] : purposes)
        if (name == concept_id) return true;
    return false;
}

std::optional<bool> purpose_isa(std::string_view declared, std::string_view wider) noexcept {
    if (!is_known_purpose(declared)) return std::nullopt;
    for (auto at = declared; !at.empty(); at = wider_than(at))
        if (at == wider) return true;
    return false;
}

}  // namespace fjord::policies
