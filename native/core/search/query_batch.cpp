#include "core/search/query_batch.h"

#include <cstring>
#include <utility>

namespace cosimo {

QueryBatch::QueryBatch(std::vector<std::shared_ptr<PendingSearch>> searches)
    : searches_(std::move(searches)) {
  const std::size_t stride = code_stride(searches_.front()->query().dimensions());
  const std::size_t room = (searches_.size() + kQueryTile - 1) / kQueryTile * kQueryTile;
  code_bytes_ = make_aligned_array<std::int8_t>(room * stride);
  std::memset(code_bytes_.get(), 0, room * stride);
  code_queries_.reserve(searches_.size());
  for (std::size_t at = 0; at < searches_.size(); ++at) {
    CodeQuery query = searches_[at]->query().codes();
    std::memcpy(code_bytes_.get() + at * stride, query.codes, stride);
    query.codes = code_bytes_.get() + at * stride;
    code_queries_.push_back(query);
  }
  codes_ = {searches_.size(), code_queries_.data(), code_bytes_.get(), stride};
}

}  // namespace cosimo
