// The searches of one scan, with their codes side by side as kernels read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/aligned_array.h"
#include "core/search/pending_search.h"
#include "kernels/search/search_kernel.h"

namespace cosimo {

/// What all threads of one scan share. Immutable.
class QueryBatch {
 public:
  /// At least one search, all of the same dimensions. Throws std::bad_alloc.
  explicit QueryBatch(std::vector<std::shared_ptr<PendingSearch>> searches);

  std::size_t size() const noexcept { return searches_.size(); }
  PendingSearch& search(std::size_t at) const noexcept { return *searches_[at]; }
  const std::vector<std::shared_ptr<PendingSearch>>& searches() const noexcept { return searches_; }
  const CodeQueries& codes() const noexcept { return codes_; }

 private:
  std::vector<std::shared_ptr<PendingSearch>> searches_;
  AlignedArray<std::int8_t> code_bytes_;
  std::vector<CodeQuery> code_queries_;
  CodeQueries codes_{};
};

}  // namespace cosimo
