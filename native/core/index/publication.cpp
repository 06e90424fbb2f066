#include "core/index/publication.h"

namespace cosimo {

Pin::Pin(const Publication& publication) {
  const std::lock_guard lock(publication.mutex_);
  sequence_ = publication.sequence_;
  rows_of_last_ = publication.rows_of_last_;
  chunks_ = publication.chunks_;
}

void Publication::publish(Sequence sequence, std::shared_ptr<const ChunkTable> chunks,
                          std::size_t rows_of_last) noexcept {
  {
    const std::lock_guard lock(mutex_);
    sequence_ = sequence;
    rows_of_last_ = rows_of_last;
    chunks_.swap(chunks);
  }
  // The previous table, if it was the last reference, is freed here: outside the lock.
}

}  // namespace cosimo
