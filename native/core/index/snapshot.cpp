#include "core/index/snapshot.h"

namespace cosimo {

Snapshot PublishedSnapshot::take() const noexcept {
  const std::lock_guard lock(mutex_);
  return {sequence_, chunks_, rows_of_last_};
}

void PublishedSnapshot::publish(Sequence sequence, std::shared_ptr<const ChunkTable> chunks,
                                std::size_t rows_of_last) noexcept {
  {
    const std::lock_guard lock(mutex_);
    sequence_ = sequence;
    rows_of_last_ = rows_of_last;
    chunks_.swap(chunks);
  }
  // `chunks` holds the previous table now. If this was its last owner, it is freed here, outside the lock.
}

}  // namespace cosimo
