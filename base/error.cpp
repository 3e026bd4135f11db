#include "base/error.hpp"

#include <stdexcept>

namespace fjord {

namespace {

class fjord_category final : public boost::system::error_category {
public:
    char const* name() const noexcept override { return "fjord"; }
    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::invalid_argument:
                return "invalid argument";
            case errc::not_found:
                return "not found";
            case errc::already_exists:
                return "already exists";
            case errc::conflict:
                return "conflict with the present state";
            case errc::denied:
                return "access denied";
            case errc::unauthenticated:
                return "no valid credentials";
            case errc::limit_exceeded:
                return "limit exceeded";
            case errc::unavailable:
                return "temporarily unavailable";
            case errc::timed_out:
                return "the deadline passed";
            case errc::cancelled:
                return "cancelled";
            case errc::corrupt:
                return "the data is corrupt";
            case errc::no_space:
                return "no space left";
            case errc::unsupported:
                return "not supported";
            case errc::internal:
                return "internal error";
        }
        return "unknown error " + std::to_string(value);
    }
};

}  // namespace

error_code make_error_code(errc e) noexcept {
    static fjord_category const category;
    return {static_cast<int>(e), category};
}

bool is_retryable(error_code const& code) noexcept {
    return code == make_error_code(errc::unavailable) || code == make_error_code(errc::timed_out);
}

void throw_exception_from_error(error const& e, boost::source_location const& loc) {
    throw std::runtime_error(e.message() + " (" + loc.file_name() + ":" + std::to_string(loc.line()) + ")");
}

}  // namespace fjord
