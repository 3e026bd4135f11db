#include "broker/oauth_form.hpp"

#include "net/client.hpp"

#include <stdexcept>

namespace fjord::broker {
namespace {

constexpr std::string_view exchange_grant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view access_token_type = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::string_view jwt_type = "urn:ietf:params:oauth:token-type:jwt";
constexpr int longest_chain = 4;

oauth_error invalid(std::string why) { return {400, "invalid_request", std::move(why)}; }

bool is_token_type(std::string_view type) { return type == access_token_type || type == jwt_type; }

// Parameters that may stand once. audience and resource may be repeated by the RFC; here one token has one audience.
std::optional<oauth_error> find_repeated(net::query_list const& form) {
    for (auto const& [name, value] : form.items()) {
        if (form.count(name) < 2) continue;
        if (name == "audience" || name == "resource")
            return oauth_error{400, "invalid_target", "one token is for one audience; ask once for each"};
        return invalid("parameter " + name.substr(0, 40) + " is there more than once");
    }
    return std::nullopt;
}

boost::system::result<std::string, oauth_error> read_audience(net::query_list const& form) {
    auto const audience = form.get("audience"), resource = form.get("resource");
    if (audience.empty() && resource.empty()) return std::string();
    if (!audience.empty() && !resource.empty()) return oauth_error{400, "invalid_target", "give audience or resource, not both"};
    if (!audience.empty()) return std::string(audience);
    auto const parts = net::parse_url(resource);
    if (!parts) return oauth_error{400, "invalid_target", "resource is not an absolute URL"};
    return parts->origin();
}

}  // namespace

void throw_exception_from_error(oauth_error const& e, boost::source_location const&) { throw std::runtime_error(e.description); }

net::response oauth_refusal(oauth_error const& e) {
    auto answer = net::json_response(e.status, json::object{{"error", e.code}, {"error_description", e.description}});
    answer.headers.set("Cache-Control", "no-store");
    answer.headers.set("Pragma", "no-cache");
    if (e.status == 401) answer.headers.set("WWW-Authenticate", "Basic realm=\"fjord\"");
    if (e.status == 503) answer.headers.set("Retry-After", "5");
    return answer;
}

boost::system::result<exchange_form, oauth_error> read_exchange_form(std::string_view body) {
    auto form = net::query_list::parse(body);
    if (!form) return invalid("the body is not a form: " + form.error().message());
    if (auto repeated = find_repeated(*form)) return std::move(*repeated);
    if (form->count("client_secret") + form->count("client_assertion") > 0)
        return oauth_error{401, "invalid_client", "no clients are registered here; the subject token is all that is asked for"};
    auto const grant = form->get("grant_type");
    if (grant.empty()) return invalid("grant_type is missing");
    if (grant != exchange_grant)
        return oauth_error{400, "unsupported_grant_type", "only " + std::string(exchange_grant) + " is served here"};

    exchange_form out;
    out.subject_token = secret(std::string(form->get("subject_token")));
    if (out.subject_token.empty()) return invalid("subject_token is missing");
    if (!is_token_type(form->get("subject_token_type")))
        return invalid("subject_token_type must be " + std::string(access_token_type) + " or ...:jwt");
    out.actor_token = secret(std::string(form->get("actor_token")));
    bool const typed = !form->get("actor_token_type").empty();
    if (typed == out.actor_token.empty()) return invalid("actor_token and actor_token_type go together");
    if (typed && !is_token_type(form->get("actor_token_type")))
        return invalid("actor_token_type must be " + std::string(access_token_type) + " or ...:jwt");
    auto const wanted = form->get("requested_token_type");
    if (!wanted.empty() && !is_token_type(wanted)) return invalid("requested_token_type: only access tokens and JWTs are issued");
    out.issued_token_type = wanted.empty() ? std::string(access_token_type) : std::string(wanted);
    auto audience = read_audience(*form);
    if (!audience) return audience.error();
    out.audience = std::move(*audience);
    if (auto scope = form->find("scope")) out.scope = std::string(*scope);
    if (auto purpose = form->find("purpose")) out.purpose = std::string(*purpose);
    return out;
}

result<json::object> act_claim(std::string const& issuer, std::string const& subject, json::value const* prior) {
    json::object act{{"sub", subject}, {"iss", issuer}};
    if (!prior) return act;
    int length = 1;
    for (auto const* link = prior; link; ++length) {
        auto const* o = link->if_object();
        auto const* sub = o ? o->if_contains("sub") : nullptr;
        if (length == longest_chain || !sub || !sub->is_string())
            return fail(errc::invalid_argument, "the subject token's act claim is malformed or a longer chain than is passed on");
        link = o->if_contains("act");
    }
    act["act"] = *prior;
    return act;
}

bool may_act(json::value const* claim, std::string_view actor_issuer, std::string_view actor_subject) {
    if (!claim) return true;
    auto const* o = claim->if_object();
    if (!o) return false;
    auto is = [o](std::string_view name, std::string_view value) {
        auto const* member = o->if_contains(name);
        return member && member->is_string() && std::string_view(member->get_string()) == value;
    };
    return is("sub", actor_subject) && (!o->contains("iss") || is("iss", actor_issuer));
}

}  // namespace fjord::broker
