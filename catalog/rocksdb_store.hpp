#pragma once
// The RocksDB engine with its environment as an argument, for tests that cut the power; programs use open_rocksdb_store of
// store.hpp. `env` outlives the store; nullptr: the machine's files.
#include "catalog/store.hpp"

namespace rocksdb {
class Env;
}

namespace fjord::catalog {

result<std::unique_ptr<store>> open_rocksdb_store(std::string const& directory, clock& time, rocksdb::Env* env);

}  // namespace fjord::catalog
