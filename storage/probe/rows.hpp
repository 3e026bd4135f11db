#pragma once
// What the probe's answers mean: one row per fact about a site, as the table of the http-tpc reference (section 10) has them.
// Pure.
//
// A fact is what is true of the site ("url_token=true": a token in the URL is taken). Whether that is honest is another question,
// answered by `honest`: the value a site that keeps the standards would show.
#include "base/digest.hpp"
#include "storage/perf_markers.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fjord::storage::probe {

// The answer to one step.
struct answer {
    unsigned status = 0;      // 0: not sent, or nothing came back
    std::string failure;      // why there is no status: connection, TLS, time; or why it was not sent
    bool asked = false;       // something was sent
    bool challenged = false;  // WWW-Authenticate was there
    digest_set digests;       // of Digest and Repr-Digest
    std::uint64_t length = 0;
    std::optional<copy_verdict> copy;  // of a 2xx to COPY
    std::string text;                  // what a refusal or a failed copy said, tidied
};

class answers {
public:
    void set(std::string step, answer a) { all_[std::move(step)] = std::move(a); }
    answer const& at(std::string_view step) const;  // one that was not asked when there is none
    digest_set canary;                              // the digests of canary/in
private:
    std::map<std::string, answer, std::less<>> all_;
};

struct finding {
    std::optional<std::string> value;  // nullopt: cannot be said
    std::string found;                 // evidence: "403; 200"
};

struct row {
    std::string_view attribute;  // "path_boundary"; site expressions call it honours.path_boundary
    std::string_view question;   // what is tried
    std::string_view expected;   // what an honest site answers
    std::string_view honest;     // the honest value; "" where there is no right and wrong
    finding (*judge)(answers const&);
    std::string_view consequence;  // what Fjord does when the value is another
};

std::span<row const> rows();

enum class verdict { honest, dishonest, unknown, noted };
std::string_view name_of(verdict v) noexcept;

struct judged {
    row const* about = nullptr;
    finding what;
    verdict is = verdict::unknown;
};
std::vector<judged> judge(answers const& a);

// The facts to keep after this run. What could not be found out this time keeps its last value when that was a bad one, and is
// forgotten when it was a good one.
std::map<std::string, std::string> merge(std::map<std::string, std::string> const& before, std::vector<judged> const& now);

}  // namespace fjord::storage::probe
