// The part of VectorIndex that replaces plain codes by rotated ones.
//
// The rotation thread decides, samples rows and publishes: short steps at normal priority, since what it
// reads of the table stays in memory until it is done. Learning and coding take seconds. The coding thread
// does them at the lowest priority, one job at a time, and holds no more than the rows of its job.
#include <algorithm>
#include <new>
#include <utility>

#include "core/base/error.h"
#include "core/index/vector_index.h"

namespace cosimo {
namespace {

// Below this many rows a scan takes less time than it could save.
constexpr std::size_t kMinRows = 16 * kRowsPerChunk;

// A first rotation is adopted if its scans cost less than this share of what those of plain codes do; another
// one if they cost less than that share of what the present one's do, since all chunks are coded again.
constexpr double kWorthRotating = 0.85;
constexpr double kWorthReplacing = 0.95;

// The present rotation is judged anew when a quarter of the rows have been added since, and another one is
// learned if its scans have come to cost so many times what they did.
constexpr std::size_t kRowsPerJudgement = 4;
constexpr double kDrifted = 1.15;

// Each job codes one chunk in so many, and one at least: both kinds of codes take memory until they are
// published.
constexpr std::size_t kChunksPerJob = 128;

bool is_coded_by(const IndexedChunk& chunk, const RotatedMemory& rotation) noexcept {
  return chunk.rotated && &chunk.rotated->rotation() == rotation.rotation.get();
}

}  // namespace

// One of two: to judge the present rotation by a sample, and perhaps to learn another one; or to code chunks.
struct VectorIndex::RotationJob {
  std::shared_ptr<RotatedMemory> rotation;  // the present one; may be null in the first case
  bool is_done = false;                     // false if memory was lacking

  RowSample sample;
  bool must_learn = false;
  double expected_cost = 0;
  double present_cost = 0;
  JudgedRotation learned;

