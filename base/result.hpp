#pragma once
// The one way a Fjord call fails: result<T> holds a value or an `error`, which is an error_code (what kind, per module)
// plus one sentence for the person who reads it (what failed, why, what to do).
//
//   result<site> find(site_id id);                 // errc values are listed at each declaration
//   auto s = find(id);
//   if (!s) return s.error();                      // context travels unchanged
//   return fail(errc::not_found, "no site named x");
//
// Exceptions are for start-up, programmer errors and allocation failure only.
#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace fjord {

using error_code = boost::system::error_code;

// A failure with its reason. Equality and dispatch go by `code`; `detail` is for people, never parsed.
struct error {
    error_code code;
    std::string detail;

    error() = default;
    error(error_code c, std::string d = {}) : code(c), detail(std::move(d)) {}
    template <class Errc>
    requires(boost::system::is_error_code_enum<Errc>::value) error(Errc c, std::string d = {})
        : code(make_error_code(c)), detail(std::move(d)) {}

    // The detail when there is one, else the category's text for the code.
    std::string message() const { return detail.empty() ? code.message() : detail; }
};

template <class T>
using result = boost::system::result<T, error>;

// Builds the error to return: `return fail(errc::conflict, "item x exists");`
template <class Errc>
error fail(Errc c, std::string detail = {}) {
    return error(c, std::move(detail));
}

// Used by result<T>::value() on a failure: throws std::runtime_error with the message. For tests and start-up.
[[noreturn]] void throw_exception_from_error(error const& e, boost::source_location const& loc);

}  // namespace fjord
