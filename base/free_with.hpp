#pragma once
// For std::unique_ptr over handles of C libraries: std::unique_ptr<BIGNUM, free_with<BN_free>>.

namespace fjord {

template <auto Free>
struct free_with {
    template <class T>
    void operator()(T* handle) const noexcept {
        Free(handle);
    }
};

}  // namespace fjord