  std::vector<IndexedChunk> chunks;  // without codes at first
};

void VectorIndex::rotate_by(std::shared_ptr<const Rotation> rotation) {
  if (rotation->dimensions() != dimensions() || stride() != dimensions())
    throw Error(ErrorCode::invalid_argument, "The rotation is of other dimensions than the rows");
  {
    const std::lock_guard lock(rotation_mutex_);
    given_ = std::move(rotation);
  }
  rotation_worker_.note_change();
}

bool VectorIndex::is_rotating() const {
  const std::lock_guard lock(rotation_mutex_);
  return has_job_ || given_;
}

// Always false: what comes next is noted as a change.
bool VectorIndex::rotation_step() noexcept {
  std::shared_ptr<RotationJob> done;
  std::shared_ptr<const Rotation> given;
  {
    const std::lock_guard lock(rotation_mutex_);
    if (has_job_ && !done_job_) return false;
    done = std::move(done_job_);
    given.swap(given_);
  }
  try {
    if (done) finish(*done);
    if (given) adopt({std::exchange(given, nullptr), 0});
    // Without memory for a job, the next full chunk tries again.
    const bool may_go_on = !done || done->is_done;
    done.reset();
    std::shared_ptr<RotationJob> next = may_go_on ? next_job() : nullptr;
    {
      const std::lock_guard lock(rotation_mutex_);
      has_job_ = next != nullptr;
      asked_job_ = next;
    }
    if (next) coding_worker_.note_change();
  } catch (const std::bad_alloc&) {
    const std::lock_guard lock(rotation_mutex_);
    has_job_ = false;
    if (!given_) given_ = std::move(given);
  }
  return false;
}

bool VectorIndex::coding_step() noexcept {
  std::shared_ptr<RotationJob> job;
  {
    const std::lock_guard lock(rotation_mutex_);
    job = std::move(asked_job_);
  }
  if (!job) return false;
  try {
    job->chunks.empty() ? judge(*job) : code(*job);
    job->is_done = true;
  } catch (const std::bad_alloc&) {
  }
  {
    const std::lock_guard lock(rotation_mutex_);
    done_job_ = std::move(job);
  }
  rotation_worker_.note_change();
  return false;
}

void VectorIndex::judge(RotationJob& job) const {
  if (job.rotation) job.present_cost = judge_rotation(job.rotation->rotation, job.sample, kernel_);
  const bool has_drifted = job.expected_cost > 0 && job.present_cost > job.expected_cost * kDrifted;
  if (job.must_learn || has_drifted) job.learned = learn_rotation(job.sample, kernel_, stopping_);
}

void VectorIndex::code(RotationJob& job) const {
  for (IndexedChunk& chunk : job.chunks) {
    if (stopping_) throw std::bad_alloc();
    chunk.rotated = std::make_shared<RotatedCodes>(job.rotation, chunk.rows->row(0), kernel_);
  }
}

// Null if there is nothing to do. Where so many rows are written while it judges that it is time to judge
// again, some chunks are coded first: otherwise none ever would be.
std::shared_ptr<VectorIndex::RotationJob> VectorIndex::next_job() {
  auto job = std::make_shared<RotationJob>();
  job->rotation = rotation_;
  if (std::exchange(has_just_judged_, false) && rotation_) job->chunks = chunks_to_code();
  if (!job->chunks.empty()) return job;
  const std::size_t least = policy_ == RotationPolicy::always ? kRowsPerChunk : kMinRows;
  const std::size_t added = added_rows_.load(std::memory_order_relaxed);
  const std::size_t rows = size();
  const bool may_judge = policy_ != RotationPolicy::never && rows >= least;
  if (may_judge && added >= (rotation_ ? std::min(judge_at_, learn_at_) : learn_at_)) {
    job->must_learn = added >= learn_at_;
    job->expected_cost = cost_;
    job->sample = take_sample();
    judge_at_ = added + rows / kRowsPerJudgement;
    if (job->must_learn) learn_at_ = added + rows;
    has_just_judged_ = job->sample.count > 0;
    if (has_just_judged_) return job;
  }
  if (rotation_) job->chunks = chunks_to_code();
  return job->chunks.empty() ? nullptr : std::move(job);
}

void VectorIndex::finish(const RotationJob& job) {
  if (!job.is_done) return;
  while (!job.chunks.empty() && !publish_codes(job.chunks)) {
  }
  if (rotation_ && job.chunks.empty() && (cost_ == 0 || job.learned.rotation)) cost_ = job.present_cost;
  if (!job.learned.rotation) return;
  const double limit =
      rotation_ ? job.present_cost * kWorthReplacing : cost_of_plain_scan(dimensions()) * kWorthRotating;
  if (policy_ == RotationPolicy::always || job.learned.cost < limit) adopt(job.learned);
}

void VectorIndex::adopt(const JudgedRotation& judged) {
  rotation_ = std::make_shared<RotatedMemory>(judged.rotation, kRowsPerChunk, rotated_bytes_);
  cost_ = judged.cost;
  head_.store(judged.rotation->head_dimensions(), std::memory_order_relaxed);
  rotations_.fetch_add(1, std::memory_order_relaxed);
}

// Live rows from all over the index; dead ones are left out. Each chunk is read through a snapshot of its
// own, so that none is kept for long.
RowSample VectorIndex::take_sample() const {
  const std::size_t chunks = snapshot().chunks().size();
  const std::size_t step =
      std::max<std::size_t>(1, (chunks * kRowsPerChunk + kMaxSampleRows - 1) / kMaxSampleRows);
  const std::size_t most = std::min(kMaxSampleRows, chunks * kRowsPerChunk);
  RowSample sample{dimensions(), 0, make_aligned_array<float>(most * dimensions())};
  std::size_t row = 0;
  for (std::size_t at = 0; at < chunks; ++at, row -= kRowsPerChunk) {
    const Snapshot now = snapshot();
    if (at >= now.chunks().size()) break;
    const RowChunk& chunk = *now.chunks()[at].rows;
    for (; row < kRowsPerChunk; row += step) {
      if (row >= now.rows_of(at) || sample.count == most) continue;
      if (!chunk.is_live(row, now.sequence())) continue;
      std::copy_n(chunk.row(row), dimensions(), sample.rows.get() + sample.count * dimensions());
      ++sample.count;
    }
  }
  sample.count = sample.count / kBlockRows * kBlockRows;
  return sample;
}

// Some full chunks that don't have the present rotation's codes.
std::vector<IndexedChunk> VectorIndex::chunks_to_code() const {
  const Snapshot now = snapshot();
  const std::size_t most = now.chunks().size() / kChunksPerJob + 1;
  std::vector<IndexedChunk> found;
  for (std::size_t at = 0; at < now.chunks().size() && found.size() < most; ++at) {
    const IndexedChunk& chunk = now.chunks()[at];
    if (now.rows_of(at) == kRowsPerChunk && !is_coded_by(chunk, *rotation_))
      found.push_back({chunk.rows, nullptr, nullptr});
  }
  return found;
}

// False if the table changed meanwhile. The table is made before the lock is taken, and the old one ends
// after it.
bool VectorIndex::publish_codes(const std::vector<IndexedChunk>& made) {
  const std::shared_ptr<const ChunkTable> before = snapshot().table();
  auto after = std::make_shared<ChunkTable>(*before);
  for (const IndexedChunk& chunk : made) {
    const auto place = std::find_if(after->begin(), after->end(),
                                    [&](const IndexedChunk& other) { return other.rows == chunk.rows; });
    if (place != after->end()) *place = chunk;
  }
  std::vector<IndexedChunk> replaced;  // ends after the lock, too
  replaced.reserve(made.size());
  const std::lock_guard lock(writer_);
  if (table_ != before) return false;
  for (const IndexedChunk& chunk : made) {
    IndexedChunk& present = chunks_[chunk.rows->number()];
    if (present.rows != chunk.rows) continue;  // compaction has emptied it
    if (!present.rotated) rotated_rows_.fetch_add(kRowsPerChunk, std::memory_order_relaxed);
    replaced.push_back(std::exchange(present, chunk));
  }
  publish(std::move(after));
  return true;
}

}  // namespace cosimo
