#include "auth/exchange.hpp"

#include "auth/scope.hpp"
#include "base/dataset_uri.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace fjord::auth {
namespace {

error refused(std::string_view entry, std::string_view why) {
    return fail(errc::bad_scope, "scope " + std::string(entry) + ": " + std::string(why));
}

bool is_same(capability const& a, capability const& b) { return covers(a, b) && covers(b, a); }

}  // namespace

result<std::vector<capability>> parse_requested_scope(std::string_view scope) {
    std::vector<capability> out;
    while (!scope.empty()) {
        auto const entry = take_until(scope, ' ');
        if (entry.empty()) continue;
        auto one = parse_scopes(entry, dialect::wlcg);
        if (!one) return refused(entry, one.error().message());
        bool const storage = one->size() == 1 && one->front().verb.starts_with("storage.");
        if (!storage) return refused(entry, "only storage.read, create, modify, stage and poll with a path can be asked for");
        auto same = [&one](capability const& c) { return is_same(c, one->front()); };
        if (std::any_of(out.begin(), out.end(), same)) continue;
        if (out.size() == max_exchange_scopes) return refused(entry, "more than 16 at once");
        out.push_back(std::move(one->front()));
    }
    return out;
}

bool covers(capability const& held, capability const& wanted) {
    bool const verb = held.verb == wanted.verb || (held.verb == "storage.modify" && wanted.verb == "storage.create") ||
                      (held.verb == "storage.stage" && wanted.verb == "storage.poll");
    if (!verb || !held.verb.starts_with("storage.")) return false;
    if (held.segments.size() > wanted.segments.size()) return false;
    if (!std::equal(held.segments.begin(), held.segments.end(), wanted.segments.begin())) return false;
    return held.segments.size() < wanted.segments.size() || !held.directory_only || wanted.directory_only;
}

result<void> must_cover(std::vector<capability> const& held, std::vector<capability> const& wanted) {
    for (auto const& w : wanted) {
        auto enough = [&w](capability const& h) { return covers(h, w); };
        if (std::none_of(held.begin(), held.end(), enough))
            return refused(scope_text(w), "more than the subject token grants; an exchange only narrows");
    }
    return {};
}

std::string scope_text(capability const& c) {
    std::string text = c.verb + ":";
    for (auto const& s : c.segments) text += "/" + encode_segment(s);
    if (c.segments.empty() || c.directory_only) text += "/";
    return text;
}

std::string scope_text(std::vector<capability> const& all) {
    std::string text;
    for (auto const& c : all) text += (text.empty() ? "" : " ") + scope_text(c);
    return text;
}

}  // namespace fjord::auth
