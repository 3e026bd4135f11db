// Policy documents from partners: parse, and when they are taken, decide once with them.
#include "base/json.hpp"
#include "policies/policies.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord;
    auto document = parse_json({reinterpret_cast<char const*>(data), size}, {.max_bytes = 64u << 10, .max_depth = 32});
    if (!document) return 0;
    auto rules = policies::rule_set::parse("fuzz", *document, 1);
    if (!rules) {
        if (rules.error().detail.empty()) std::abort();  // every refusal has a reason
        return 0;
    }
    policies::engine engine;
    engine.replace(std::move(*rules));
    principal nobody;
    policies::resource thing;
    thing.collection = "c";
    auto decision = engine.decide({.who = &nobody, .on = &thing});
    policies::explain(decision, policies::action::read, "c");
    engine.may_place(thing, {});
    return 0;
}
