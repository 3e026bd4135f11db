// Site expressions from administrators: parse; what is taken evaluates, and means the same when it is wrapped in parentheses.
#include "transfer/site_expression.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace fjord;
    std::string text(reinterpret_cast<char const*>(data), size);
    auto parsed = transfer::site_expression::parse(text);
    if (!parsed) {
        if (parsed.error().detail.find("site expression") == std::string::npos) std::abort();  // every refusal says where
        return 0;
    }
    catalog::site_record site;
    site.id = site_id("site-a");
    site.kind = "door";
    site.attributes = {{"tier", "1"}, {"country", "DE"}, {"tape", "true"}};
    bool matches = parsed->matches(site);
    auto wrapped = transfer::site_expression::parse("(" + text + ")");
    if (wrapped && wrapped->matches(site) != matches) std::abort();
    auto inverted = transfer::site_expression::parse("not (" + text + ")");
    if (inverted && inverted->matches(site) == matches) std::abort();
    return 0;
}
