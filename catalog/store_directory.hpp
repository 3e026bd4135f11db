#pragma once
// A directory that one process owns at a time. Blocking; start-up only.
#include "base/file.hpp"

#include <string>

namespace fjord::catalog {

// Creates the directory (and its parents) when absent, durably, and takes its lock for as long as the descriptor lives.
// errc::unavailable when another process (or another opener in this one) has it, naming its process id; errors of the file
// system.
result<unique_fd> own_directory(std::string const& directory);

}  // namespace fjord::catalog
