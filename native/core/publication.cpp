#include "core/publication.h"

#include <utility>

namespace cosimo {

Pin::Pin(Publication& publication) : publication_(publication) {
  const std::lock_guard lock(publication.mutex_);
  sequence_ = publication.sequence_;
  chunks_ = publication.chunks_;
  older_ = publication.newest_;
  (older_ != nullptr ? older_->newer_ : publication.oldest_) = this;
  publication.newest_ = this;
}

Pin::~Pin() {
  const std::lock_guard lock(publication_.mutex_);
  (older_ != nullptr ? older_->newer_ : publication_.oldest_) = newer_;
  (newer_ != nullptr ? newer_->older_ : publication_.newest_) = older_;
}

void Publication::publish(Sequence sequence, std::shared_ptr<const ChunkTable> chunks) noexcept {
  {
    const std::lock_guard lock(mutex_);
    sequence_ = sequence;
    chunks_.swap(chunks);
  }
  // The previous table, if it was the last reference, is freed here: outside the lock.
}

Sequence Publication::oldest_visible() const noexcept {
  const std::lock_guard lock(mutex_);
  return oldest_ != nullptr ? oldest_->sequence_ : sequence_;
}

}  // namespace cosimo
