#pragma once
// A value that must never reach a log, a metric or an error text: tokens, keys, passwords.
// It has no stream operator, no formatter and no conversion; whoever needs the text says reveal(), which is easy to review.
#include <string>
#include <utility>

namespace fjord {

class secret {
public:
    secret() = default;
    explicit secret(std::string value) : value_(std::move(value)) {}

    // The text itself, for the wire or a signature only.
    std::string const& reveal() const noexcept { return value_; }
    bool empty() const noexcept { return value_.empty(); }

    friend bool operator==(secret const&, secret const&) = default;

private:
    std::string value_;
};

}  // namespace fjord
